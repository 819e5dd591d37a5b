//! `GET /events`: the log after a cursor.

use storeroom_domain::{LogCursor, event};
use storeroom_operations::{Code, Problem};
use storeroom_sql::{Args, documents};
use storeroom_web::{Answer, Call, Found};

/// Events of a page unless the client says otherwise.
const DEFAULT_LIMIT: i64 = 100;

/// Answers with the events after the cursor, oldest first.
pub async fn read(call: &Call<'_>) -> Result<Answer, Problem> {
    let after =
        call.query.get("after").map(|text| LogCursor::parse(text).ok_or_else(not_ours)).transpose()?;
    let limit: i64 = Call::number(&call.query, "limit", DEFAULT_LIMIT);
    let types = call.query.get("types").map_or("null".to_owned(), |types| list(types));
    let args = Args::new()
        .with("after", after.map_or(0, |cursor| cursor.seq))
        .with("types", types)
        .with("limit", limit.saturating_add(1));
    let found = call.read(&documents::events_after(), args).await?;
    check(after, found.cursor)?;
    Ok(feed(&found, usize::try_from(limit).unwrap_or(0)))
}

fn list(types: &str) -> String {
    serde_json::json!(types.split(',').map(str::trim).collect::<Vec<_>>()).to_string()
}

fn not_ours() -> Problem {
    let detail = "The cursor is not of this store's log as it is now. Read the store anew and go on from `Store-Cursor`.";
    Problem::new(Code::CursorInvalid, detail)
}

/// A cursor of another life of the database, or ahead of it, leads nowhere.
fn check(after: Option<LogCursor>, head: LogCursor) -> Result<(), Problem> {
    match after {
        Some(cursor) if cursor.epoch != head.epoch || cursor.seq > head.seq => Err(not_ours()),
        _ => Ok(()),
    }
}

fn feed(found: &Found, limit: usize) -> Answer {
    let rows = 0..found.rows.0.len().min(limit);
    let bytes: usize = rows.clone().filter_map(|row| found.rows.text(row, 0)).map(str::len).sum();
    let more = found.rows.0.len() > limit || bytes >= documents::MAX_PAGE_BYTES;
    // What the role may not read is passed over, but the cursor goes on past it.
    let visible = rows.clone().filter(|row| {
        found.rows.text(*row, 2).is_some_and(|event_type| event::visible_to(found.role, event_type))
    });
    let events: Vec<&str> = visible.filter_map(|row| found.rows.text(row, 0)).collect();
    let last = rows.last().and_then(|row| found.rows.integer(row, 1));
    let seq = if more { last.unwrap_or(found.cursor.seq) } else { found.cursor.seq };
    let cursor = LogCursor { seq, ..found.cursor };
    Answer::json(
        200,
        format!("{{\"events\":[{}],\"cursor\":\"{cursor}\",\"more\":{more}}}", events.join(",")),
    )
}
