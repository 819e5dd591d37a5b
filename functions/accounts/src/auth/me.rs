//! `GET /auth/me` and `PATCH /auth/me`.

use crate::auth::memberships;
use storeroom_operations::Problem;
use storeroom_operations::shapes::account::UserPatch;
use storeroom_sql::{Args, Rows};
use storeroom_web::{Answer, Call};

fn query() -> String {
    format!("SELECT {} FROM users u WHERE u.id = :user", memberships::columns())
}

/// Says who is signed in, and what that may do where.
pub async fn read(call: &Call<'_>) -> Result<Answer, Problem> {
    answer(call, &call.read_account(&query(), Args::new()).await?)
}

/// Changes the caller's name; what is left out stays.
pub async fn patch(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: UserPatch = call.input()?;
    let mut batch = call.write();
    batch.set("name", input.name);
    batch.run("UPDATE users SET name = coalesce(:name, name) WHERE id = :user");
    batch.query("me", query());
    let outcome = call.commit(batch).await?;
    answer(call, &outcome.rows("me"))
}

fn answer(call: &Call<'_>, rows: &Rows) -> Result<Answer, Problem> {
    let (user, stores) = rows.text(0, 0).zip(rows.text(0, 1)).ok_or_else(|| call.credential().ended())?;
    Ok(Answer::json(200, format!(r#"{{"user":{user},"memberships":{stores}}}"#)))
}
