//! `DELETE /keys/{id}`.

use super::steps;
use storeroom_domain::{EventType, KeyId};
use storeroom_operations::Problem;
use storeroom_sql::events;
use storeroom_web::{Answer, Call};

const REVOKE: &str = "UPDATE api_keys SET revoked_at = :now, warn_at = NULL, version = version + 1 \
    WHERE store_id = :store AND id = :target AND revoked_at IS NULL";

/// Ends a key with all its secrets and its connections to the room, and the invitations that it gave and nobody has
/// accepted. Whoever manages keys may end an owner's too: it gives nobody anything, and a key that got out cannot
/// wait.
pub async fn revoke(call: &Call<'_>) -> Result<Answer, Problem> {
    let target: KeyId = call.path_id("id", "key")?;
    let mut batch = call.write();
    steps::bind_target(&mut batch, call, target);
    batch.run_expecting(1, REVOKE, Problem::not_found("key"));
    batch.run("DELETE FROM key_generations WHERE key_id = :target");
    batch.run("DELETE FROM invites WHERE store_id = :store AND invited_by = :target");
    let told =
        "SELECT id AS subject, version, '{}' AS data FROM api_keys WHERE store_id = :store AND id = :target";
    events::append(&mut batch, EventType::KeyRevoked, told);
    call.commit(batch).await?;
    call.ports.rooms.expel(&call.store, &[target.to_string()]).await;
    Ok(Answer::empty(204))
}
