//! `POST /inventory/set`: compare and set.

use crate::steps;
use serde_json::{Value as Json, json};
use storeroom_domain::EventType;
use storeroom_operations::shapes::inventory::{SetInput, SetLine};
use storeroom_operations::{Code, Problem};
use storeroom_sql::{Batch, stock};
use storeroom_web::{Answer, Call, body_lines};

/// Sets what is on hand to what was counted, if it still is what the counter thought it was. A count that finds what
/// was there writes nothing.
pub async fn set(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: SetInput = body_lines::read(call, body_lines::nothing_more)?;
    let mut batch = call.write();
    add_steps(&mut batch, call, input.lines)?;
    steps::show(call, batch).await
}

/// The steps that set the lines and tell of it.
pub fn add_steps(batch: &mut Batch, call: &Call<'_>, lines: Vec<SetLine>) -> Result<(), Problem> {
    let lines: Vec<Json> = lines.into_iter().map(moved).collect();
    steps::start(batch, call, body_lines::print(call, &lines)?);
    stock::guard_known(batch);
    stock::guard_distinct(batch);
    guard_from(batch);
    stock::guard_available(batch);
    stock::make_levels(batch);
    stock::move_on_hand(batch, "set");
    steps::tell_if_moved(batch, EventType::StockAdjusted);
    Ok(())
}

/// The line as a movement.
fn moved(line: SetLine) -> Json {
    json!({
        "variant_id": line.variant_id,
        "location_id": line.location_id,
        "delta": line.on_hand.saturating_sub(line.from),
        "from": line.from,
        "reason": line.reason,
        "reference": line.reference,
    })
}

fn guard_from(batch: &mut Batch) {
    let stale = format!(
        "SELECT n.line, n.variant_id, n.value ->> 'from' AS thought, coalesce(l.on_hand, 0) AS on_hand \
         FROM {} AS n LEFT JOIN levels l ON l.store_id = :store AND l.variant_id = n.variant_id \
            AND l.location_id = n.location_id WHERE coalesce(l.on_hand, 0) <> n.value ->> 'from'",
        stock::LINES
    );
    let detail = "The stock has moved since it was read: `lines` says what is on hand. Nothing was set.";
    batch.guard(&format!("SELECT NOT EXISTS ({stale})"), Problem::new(Code::StockChanged, detail));
    batch.explain(
        Code::StockChanged,
        "lines",
        format!(
            "SELECT json_group_array(json(stale)) FROM (SELECT json_object('pointer', '/lines/' || line || '/from', \
             'variant_id', variant_id, 'from', thought, 'on_hand', on_hand) AS stale FROM ({stale}) ORDER BY line)"
        ),
    );
}
