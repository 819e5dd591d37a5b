//! The rules that every change of a store's members keeps.
//!
//! Guarantees: only an owner makes, changes or removes an owner; a store always has one; no invitation outlives the
//! right to have given it. Relies on: being checked in the transaction of the change, so that two changes at once
//! cannot both pass.

use storeroom_domain::UserId;
use storeroom_domain::role::ROLES;
use storeroom_domain::{EventId, Permission, Role};
use storeroom_operations::{Code, Problem};
use storeroom_sql::Batch;
use storeroom_web::Call;

/// Begins a write about a member: it is there, and the caller may touch it. The request is about that user, and
/// `:member` and `:event_id` are set.
pub fn begin(call: &Call<'_>, member: UserId) -> Batch {
    call.about(member);
    let mut batch = call.write();
    bind_member(&mut batch, call, member);
    let role = "SELECT role FROM memberships WHERE store_id = :store AND user_id = :member";
    batch.guard(&format!("SELECT ({role}) IS NOT NULL"), Problem::not_found("member"));
    guard_owners_business(&mut batch, call, &format!("({role}) = 'owner'"));
    batch
}

/// Sets `:member`, and `:event_id` for the event that tells of it.
pub fn bind_member(batch: &mut Batch, call: &Call<'_>, member: UserId) {
    let event: EventId = call.new_id();
    batch.set("member", member.to_string());
    batch.set("event_id", event.to_string());
}

/// Refuses everybody but owners when the SQL condition holds: when an owner is made, changed or removed.
pub fn guard_owners_business(batch: &mut Batch, call: &Call<'_>, condition: &str) {
    let actor = call.credential().role();
    batch.guard(
        &format!("SELECT NOT ({condition}) OR ({actor}) = 'owner'"),
        Problem::new(Code::Forbidden, "Only an owner may make, change or remove an owner."),
    );
}

/// Refuses to take `owner` from the only one who has it. `stays` is the SQL condition under which `:member` has it
/// afterwards.
pub fn guard_an_owner_stays(batch: &mut Batch, stays: &str) {
    let detail = "This is the store's only owner. Make somebody else an owner first.";
    batch.guard(
        &format!(
            "SELECT {stays} OR EXISTS (SELECT 1 FROM memberships WHERE store_id = :store AND role = 'owner' \
             AND user_id <> :member)"
        ),
        Problem::new(Code::LastOwner, detail),
    );
}

/// Deletes the open invitations that `:member` gave and, with the role that it has now, could not give; all of them
/// when it is no member any more.
pub fn take_back_invites(batch: &mut Batch) {
    let inviters = ROLES.into_iter().filter(|role| role.may(Permission::MembersManage));
    let inviters: Vec<String> = inviters.map(|role| format!("'{}'", role.as_str())).collect();
    batch.run(format!(
        "DELETE FROM invites WHERE store_id = :store AND invited_by = :member AND NOT EXISTS (SELECT 1 \
         FROM memberships m WHERE m.store_id = :store AND m.user_id = :member AND m.role IN ({}) \
         AND (m.role = '{owner}' OR invites.role <> '{owner}'))",
        inviters.join(", "),
        owner = Role::Owner.as_str()
    ));
}
