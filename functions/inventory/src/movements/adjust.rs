//! `POST /inventory/adjust`.

use crate::steps;
use serde_json::Value as Json;
use storeroom_domain::EventType;
use storeroom_operations::shapes::inventory::{AdjustInput, AdjustLine};
use storeroom_operations::{Fault, Problem};
use storeroom_sql::{Batch, stock};
use storeroom_web::{Answer, Call, body_lines};

/// Adds what came and takes what went. Lines about the same level are summed before it is judged; the history has each.
pub async fn adjust(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: AdjustInput = body_lines::read(call, zeros)?;
    let mut batch = call.write();
    add_steps(&mut batch, call, &input.lines)?;
    steps::show(call, batch).await
}

/// The steps that adjust by the lines and tell of it.
pub fn add_steps(batch: &mut Batch, call: &Call<'_>, lines: &[AdjustLine]) -> Result<(), Problem> {
    steps::start(batch, call, body_lines::print(call, &lines)?);
    stock::guard_known(batch);
    stock::guard_available(batch);
    stock::make_levels(batch);
    stock::move_on_hand(batch, "adjusted");
    steps::tell(batch, EventType::StockAdjusted, "TRUE");
    Ok(())
}

/// The faults of lines that move nothing.
pub fn zeros(input: &Json) -> Vec<Fault> {
    let lines = body_lines::lines(input).map(Vec::as_slice).unwrap_or_default().iter().enumerate();
    let zeros = lines.filter(|(_, line)| line.get("delta").and_then(Json::as_i64) == Some(0));
    zeros
        .map(|(n, _)| body_lines::fault(format!("/lines/{n}/delta"), "out_of_range", "must not be 0."))
        .collect()
}
