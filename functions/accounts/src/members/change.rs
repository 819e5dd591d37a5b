//! `PATCH /stores/{store}/members/{user}`.

use super::{document, rules};
use storeroom_domain::{EventType, UserId};
use storeroom_operations::Problem;
use storeroom_operations::shapes::member::MemberPatch;
use storeroom_sql::events;
use storeroom_web::{Answer, Call};

/// Gives a member another role, which counts for the member's next request. The role that it has already answers
/// with the member as it is: same version, no event.
pub async fn change(call: &Call<'_>) -> Result<Answer, Problem> {
    let MemberPatch { role } = call.input()?;
    let member: UserId = call.path_id("user", "member")?;
    let mut batch = rules::begin(call, member);
    batch.set("role", role);
    rules::guard_owners_business(&mut batch, call, ":role = 'owner'");
    rules::guard_an_owner_stays(
        &mut batch,
        ":role = 'owner' OR (SELECT role <> 'owner' FROM memberships WHERE store_id = :store AND user_id = :member)",
    );
    // The event goes first: afterwards a role that is new looks like one that was there.
    let changes = "FROM memberships WHERE store_id = :store AND user_id = :member AND role <> :role";
    let told = format!(
        "SELECT user_id AS subject, version + 1 AS version, json_object('role', :role) AS data {changes}"
    );
    events::append_if_told(&mut batch, EventType::MemberChanged, &told);
    batch.run(
        "UPDATE memberships SET role = :role, version = version + 1 \
         WHERE store_id = :store AND user_id = :member AND role <> :role",
    );
    rules::take_back_invites(&mut batch);
    batch.query("document", document::member());
    let rows = call.commit(batch).await?.rows("document");
    rows.text(0, 0)
        .map(|document| Answer::json(200, document))
        .ok_or_else(|| call.fault("a member without a document"))
}
