//! `DELETE /webhooks/{id}`.

use super::steps;
use storeroom_domain::WebhookId;
use storeroom_operations::Problem;
use storeroom_web::{Answer, Call};

/// Deletes an endpoint with its secrets. Nothing more is seen of its deliveries; due work deletes them some at a time.
pub async fn delete(call: &Call<'_>) -> Result<Answer, Problem> {
    let meant = call.precondition()?;
    let endpoint: WebhookId = call.path_id("id", "webhook endpoint")?;
    let mut batch = steps::begin(call, endpoint, meant);
    batch.run("INSERT INTO webhook_remains (store_id, endpoint_id) VALUES (:store, :endpoint)");
    batch.run(format!("DELETE FROM {}", steps::THIS));
    call.commit(batch).await?;
    Ok(Answer::empty(204))
}
