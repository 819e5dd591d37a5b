//! `POST /inventory/holds/{id}/extend`. It moves no stock, so no event tells of it.

use super::steps;
use storeroom_operations::Problem;
use storeroom_operations::shapes::hold::HoldExtendInput;
use storeroom_web::{Answer, Call};

const HOLD: &str = "UPDATE holds SET expires_at = :now + :expires_in_s * 1000, version = version + 1 \
    WHERE store_id = :store AND id = :hold AND state = 'open'";

const LINES: &str = "UPDATE hold_lines SET open_until = :now + :expires_in_s * 1000 \
    WHERE store_id = :store AND hold_id = :hold";

/// Keeps the hold open for so long from now.
pub async fn extend(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: HoldExtendInput = call.input()?;
    let mut batch = steps::begin(call)?;
    batch.set("expires_in_s", input.expires_in);
    batch.run_expecting(1, HOLD, Problem::not_found("hold"));
    batch.run(LINES);
    steps::finish(call, batch, None).await
}
