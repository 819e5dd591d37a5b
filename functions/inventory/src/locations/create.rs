//! `POST /locations`.

use super::DOCUMENT;
use storeroom_domain::LocationId;
use storeroom_operations::Problem;
use storeroom_operations::shapes::inventory::LocationInput;
use storeroom_sql::stock;
use storeroom_web::{Answer, Call, Shown};

/// Most locations of a store.
const MAX_LOCATIONS: u32 = 100;

/// Adds a location. A store is opened with its default one, so this is never it.
pub async fn create(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: LocationInput = call.input()?;
    let location: LocationId = call.new_id();
    call.about(location);
    let mut batch = call.write();
    batch.set("location", location.to_string());
    batch.set("name", input.name);
    let too_many = format!(
        "SELECT '/name', 'would be the name of one location too many: a store has at most {MAX_LOCATIONS}.' \
         WHERE (SELECT count(*) FROM locations WHERE store_id = :store) >= {MAX_LOCATIONS}"
    );
    stock::guard_faults(&mut batch, "too_many", too_many);
    batch.run(
        "INSERT INTO locations (store_id, id, name, created_at) VALUES (:store, :location, :name, :now)",
    );
    let document = format!(
        "SELECT {DOCUMENT} AS document, NULL AS version FROM locations o WHERE o.store_id = :store AND o.id = :location"
    );
    call.commit_and_show(batch, Shown { status: 201, document: document.into(), location: None }).await
}
