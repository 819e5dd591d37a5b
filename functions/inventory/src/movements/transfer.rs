//! `POST /inventory/transfer`.

use crate::steps;
use serde_json::{Value as Json, json};
use storeroom_domain::EventType;
use storeroom_operations::shapes::inventory::TransferInput;
use storeroom_operations::{Fault, Problem};
use storeroom_sql::{Batch, stock};
use storeroom_web::{Answer, Call, body_lines};

/// Moves stock from one location to another: every line or nothing, and nothing is in neither or in both.
pub async fn transfer(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: TransferInput = body_lines::read(call, to_itself)?;
    let mut batch = steps::begin(call, body_lines::print(call, &moved(&input))?);
    guard_locations(&mut batch, &input);
    stock::guard_variants(&mut batch);
    stock::guard_distinct(&mut batch);
    stock::guard_available(&mut batch);
    stock::make_levels(&mut batch);
    stock::move_on_hand(&mut batch, "transferred");
    steps::finish(call, batch, EventType::StockTransferred).await
}

fn to_itself(input: &Json) -> Vec<Fault> {
    match (input.get("from_location_id"), input.get("to_location_id")) {
        (Some(Json::String(from)), Some(Json::String(to))) if from == to => {
            vec![body_lines::fault("/to_location_id".to_owned(), "duplicate", "must be another location.")]
        }
        _ => Vec::new(),
    }
}

/// Each line as two movements, out of the one location and into the other.
fn moved(input: &TransferInput) -> Vec<Json> {
    let legs = input.lines.iter().enumerate().flat_map(|(number, line)| {
        [(&input.from_location_id, -line.quantity), (&input.to_location_id, line.quantity)].map(
            |(location, delta)| {
                json!({
                    "line": number, "variant_id": line.variant_id, "location_id": location, "delta": delta,
                    "reason": input.reason, "reference": input.reference,
                })
            },
        )
    });
    legs.collect()
}

fn guard_locations(batch: &mut Batch, input: &TransferInput) {
    batch.set("from_location", input.from_location_id.as_str());
    batch.set("to_location", input.to_location_id.as_str());
    let absent = "SELECT pointer, 'is not a location of this store.' FROM (\
        SELECT '/from_location_id' AS pointer, :from_location AS id \
        UNION ALL SELECT '/to_location_id', :to_location) AS n \
        WHERE NOT EXISTS (SELECT 1 FROM locations o WHERE o.store_id = :store AND o.id = n.id)";
    stock::guard_faults(batch, "unknown_value", absent.to_owned());
}
