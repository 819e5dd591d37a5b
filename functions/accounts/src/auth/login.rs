//! `POST /auth/login`.
//!
//! Guarantees: a wrong password and an unknown address are answered alike, after as many round trips and as much work;
//! each attempt is counted before its password is looked at. One round trip for a failure, two for a success.
//! Relies on: `throttle` for how many attempts there are.

use crate::auth::password::{self, Account};
use crate::auth::session::Pair;
use crate::auth::throttle::{self, Attempt};
use storeroom_operations::Problem;
use storeroom_operations::shapes::account::LoginInput;
use storeroom_web::{Answer, Call};

const ACCOUNT: &str = "SELECT id, password_hash FROM users WHERE email = :email COLLATE NOCASE";

/// Opens a session for whoever knows the password.
pub async fn login(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: LoginInput = call.input()?;
    let pair = Pair::new(call)?;
    let permit = call.secrets.passwords.enter()?;
    let attempt = Attempt::new(call, &input.email);
    let account = account(call, &attempt, &input.email).await?;
    let stored = account.as_ref().map(|account| account.password_hash.as_str());
    let checked = permit.verify(&input.password, stored);
    let Some(account) = account.filter(|_| checked.matches) else {
        return Err(password::wrong());
    };
    let renewed = checked.outdated.then(|| password::hash(call, &permit, &input.password)).transpose()?;
    drop(permit);
    open(call, &pair, &attempt, &account, renewed).await
}

async fn account(call: &Call<'_>, attempt: &Attempt, email: &str) -> Result<Option<Account>, Problem> {
    let mut batch = call.write();
    batch.set("email", email);
    attempt.count(&mut batch, call);
    batch.query("account", ACCOUNT);
    let outcome = call.commit(batch).await.map_err(throttle::told)?;
    Ok(Account::of(&outcome.rows("account")))
}

async fn open(
    call: &Call<'_>,
    pair: &Pair<'_>,
    attempt: &Attempt,
    account: &Account,
    renewed: Option<String>,
) -> Result<Answer, Problem> {
    let mut batch = call.write();
    account.guard_unchanged(&mut batch);
    if let Some(password_hash) = renewed {
        batch.set("new_hash", password_hash);
        batch.run("UPDATE users SET password_hash = :new_hash WHERE id = :user");
    }
    attempt.forgive(&mut batch);
    pair.open(&mut batch, call);
    pair.ask(&mut batch);
    let outcome = call.commit(batch).await?;
    Ok(Answer::json(200, format!("{{{}}}", pair.members(call, &outcome)?)))
}
