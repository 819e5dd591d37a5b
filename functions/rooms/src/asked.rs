//! What the feed and its stream are asked for: from where on, and which events.
//!
//! Guarantees: whatever a cursor or a list of types says here, the room takes, too.

use storeroom_domain::LogCursor;
use storeroom_operations::{Code, Fault, Problem};
use storeroom_room::protocol::{MAX_TOPICS, is_topic};
use storeroom_sql::{Args, Value};
use storeroom_web::Call;

/// Types of events or their beginnings up to a dot; `None` is everything.
pub type Types = Option<Vec<String>>;

/// The cursor of `?after=`.
pub fn after(call: &Call<'_>) -> Result<Option<LogCursor>, Problem> {
    call.query.get("after").map(|text| LogCursor::parse(text).ok_or_else(not_ours)).transpose()
}

/// The cursor of `Last-Event-ID`, else that of `?after=`: a browser that comes back sends its first address again.
pub fn resumed(call: &Call<'_>) -> Result<Option<LogCursor>, Problem> {
    let after = after(call)?;
    match call.headers.get("last-event-id").filter(|id| !id.is_empty()) {
        Some(id) => id.to_str().ok().and_then(LogCursor::parse).ok_or_else(not_ours).map(Some),
        None => Ok(after),
    }
}

/// The types of `?types=`.
pub fn types(call: &Call<'_>) -> Result<Types, Problem> {
    let Some(list) = call.query.get("types") else { return Ok(None) };
    let types: Vec<String> = list.split(',').map(|name| name.trim().to_owned()).collect();
    if types.len() > MAX_TOPICS {
        return Err(fault("too_many", format!("must be at most {MAX_TOPICS} types.")));
    }
    if !types.iter().all(|name| is_topic(name)) {
        return Err(fault("wrong_format", "must be types such as `product` or `order.paid`.".to_owned()));
    }
    Ok(Some(types))
}

fn fault(code: &'static str, detail: String) -> Problem {
    let fault = Fault { pointer: "types".to_owned(), code, detail };
    Problem::with_faults(Code::MalformedRequest, vec![fault])
}

/// The arguments of `documents::events_after`.
pub fn args(after: i64, types: &Types, limit: usize) -> Args {
    // One more than is shown tells whether there are more.
    let limit = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let types: Value = serde_json::json!(types).to_string().into();
    Args::new().with("after", after).with("types", types).with("limit", limit)
}

/// A cursor of another life of the database, or ahead of it, leads nowhere.
pub fn check(after: Option<LogCursor>, head: LogCursor) -> Result<(), Problem> {
    match after {
        Some(cursor) if cursor.epoch != head.epoch || cursor.seq > head.seq => Err(not_ours()),
        _ => Ok(()),
    }
}

fn not_ours() -> Problem {
    let detail = "The cursor is not of this store's log as it is now. Read the store anew and go on from `Store-Cursor`.";
    Problem::new(Code::CursorInvalid, detail)
}
