//! Reading a part of a store's log for its room, straight from libSQL: one round trip, one snapshot.

use storeroom_ports::{Connection, database};
use storeroom_room::{LogEvent, LogPage};
use storeroom_sql::{Args, Rows, Statement, events};

/// The store's events after a place, at most `limit`, with the log's epoch and head; a sentence when they cannot be
/// had.
pub async fn read(
    connection: &dyn Connection,
    store: &str,
    after: i64,
    limit: u32,
) -> Result<LogPage, String> {
    let args = Args::new().with("store", store).with("after", after).with("limit", i64::from(limit));
    let statement = Statement::bind(events::backfill(), &args).map_err(|missing| missing.0)?;
    let rows = database::read(connection, statement).await.map_err(|error| format!("{error:?}"))?;
    let (epoch, head) = rows.integer(0, 0).zip(rows.integer(0, 1)).ok_or("there is no such store")?;
    let events = (0..rows.0.len()).filter_map(|row| event(&rows, row)).collect();
    Ok(LogPage { epoch, head, events })
}

fn event(rows: &Rows, row: usize) -> Option<LogEvent> {
    let (event_type, document) = (rows.text(row, 3)?.to_owned(), rows.text(row, 4)?.to_owned());
    Some(LogEvent { seq: rows.integer(row, 2)?, event_type, document })
}
