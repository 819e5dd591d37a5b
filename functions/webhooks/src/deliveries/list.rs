//! `GET /webhooks/{id}/deliveries`.

use crate::endpoints::steps::THIS;
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
    // What is pending and what failed is rare, and has an index.
    let (index, condition) = match state {
        "pending" => ("INDEXED BY deliveries_due", format!("due_at IS NOT NULL AND {}", stopped("NULL"))),
        "held" => ("INDEXED BY deliveries_due", format!("due_at IS NOT NULL AND {}", stopped("NOT NULL"))),
        "failed" => ("INDEXED BY deliveries_failed", "state = 'failed'".to_owned()),
        "delivered" => ("", "state = 'delivered'".to_owned()),
        _ => ("", "TRUE".to_owned()),
    };
    // The page's rows are chosen before any document is made.
    let page = format!(
        "SELECT v.document AS document, CAST(d.seq AS TEXT) AS key, d.seq AS seq FROM (\
            SELECT seq FROM deliveries {index} WHERE store_id = :store AND endpoint_id = :endpoint AND {condition} \
            AND seq < coalesce(CAST(:after AS INTEGER), 9223372036854775807) ORDER BY seq DESC LIMIT :limit) AS d \
         CROSS JOIN delivery_documents v ON v.store_id = :store AND v.endpoint_id = :endpoint AND v.seq = d.seq \
         ORDER BY d.seq DESC"
    );
    bounded(&page, "ORDER BY seq DESC")
}

fn stopped(null: &str) -> String {
    format!("(SELECT stopped IS {null} FROM {THIS})")
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
