//! Once a minute: due work, and every room is told how far its log has come.
//!
//! Guarantees: a nudge or an alarm that a crash swallowed is made good within a minute or so. Relies on: the writer
//! and the rooms taking the same news any number of times.

use crate::objects::{self, THE_WRITER, WRITERS};
use crate::platform::now_ms;
use crate::{database, log, rooms};
use futures::future::join_all;
use storeroom_ports::Level;
use storeroom_sql::events::HEADS_SINCE;
use storeroom_sql::{Args, Rows, Statement};
use worker::Env;

/// How far back heads are looked for: two runs of cron, so that one may be skipped.
const HEADS_WITHIN_MS: i64 = 2 * 60_000;

/// Does a minute's work.
pub async fn run(env: &Env) {
    if let Err(error) = objects::post(env, WRITERS, THE_WRITER, "/due", &[]).await {
        log::line(Level::Error, "due work failed", &error.to_string());
    }
    match heads(env).await {
        Ok(heads) => tell(env, &heads).await,
        Err(detail) => log::line(Level::Error, "heads not read", &detail),
    }
}

async fn heads(env: &Env) -> Result<Rows, String> {
    let connection = database::libsql(env)?;
    let args = Args::new().with("since", now_ms().saturating_sub(HEADS_WITHIN_MS));
    let statement = Statement::bind(HEADS_SINCE, &args).map_err(|missing| missing.0)?;
    let rows = storeroom_ports::database::read(connection.as_ref(), statement).await;
    rows.map_err(|error| format!("{error:?}"))
}

async fn tell(env: &Env, heads: &Rows) {
    let stores = (0..heads.0.len()).filter_map(|row| {
        Some(rooms::tell_head(env, heads.text(row, 0)?, heads.integer(row, 1)?, heads.integer(row, 2)?))
    });
    join_all(stores).await;
}
