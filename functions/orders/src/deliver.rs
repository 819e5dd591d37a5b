//! `POST /orders/{id}/deliver`.

use crate::{steps, transition};
use storeroom_domain::{EventType, OrderAction};
use storeroom_operations::Problem;
use storeroom_web::{Answer, Call};

/// Notes that the order has arrived.
pub async fn deliver(call: &Call<'_>) -> Result<Answer, Problem> {
    let mut batch = steps::begin(call)?;
    transition::guard(&mut batch, OrderAction::Deliver);
    transition::write(&mut batch, EventType::OrderDelivered, "json_object()", "state = 'delivered',");
    steps::tell(&mut batch, EventType::OrderDelivered, &["state"]);
    steps::finish(call, batch).await
}
