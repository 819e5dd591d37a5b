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
use storeroom_sql::stock::{self, LINES};
use storeroom_web::{Answer, Call, body_lines};

const COMMIT_ALL: &str = "UPDATE hold_lines SET committed = quantity, open_until = NULL \
    WHERE store_id = :store AND hold_id = :hold";

const LEDGER: &str = "INSERT INTO ledger (store_id, seq, at, actor, request_id, variant_id, location_id, kind, delta, \
    before, after, reference) \
    SELECT h.store_id, (SELECT coalesce(max(seq), 0) FROM ledger WHERE store_id = :store) \
        + row_number() OVER (ORDER BY h.line), :now, :actor, :request_id, h.variant_id, h.location_id, \
        'hold_committed', -h.committed, l.on_hand + h.committed, l.on_hand, h.hold_id \
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
    batch.run(LEDGER);
    holds::resolve(&mut batch, "committed");
    holds::tell(&mut batch, ":event_id", EventType::HoldCommitted, TOLD);
    steps::finish(call, batch, None).await
}

fn commit_lines(call: &Call<'_>, batch: &mut Batch, wanted: &[HoldLineInput]) -> Result<(), Problem> {
    if wanted.is_empty() {
        let fault = body_lines::fault("/lines".to_owned(), "too_few", "must have at least one line.");
        return Err(Problem::with_faults(Code::ValidationFailed, vec![fault]));
    }
    batch.set("lines", body_lines::print(call, &lines::taking(wanted))?);
    stock::guard_distinct(batch);
    lines::guard_in_hold(batch);
    batch.run(format!(
        "UPDATE hold_lines SET committed = n.quantity, open_until = NULL FROM (SELECT :store AS store_id, \
            :hold AS hold_id, variant_id, location_id, -sum(delta) AS quantity FROM {LINES} \
            GROUP BY variant_id, location_id) AS n \
         WHERE hold_lines.store_id = n.store_id AND hold_lines.hold_id = n.hold_id \
         AND hold_lines.variant_id = n.variant_id AND hold_lines.location_id = n.location_id"
    ));
    Ok(())
}
