//! `POST /deliveries/{id}/replay`.

use super::read::DELIVERY;
use crate::endpoints::steps;
use storeroom_domain::DeliveryId;
use storeroom_operations::Problem;
use storeroom_web::{Answer, Call, Shown};

/// What a delivery becomes that is sent again: due at once, with its schedule from the start.
pub const AGAIN: &str = "state = 'pending', due_at = 0, failed = 0, finished_at = NULL";

/// Sends an event to its endpoint again, or sooner.
pub async fn replay(call: &Call<'_>) -> Result<Answer, Problem> {
    let delivery: DeliveryId = call.path_id("id", "delivery")?;
    let mut batch = call.write();
    batch.set("delivery", delivery.to_string());
    let endpoint = "(SELECT endpoint_id FROM deliveries WHERE store_id = :store AND id = :delivery)";
    let of_its_own = |sql: String| sql.replace(":endpoint", endpoint);
    batch.run_expecting(
        1,
        of_its_own(format!(
            "UPDATE deliveries SET {AGAIN} WHERE store_id = :store AND id = :delivery \
             AND EXISTS (SELECT 1 FROM {})",
            steps::THIS
        )),
        Problem::not_found("delivery"),
    );
    batch.run(of_its_own(steps::NOTE_DUE.to_owned()));
    call.commit_and_show(batch, Shown { status: 202, document: DELIVERY.into(), location: None }).await
}
