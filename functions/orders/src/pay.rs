//! `POST /orders/{id}/pay`.

use crate::{dashboard, steps, transition};
use serde_json::json;
use storeroom_domain::{EventType, OrderAction};
use storeroom_operations::Problem;
use storeroom_operations::shapes::order::PayInput;
use storeroom_sql::{Batch, stock};
use storeroom_web::{Answer, Call};

/// Notes that the order is paid: from now on it does not expire.
pub async fn pay(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: PayInput = call.input()?;
    let mut batch = steps::begin(call)?;
    add_steps(&mut batch, call, &input.payment_reference);
    steps::show(call, batch).await
}

/// The steps that note the payment of the order that the batch is about.
pub fn add_steps(batch: &mut Batch, call: &Call<'_>, payment_reference: &str) {
    transition::guard(batch, OrderAction::Pay);
    let entry = transition::said(batch, &json!({"payment_reference": payment_reference}));
    batch.set("payment_reference", payment_reference);
    let changes =
        "state = 'paid', payment_reference = :payment_reference, paid_at = :now, expires_at = NULL,";
    transition::write(batch, EventType::OrderPaid, entry, changes);
    steps::tell(batch, EventType::OrderPaid, &["state", "payment_reference", "expires_at"]);
    dashboard::tell_sales(batch, call);
    stock::tell_crossings(batch);
}
