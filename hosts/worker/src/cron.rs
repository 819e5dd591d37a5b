//! Once a minute: due work, every room is told how far its log has come, and sessions that have ended are shut out of
//! the rooms once more.
//!
//! Guarantees: a nudge, an expulsion or an alarm that a crash swallowed is made good within a minute or so. Relies
//! on: the writer and the rooms taking the same news any number of times.

use crate::objects::{self, THE_WRITER, WRITERS};
use crate::platform::now_ms;
use crate::rooms::{self, ObjectRooms};
use crate::{database, log};
use futures::future::join_all;
use storeroom_ports::{Level, Rooms};
use storeroom_sql::access::ENDED_SESSIONS_SINCE;
use storeroom_sql::events::HEADS_SINCE;
use storeroom_sql::{Args, Rows, Statement};
use worker::Env;

/// How far back it is looked: two runs of cron, so that one may be skipped.
const WITHIN_MS: i64 = 2 * 60_000;

/// Does a minute's work. None of it waits for the rest: a writer that does not answer keeps nobody in a room.
pub async fn run(env: &Env) {
    futures::join!(run_due(env), tell_heads(env), expel_ended(env));
}

async fn run_due(env: &Env) {
    if let Err(error) = objects::post(env, WRITERS, THE_WRITER, "/due", &[]).await {
        log::line(Level::Error, "due work failed", &error.to_string());
    }
}

async fn tell_heads(env: &Env) {
    let heads = lately(env, HEADS_SINCE).await;
    let stores = (0..heads.0.len()).filter_map(|row| {
        Some(rooms::tell_head(env, heads.text(row, 0)?, heads.integer(row, 1)?, heads.integer(row, 2)?))
    });
    join_all(stores).await;
}

async fn expel_ended(env: &Env) {
    let (rooms, ended) = (ObjectRooms(env.clone()), lately(env, ENDED_SESSIONS_SINCE).await.by_first());
    join_all(ended.iter().map(|(store, sessions)| rooms.expel(store, sessions))).await;
}

/// The rows of a query about what happened `:since`; none when they cannot be had, which is logged.
async fn lately(env: &Env, sql: &'static str) -> Rows {
    read(env, sql).await.unwrap_or_else(|detail| {
        log::line(Level::Error, "cron could not read", &detail);
        Rows::default()
    })
}

async fn read(env: &Env, sql: &'static str) -> Result<Rows, String> {
    let connection = database::libsql(env)?;
    let now_ms = now_ms();
    let args = Args::new().with("since", now_ms.saturating_sub(WITHIN_MS)).with("now", now_ms);
    let statement = Statement::bind(sql, &args).map_err(|missing| missing.0)?;
    let rows = storeroom_ports::database::read(connection.as_ref(), statement).await;
    rows.map_err(|error| format!("{error:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use storeroom_sql::Value;

    #[test]
    fn a_store_is_told_once_of_all_its_sessions() {
        let pairs = [("str_a", "ses_1"), ("str_b", "ses_1"), ("str_a", "ses_2")];
        let rows = pairs.map(|(store, session)| vec![Value::from(store), Value::from(session)]);
        let stores = Rows(rows.to_vec()).by_first();
        assert_eq!(stores["str_a"], ["ses_1", "ses_2"]);
        assert_eq!((stores["str_b"].as_slice(), stores.len()), (["ses_1".to_owned()].as_slice(), 2));
    }
}
