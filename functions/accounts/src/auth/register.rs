//! `POST /auth/register`.
//!
//! Guarantees: the account, its first session and its first store are there together or not at all, in one round trip.

use crate::auth::password;
use crate::auth::session::Pair;
use crate::stores::create::open_store;
use storeroom_domain::{StoreId, UserId};
use storeroom_operations::shapes::account::RegisterInput;
use storeroom_operations::{Code, Fault, Problem};
use storeroom_sql::batch::Violation;
use storeroom_sql::{Batch, Outcome};
use storeroom_web::{Answer, Call};

const INSERT: &str = "INSERT INTO users (id, email, name, created_at, password_hash) \
    VALUES (:user, :email, :name, :now, :password_hash)";

/// Opens an account.
pub async fn register(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: RegisterInput = call.input()?;
    password::check(&input.password, "/password", &input.email, &input.name)?;
    let pair = Pair::new(call)?;
    let password_hash = password::hash(call, &call.secrets.passwords.enter()?, &input.password)?;
    let user: UserId = call.new_id();
    call.acts_as(user);
    let mut batch = call.write();
    batch.set("user", user.to_string());
    batch.set("email", input.email.as_str());
    batch.set("name", input.name.as_str());
    batch.set("password_hash", password_hash);
    batch.run_or(INSERT, vec![(Violation::Unique("users.email"), email_taken())]);
    pair.open(&mut batch, call);
    if let Some(store) = &input.store {
        let id: StoreId = call.new_id();
        open_store(&mut batch, call, id, user, store);
        batch.query("store", "SELECT document FROM store_documents WHERE id = :store");
    }
    answer(call, &pair, batch).await
}

async fn answer(call: &Call<'_>, pair: &Pair<'_>, mut batch: Batch) -> Result<Answer, Problem> {
    pair.ask(&mut batch);
    let outcome = call.commit(batch).await?;
    let members = pair.members(call, &outcome)?;
    Ok(Answer::json(201, format!(r#"{{{members},"store":{}}}"#, store(&outcome))))
}

fn store(outcome: &Outcome) -> String {
    outcome.rows("store").text(0, 0).unwrap_or("null").to_owned()
}

fn email_taken() -> Problem {
    let detail = "has an account. Sign in with it, or register with another address.".to_owned();
    Problem::with_faults(
        Code::EmailTaken,
        vec![Fault { pointer: "/email".to_owned(), code: "taken", detail }],
    )
}
