//! The statements that several operations on API keys share.
//!
//! Guarantees: only an owner gets to see a secret that acts as `owner`; a secret is in an answer and nowhere else, not
//! even among a statement's arguments.

use storeroom_domain::{EventId, KeyId};
use storeroom_operations::{Code, Problem};
use storeroom_sql::Batch;
use storeroom_web::{Answer, Call, Shown};

/// The document of a key as of `:now`, over `api_keys k`.
pub const DOCUMENT: &str = "json_object('id', k.id, 'name', k.name, 'role', k.role, 'generation', k.generation, \
    'expires_at', strftime('%Y-%m-%dT%H:%M:%fZ', k.expires_at / 1000.0, 'unixepoch'), \
    'revoked_at', strftime('%Y-%m-%dT%H:%M:%fZ', k.revoked_at / 1000.0, 'unixepoch'), \
    'overlap_until', (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', max(g.ends_at) / 1000.0, 'unixepoch') \
        FROM key_generations g WHERE g.key_id = k.id AND g.ends_at > :now), \
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', k.created_at / 1000.0, 'unixepoch'), \
    'created_by', k.created_by, 'version', k.version, \
    'last_used_on', (SELECT strftime('%Y-%m-%d', max(u.day) * 86400, 'unixepoch') FROM key_usage u \
        WHERE u.store_id = k.store_id AND u.key_id = k.id))";

/// Sets which key it is, `:target` (`:key` is the one that signs the request), and the id of the event that tells of
/// it; the audit log names it too.
pub fn bind_target(batch: &mut Batch, call: &Call<'_>, target: KeyId) {
    let event: EventId = call.new_id();
    batch.set("target", target.to_string());
    batch.set("event_id", event.to_string());
    call.about(target);
}

/// Refuses everybody but owners when the SQL expression `role` is `owner`.
pub fn guard_owner_by_owner(batch: &mut Batch, call: &Call<'_>, role: &str) {
    let actor = call.credential().role();
    batch.guard(
        &format!("SELECT ({role}) <> 'owner' OR ({actor}) = 'owner'"),
        Problem::new(Code::Forbidden, "Only an owner may get a secret that acts as `owner`."),
    );
}

/// Commits and answers with the key's document and the secret of its newest generation. What an idempotency key keeps is
/// the document alone.
pub async fn commit_and_show(call: &Call<'_>, mut batch: Batch, target: KeyId) -> Result<Answer, Problem> {
    let key = "FROM api_keys k WHERE k.store_id = :store AND k.id = :target";
    batch.query("generation", format!("SELECT k.generation {key}"));
    let document = format!("SELECT json_set({DOCUMENT}, '$.key', k.id || '.' || k.generation), NULL {key}");
    let shown = Shown { status: call.row.success, document: document.into(), location: None };
    let (answer, outcome) = call.commit_and_tell(batch, shown).await?;
    let generation = outcome.rows("generation").integer(0, 0);
    let generation = generation.ok_or_else(|| call.fault("a key without a generation"))?;
    let secret = call.secrets.master.api_secret(target, generation);
    // Base64url needs no escape.
    Ok(answer.member("secret", &format!("\"{secret}\"")))
}
