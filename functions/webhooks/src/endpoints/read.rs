//! `GET /webhooks/{id}`.

use super::steps::DOCUMENT;
use storeroom_domain::WebhookId;
use storeroom_operations::Problem;
use storeroom_sql::Args;
use storeroom_web::{Answer, Call};

/// Answers with an endpoint, without its secret.
pub async fn read(call: &Call<'_>) -> Result<Answer, Problem> {
    let endpoint: WebhookId = call.path_id("id", "webhook endpoint")?;
    let found = call.read(DOCUMENT, Args::new().with("endpoint", endpoint.to_string())).await?;
    match (found.rows.text(0, 0), found.rows.integer(0, 1)) {
        (Some(document), Some(version)) => Ok(Answer::json(200, document).version(version)),
        _ => Err(Problem::not_found("webhook endpoint")),
    }
}
