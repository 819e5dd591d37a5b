//! `GET /webhooks/{id}/deliveries`.

use crate::endpoints::steps::{APART, THIS};
use storeroom_domain::WebhookId;
use storeroom_operations::Problem;
use storeroom_sql::Args;
use storeroom_sql::documents::bounded;
use storeroom_web::page::Page;
use storeroom_web::{Answer, Call};

/// Answers with a page of an endpoint's deliveries, those of the newest events first.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let state = call.query.get("state").map_or("all", String::as_str);
    let named = call.path.get("id").map(String::as_str).unwrap_or_default();
    let page = Page::of(format!("deliveries/{named}/{state}"), &call.query)?;
    let endpoint: WebhookId = call.path_id("id", "webhook endpoint")?;
    let args = page.args().with("endpoint", endpoint.to_string());
    let rows = call.read(&sql(state), args).await?.rows;
    if rows.0.is_empty() {
        exists(call, endpoint).await?;
    }
    Ok(page.answer(&rows))
}

fn sql(state: &str) -> String {
    // The states that are rare have indexes of their own.
    let (index, condition) = match state {
        "pending" => ("INDEXED BY deliveries_due", "d.due_at IS NOT NULL"),
        "held" => ("INDEXED BY deliveries_apart", "d.state = 'held'"),
        "failed" => ("INDEXED BY deliveries_apart", "d.state = 'failed'"),
        "delivered" => ("", "d.state = 'delivered'"),
        _ => ("", "TRUE"),
    };
    let said = if index.ends_with("apart") { format!("AND d.{APART}") } else { String::new() };
    let page = format!(
        "SELECT v.document AS document, CAST(d.seq AS TEXT) AS key, d.seq AS seq FROM deliveries d {index} \
         CROSS JOIN delivery_documents v ON v.store_id = d.store_id AND v.endpoint_id = d.endpoint_id AND v.seq = d.seq \
         WHERE d.store_id = :store AND d.endpoint_id = :endpoint AND {condition} {said} \
            AND d.seq < coalesce(CAST(:after AS INTEGER), 9223372036854775807) ORDER BY d.seq DESC LIMIT :limit"
    );
    bounded(&page, "ORDER BY seq DESC")
}

/// An endpoint without deliveries is not one that is not there.
async fn exists(call: &Call<'_>, endpoint: WebhookId) -> Result<(), Problem> {
    let args = Args::new().with("endpoint", endpoint.to_string());
    let found = call.read(&format!("SELECT id FROM {THIS}"), args).await?;
    match found.rows.0.is_empty() {
        true => Err(Problem::not_found("webhook endpoint")),
        false => Ok(()),
    }
}
