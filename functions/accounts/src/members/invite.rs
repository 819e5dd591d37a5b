//! `POST /stores/{store}/members`: an invitation.
//!
//! Guarantees: an address has one open invitation a store, the newest; its token is shown once and kept as a hash, so
//! the same request again, under its idempotency key, gets the answer without it.

use super::{rules, token};
use storeroom_operations::shapes::member::InviteInput;
use storeroom_operations::{Code, Fault, Problem};
use storeroom_sql::Batch;
use storeroom_web::{Answer, Call, Shown};

/// How long an invitation can be accepted: 7 days of 86,400 s.
pub const INVITE_EXPIRES_IN_MS: i64 = 7 * 86_400 * 1000;
/// Most open invitations of a store: a bound for what can be piled up and for what a count walks through.
pub const MAX_OPEN_INVITES: i64 = 200;

const DOCUMENT: &str = "SELECT json_object('email', email, 'role', role, \
    'expires_at', strftime('%Y-%m-%dT%H:%M:%fZ', expires_at / 1000.0, 'unixepoch')), NULL \
    FROM invites WHERE store_id = :store AND email = :email";

/// Invites the owner of an address. There is no event: nobody is a member yet. The audit log does not name the
/// address, because what it says can never be taken back.
pub async fn invite(call: &Call<'_>) -> Result<Answer, Problem> {
    let InviteInput { email, role } = call.input()?;
    let invite_token = token::new_token(call.ports.random.as_ref());
    let expires_at = call.now.plus_ms(INVITE_EXPIRES_IN_MS);
    let mut batch = call.write();
    batch.set("email", email.as_str());
    batch.set("role", role.as_str());
    batch.set("token_hash", token::hash(&invite_token));
    batch.set("expires_at", expires_at.ms());
    rules::guard_owners_business(&mut batch, call, ":role = 'owner'");
    guard_no_member(&mut batch);
    // The address's own, which this one replaces, and those that nobody can accept any more.
    batch.run("DELETE FROM invites WHERE store_id = :store AND (email = :email OR expires_at <= :now)");
    guard_few(&mut batch);
    batch.run(
        "INSERT INTO invites (store_id, email, role, token_hash, invited_by, created_at, expires_at) \
         VALUES (:store, :email, :role, :token_hash, :actor, :now, :expires_at)",
    );
    let shown = Shown { status: 201, document: DOCUMENT.into(), location: None };
    let answer = call.commit_and_show(batch, shown).await?;
    // Base64url needs no escape.
    Ok(answer.member("invite_token", &format!("\"{invite_token}\"")))
}

fn guard_no_member(batch: &mut Batch) {
    let detail = "belongs to a member of the store.".to_owned();
    let fault = Fault { pointer: "/email".to_owned(), code: "taken", detail };
    batch.guard(
        "SELECT NOT EXISTS (SELECT 1 FROM users u JOIN memberships m ON m.store_id = :store AND m.user_id = u.id \
         WHERE u.email = :email COLLATE NOCASE)",
        Problem::with_faults(Code::ValidationFailed, vec![fault]),
    );
}

fn guard_few(batch: &mut Batch) {
    let detail =
        format!("The store has {MAX_OPEN_INVITES} open invitations. Wait until some are accepted or expire.");
    batch.guard(
        &format!("SELECT count(*) < {MAX_OPEN_INVITES} FROM invites WHERE store_id = :store"),
        Problem::new(Code::ValidationFailed, detail),
    );
}
