//! `GET /deliveries/{id}`.

use storeroom_domain::DeliveryId;
use storeroom_operations::Problem;
use storeroom_sql::Args;
use storeroom_web::{Answer, Call};

/// The delivery `:delivery`: `document`, `version` (NULL).
pub const DELIVERY: &str = "SELECT v.document AS document, NULL AS version FROM deliveries d \
    CROSS JOIN delivery_documents v ON v.store_id = d.store_id AND v.endpoint_id = d.endpoint_id AND v.seq = d.seq \
    WHERE d.store_id = :store AND d.id = :delivery";

/// Answers with a delivery and its attempts.
pub async fn read(call: &Call<'_>) -> Result<Answer, Problem> {
    let delivery: DeliveryId = call.path_id("id", "delivery")?;
    let found = call.read(DELIVERY, Args::new().with("delivery", delivery.to_string())).await?;
    let document = found.rows.text(0, 0).ok_or_else(|| Problem::not_found("delivery"))?;
    Ok(Answer::json(200, document))
}
