//! `DELETE /stores/{store}/members/{user}`.

use super::rules;
use storeroom_domain::{EventType, UserId};
use storeroom_operations::Problem;
use storeroom_sql::events;
use storeroom_web::{Answer, Call};

/// Takes somebody out of the store, at once for every request; the account stays, and so do the API keys that the
/// member made, which are the store's.
pub async fn remove(call: &Call<'_>) -> Result<Answer, Problem> {
    let member: UserId = call.path_id("user", "member")?;
    let mut batch = rules::begin(call, member);
    let membership = "FROM memberships WHERE store_id = :store AND user_id = :member";
    rules::guard_an_owner_stays(&mut batch, &format!("(SELECT role <> 'owner' {membership})"));
    let told = format!("SELECT user_id AS subject, version + 1 AS version, '{{}}' AS data {membership}");
    events::append(&mut batch, EventType::MemberRemoved, &told);
    batch.run(format!("DELETE {membership}"));
    rules::take_back_invites(&mut batch);
    call.commit(batch).await?;
    Ok(Answer::empty(204))
}
