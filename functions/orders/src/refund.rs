//! `POST /orders/{id}/refund`.
//!
//! Guarantees: what is refunded is at most what was paid, whatever is asked for at once. The service writes it down; the
//! payment service pays it.

use crate::{dashboard, steps, transition};
use serde_json::json;
use storeroom_domain::EventType;
use storeroom_operations::shapes::order::{MAX_REFUNDS, RefundInput};
use storeroom_operations::{Code, Problem};
use storeroom_sql::Batch;
use storeroom_web::{Answer, Call};

/// Notes that money was given back.
pub async fn refund(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: RefundInput = call.input()?;
    let mut batch = steps::begin(call)?;
    batch.set("amount", input.amount.amount);
    batch.set("currency", input.amount.currency.as_str());
    guard_paid(&mut batch);
    guard_amount(&mut batch);
    let entry = transition::said(&mut batch, &json!({"amount": input.amount, "reason": input.reason}));
    transition::write(
        &mut batch,
        EventType::OrderRefunded,
        entry,
        "refunded_minor = refunded_minor + :amount,",
    );
    steps::tell(&mut batch, EventType::OrderRefunded, &["refunded"]);
    dashboard::tell_sales(&mut batch, call);
    steps::finish(call, batch).await
}

fn guard_paid(batch: &mut Batch) {
    let detail = "There is nothing to refund: the order was not paid, or all of it was refunded.";
    batch.guard(
        "SELECT paid_at IS NOT NULL AND refunded_minor < total_minor FROM orders WHERE store_id = :store AND id = :order",
        Problem::new(Code::IllegalTransition, detail),
    );
    let detail = format!("An order has at most {MAX_REFUNDS} refunds.");
    batch.guard(
        &format!(
            "SELECT (SELECT count(*) FROM json_each(timeline) WHERE value ->> 'type' = 'order.refunded') < {MAX_REFUNDS} \
             FROM orders WHERE store_id = :store AND id = :order"
        ),
        Problem::new(Code::IllegalTransition, detail),
    );
    transition::explain(batch);
}

fn guard_amount(batch: &mut Batch) {
    let foreign = "SELECT '/amount/currency', 'must be the currency of the order, ' || currency || '.' FROM orders \
        WHERE store_id = :store AND id = :order AND currency <> :currency";
    guard(batch, "wrong_currency", foreign);
    let beyond = "SELECT '/amount/amount', 'must be at most ' || (total_minor - refunded_minor) || ', what is left of \
        the total.' FROM orders WHERE store_id = :store AND id = :order AND refunded_minor + :amount > total_minor";
    guard(batch, "out_of_range", beyond);
}

fn guard(batch: &mut Batch, code: &'static str, faults: &'static str) {
    let problem = Problem::new(Code::ValidationFailed, "The refund does not fit: see `errors`.");
    batch.guard(&format!("SELECT NOT EXISTS ({faults})"), problem);
    batch.explain_faults(Code::ValidationFailed, code, faults);
}
