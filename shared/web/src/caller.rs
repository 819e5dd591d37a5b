//! Who calls: a person in a session, or a server with an API key.

use crate::signature::SignedBy;
use crate::tokens::Identity;
use storeroom_sql::access::Credential;
use storeroom_sql::{Args, Value};

/// The milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// How long a nonce is kept after its request's timestamp: the 300 s in which a request is taken, one more for the
/// second's fraction, and a minute for hosts whose clocks differ.
const NONCE_KEPT_S: i64 = 361;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A person, by an access token.
    Session(Identity),
    /// A server, by a signed request.
    Key(SignedBy),
}

impl Caller {
    /// The user or the key, as events and the audit log name it.
    pub fn actor(&self) -> String {
        match self {
            Self::Session(identity) => identity.user.to_string(),
            Self::Key(signed) => signed.key.to_string(),
        }
    }

    /// What ends when the caller is to be shut out: the session or the key.
    pub fn session(&self) -> String {
        match self {
            Self::Session(identity) => identity.session.to_string(),
            Self::Key(signed) => signed.key.to_string(),
        }
    }

    /// How its access is looked up.
    pub fn credential(&self) -> Credential {
        match self {
            Self::Session(_) => Credential::Session,
            Self::Key(_) => Credential::Key,
        }
    }

    /// What the access step names of it.
    pub(crate) fn args(&self, now_ms: i64) -> Args {
        match self {
            Self::Session(identity) => Args::new()
                .with("user", identity.user.to_string())
                .with("session", identity.session.to_string()),
            Self::Key(signed) => Args::new()
                .with("user", Value::Null)
                .with("key", signed.key.to_string())
                .with("generation", signed.generation)
                .with("nonce", signed.nonce.as_str())
                .with(
                    "nonce_expires_at",
                    signed.timestamp_s.saturating_add(NONCE_KEPT_S).saturating_mul(1000),
                )
                .with("day", now_ms.div_euclid(DAY_MS)),
        }
    }
}
