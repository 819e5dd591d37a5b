//! `POST /auth/refresh`.
//!
//! Guarantees: a refresh token works once. One that is shown twice ends its session and all that came of it, because
//! one of the two who showed it has stolen it; of two at once, one gets an answer and the session ends all the same.

use crate::auth::expel::{expel, rooms_of};
use crate::auth::explained;
use crate::auth::session::{OF_SHOWN, Pair, hash};
use serde_json::from_str;
use storeroom_operations::shapes::account::RefreshInput;
use storeroom_operations::{Code, Problem};
use storeroom_sql::Batch;
use storeroom_web::{Answer, Call};

// Before the guard, which the token fails then.
const END_IF_USED: &str = "UPDATE sessions SET ended_at = :now WHERE ended_at IS NULL AND id = \
    (SELECT session_id FROM refresh_tokens WHERE hash = :shown_hash AND used_at IS NOT NULL)";

const GOOD: &str = "SELECT 1 FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.hash = :shown_hash \
    AND t.used_at IS NULL AND t.expires_at > :now AND s.expires_at > :now AND s.ended_at IS NULL";

/// Gives out the next pair of tokens.
pub async fn refresh(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: RefreshInput = call.input()?;
    let pair = Pair::new(call)?;
    let mut batch = call.write();
    batch.set("shown_hash", hash(&input.refresh_token));
    batch.prelude(END_IF_USED, Vec::new());
    batch.guard(
        GOOD,
        Problem::new(Code::Unauthenticated, "The refresh token is not good any more. Sign in again."),
    );
    explain_end(&mut batch);
    batch.run("UPDATE refresh_tokens SET used_at = :now WHERE hash = :shown_hash");
    pair.go_on(&mut batch, call);
    pair.ask(&mut batch);
    match call.commit(batch).await {
        Ok(outcome) => Ok(Answer::json(200, format!("{{{}}}", pair.members(call, &outcome)?))),
        Err(problem) => Err(after_end(call, problem).await),
    }
}

/// Asks whether this very request has ended the session, and which rooms must hear of it.
fn explain_end(batch: &mut Batch) {
    let ended = format!(
        "FROM sessions WHERE id = {OF_SHOWN} AND ended_at = :now AND EXISTS \
         (SELECT 1 FROM refresh_tokens WHERE hash = :shown_hash AND used_at IS NOT NULL)"
    );
    batch.explain(Code::Unauthenticated, "session", format!("SELECT json_quote(id) {ended}"));
    let rooms = rooms_of(&format!("(SELECT user_id {ended})"));
    batch.explain(
        Code::Unauthenticated,
        "rooms",
        format!("SELECT json_group_array(room.store_id) FROM ({rooms}) AS room"),
    );
}

async fn after_end(call: &Call<'_>, mut problem: Problem) -> Problem {
    let session = explained::take(&mut problem, "session").and_then(|json| from_str::<String>(&json).ok());
    let rooms = explained::take(&mut problem, "rooms").and_then(|json| from_str::<Vec<String>>(&json).ok());
    if let (Some(session), Some(rooms)) = (session, rooms) {
        expel(call, &rooms, &[session]).await;
    }
    problem
}
