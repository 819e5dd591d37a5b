//! A session: how it opens, how it goes on, and the tokens that are given out for it.
//!
//! Guarantees: a refresh token is 256 bits of chance and stored as its SHA-256 alone; a session ends 30 days after it
//! was last used and 180 days after it was opened, whatever happens; tokens are made only of what was committed.
//! Relies on: the deployment's signer for access tokens; `Ports::random` for strength.

use crate::auth::memberships;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};
use storeroom_domain::{SessionId, UserId};
use storeroom_operations::Problem;
use storeroom_ports::Level;
use storeroom_sql::{Batch, Outcome, Rows};
use storeroom_web::Call;
use storeroom_web::answer::hex;
use storeroom_web::call::unavailable;
use storeroom_web::tokens::{ACCESS_TOKEN_S, Identity, Signer};

const DAY_MS: i64 = 86_400_000;
/// How long a session lasts unused.
const IDLE_MS: i64 = 30 * DAY_MS;
/// How long a session lasts at the most.
const LONGEST_MS: i64 = 180 * DAY_MS;
/// For how long a session that is over is kept: rooms are told of its end meanwhile.
const KEPT_MS: i64 = DAY_MS;
/// How a refresh token begins, so that scanners for leaked secrets find it.
const PREFIX: &str = "rt_";

/// Takes the dead away among the user's five oldest sessions (an id sorts by time), so that they do not pile up.
const PRUNE: &str = "DELETE FROM sessions WHERE id IN (SELECT oldest.id FROM \
    (SELECT id, expires_at, ended_at FROM sessions WHERE user_id = :user ORDER BY id LIMIT 5) AS oldest \
    WHERE oldest.expires_at < :dead_since OR oldest.ended_at < :dead_since)";

const INSERT: &str = "INSERT INTO sessions (id, user_id, created_at, expires_at) \
    VALUES (:session, :user, :now, :idle_until)";

/// The session of the refresh token that was shown.
pub const OF_SHOWN: &str = "(SELECT session_id FROM refresh_tokens WHERE hash = :shown_hash)";

/// The pair of tokens that a batch makes ready.
pub struct Pair<'a> {
    signer: &'a Signer,
    refresh_token: String,
}

impl<'a> Pair<'a> {
    /// A pair with a new refresh token. Refuses with `unavailable` where the deployment cannot sign.
    pub fn new(call: &Call<'a>) -> Result<Self, Problem> {
        let Some(signer) = &call.secrets.tokens.signer else {
            call.log(
                Level::Error,
                "no signer",
                "TOKEN_KEYS holds no private half (`d`), so nobody can sign in",
            );
            return Err(unavailable("Nobody can sign in here right now."));
        };
        let mut bytes = [0; 32];
        call.ports.random.fill(&mut bytes);
        Ok(Self { signer, refresh_token: format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)) })
    }

    /// Opens a session of `:user`.
    pub fn open(&self, batch: &mut Batch, call: &Call<'_>) {
        let session: SessionId = call.new_id();
        batch.set("session", session.to_string());
        batch.set("idle_until", call.now.ms().saturating_add(IDLE_MS));
        batch.set("dead_since", call.now.ms().saturating_sub(KEPT_MS));
        batch.run(PRUNE);
        batch.run(INSERT);
        self.store(batch, ":session");
    }

    /// Goes on with the session of the refresh token whose hash is `:shown_hash`.
    pub fn go_on(&self, batch: &mut Batch, call: &Call<'_>) {
        batch.set("idle_until", call.now.ms().saturating_add(IDLE_MS));
        batch.run(format!(
            "UPDATE sessions SET expires_at = min(:idle_until, created_at + {LONGEST_MS}) WHERE id = {OF_SHOWN}"
        ));
        batch.run(format!("DELETE FROM refresh_tokens WHERE session_id = {OF_SHOWN} AND expires_at <= :now"));
        self.store(batch, OF_SHOWN);
    }

    fn store(&self, batch: &mut Batch, session: &str) {
        batch.set("refresh_hash", hash(&self.refresh_token));
        batch.run(format!(
            "INSERT INTO refresh_tokens (hash, session_id, created_at, expires_at) \
             SELECT :refresh_hash, id, :now, expires_at FROM sessions WHERE id = {session}"
        ));
    }

    /// Asks for what the answer says of the user, after everything that changes it.
    pub fn ask(&self, batch: &mut Batch) {
        let columns = memberships::columns();
        batch.query(
            "signed_in",
            format!(
                "SELECT s.id, u.id, {columns} FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id \
                 JOIN users u ON u.id = s.user_id WHERE t.hash = :refresh_hash"
            ),
        );
    }

    /// The members of the answer, without the braces around them.
    pub fn members(&self, call: &Call<'_>, outcome: &Outcome) -> Result<String, Problem> {
        let rows = outcome.rows("signed_in");
        let no_session = || call.fault("a session was opened and is not there");
        let identity = identity(&rows).ok_or_else(no_session)?;
        let (user, stores) = rows.text(0, 2).zip(rows.text(0, 3)).ok_or_else(no_session)?;
        let access_token =
            self.signer.sign(&identity, call.now, ACCESS_TOKEN_S).map_err(|bad| call.fault(&bad.0))?;
        let (access_token, refresh_token) = (json!(access_token), json!(self.refresh_token));
        Ok(format!(
            r#""access_token":{access_token},"token_type":"Bearer","expires_in":{ACCESS_TOKEN_S},"refresh_token":{refresh_token},"user":{user},"memberships":{stores}"#
        ))
    }
}

fn identity(rows: &Rows) -> Option<Identity> {
    Some(Identity { session: SessionId::parse(rows.text(0, 0)?)?, user: UserId::parse(rows.text(0, 1)?)? })
}

/// What is kept of a token: SHA-256 in hex.
pub fn hash(token: &str) -> String {
    hex(&Sha256::digest(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_token_format_unchanged() {
        assert_eq!(
            hash("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "FIPS 180-2"
        );
        assert_eq!((PREFIX, IDLE_MS, LONGEST_MS), ("rt_", 2_592_000_000, 15_552_000_000));
    }
}
