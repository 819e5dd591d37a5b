//! `POST /keys`.

use super::{expiry, steps};
use storeroom_domain::{EventType, KeyId, Timestamp};
use storeroom_operations::shapes::key::KeyInput;
use storeroom_operations::{Code, Problem};
use storeroom_sql::{Batch, events};
use storeroom_web::{Answer, Call};

/// Most keys of a store that are not revoked.
pub const MAX_KEYS: i64 = 100;

const INSERT: &str = "INSERT INTO api_keys (store_id, id, name, role, generation, expires_at, warn_at, created_at, \
    created_by, version) VALUES (:store, :target, :name, :granted, 1, :expires_at, :warn_at, :now, :actor, 1)";

/// Makes a key with its first secret, which is shown this once.
pub async fn create(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: KeyInput = call.input()?;
    let expires_at = expiry::parse(input.expires_at.as_deref(), call.now)?;
    let target: KeyId = call.new_id();
    let mut batch = call.write();
    steps::bind_target(&mut batch, call, target);
    batch.set("name", input.name);
    batch.set("granted", input.role);
    batch.set("expires_at", expires_at.map(Timestamp::ms));
    batch.set("warn_at", expires_at.and_then(|at| expiry::next_warning(at, call.now)));
    steps::guard_owner_by_owner(&mut batch, call, ":granted");
    guard_few(&mut batch);
    batch.run(INSERT);
    batch.run("INSERT INTO key_generations (key_id, generation) VALUES (:target, 1)");
    let told = format!(
        "SELECT k.id AS subject, k.version, {} AS data FROM api_keys k WHERE k.store_id = :store AND k.id = :target",
        steps::DOCUMENT
    );
    events::append(&mut batch, EventType::KeyCreated, &told);
    steps::commit_and_show(call, batch, target).await
}

fn guard_few(batch: &mut Batch) {
    let detail = format!("The store has {MAX_KEYS} keys. Revoke one that is not needed any more.");
    batch.guard(
        &format!("SELECT count(*) < {MAX_KEYS} FROM api_keys WHERE store_id = :store AND revoked_at IS NULL"),
        Problem::new(Code::ValidationFailed, detail),
    );
}
