//! `POST /webhook/order`: a shop system tells what became of an order.
//!
//! Guarantees: an event leads to the same steps as `place`, `pay` and `cancel`; the prices that the customer was shown
//! are those of the store, or the event is rejected; every SKU that the store does not have is named.

use crate::{cancel, pay, place, steps};
use serde_json::{Value as Json, json};
use storeroom_domain::OrderId;
use storeroom_operations::shapes::incoming::{OrderEvent, PlacedLine, PlacedOrder};
use storeroom_operations::shapes::order::{OrderInput, OrderLineInput};
use storeroom_operations::{Fault, Problem};
use storeroom_sql::batch::Sql;
use storeroom_sql::{Args, Batch};
use storeroom_web::inbox::{self, Command, Effect, Event};
use storeroom_web::{Answer, Call, Precondition, body_lines};

/// The variant of each SKU, in order; null for one that the store does not have.
const VARIANTS: &str = "SELECT json_group_array(id) FROM (SELECT v.id FROM json_each(:inbox_skus) AS j \
    LEFT JOIN variants v ON v.store_id = :store AND v.sku = j.value ORDER BY j.key)";

const ORDER: &str =
    "SELECT json_quote(id) FROM orders WHERE store_id = :store AND external_id = :inbox_external_id";

const VERSION: &str = "SELECT version FROM orders WHERE store_id = :store AND id = :order";

/// Why an order was called off when the sender does not say.
const NO_REASON: &str = "cancelled in the shop system";

/// Takes an event about an order.
pub async fn ingest(call: &Call<'_>) -> Result<Answer, Problem> {
    let (event, said): (Event, OrderEvent) = inbox::read(call, no_lines)?;
    inbox::receive(call, &event, &Told(said)).await
}

/// Tries an event again that was rejected.
pub async fn try_again(call: &Call<'_>, event: &Event) -> Result<Answer, Problem> {
    inbox::try_again(call, event, &Told(event.says()?)).await
}

fn no_lines(event: &Json) -> Vec<Fault> {
    let is_empty = event.get("order").and_then(body_lines::lines).is_some_and(|lines| lines.is_empty());
    let fault = Fault { pointer: "/order/lines".to_owned(), ..body_lines::too_few() };
    is_empty.then_some(fault).into_iter().collect()
}

struct Told(OrderEvent);

impl Command for Told {
    fn look_up(&self) -> (Sql, Args) {
        match &self.0 {
            OrderEvent::Placed { order, .. } => {
                let skus: Vec<&str> = order.lines.iter().map(|line| line.sku.as_str()).collect();
                (VARIANTS.into(), Args::new().with("inbox_skus", json!(skus).to_string()))
            }
            OrderEvent::Paid { external_id, .. } | OrderEvent::Cancelled { external_id, .. } => {
                (ORDER.into(), Args::new().with("inbox_external_id", external_id.as_str()))
            }
        }
    }

    fn add_steps(&self, call: &Call<'_>, batch: &mut Batch, found: &Json) -> Result<Effect, Problem> {
        let (order, action) = match &self.0 {
            OrderEvent::Placed { order, .. } => (placed(call, batch, order, found)?, "placed"),
            OrderEvent::Paid { event_id, payment_reference, .. } => {
                let order = begin(call, batch, found)?;
                pay::add_steps(batch, call, payment_reference.as_ref().unwrap_or(event_id));
                (order, "paid")
            }
            OrderEvent::Cancelled { reason, .. } => {
                let order = begin(call, batch, found)?;
                cancel::add_steps(batch, call, reason.as_deref().unwrap_or(NO_REASON));
                (order, "cancelled")
            }
        };
        Ok(Effect { subject: order.to_string(), action, version: VERSION })
    }

    fn respelt(&self, problem: Problem) -> Problem {
        match self.0 {
            OrderEvent::Placed { .. } => {
                let names = [("/variant_id", "/sku"), ("/expected_unit_price", "/unit_price")];
                inbox::respelt(problem, "/order", &names)
            }
            OrderEvent::Paid { .. } | OrderEvent::Cancelled { .. } => problem,
        }
    }
}

fn placed(
    call: &Call<'_>,
    batch: &mut Batch,
    placed: &PlacedOrder,
    found: &Json,
) -> Result<OrderId, Problem> {
    let variants: Vec<Option<&str>> = found.as_array().into_iter().flatten().map(Json::as_str).collect();
    body_lines::guard_skus(variants.iter().copied())?;
    let lines = placed.lines.iter().zip(variants);
    let input = OrderInput {
        lines: lines.filter_map(|(line, variant)| Some(expected(line, variant?))).collect(),
        customer: placed.customer.clone(),
        shipping_address: placed.shipping_address.clone(),
        note: placed.note.clone(),
        ..OrderInput::default()
    };
    let order: OrderId = call.new_id();
    place::add_steps(batch, call, order, &input, Some(&placed.external_id))?;
    Ok(order)
}

fn expected(line: &PlacedLine, variant: &str) -> OrderLineInput {
    OrderLineInput {
        variant_id: variant.to_owned(),
        location_id: None,
        quantity: line.quantity,
        expected_unit_price: Some(line.unit_price.clone()),
    }
}

/// The first steps about the order that was found.
fn begin(call: &Call<'_>, batch: &mut Batch, found: &Json) -> Result<OrderId, Problem> {
    let order = found.as_str().and_then(OrderId::parse).ok_or_else(|| Problem::not_found("order"))?;
    steps::start(batch, call, order, Precondition::Whatever);
    Ok(order)
}
