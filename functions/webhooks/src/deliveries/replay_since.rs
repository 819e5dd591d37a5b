//! `POST /webhooks/{id}/replay`.

use super::replay::AGAIN;
use crate::endpoints::{Topics, steps};
use storeroom_domain::{LogCursor, WebhookId};
use storeroom_operations::shapes::webhook::ReplayInput;
use storeroom_operations::{Code, Problem};
use storeroom_sql::Batch;
use storeroom_web::{Answer, Call, Shown};

/// Most events of the log that one request looks at.
const MOST_EVENTS: i64 = 10_000;

/// How far the log is read.
const END: &str = "(SELECT min(seq, :after + :most) FROM stores WHERE id = :store)";

/// Whether an event is among the types, over `events e`: those asked for, else those of the endpoint.
const IS_MEANT: &str = "(json_array_length(t.types) = 0 OR e.type IN (SELECT value FROM json_each(t.types)) \
    OR substr(e.type, 1, instr(e.type, '.') - 1) IN (SELECT value FROM json_each(t.types)))";

/// Queues the events after a cursor: those that were sent before too, but none that is queued.
pub async fn replay_since(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: ReplayInput = call.input()?;
    let endpoint: WebhookId = call.path_id("id", "webhook endpoint")?;
    let topics = input.types.map(Topics::of).transpose()?;
    let after = LogCursor::parse(&input.after).ok_or_else(not_ours)?;
    let mut batch = call.write();
    steps::bind(&mut batch, call, endpoint);
    batch.set("types", topics.map(|topics| topics.json()));
    batch.set("epoch", after.epoch);
    batch.set("after", after.seq);
    batch.set("most", MOST_EVENTS);
    steps::guard_exists(&mut batch);
    batch.guard("SELECT epoch = :epoch AND :after <= seq FROM stores WHERE id = :store", not_ours());
    queue(&mut batch);
    batch.run(steps::NOTE_DUE);
    let document = shown();
    call.commit_and_show(batch, Shown { status: 202, document: document.into(), location: None }).await
}

/// The types that are meant: `types t`.
fn meant() -> String {
    format!("(SELECT coalesce(:types, (SELECT types FROM {})) AS types) AS t", steps::THIS)
}

/// How many of the events wait to be sent as soon as they can be, and how far the log was read.
fn shown() -> String {
    format!(
        "SELECT json_object('queued', (SELECT count(*) FROM {meant} CROSS JOIN events e ON e.store_id = :store \
            AND e.seq > :after AND e.seq <= {END} AND {IS_MEANT} \
            CROSS JOIN deliveries d ON d.store_id = e.store_id AND d.endpoint_id = :endpoint AND d.seq = e.seq \
                AND d.due_at = 0), \
         'cursor', epoch || '.' || {END}, 'more', json(iif(seq > {END}, 'true', 'false'))) AS document, \
         NULL AS version FROM stores WHERE id = :store",
        meant = meant()
    )
}

fn queue(batch: &mut Batch) {
    batch.run(format!(
        "INSERT INTO deliveries (store_id, endpoint_id, seq, id, state, due_at, queued_at) \
         SELECT e.store_id, w.id, e.seq, 'dlv_' || substr(e.id, 5, 14) || lower(hex(randomblob(6))), \
            'pending', 0, e.at \
         FROM webhook_endpoints w CROSS JOIN {meant} \
         CROSS JOIN events e ON e.store_id = w.store_id AND e.seq > :after AND e.seq <= {END} \
         WHERE w.store_id = :store AND w.id = :endpoint AND {IS_MEANT} \
         ON CONFLICT (store_id, endpoint_id, seq) DO UPDATE SET {AGAIN} \
         WHERE deliveries.state IN ('delivered', 'failed')",
        meant = meant(),
    ));
}

fn not_ours() -> Problem {
    let detail = "`after` is no cursor of this store's log as it is now. The feed and `stopped.cursor` give such cursors.";
    Problem::new(Code::CursorInvalid, detail)
}
