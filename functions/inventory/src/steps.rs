//! How every write about `:lines` begins and ends.

use storeroom_domain::{EventId, EventType};
use storeroom_operations::Problem;
use storeroom_sql::{Batch, settle, stock};
use storeroom_web::{Answer, Call, Shown};

/// A batch about these lines, JSON: what has expired on their levels is settled.
pub fn begin(call: &Call<'_>, lines: String) -> Batch {
    let mut batch = call.write();
    start(&mut batch, call, lines);
    batch
}

/// The first steps about these lines in a batch that has its access already.
pub fn start(batch: &mut Batch, call: &Call<'_>, lines: String) {
    bind(batch, call);
    batch.set("lines", lines);
    settle::settle_lines(batch);
}

/// Sets the ids of the events that may come of it.
pub fn bind(batch: &mut Batch, call: &Call<'_>) {
    let (event, crossing): (EventId, EventId) = (call.new_id(), call.new_id());
    batch.set("event_id", event.to_string());
    batch.set("crossing_id", crossing.to_string());
}

/// Tells of the levels of the lines, and of those that are low or have enough again; commits, and answers with them.
pub async fn finish(call: &Call<'_>, mut batch: Batch, event_type: EventType) -> Result<Answer, Problem> {
    tell(&mut batch, event_type, "TRUE");
    show(call, batch).await
}

/// Tells of the levels of the lines where any has moved, and of those that are low or have enough again.
pub fn tell_if_moved(batch: &mut Batch, event_type: EventType) {
    let moved = format!("EXISTS (SELECT 1 FROM {} WHERE delta <> 0)", stock::LINES);
    tell(batch, event_type, &moved);
}

/// Tells of the levels of the lines where the SQL expression is true, and of those that are low or have enough again.
pub fn tell(batch: &mut Batch, event_type: EventType, condition: &str) {
    stock::tell_levels(batch, event_type, condition);
    stock::tell_crossings(batch);
}

/// Commits, and answers with the levels of the lines.
pub async fn show(call: &Call<'_>, batch: Batch) -> Result<Answer, Problem> {
    let document = stock::levels_document().into();
    call.commit_and_show(batch, Shown { status: call.row.success, document, location: None }).await
}
