//! The statements that several writes of an endpoint share.
//!
//! Every one names only arguments of `Call::args` and `bind`. Guarantees: an endpoint that is stopped is subscribed to
//! nothing and due never, so what is queued for it waits; not a row of that is touched, however much it is.

use crate::sign;
use crate::target::{self, Refusal};
use storeroom_domain::WebhookId;
use storeroom_operations::{Code, Problem};
use storeroom_sql::Batch;
use storeroom_web::{Answer, Call, Precondition, Shown};

/// The endpoint `:endpoint` as the rest of a query.
pub const THIS: &str = "webhook_endpoints WHERE store_id = :store AND id = :endpoint";

/// The endpoint `:endpoint`: `document`, `version`.
pub const DOCUMENT: &str =
    "SELECT document, version FROM webhook_documents WHERE store_id = :store AND id = :endpoint";

/// Where the log of the store stands, as a cursor.
pub const CURSOR: &str = "(SELECT epoch || '.' || seq FROM stores WHERE id = :store)";

/// Sets which endpoint it is.
pub fn bind(batch: &mut Batch, call: &Call<'_>, endpoint: WebhookId) {
    call.about(endpoint);
    batch.set("endpoint", endpoint.to_string());
}

/// A batch that begins as every write to an endpoint that is there: it exists, and its version is the one that is meant.
pub fn begin(call: &Call<'_>, endpoint: WebhookId, meant: Precondition) -> Batch {
    let mut batch = call.write();
    bind(&mut batch, call, endpoint);
    guard_exists(&mut batch);
    meant.guard(&mut batch, "webhook endpoint", THIS, format!("SELECT document FROM ({DOCUMENT})"));
    batch
}

/// Refuses an endpoint that the store does not have.
pub fn guard_exists(batch: &mut Batch) {
    batch.guard(&format!("SELECT 1 FROM {THIS}"), Problem::not_found("webhook endpoint"));
}

/// Refuses an address that events may not be sent to.
pub fn check_target(call: &Call<'_>, url: &str) -> Result<(), Problem> {
    target::check(url, call.ports.targets)
        .map_err(|Refusal(sentence)| Problem::new(Code::EndpointUrlRefused, sentence))
}

/// Subscribes the endpoint to what its row says, unless it is stopped.
pub fn subscribe(batch: &mut Batch) {
    batch.run("DELETE FROM webhook_subscriptions WHERE store_id = :store AND endpoint_id = :endpoint");
    batch.run(
        "INSERT INTO webhook_subscriptions (store_id, topic, endpoint_id) \
         SELECT w.store_id, coalesce(t.value, ''), w.id FROM webhook_endpoints w LEFT JOIN json_each(w.types) AS t \
         WHERE w.store_id = :store AND w.id = :endpoint AND w.stopped IS NULL",
    );
}

/// Notes on the endpoint what is due first, unless a runner is at it, which will see by itself.
pub const NOTE_DUE: &str = "UPDATE webhook_endpoints SET due_at = (SELECT min(due_at) FROM deliveries d \
    WHERE d.store_id = :store AND d.endpoint_id = :endpoint AND d.due_at IS NOT NULL) \
    WHERE store_id = :store AND id = :endpoint AND lease IS NULL AND stopped IS NULL";

/// Commits and answers with the endpoint.
pub async fn commit_and_show(call: &Call<'_>, batch: Batch) -> Result<Answer, Problem> {
    call.commit_and_show(batch, shown(call)).await
}

/// Commits and answers with the endpoint and the secret of its newest generation. What an idempotency key keeps is the
/// document alone.
pub async fn commit_and_show_secret(
    call: &Call<'_>,
    mut batch: Batch,
    endpoint: WebhookId,
) -> Result<Answer, Problem> {
    batch.query("generation", format!("SELECT generation FROM {THIS}"));
    let (answer, outcome) = call.commit_and_tell(batch, shown(call)).await?;
    let generation = outcome.rows("generation").integer(0, 0);
    let generation = generation.ok_or_else(|| call.fault("an endpoint without a generation"))?;
    let secret = sign::secret(&call.secrets.master, &endpoint.to_string(), generation);
    // Base64 needs no escape in JSON.
    Ok(answer.member("secret", &format!("\"{secret}\"")))
}

fn shown(call: &Call<'_>) -> Shown {
    Shown { status: call.row.success, document: DOCUMENT.into(), location: None }
}
