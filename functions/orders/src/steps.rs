//! The statements that several writes of an order share.
//!
//! Every one names only arguments of `Call::args` and `bind`.

use storeroom_domain::{EventId, EventType, OrderId};
use storeroom_operations::Problem;
use storeroom_sql::{Batch, documents, events, settle, stock};
use storeroom_web::{Answer, Call, Precondition, Shown};

/// Sets which order it is, and the ids of the events that may come of it.
pub fn bind(batch: &mut Batch, call: &Call<'_>, order: OrderId) {
    call.about(order);
    batch.set("order", order.to_string());
    let (event, crossing): (EventId, EventId) = (call.new_id(), call.new_id());
    batch.set("event_id", event.to_string());
    batch.set("crossing_id", crossing.to_string());
}

/// A batch that begins as every write to an order: what is due is settled, it is there, and its version is the one that
/// is meant.
pub fn begin(call: &Call<'_>) -> Result<Batch, Problem> {
    let meant = call.precondition()?;
    let order: OrderId = call.path_id("id", "order")?;
    let mut batch = call.write();
    start(&mut batch, call, order, meant);
    Ok(batch)
}

/// The first steps of a write to that order in a batch that has its access already.
pub fn start(batch: &mut Batch, call: &Call<'_>, order: OrderId, meant: Precondition) {
    bind(batch, call, order);
    settle::settle_order(batch);
    batch.guard("SELECT 1 FROM orders WHERE store_id = :store AND id = :order", Problem::not_found("order"));
    let current = format!("SELECT document FROM ({})", documents::ORDER);
    meant.guard(batch, "order", "orders WHERE store_id = :store AND id = :order", current);
}

/// Appends the event that tells of these members of the order as they are now, and of what every change changes.
pub fn tell(batch: &mut Batch, event: EventType, members: &[&str]) {
    tell_as(batch, event, &told(members));
}

/// Appends the event whose data is the expression, over the columns of `order_documents`.
pub fn tell_as(batch: &mut Batch, event: EventType, data: &str) {
    let told = format!(
        "SELECT id AS subject, version, {data} AS data FROM order_documents WHERE store_id = :store AND id = :order"
    );
    events::append(batch, event, &told);
}

/// Members of the document, and those that every change changes.
pub fn told(members: &[&str]) -> String {
    let members = members.iter().chain(&["version", "updated_at", "timeline"]);
    let members: Vec<String> = members.map(|name| format!("'{name}', document -> '$.{name}'")).collect();
    format!("json_object({})", members.join(", "))
}

/// Tells of the levels that are low or have enough again; commits, and answers with the order.
pub async fn finish(call: &Call<'_>, mut batch: Batch) -> Result<Answer, Problem> {
    stock::tell_crossings(&mut batch);
    show(call, batch).await
}

/// Commits, and answers with the order.
pub async fn show(call: &Call<'_>, batch: Batch) -> Result<Answer, Problem> {
    let document = documents::ORDER.into();
    call.commit_and_show(batch, Shown { status: call.row.success, document, location: None }).await
}
