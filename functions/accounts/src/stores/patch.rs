//! `PATCH /stores/{store}`: a merge patch, RFC 7396. No setting can be cleared, so it is one UPDATE and one round trip.

use super::{read, settings};
use storeroom_domain::EventId;
use storeroom_operations::shapes::store::StorePatch;
use storeroom_operations::{Code, Problem};
use storeroom_sql::{Batch, events};
use storeroom_web::{Answer, Call, Precondition, Shown};

/// Changes the store's settings, which count for every request from then on. A patch that changes nothing answers with
/// the store as it is: same version, no event. The currency is fixed from the first order on; before that, prices
/// keep their minor units and mean the new currency.
pub async fn patch(call: &Call<'_>) -> Result<Answer, Problem> {
    let meant = call.precondition()?;
    let patch: StorePatch = call.input()?;
    call.about(&call.store);
    let mut batch = call.write();
    let event: EventId = call.new_id();
    batch.set("event_id", event.to_string());
    settings::bind(&mut batch, &patch);
    guard_version(&mut batch, meant);
    guard_currency(&mut batch);
    batch.run(format!(
        "UPDATE stores SET {}, version = version + 1, updated_at = :now WHERE id = :store AND ({})",
        settings::assignments(),
        settings::differ()
    ));
    events::append_store_event(&mut batch);
    call.commit_and_show(batch, Shown { status: 200, document: read::STORE.into(), location: None }).await
}

fn guard_version(batch: &mut Batch, meant: Precondition) {
    batch.set("meant_version", meant.version());
    let detail =
        "The store has changed: `current` is what it is now. Merge your change and send its version.";
    batch.guard(
        "SELECT :meant_version IS NULL OR version = :meant_version FROM stores WHERE id = :store",
        Problem::new(Code::VersionConflict, detail),
    );
    batch.explain(Code::VersionConflict, "current", "SELECT document FROM store_documents WHERE id = :store");
}

fn guard_currency(batch: &mut Batch) {
    let detail = "The store has orders in its currency, so the currency cannot change any more.";
    batch.guard(
        "SELECT last_order_number = 0 OR currency = coalesce(:store_currency, currency) FROM stores WHERE id = :store",
        Problem::new(Code::CurrencyFixed, detail),
    );
}
