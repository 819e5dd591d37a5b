//! `POST /stores`, and how a store begins.
//!
//! Guarantees: a store has an owner, a default location and a first revision from its first moment on.

use super::{read, settings};
use storeroom_domain::{LocationId, StoreId, UserId};
use storeroom_operations::shapes::store::{StoreInput, StorePatch};
use storeroom_operations::{Code, Problem};
use storeroom_sql::{Batch, events};
use storeroom_web::{Answer, Call, Caller, Shown};

/// Most stores that a user who opens another one may own: a bound for mistakes and abuse, far over what a shop needs.
pub const MAX_OWNED_STORES: i64 = 50;

/// Opens a store, which the caller owns.
pub async fn create(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: StoreInput = call.input()?;
    let caller = call.caller.as_ref().map(Caller::actor);
    let owner =
        caller.and_then(|actor| UserId::parse(&actor)).ok_or_else(|| call.fault("nobody opens a store"))?;
    let store: StoreId = call.new_id();
    let mut batch = call.write();
    guard_owns_few(&mut batch);
    open_store(&mut batch, call, store, owner, &input);
    let location = Some(format!("/api/pms/stores/{store}"));
    call.commit_and_show(batch, Shown { status: 201, document: read::STORE.into(), location }).await
}

fn guard_owns_few(batch: &mut Batch) {
    let detail =
        format!("You own {MAX_OWNED_STORES} stores, and nobody opens more. Leave one or pass it on first.");
    let owned = "SELECT 1 FROM memberships WHERE user_id = :user AND role = 'owner'";
    batch.guard(
        &format!("SELECT count(*) < {MAX_OWNED_STORES} FROM ({owned} LIMIT {MAX_OWNED_STORES})"),
        Problem::new(Code::ValidationFailed, detail),
    );
}

/// Adds what opens a store: its row, its default location, its owner, its first revision and the first row of its
/// audit log. There is no event, because nobody can follow the store yet. From here on `:store` is the new store, and
/// the request is about it. `owner` is a row of `users` by then; where nobody is signed in, `Call::acts_as` and
/// `:actor` name who acts before this is called.
pub fn open_store(batch: &mut Batch, call: &Call<'_>, store: StoreId, owner: UserId, input: &StoreInput) {
    let location: LocationId = call.new_id();
    batch.set("store", store.to_string());
    batch.set("owner", owner.to_string());
    batch.set("location", location.to_string());
    settings::bind(batch, &as_patch(input));
    batch.run(
        "INSERT INTO stores (id, name, currency, timezone, created_at, updated_at) \
         VALUES (:store, :store_name, :store_currency, :store_timezone, :now, :now)",
    );
    batch.run(format!("UPDATE stores SET {} WHERE id = :store", settings::assignments()));
    batch.run(
        "INSERT INTO locations (store_id, id, name, is_default, created_at) VALUES (:store, :location, 'Main', 1, :now)",
    );
    batch.run("INSERT INTO memberships (store_id, user_id, role, created_at) VALUES (:store, :owner, 'owner', :now)");
    events::append_store_revision(batch);
    call.about(store);
    call.audit(batch, &store.to_string());
}

/// What is set at the opening; the rest is the schema's default.
fn as_patch(input: &StoreInput) -> StorePatch {
    let StoreInput { name, currency, timezone, .. } = input.clone();
    StorePatch {
        name: Some(name),
        currency: Some(currency),
        timezone: Some(timezone),
        tax_rate_basis_points: input.tax_rate_basis_points,
        prices_include_tax: input.prices_include_tax,
        order_expiry_seconds: input.order_expiry_seconds,
        hold_expiry_seconds: input.hold_expiry_seconds,
        low_stock_default: input.low_stock_default,
    }
}
