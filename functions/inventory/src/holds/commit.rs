//! `POST /inventory/holds/{id}/commit`.
//!
//! Guarantees: what is committed leaves `held` and `on_hand` in one step and stands in the ledger; the rest of the
//! hold is available again.

use super::{lines, steps};
use storeroom_domain::EventType;
use storeroom_operations::shapes::hold::{HoldCommitInput, HoldLineInput};
use storeroom_operations::{Code, Problem};
use storeroom_sql::Batch;
use storeroom_sql::holds;
use storeroom_sql::stock;
use storeroom_web::{Answer, Call, body_lines};

const COMMIT_ALL: &str = "UPDATE hold_lines SET committed = quantity, open_until = NULL \
    WHERE store_id = :store AND hold_id = :hold";

/// What has left, once it has.
const LEFT: &str = "SELECT h.line AS place, h.variant_id, h.location_id, -h.committed AS delta, \
    l.on_hand + h.committed AS before, NULL AS reason, h.hold_id AS reference \
    FROM hold_lines h CROSS JOIN levels l ON l.store_id = h.store_id AND l.variant_id = h.variant_id \
        AND l.location_id = h.location_id \
    WHERE h.store_id = :store AND h.hold_id = :hold AND h.committed > 0";

/// What the event tells, over `hold_documents`.
const TOLD: &str = "json_object('state', state, 'lines', document -> '$.lines', 'version', version)";

/// Lets held stock leave, all of it or what the lines say.
pub async fn commit(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: HoldCommitInput = call.input()?;
    let mut batch = steps::begin(call)?;
    match input.lines {
        None => batch.run(COMMIT_ALL),
        Some(wanted) => commit_lines(call, &mut batch, &wanted)?,
    }
    stock::append_ledger(&mut batch, "hold_committed", LEFT);
    holds::resolve(&mut batch, "committed");
    holds::tell(&mut batch, ":event_id", EventType::HoldCommitted, TOLD);
    steps::finish(call, batch, None).await
}

fn commit_lines(call: &Call<'_>, batch: &mut Batch, wanted: &[HoldLineInput]) -> Result<(), Problem> {
    if wanted.is_empty() {
        return Err(Problem::with_faults(Code::ValidationFailed, vec![body_lines::too_few()]));
    }
    batch.set("lines", body_lines::print(call, &lines::taking(wanted))?);
    stock::guard_distinct(batch);
    lines::guard_in_hold(batch);
    holds::set_lines(batch, "committed = n.quantity, open_until = NULL");
    Ok(())
}
