//! `POST /inventory/reconcile`.
//!
//! Guarantees: what is repaired is what the answer lists. A repair takes two trips, because its answer is what was
//! there before it: the second writes only if the first's finding still holds.

use super::drift;
use crate::steps;
use storeroom_domain::EventType;
use storeroom_operations::shapes::inventory::ReconcileInput;
use storeroom_operations::{Code, Problem};
use storeroom_sql::{Args, Batch, stock};
use storeroom_web::{Answer, Call, Shown};

const CHECKED: &str = "(SELECT count(*) FROM levels WHERE store_id = :store)";

// The level is what every write was judged by, so the ledger is brought to it.
const CORRECTIONS: &str = "SELECT d.key AS place, d.value ->> 'variant_id' AS variant_id, \
    d.value ->> 'location_id' AS location_id, d.value ->> 'stored' - d.value ->> 'computed' AS delta, \
    d.value ->> 'computed' AS before, 'reconciliation' AS reason, NULL AS reference \
    FROM json_each(:lines) AS d WHERE d.value ->> 'field' = 'on_hand'";

// A level that would have less than nothing available stays as it is, and in the drift.
const CORRECT_LEVELS: &str = "UPDATE levels SET held = coalesce(d.held, levels.held), \
        committed = coalesce(d.committed, levels.committed) \
    FROM (SELECT :store AS store_id, j.value ->> 'variant_id' AS variant_id, j.value ->> 'location_id' AS location_id, \
            max(iif(j.value ->> 'field' = 'held', j.value ->> 'computed', NULL)) AS held, \
            max(iif(j.value ->> 'field' = 'committed', j.value ->> 'computed', NULL)) AS committed \
        FROM json_each(:lines) AS j WHERE j.value ->> 'field' <> 'on_hand' GROUP BY 2, 3) AS d \
    WHERE levels.store_id = d.store_id AND levels.variant_id = d.variant_id AND levels.location_id = d.location_id \
        AND levels.on_hand - coalesce(d.held, levels.held) - coalesce(d.committed, levels.committed) >= 0";

/// Answers with what of the levels does not add up, and repairs it when asked to.
pub async fn reconcile(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: ReconcileInput = call.input()?;
    if input.repair {
        return repair(call).await;
    }
    let document = format!(
        "SELECT json_object('drift', json(({})), 'checked', {CHECKED}, 'repaired', 0) AS document, NULL AS version",
        drift::list()
    );
    call.commit_and_show(call.write(), Shown { status: 200, document: document.into(), location: None }).await
}

async fn repair(call: &Call<'_>) -> Result<Answer, Problem> {
    let found = call.read(&drift::list(), Args::new()).await?.rows;
    let mut batch = call.write();
    steps::bind(&mut batch, call);
    batch.set("lines", found.text(0, 0).unwrap_or("[]"));
    guard_unmoved(&mut batch);
    stock::append_ledger(&mut batch, "reconciled", CORRECTIONS);
    batch.run(CORRECT_LEVELS);
    stock::tell_levels(&mut batch, EventType::StockAdjusted, "json_array_length(:lines) > 0");
    stock::tell_crossings(&mut batch);
    let document = format!(
        "SELECT json_object('drift', json(:lines), 'checked', {CHECKED}, 'repaired', \
         json_array_length(:lines) - (SELECT count(*) FROM json_each(({})) AS left WHERE left.value IN \
            (SELECT value FROM json_each(:lines)))) AS document, NULL AS version",
        drift::list()
    );
    call.commit_and_show(batch, Shown { status: 200, document: document.into(), location: None }).await
}

fn guard_unmoved(batch: &mut Batch) {
    let detail = "Stock moved while it was looked at. Try again.";
    let unmoved = format!("SELECT ({}) = :lines", drift::list());
    batch.guard(&unmoved, Problem::new(Code::StockChanged, detail));
}
