//! `POST /inventory/holds/{id}/release`.

use super::steps;
use storeroom_domain::EventType;
use storeroom_operations::Problem;
use storeroom_sql::holds;
use storeroom_web::{Answer, Call};

/// Gives back what the hold has.
pub async fn release(call: &Call<'_>) -> Result<Answer, Problem> {
    let mut batch = steps::begin(call)?;
    holds::resolve(&mut batch, "released");
    holds::tell(
        &mut batch,
        ":event_id",
        EventType::HoldReleased,
        "json_object('state', state, 'version', version)",
    );
    steps::finish(call, batch, None).await
}
