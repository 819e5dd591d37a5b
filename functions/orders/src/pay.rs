//! `POST /orders/{id}/pay`.

use crate::{dashboard, steps, transition};
use serde_json::json;
use storeroom_domain::{EventType, OrderAction};
use storeroom_operations::Problem;
use storeroom_operations::shapes::order::PayInput;
use storeroom_web::{Answer, Call};

/// Notes that the order is paid: from now on it does not expire.
pub async fn pay(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: PayInput = call.input()?;
    let mut batch = steps::begin(call)?;
    transition::guard(&mut batch, OrderAction::Pay);
    let entry = transition::said(&mut batch, &json!({"payment_reference": input.payment_reference}));
    batch.set("payment_reference", input.payment_reference);
    let changes =
        "state = 'paid', payment_reference = :payment_reference, paid_at = :now, expires_at = NULL,";
    transition::write(&mut batch, EventType::OrderPaid, entry, changes);
    steps::tell(&mut batch, EventType::OrderPaid, &["state", "payment_reference", "expires_at"]);
    dashboard::tell_sales(&mut batch, call);
    steps::finish(call, batch).await
}
