//! Appending to the log.
//!
//! Guarantees: the event, its `seq`, and the revision it tells of are written in the transaction of the change;
//! `seq` counts up by one a store, without holes.

use crate::batch::Batch;
use crate::documents;
use crate::frame::FrameResult;
use crate::value::Rows;
use storeroom_domain::EventType;
use storeroom_domain::event::EVENT_TYPES;

/// The columns of a step that announces events: store, epoch, seq, type and the event's JSON.
pub const ANNOUNCED: [&str; 5] = ["store_id", "epoch", "seq", "type", "document"];

/// What an INSERT into `events` returns, in the columns of `ANNOUNCED`.
pub fn returning() -> String {
    format!(
        "RETURNING store_id, (SELECT epoch FROM stores WHERE stores.id = store_id), seq, type, {}",
        documents::EVENT
    )
}

/// Which documents tell what an event changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tells {
    /// The members in which a version differs from the one before; all of them for the first.
    TheChange,
    /// That the thing is gone.
    TheEnd,
}

/// Writes the revision of the product `:product` as it is now, and the event that tells of it. Needs the arguments
/// `:store :product :now :actor :request_id :event_id`.
pub fn append_product_event(batch: &mut Batch, event_type: EventType) {
    batch.run(
        "INSERT INTO revisions (store_id, subject, version, at, actor, request_id, document) \
         SELECT store_id, id, version, :now, :actor, :request_id, document \
         FROM product_documents WHERE store_id = :store AND id = :product",
    );
    append(batch, event_type, &newest_revision(":product", Tells::TheChange));
}

/// Writes the last revision of the product `:product`, whose row is about to go, and the event that tells of it.
pub fn append_product_end(batch: &mut Batch) {
    batch.run(
        "INSERT INTO revisions (store_id, subject, version, at, actor, request_id, document) \
         SELECT store_id, id, version + 1, :now, :actor, :request_id, NULL \
         FROM products WHERE store_id = :store AND id = :product",
    );
    append(batch, EventType::ProductDeleted, &newest_revision(":product", Tells::TheEnd));
}

/// Writes the revision of the store as it is now; nothing when it is there. Needs `:store :now :actor :request_id`.
pub fn append_store_revision(batch: &mut Batch) {
    batch.run(
        "INSERT INTO revisions (store_id, subject, version, at, actor, request_id, document) \
         SELECT id, id, version, :now, :actor, :request_id, document FROM store_documents WHERE id = :store \
         ON CONFLICT (store_id, subject, version) DO NOTHING",
    );
}

/// Writes the revision of the store as it is now, and the event that tells of it; nothing when this request has made
/// none. Needs `:event_id` too.
pub fn append_store_event(batch: &mut Batch) {
    append_store_revision(batch);
    let newest = newest_revision(":store", Tells::TheChange);
    append_if_told(batch, EventType::StoreUpdated, &format!("{newest} AND r.request_id = :request_id"));
}

/// The newest revision of a subject as the query of an event.
fn newest_revision(subject: &str, tells: Tells) -> String {
    let data = match tells {
        Tells::TheChange => difference("r.document", "before.document"),
        Tells::TheEnd => "'{}'".to_owned(),
    };
    format!(
        "SELECT r.subject, r.version, {data} AS data FROM revisions r \
         LEFT JOIN revisions before ON before.store_id = r.store_id AND before.subject = r.subject \
            AND before.version = r.version - 1 \
         WHERE r.store_id = :store AND r.subject = {subject} AND r.version = \
            (SELECT max(version) FROM revisions WHERE store_id = :store AND subject = {subject})"
    )
}

/// Writes the event that `told` describes: a query of exactly one row, `subject`, `version`, `data` (a JSON object).
/// Needs `:store :now :actor :request_id :event_id` and what the query needs.
pub fn append(batch: &mut Batch, event_type: EventType, told: &str) {
    write(batch, event_type, told, "TRUE", ":event_id");
}

/// Writes the event that `told` describes as `append` does, under another id than `:event_id`: for a batch with more than
/// one. `event_id` is the name of an argument with its colon.
pub fn append_as(batch: &mut Batch, event_id: &str, event_type: EventType, told: &str) {
    write(batch, event_type, told, "TRUE", event_id);
}

/// Writes the event that `told` describes as `append` does; nothing when the query has no row.
pub fn append_if_told(batch: &mut Batch, event_type: EventType, told: &str) {
    write(batch, event_type, told, &format!("EXISTS ({told})"), ":event_id");
}

/// Writes the event that `told` describes as `append_as` does; nothing when the query has no row.
pub fn append_as_if_told(batch: &mut Batch, event_id: &str, event_type: EventType, told: &str) {
    write(batch, event_type, told, &format!("EXISTS ({told})"), event_id);
}

fn write(batch: &mut Batch, event_type: EventType, told: &str, condition: &str, event_id: &str) {
    batch.run(format!("UPDATE stores SET seq = seq + 1, head_at = :now WHERE id = :store AND {condition}"));
    let (event_type, returning) = (event_type.as_str(), returning());
    batch.announce(format!(
        "INSERT INTO events (store_id, seq, id, type, subject, version, at, actor, request_id, data) \
         SELECT s.id, s.seq, {event_id}, '{event_type}', told.subject, told.version, :now, :actor, :request_id, \
         told.data FROM stores s JOIN ({told}) AS told WHERE s.id = :store {returning}"
    ));
}

/// The top-level members of the document `new` that differ from `old`, as JSON; all of them when `old` is NULL.
pub fn difference(new: &str, old: &str) -> String {
    format!(
        "(SELECT coalesce(json_group_object(member.key, json({new} -> member.key)), '{{}}') \
          FROM json_each({new}) AS member WHERE ({new} -> member.key) IS NOT ({old} -> member.key))"
    )
}

/// A part of the log from one snapshot: `epoch`, the head's `seq`, and the store's events after `:after` as `seq`,
/// `type`, `document`, oldest first, at most `:limit` and about
/// `MAX_PAGE_BYTES`; one row of NULLs when there is none. Needs `:store` too.
pub fn backfill() -> String {
    let query = format!(
        "SELECT seq, type, {} AS document FROM events WHERE store_id = :store AND seq > :after \
         ORDER BY seq LIMIT :limit",
        documents::EVENT
    );
    format!(
        "SELECT s.epoch, s.seq, e.seq, e.type, e.document FROM stores s LEFT JOIN ({}) AS e ON TRUE \
         WHERE s.id = :store ORDER BY e.seq",
        documents::bounded(&query, "ORDER BY seq")
    )
}

/// Events after `:position` up to which it is looked whether one of them touched the catalogue; after more, one did.
const MAX_LOOKED_AT: u32 = 1_000;

/// One row if something of what the public sees of the store may have changed after the event `:position`; none if not.
pub fn touched_catalog() -> String {
    let types = EVENT_TYPES.iter().filter(|known| known.touches_catalog()).map(|known| known.as_str());
    format!(
        "SELECT 1 AS touched WHERE (SELECT seq FROM stores WHERE id = :store) - :position > {MAX_LOOKED_AT} \
         OR EXISTS (SELECT 1 FROM events WHERE store_id = :store AND seq > :position AND type IN ({}))",
        crate::states::list(types, '\'')
    )
}

/// The stores whose log has grown since `:since`, at most 500, latest first: `id`, `epoch`, `seq`.
pub const HEADS_SINCE: &str =
    "SELECT id, epoch, seq FROM stores WHERE head_at >= :since ORDER BY head_at DESC LIMIT 500";

/// Events of one store that were just committed, on their way to its room.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Announcement {
    /// The store.
    pub store: String,
    /// The epoch that the events' `seq` belongs to.
    pub epoch: i64,
    /// The events, in order.
    pub events: Vec<AnnouncedEvent>,
}

/// One event of an announcement.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AnnouncedEvent {
    /// Its place in the log.
    pub seq: i64,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Its JSON.
    pub document: String,
}

/// What a frame's work announced; nothing when it was refused.
pub fn announcements(steps: &[usize], result: &FrameResult) -> Vec<Announcement> {
    let FrameResult::Done(work) = result else { return Vec::new() };
    let mut list: Vec<Announcement> = Vec::new();
    for rows in steps.iter().filter_map(|step| work.get(*step)) {
        for row in 0..rows.0.len() {
            if let Some((store, epoch, event)) = announced(rows, row) {
                match list.last_mut() {
                    Some(last) if last.store == store && last.epoch == epoch => last.events.push(event),
                    _ => list.push(Announcement { store, epoch, events: vec![event] }),
                }
            }
        }
    }
    for announcement in &mut list {
        announcement.events.sort_by_key(|event| event.seq);
    }
    list
}

fn announced(rows: &Rows, row: usize) -> Option<(String, i64, AnnouncedEvent)> {
    let event = AnnouncedEvent {
        seq: rows.integer(row, 2)?,
        event_type: rows.text(row, 3)?.to_owned(),
        document: rows.text(row, 4)?.to_owned(),
    };
    Some((rows.text(row, 0)?.to_owned(), rows.integer(row, 1)?, event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    #[test]
    fn announcements_gather_a_store_in_order() {
        let row = |seq: i64| {
            vec![
                Value::from("str_a"),
                Value::from(1),
                Value::from(seq),
                Value::from("product.created"),
                Value::from("{}"),
            ]
        };
        let result = FrameResult::Done(vec![Rows(vec![row(2)]), Rows::default(), Rows(vec![row(1)])]);
        let list = announcements(&[0, 1, 2, 9], &result);
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2]);
    }
}
