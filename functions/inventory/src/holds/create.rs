//! `POST /inventory/holds`.

use super::{lines, steps};
use storeroom_domain::{EventType, HoldId};
use storeroom_operations::Problem;
use storeroom_operations::shapes::hold::HoldInput;
use storeroom_sql::Batch;
use storeroom_sql::batch::Violation;
use storeroom_sql::holds;
use storeroom_sql::stock::{self, LINES};
use storeroom_web::{Answer, Call, body_lines};

const HOLD: &str = "INSERT INTO holds (store_id, id, state, expires_at, reference, created_at, created_by) \
    SELECT s.id, :hold, 'open', :now + coalesce(:expires_in_s, s.hold_expiry_s) * 1000, :reference, :now, :actor \
    FROM stores s WHERE s.id = :store";

/// Sets stock aside: every line or nothing.
pub async fn create(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: HoldInput = body_lines::read(call, body_lines::nothing_more)?;
    let hold: HoldId = call.new_id();
    call.about(hold);
    let mut batch = crate::steps::begin(call, body_lines::print(call, &lines::taking(&input.lines))?);
    batch.set("hold", hold.to_string());
    batch.set("expires_in_s", input.expires_in);
    batch.set("reference", input.reference);
    stock::guard_known(&mut batch);
    stock::guard_distinct(&mut batch);
    stock::guard_available(&mut batch);
    batch.run(HOLD);
    insert_lines(&mut batch);
    holds::tell(&mut batch, ":event_id", EventType::HoldCreated, "document");
    let location = format!("/api/pms/inventory/holds/{hold}");
    steps::finish(call, batch, Some(location)).await
}

fn insert_lines(batch: &mut Batch) {
    batch.run_or(
        format!(
            "INSERT INTO hold_lines (store_id, hold_id, line, variant_id, location_id, quantity, open_until) \
             SELECT h.store_id, h.id, n.line, n.variant_id, n.location_id, -n.delta, h.expires_at \
             FROM holds h CROSS JOIN {LINES} AS n WHERE h.store_id = :store AND h.id = :hold"
        ),
        vec![(Violation::Check("stock_not_negative"), stock::insufficient())],
    );
}
