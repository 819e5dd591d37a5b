//! `POST /webhooks/{id}/test`.

use crate::body;
use crate::run::{Address, Ended, GENERATIONS, Outcome, send_once};
use storeroom_domain::{EventId, WebhookId};
use storeroom_operations::Problem;
use storeroom_operations::shapes::webhook::WebhookTest;
use storeroom_sql::Args;
use storeroom_web::{Answer, Call, Shown};

/// Sends a `webhook.test` event now, once, also to an endpoint that is stopped, and answers with the outcome.
pub async fn test(call: &Call<'_>) -> Result<Answer, Problem> {
    let endpoint: WebhookId = call.path_id("id", "webhook endpoint")?;
    if let Some(kept) = call.kept().await? {
        return Ok(kept);
    }
    let address = address(call, endpoint).await?;
    super::steps::check_target(call, &address.url)?;
    let outcome = send(call, endpoint, &address).await;
    let json = serde_json::to_string(&outcome).map_err(|error| call.fault(&error.to_string()))?;
    let mut batch = call.write();
    batch.set("outcome", json);
    let document = "SELECT :outcome AS document, NULL AS version".into();
    call.commit_and_show(batch, Shown { status: 200, document, location: None }).await
}

async fn address(call: &Call<'_>, endpoint: WebhookId) -> Result<Address, Problem> {
    let endpoint = endpoint.to_string();
    let sql = format!(
        "SELECT url, {GENERATIONS} AS generations FROM webhook_endpoints WHERE store_id = :store AND id = :endpoint"
    );
    let found = call.read(&sql, Args::new().with("endpoint", endpoint.as_str())).await?;
    Address::of(&endpoint, &found.rows).ok_or_else(|| Problem::not_found("webhook endpoint"))
}

async fn send(call: &Call<'_>, endpoint: WebhookId, address: &Address) -> WebhookTest {
    let event: EventId = call.new_id();
    let (ports, event, began) = (call.ports, event.to_string(), call.ports.clock.now());
    let body = body::of_test(call, &event, endpoint, began);
    let result = send_once(ports, &call.secrets.master, address, &event, began, body).await;
    let ended = Ended { id: "", subject: "", url: "", failed: 0, began, ended: ports.clock.now(), chance: 0 };
    let outcome = Outcome::of(&ended, result);
    WebhookTest {
        event_id: event,
        delivered: outcome.delivered,
        status: outcome.status,
        latency_ms: outcome.latency_ms,
        error: outcome.error,
        answer: outcome.answer,
    }
}
