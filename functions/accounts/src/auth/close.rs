//! `DELETE /auth/me`.
//!
//! Guarantees: no store is left without an owner; every store that the user leaves has the event and the row of the
//! audit log that say so, in the transaction that deletes the account. What the user did stays in revisions, events and
//! logs under an id that nobody has any more.

use crate::auth::expel::{expel, open_sessions, rooms_of, texts};
use serde_json::json;
use storeroom_domain::{EventId, EventType};
use storeroom_operations::{Code, Problem};
use storeroom_sql::{Batch, events};
use storeroom_web::{Answer, Call};

/// Most stores that one transaction writes to.
const MAX_STORES: usize = 500;

const STORES: &str = "SELECT store_id FROM memberships WHERE user_id = :user";

/// The stores that would be left without an owner.
const OWNED_ALONE: &str = "SELECT m.store_id FROM memberships m WHERE m.user_id = :user AND m.role = 'owner' \
    AND NOT EXISTS (SELECT 1 FROM memberships other WHERE other.store_id = m.store_id AND other.role = 'owner' \
    AND other.user_id <> :user)";

/// Deletes the caller's account.
pub async fn close(call: &Call<'_>) -> Result<Answer, Problem> {
    if let Some(user) = call.caller.as_ref().map(storeroom_web::Caller::actor) {
        call.about(user);
    }
    let mut batch = call.write();
    guard(&mut batch);
    batch.query("sessions", open_sessions("TRUE"));
    batch.query("rooms", rooms_of(":user"));
    leave_stores(&mut batch, call);
    batch.run("DELETE FROM sessions WHERE user_id = :user");
    batch.run("DELETE FROM users WHERE id = :user");
    let outcome = call.commit(batch).await?;
    expel(call, &texts(&outcome.rows("rooms")), &texts(&outcome.rows("sessions"))).await;
    Ok(Answer::empty(204))
}

fn guard(batch: &mut Batch) {
    let detail =
        "You are the only owner of the stores in `stores`. Make somebody else an owner of each first.";
    batch.guard(&format!("SELECT NOT EXISTS ({OWNED_ALONE})"), Problem::new(Code::LastOwner, detail));
    batch.explain(
        Code::LastOwner,
        "stores",
        format!("SELECT json_group_array(alone.store_id) FROM ({OWNED_ALONE} LIMIT {MAX_STORES}) AS alone"),
    );
    let too_many =
        format!("An account is closed with at most {MAX_STORES} memberships. Leave some stores first.");
    batch.guard(
        &format!("SELECT count(*) <= {MAX_STORES} FROM memberships WHERE user_id = :user"),
        Problem::new(Code::ValidationFailed, too_many),
    );
}

fn leave_stores(batch: &mut Batch, call: &Call<'_>) {
    let ids: Vec<String> = (0..MAX_STORES).map(|_| EventId::to_string(&call.new_id())).collect();
    batch.set("event_ids", json!(ids).to_string());
    batch.run(format!("UPDATE stores SET seq = seq + 1, head_at = :now WHERE id IN ({STORES})"));
    batch.announce(announcement());
    call.audit_several(batch, STORES);
    batch.run(format!("DELETE FROM invites WHERE store_id IN ({STORES}) AND invited_by = :user"));
    batch.run("DELETE FROM memberships WHERE user_id = :user");
}

fn announcement() -> String {
    let (event_type, returning) = (EventType::MemberRemoved.as_str(), events::returning());
    format!(
        "INSERT INTO events (store_id, seq, id, type, subject, version, at, actor, request_id, data) \
         SELECT s.id, s.seq, (SELECT value FROM json_each(:event_ids) WHERE key = gone.number - 1), \
            '{event_type}', :user, gone.version + 1, :now, :actor, :request_id, '{{}}' \
         FROM (SELECT store_id, version, row_number() OVER (ORDER BY store_id) AS number \
            FROM memberships WHERE user_id = :user) AS gone \
         JOIN stores s ON s.id = gone.store_id WHERE TRUE {returning}"
    )
}
