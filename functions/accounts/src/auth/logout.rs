//! `POST /auth/logout`.

use crate::auth::expel::{expel, rooms_of, texts};
use storeroom_operations::Problem;
use storeroom_web::{Answer, Call, Caller};

/// Ends the caller's session: its access token and its refresh token are good for nothing from the next request on.
pub async fn logout(call: &Call<'_>) -> Result<Answer, Problem> {
    let mut batch = call.write();
    batch.run("UPDATE sessions SET ended_at = :now WHERE id = :session");
    batch.query("rooms", rooms_of(":user"));
    let outcome = call.commit(batch).await?;
    let session = call.caller.iter().map(Caller::session).collect::<Vec<_>>();
    expel(call, &texts(&outcome.rows("rooms")), &session).await;
    Ok(Answer::empty(204))
}
