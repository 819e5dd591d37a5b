//! `POST /orders`.
//!
//! Guarantees: one transaction and one round trip: prices come from the database, stock is kept, the number counts up,
//! the log tells of it; or nothing was done and every line at fault is named.

use crate::{hold, steps, words};
use serde::Serialize;
use storeroom_domain::money::MAX_AMOUNT;
use storeroom_domain::{EventType, OrderId};
use storeroom_operations::shapes::order::{OrderInput, OrderLineInput};
use storeroom_operations::{Code, Problem};
use storeroom_sql::batch::Violation;
use storeroom_sql::documents::IS_DUE;
use storeroom_sql::stock::{self, LINES};
use storeroom_sql::{Batch, settle};
use storeroom_web::{Answer, Call, Shown, body_lines};

/// A line as `storeroom_sql::stock` takes it: what is ordered is taken from what is available.
#[derive(Debug, Serialize)]
struct Line<'a> {
    variant_id: &'a str,
    location_id: Option<&'a str>,
    delta: i64,
    expected: Option<i64>,
    currency: Option<&'a str>,
}

/// The lines with what is sold: `products p` and `variants v`.
fn sold() -> String {
    format!(
        "{LINES} AS n CROSS JOIN variants v ON v.store_id = :store AND v.id = n.variant_id \
         CROSS JOIN products p ON p.store_id = v.store_id AND p.id = v.product_id"
    )
}

/// Places an order.
pub async fn place(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: OrderInput = body_lines::read(call, body_lines::nothing_more)?;
    let order: OrderId = call.new_id();
    let mut batch = call.write();
    add_steps(&mut batch, call, order, &input, None)?;
    let location = Some(format!("/api/pms/orders/{order}"));
    call.commit_and_show(batch, Shown { status: 201, document: TOLD.into(), location }).await
}

/// The steps that place an order of that id; `external_id` is its id in a shop system.
pub fn add_steps(
    batch: &mut Batch,
    call: &Call<'_>,
    order: OrderId,
    input: &OrderInput,
    external_id: Option<&str>,
) -> Result<(), Problem> {
    steps::bind(batch, call, order);
    bind(batch, call, input, external_id)?;
    settle::settle_lines(batch);
    guard_body(batch);
    if external_id.is_some() {
        guard_external_id(batch);
    }
    if input.hold_id.is_some() {
        hold::take(batch, call);
    }
    guard_for_sale(batch);
    guard_prices(batch);
    guard_sum(batch);
    stock::guard_available_to_holder(batch);
    insert(batch);
    steps::tell_as(batch, EventType::OrderCreated, "document");
    stock::tell_crossings(batch);
    Ok(())
}

/// The order as its event has just told of it, which is a few rows back in the log: it need not be put together again.
const TOLD: &str = "SELECT data AS document, version FROM events WHERE store_id = :store AND id = :event_id \
    ORDER BY seq DESC LIMIT 1";

fn bind(
    batch: &mut Batch,
    call: &Call<'_>,
    input: &OrderInput,
    external_id: Option<&str>,
) -> Result<(), Problem> {
    let lines: Vec<Line<'_>> = input.lines.iter().map(Line::of).collect();
    batch.set("lines", body_lines::print(call, &lines)?);
    batch.set("shipping", input.shipping.as_ref().map(|shipping| shipping.amount));
    batch.set("shipping_currency", input.shipping.as_ref().map(|shipping| shipping.currency.clone()));
    batch.set("email", input.customer.email.as_str());
    batch.set("name", input.customer.name.clone());
    let address = input.shipping_address.as_ref().map(|address| body_lines::print(call, address));
    batch.set("address", address.transpose()?);
    batch.set("hold", input.hold_id.clone());
    batch.set("note", input.note.clone());
    batch.set("external_id", external_id.map(str::to_owned));
    batch.set("words", body_lines::print(call, &words::of(&input.customer, external_id))?);
    Ok(())
}

impl<'a> Line<'a> {
    fn of(line: &'a OrderLineInput) -> Self {
        let expected = line.expected_unit_price.as_ref();
        Self {
            variant_id: &line.variant_id,
            location_id: line.location_id.as_deref(),
            delta: -line.quantity,
            expected: expected.map(|price| price.amount),
            currency: expected.map(|price| price.currency.as_str()),
        }
    }
}

/// Refuses what the body says and only the database can tell is wrong.
fn guard_body(batch: &mut Batch) {
    stock::guard_known(batch);
    stock::guard_distinct(batch);
    let other = "'must be the currency of the store, ' || s.currency || '.' FROM stores s";
    let foreign = format!(
        "SELECT '/lines/' || n.line || '/expected_unit_price/currency', {other} CROSS JOIN {LINES} AS n \
         WHERE s.id = :store AND n.value ->> 'currency' <> s.currency UNION ALL \
         SELECT '/shipping/currency', {other} WHERE s.id = :store AND :shipping_currency <> s.currency"
    );
    stock::guard_faults(batch, "wrong_currency", foreign);
}

/// Refuses an order that is here already.
fn guard_external_id(batch: &mut Batch) {
    let taken = "SELECT '/external_id', 'belongs to another order.' WHERE EXISTS (SELECT 1 FROM orders \
        WHERE store_id = :store AND external_id = :external_id)";
    stock::guard_faults(batch, "taken", taken.to_owned());
}

/// Refuses lines about products that are not published by now.
fn guard_for_sale(batch: &mut Batch) {
    let unsold = format!(
        "SELECT n.line, json_object('pointer', '/lines/' || n.line, 'variant_id', n.variant_id) AS shown \
         FROM {} WHERE NOT (p.status = 'published' OR {IS_DUE})",
        sold()
    );
    let detail = "Only published products can be ordered: `lines` says which are not.";
    guard_lines(batch, &unsold, Problem::new(Code::ProductNotAvailable, detail));
}

/// Refuses lines whose price is not the one that was expected.
fn guard_prices(batch: &mut Batch) {
    let changed = format!(
        "SELECT n.line, json_object('pointer', '/lines/' || n.line, 'variant_id', n.variant_id, \
            'expected', json_object('amount', n.value ->> 'expected', 'currency', s.currency), \
            'unit_price', json_object('amount', v.price_minor, 'currency', s.currency)) AS shown \
         FROM {} CROSS JOIN stores s ON s.id = :store WHERE n.value ->> 'expected' <> v.price_minor",
        sold()
    );
    let detail = "Prices have changed: `lines` says which, and what they are now.";
    guard_lines(batch, &changed, Problem::new(Code::PriceChanged, detail));
}

/// Refuses when the query (line, shown) has rows; they become the problem's `lines`.
fn guard_lines(batch: &mut Batch, query: &str, problem: Problem) {
    let code = problem.code;
    batch.guard(&format!("SELECT NOT EXISTS ({query})"), problem);
    let lines =
        format!("SELECT json_group_array(json(shown)) FROM (SELECT shown FROM ({query}) ORDER BY line)");
    batch.explain(code, "lines", lines);
}

/// Refuses an order that comes to more than any amount may: before the lines are multiplied in whole numbers.
fn guard_sum(batch: &mut Batch) {
    let within = format!(
        "SELECT coalesce(total(-n.delta * v.price_minor), 0) + coalesce(:shipping, 0) <= {MAX_AMOUNT} FROM {}",
        sold()
    );
    batch.guard(&within, too_much());
}

fn too_much() -> Problem {
    let detail = format!("comes to more than {MAX_AMOUNT} in minor units.");
    Problem::with_faults(
        Code::ValidationFailed,
        vec![body_lines::fault("/lines".to_owned(), "out_of_range", &detail)],
    )
}

fn insert(batch: &mut Batch) {
    batch.run(
        "INSERT INTO orders (store_id, id, number, external_id, state, currency, tax_rate_basis_points, prices_include_tax, \
         shipping_minor, customer_email, customer_name, shipping_address, hold_id, note, timeline, expires_at, \
         created_at, updated_at) \
         SELECT s.id, :order, s.last_order_number + 1, :external_id, 'pending', s.currency, s.tax_rate_basis_points, \
            s.prices_include_tax, coalesce(:shipping, 0), :email, :name, :address, :hold, :note, \
            json_array(json_object('at', strftime('%Y-%m-%dT%H:%M:%fZ', :now / 1000.0, 'unixepoch'), \
                'type', 'order.created', 'actor', :actor)), :now + s.order_expiry_s * 1000, :now, :now \
         FROM stores s WHERE s.id = :store",
    );
    batch.run("UPDATE stores SET last_order_number = last_order_number + 1 WHERE id = :store");
    insert_lines(batch);
    batch.run(
        "UPDATE orders SET (subtotal_minor, tax_minor, total_minor) = (SELECT t.subtotal_minor, t.tax_minor, t.total_minor \
            FROM order_totals t WHERE t.store_id = :store AND t.order_id = :order) \
         WHERE store_id = :store AND id = :order",
    );
    batch.guard(
        &format!("SELECT total_minor <= {MAX_AMOUNT} FROM orders WHERE store_id = :store AND id = :order"),
        too_much(),
    );
    batch.run(
        "INSERT INTO order_words (store_id, word, order_id) SELECT :store, value, :order FROM json_each(:words) \
         UNION SELECT store_id, CAST(number AS TEXT), id FROM orders WHERE store_id = :store AND id = :order",
    );
}

fn insert_lines(batch: &mut Batch) {
    batch.run_or(
        format!(
            "INSERT INTO order_lines (store_id, order_id, line, variant_id, location_id, product_id, sku, title, \
             quantity, unit_price_minor, committed, open_until) \
             SELECT o.store_id, o.id, n.line, n.variant_id, n.location_id, p.id, v.sku, p.title, -n.delta, \
                v.price_minor, -n.delta, o.expires_at \
             FROM {} CROSS JOIN orders o ON o.store_id = :store AND o.id = :order",
            sold()
        ),
        vec![(Violation::Check("stock_not_negative"), stock::insufficient())],
    );
}
