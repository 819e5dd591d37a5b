//! `PATCH /stores/{store}`: a merge patch, RFC 7396. No setting can be cleared, so it is one UPDATE and one round trip.

use super::{read, settings};
use storeroom_domain::EventId;
use storeroom_operations::shapes::store::StorePatch;
use storeroom_operations::{Code, Problem};
use storeroom_sql::{Batch, events};
use storeroom_web::{Answer, Call, Shown};

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
    let current = "SELECT document FROM store_documents WHERE id = :store".to_owned();
    meant.guard(&mut batch, "store", "stores WHERE id = :store", current);
    guard_currency(&mut batch);
    batch.run(format!(
        "UPDATE stores SET {}, version = version + 1, updated_at = :now WHERE id = :store AND ({})",
        settings::assignments(),
        settings::differ()
    ));
    events::append_store_event(&mut batch);
    call.commit_and_show(batch, Shown { status: 200, document: read::STORE.into(), location: None }).await
}

fn guard_currency(batch: &mut Batch) {
    let detail = "The store has orders in its currency, so the currency cannot change any more.";
    batch.guard(
        "SELECT last_order_number = 0 OR currency = coalesce(:store_currency, currency) FROM stores WHERE id = :store",
        Problem::new(Code::CurrencyFixed, detail),
    );
}
