//! `POST /auth/invites/accept`.
//!
//! Guarantees: an invitation makes one member, once, and only with the address that was invited.
//! Two round trips: the token says which store it is, and the log and the audit log of a batch are those of a store
//! that is known beforehand. What was looked up is checked again in the transaction.

use super::{document, rules, token};
use storeroom_domain::{EventType, Role, UserId};
use storeroom_operations::shapes::account::{AcceptInput, Membership};
use storeroom_operations::{Code, Fault, Problem};
use storeroom_sql::batch::Violation;
use storeroom_sql::{Args, Batch, events};
use storeroom_web::{Answer, Call, Caller};

/// The invitation of `:token_hash`, if it is open: not expired, and whoever gave it is still a member, or a key that
/// was not revoked.
const OPEN_INVITE: &str = "i.token_hash = :token_hash AND i.expires_at > :now \
    AND (EXISTS (SELECT 1 FROM memberships g WHERE g.store_id = i.store_id AND g.user_id = i.invited_by) \
        OR EXISTS (SELECT 1 FROM api_keys k WHERE k.store_id = i.store_id AND k.id = i.invited_by \
            AND k.revoked_at IS NULL))";

/// An open invitation and how it fits who wants to accept it.
struct Found {
    store: String,
    store_name: String,
    role: Role,
    is_for_caller: bool,
    is_member: bool,
}

/// Makes the caller a member of the store that the invitation is for.
pub async fn accept(call: &Call<'_>) -> Result<Answer, Problem> {
    let AcceptInput { token } = call.input()?;
    let token_hash = token::hash(&token);
    let found = look_up(call, &token_hash).await?.ok_or_else(no_such_invite)?;
    if !found.is_for_caller {
        return Err(Problem::new(
            Code::Forbidden,
            "The invitation is for another e-mail address than yours.",
        ));
    }
    if found.is_member {
        return Err(already_member());
    }
    join(call, &found, &token_hash).await?;
    let permissions = found.role.permissions().into_iter();
    let membership = Membership {
        store_id: found.store,
        store_name: found.store_name,
        role: found.role.as_str().to_owned(),
        permissions: permissions.map(|permission| permission.as_str().to_owned()).collect(),
    };
    let json = serde_json::to_string(&membership).map_err(|error| call.fault(&error.to_string()))?;
    Ok(Answer::json(200, json))
}

async fn look_up(call: &Call<'_>, token_hash: &str) -> Result<Option<Found>, Problem> {
    let sql = format!(
        "SELECT i.store_id, s.name, i.role, i.email = u.email AS is_for_caller, EXISTS (SELECT 1 FROM memberships m \
         WHERE m.store_id = i.store_id AND m.user_id = :user) AS is_member \
         FROM invites i JOIN stores s ON s.id = i.store_id JOIN users u ON u.id = :user WHERE {OPEN_INVITE}"
    );
    let rows = call.read_account(&sql, Args::new().with("token_hash", token_hash)).await?;
    let text = |column| rows.text(0, column).map(str::to_owned);
    let found = |store, store_name, role| Found {
        store,
        store_name,
        role,
        is_for_caller: rows.integer(0, 3) == Some(1),
        is_member: rows.integer(0, 4) == Some(1),
    };
    let role = rows.text(0, 2).and_then(Role::parse);
    Ok(text(0).zip(text(1)).zip(role).map(|((store, store_name), role)| found(store, store_name, role)))
}

/// Turns the invitation, if it is still as it was found, into a membership.
async fn join(call: &Call<'_>, found: &Found, token_hash: &str) -> Result<(), Problem> {
    let caller = call.caller.as_ref().map(Caller::actor);
    let user = caller.and_then(|actor| UserId::parse(&actor)).ok_or_else(|| call.fault("nobody accepts"))?;
    call.about(user);
    let mut batch = call.write();
    batch.set("token_hash", token_hash);
    batch.set("store", found.store.as_str());
    batch.set("role", found.role.as_str());
    rules::bind_member(&mut batch, call, user);
    let this_one =
        format!("SELECT 1 FROM invites i WHERE i.store_id = :store AND i.role = :role AND {OPEN_INVITE}");
    batch.guard(&this_one, no_such_invite());
    batch.run_or(
        "INSERT INTO memberships (store_id, user_id, role, created_at) VALUES (:store, :member, :role, :now)",
        vec![(Violation::Unique("memberships.store_id, memberships.user_id"), already_member())],
    );
    batch.run("DELETE FROM invites WHERE store_id = :store AND token_hash = :token_hash");
    tell(&mut batch);
    call.audit(&mut batch, &found.store);
    call.commit(batch).await.map(|_| ())
}

fn tell(batch: &mut Batch) {
    let told = format!("SELECT user_id AS subject, version, document AS data FROM ({})", document::member());
    events::append(batch, EventType::MemberAdded, &told);
}

fn no_such_invite() -> Problem {
    let detail = "There is no such invitation: it was accepted, replaced or taken back, or it has expired. Ask for another.";
    Problem::new(Code::NotFound, detail)
}

fn already_member() -> Problem {
    let detail = "is for a store that you are a member of already.".to_owned();
    let fault = Fault { pointer: "/token".to_owned(), code: "taken", detail };
    Problem::with_faults(Code::ValidationFailed, vec![fault])
}
