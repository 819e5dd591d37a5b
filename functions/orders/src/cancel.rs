//! `POST /orders/{id}/cancel`.

use crate::{dashboard, steps, transition};
use serde_json::json;
use storeroom_domain::{EventType, OrderAction};
use storeroom_operations::Problem;
use storeroom_operations::shapes::order::CancelInput;
use storeroom_sql::{Batch, stock};
use storeroom_web::{Answer, Call};

/// Calls the order off: its stock is available again. Money that was paid is given back by a refund.
pub async fn cancel(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: CancelInput = call.input()?;
    let mut batch = steps::begin(call)?;
    add_steps(&mut batch, call, &input.reason);
    steps::show(call, batch).await
}

/// The steps that call off the order that the batch is about.
pub fn add_steps(batch: &mut Batch, call: &Call<'_>, reason: &str) {
    transition::guard(batch, OrderAction::Cancel);
    let entry = transition::said(batch, &json!({"reason": reason}));
    let changes = "state = 'cancelled', expires_at = NULL,";
    transition::write(batch, EventType::OrderCancelled, entry, changes);
    let data = format!(
        "CASE WHEN paid_at IS NULL THEN {} ELSE {} END",
        steps::told(&["state", "expires_at"]),
        steps::told(&["state"])
    );
    steps::tell_as(batch, EventType::OrderCancelled, &data);
    dashboard::tell_sales(batch, call);
    stock::tell_crossings(batch);
}
