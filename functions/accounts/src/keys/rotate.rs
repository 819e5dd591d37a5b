//! `POST /keys/{id}/rotate`.

use super::steps;
use storeroom_domain::{EventType, KeyId};
use storeroom_operations::shapes::key::RotateInput;
use storeroom_operations::{Code, Problem};
use storeroom_sql::{Batch, events};
use storeroom_web::{Answer, Call};

/// Most secrets of a key that are good at once: with an overlap of 30 days a secret can be replaced every other day.
const MAX_SECRETS: i64 = 16;

/// A key that can get a new secret. One that was revoked or has expired is good no more and so not there.
const GOOD: &str = "SELECT 1 FROM api_keys WHERE store_id = :store AND id = :target AND revoked_at IS NULL \
    AND coalesce(expires_at > :now, 1)";

const TOLD: &str = "SELECT k.id AS subject, k.version, json_object('generation', k.generation, 'overlap_until', \
    (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', max(g.ends_at) / 1000.0, 'unixepoch') FROM key_generations g \
        WHERE g.key_id = k.id AND g.ends_at > :now)) AS data \
    FROM api_keys k WHERE k.store_id = :store AND k.id = :target";

/// Gives a key a new secret, which is shown this once. All older ones end after the overlap, or when they would have
/// ended anyway; with none they end at once.
pub async fn rotate(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: RotateInput = call.input()?;
    let target: KeyId = call.path_id("id", "key")?;
    let mut batch = call.write();
    steps::bind_target(&mut batch, call, target);
    batch.set("overlap_until", call.now.plus_ms(input.overlap_seconds.saturating_mul(1_000)).ms());
    batch.guard(
        GOOD,
        Problem::new(Code::NotFound, "There is no such key in this store, or it is good no more."),
    );
    steps::guard_owner_by_owner(
        &mut batch,
        call,
        "SELECT role FROM api_keys WHERE store_id = :store AND id = :target",
    );
    end_older(&mut batch);
    batch.run(
        "UPDATE api_keys SET generation = generation + 1, version = version + 1 \
         WHERE store_id = :store AND id = :target",
    );
    batch.run(
        "INSERT INTO key_generations (key_id, generation) SELECT id, generation FROM api_keys \
         WHERE store_id = :store AND id = :target",
    );
    events::append(&mut batch, EventType::KeyRotated, TOLD);
    steps::commit_and_show(call, batch, target).await
}

fn end_older(batch: &mut Batch) {
    batch.run(
        "UPDATE key_generations SET ends_at = min(coalesce(ends_at, :overlap_until), :overlap_until) \
         WHERE key_id = :target",
    );
    batch.run("DELETE FROM key_generations WHERE key_id = :target AND ends_at <= :now");
    let detail =
        format!("{MAX_SECRETS} secrets of this key are good. Rotate with a shorter overlap, such as 0.");
    batch.guard(
        &format!("SELECT count(*) < {MAX_SECRETS} FROM key_generations WHERE key_id = :target"),
        Problem::new(Code::ValidationFailed, detail),
    );
}
