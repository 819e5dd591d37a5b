//! `POST /inventory/alerts/{id}/ack`.

use super::{DOCUMENT, SKU};
use storeroom_domain::AlertId;
use storeroom_operations::Problem;
use storeroom_web::{Answer, Call, Shown};

/// Takes note of an alert; who did so first stays.
pub async fn ack(call: &Call<'_>) -> Result<Answer, Problem> {
    let alert: AlertId = call.path_id("id", "alert")?;
    let mut batch = call.write();
    batch.set("alert", alert.to_string());
    batch.run_expecting(
        1,
        "UPDATE alerts SET acknowledged_at = coalesce(acknowledged_at, :now), \
         acknowledged_by = coalesce(acknowledged_by, :actor) WHERE store_id = :store AND id = :alert",
        Problem::not_found("alert"),
    );
    let document = format!(
        "SELECT {DOCUMENT} AS document, NULL AS version FROM alerts a {SKU} WHERE a.store_id = :store AND a.id = :alert"
    );
    call.commit_and_show(batch, Shown { status: 200, document: document.into(), location: None }).await
}
