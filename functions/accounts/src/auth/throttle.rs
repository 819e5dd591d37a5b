//! Slowing down whoever guesses passwords: failed attempts are counted in the database, by e-mail address and by
//! network address, both as pseudonyms.
//!
//! Guarantees: an attempt is counted before its password is looked at, in one transaction with the question whether it
//! may be made, so however many come at once on however many instances, no more than stated below are answered; one
//! that succeeds is taken back. An attempt that has to wait counts for nothing.
//! Relies on: the master key, without which a pseudonym tells nobody whose it is.

use crate::auth::explained;
use storeroom_operations::{Code, Problem};
use storeroom_sql::Batch;
use storeroom_web::Call;
use storeroom_web::network::network;

/// Failures by e-mail address that cost nothing yet.
const FREE_BY_EMAIL: i64 = 5;
/// Failures by network address that cost nothing yet: many people can share one.
const FREE_BY_ADDRESS: i64 = 20;
/// The first wait; each further failure doubles it.
const FIRST_WAIT_MS: i64 = 1_000;
/// The longest wait.
const LONGEST_WAIT_MS: i64 = 300_000;
/// 2^9 s are over the longest wait.
const MOST_DOUBLINGS: i64 = 9;
/// After so long without an attempt the count starts anew.
const FORGOTTEN_MS: i64 = 900_000;
/// After so long without an attempt a count is thrown away.
const KEPT_MS: i64 = 86_400_000;

/// Two go for one or two that come, so what is forgotten does not pile up.
const PRUNE: &str = "DELETE FROM sign_in_failures WHERE subject IN (SELECT subject FROM sign_in_failures \
    WHERE last_at < :thrown_away_before ORDER BY last_at LIMIT 2)";

/// How the refusal is told how long to wait.
const WAIT_S: &str = "wait_s";

/// One attempt to show the password of an e-mail address.
pub struct Attempt {
    by_email: String,
    by_address: Option<String>,
}

impl Attempt {
    /// An attempt in this call.
    pub fn new(call: &Call<'_>, email: &str) -> Self {
        let master = &call.secrets.master;
        let address = network(&call.client);
        Self {
            // As the database compares addresses: without case in ASCII.
            by_email: master.pseudonym(&format!("email:{}", email.to_ascii_lowercase())),
            by_address: address.map(|address| master.pseudonym(&format!("address:{address}"))),
        }
    }

    fn bind(&self, batch: &mut Batch) {
        batch.set("by_email", self.by_email.as_str());
        batch.set("by_address", self.by_address.clone());
    }

    /// Counts the attempt as failed, or refuses it with `rate-limited`.
    pub fn count(&self, batch: &mut Batch, call: &Call<'_>) {
        self.bind(batch);
        batch.set("forgotten_before", call.now.ms().saturating_sub(FORGOTTEN_MS));
        batch.set("thrown_away_before", call.now.ms().saturating_sub(KEPT_MS));
        let blocked =
            "FROM sign_in_failures WHERE subject IN (:by_email, :by_address) AND blocked_until > :now";
        let detail = "Too many attempts failed. Wait for the seconds in `Retry-After`.";
        batch.guard(
            &format!("SELECT NOT EXISTS (SELECT 1 {blocked})"),
            Problem::new(Code::RateLimited, detail),
        );
        batch.explain(
            Code::RateLimited,
            WAIT_S,
            format!("SELECT CAST((max(blocked_until) - :now + 999) / 1000 AS TEXT) {blocked}"),
        );
        batch.run(upsert(":by_email", FREE_BY_EMAIL));
        if self.by_address.is_some() {
            batch.run(upsert(":by_address", FREE_BY_ADDRESS));
        }
        batch.run(PRUNE);
    }

    /// Takes the attempt back, because it succeeded, and with it what was held against the e-mail address.
    pub fn forgive(&self, batch: &mut Batch) {
        self.bind(batch);
        batch.run("DELETE FROM sign_in_failures WHERE subject = :by_email");
        // A wait that another attempt has begun meanwhile stays.
        batch.run(
            "UPDATE sign_in_failures SET failures = max(failures - 1, 0), \
             blocked_until = iif(last_at = :now, :now, blocked_until) WHERE subject = :by_address",
        );
    }
}

fn upsert(subject: &str, free: i64) -> String {
    let failures = "iif(last_at < :forgotten_before, 1, failures + 1)";
    let wait =
        format!("min({FIRST_WAIT_MS} << min({failures} - {free}, {MOST_DOUBLINGS}), {LONGEST_WAIT_MS})");
    format!(
        "INSERT INTO sign_in_failures (subject, failures, last_at, blocked_until) VALUES ({subject}, 1, :now, 0) \
         ON CONFLICT (subject) DO UPDATE SET failures = {failures}, last_at = :now, \
         blocked_until = iif({failures} < {free}, 0, :now + {wait})"
    )
}

/// The refusal with its `Retry-After`, if it is one to wait.
pub fn told(mut problem: Problem) -> Problem {
    match explained::take(&mut problem, WAIT_S) {
        Some(seconds) => problem.header("Retry-After", seconds),
        None => problem,
    }
}
