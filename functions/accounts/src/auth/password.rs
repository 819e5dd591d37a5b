//! `POST /auth/password`, and what everything about passwords shares.
//!
//! Guarantees: a change ends every other session of the account in the transaction of the change; guessing the current
//! password is slowed down as a sign-in is.

use crate::auth::expel::{expel, open_sessions, rooms_of, texts};
use crate::auth::throttle::{self, Attempt};
use storeroom_domain::password::weakness;
use storeroom_operations::shapes::account::PasswordInput;
use storeroom_operations::{Code, Fault, Problem};
use storeroom_sql::{Args, Batch, Rows};
use storeroom_web::call::unavailable;
use storeroom_web::passwords::Permit;
use storeroom_web::{Answer, Call};

/// An account as whoever checks its password needs it.
pub struct Account {
    id: String,
    /// Argon2id in the PHC format; empty for an account that cannot sign in by password.
    pub password_hash: String,
}

impl Account {
    /// The account of a row (id, password_hash).
    pub fn of(rows: &Rows) -> Option<Self> {
        let password_hash = rows.text(0, 1).unwrap_or_default().to_owned();
        Some(Self { id: rows.text(0, 0)?.to_owned(), password_hash })
    }

    /// Sets `:user`, and goes on only if the password that was checked still is the account's: it may have been
    /// changed, or its hash renewed, since.
    pub fn guard_unchanged(&self, batch: &mut Batch) {
        batch.set("user", self.id.as_str());
        batch.set("known_hash", self.password_hash.as_str());
        batch.guard(
            "SELECT 1 FROM users WHERE id = :user AND password_hash = :known_hash",
            unavailable("The account's password was written by another request just now. Try again."),
        );
    }
}

/// The refusal of a password that is not the account's, or of an account that is not there.
pub fn wrong() -> Problem {
    Problem::new(Code::InvalidCredentials, "No account has this e-mail address and this password.")
}

/// Refuses a password that is guessed easily. `pointer` is where it stands in the body.
pub fn check(password: &str, pointer: &str, email: &str, name: &str) -> Result<(), Problem> {
    let Some(why) = weakness(password, email, name) else { return Ok(()) };
    let fault = Fault { pointer: pointer.to_owned(), code: "too_weak", detail: why.to_owned() };
    Err(Problem::with_faults(Code::ValidationFailed, vec![fault]))
}

/// The hash to store, with a new salt.
pub fn hash(call: &Call<'_>, permit: &Permit<'_>, password: &str) -> Result<String, Problem> {
    let mut salt = [0; 16];
    call.ports.random.fill(&mut salt);
    permit.hash(password, salt)
}

/// Changes the caller's password. Three round trips: the account's address, under which attempts are counted, is not
/// known before the first.
pub async fn change(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: PasswordInput = call.input()?;
    let known = call.read_account("SELECT email, name FROM users WHERE id = :user", Args::new()).await?;
    let (email, name) = known.text(0, 0).zip(known.text(0, 1)).ok_or_else(|| call.credential().ended())?;
    check(&input.new_password, "/new_password", email, name)?;
    let attempt = Attempt::new(call, email);
    let permit = call.secrets.passwords.enter()?;
    let account = counted(call, &attempt).await?;
    let stored = account.as_ref().map(|account| account.password_hash.as_str());
    let checked = permit.verify(&input.current_password, stored);
    let Some(account) = account.filter(|_| checked.matches) else {
        return Err(wrong());
    };
    let new_hash = hash(call, &permit, &input.new_password)?;
    drop(permit);
    store(call, &attempt, &account, new_hash).await
}

async fn counted(call: &Call<'_>, attempt: &Attempt) -> Result<Option<Account>, Problem> {
    let mut batch = call.write();
    attempt.count(&mut batch, call);
    batch.query("account", "SELECT id, password_hash FROM users WHERE id = :user");
    let outcome = call.commit(batch).await.map_err(throttle::told)?;
    Ok(Account::of(&outcome.rows("account")))
}

async fn store(
    call: &Call<'_>,
    attempt: &Attempt,
    account: &Account,
    new_hash: String,
) -> Result<Answer, Problem> {
    let mut batch = call.write();
    account.guard_unchanged(&mut batch);
    batch.set("new_hash", new_hash);
    batch.run("UPDATE users SET password_hash = :new_hash WHERE id = :user");
    attempt.forgive(&mut batch);
    batch.query("ended", open_sessions("id <> :session"));
    batch.run(
        "UPDATE sessions SET ended_at = :now WHERE user_id = :user AND id <> :session AND ended_at IS NULL",
    );
    batch.query("rooms", rooms_of(":user"));
    let outcome = call.commit(batch).await?;
    expel(call, &texts(&outcome.rows("rooms")), &texts(&outcome.rows("ended"))).await;
    Ok(Answer::empty(204))
}
