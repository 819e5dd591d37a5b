//! The credentials that are another for each request.
//!
//! Guarantees: a token comes back only after more others than the service remembers, so that it is checked anew each
//! time; a signed request has a nonce of its own.
//! Relies on: `storeroom_web`, which the service itself checks with; one service for all runs of a plan.

use serde::Deserialize;
use std::cell::Cell;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
use storeroom_domain::{SessionId, Timestamp, UserId};
use storeroom_testbed::Signing;
use storeroom_web::tokens::{Identity, Signer};

/// Twice as many as the service remembers.
const TOKENS: u64 = 4_000;
/// The first token's lifetime; each further one lives a second longer, so that no two are alike.
const LIFETIME_S: u64 = 3_600;

/// A credential that a run's requests get besides their headers.
#[derive(Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Credential {
    /// The next token of the plan's.
    NewToken,
    /// A signature by that API key.
    Key(Key),
}

/// An API key.
#[derive(Clone, Deserialize)]
pub struct Key {
    /// Its id, a dot and the generation of the secret.
    key: String,
    secret: String,
    /// The store that its requests name; empty for none.
    store: String,
}

/// Whose tokens they are.
#[derive(Deserialize)]
pub struct Bearer {
    /// The file of the keys, one with its private half.
    keys: PathBuf,
    user: String,
    session: String,
}

/// Tokens that were signed before the first run, handed out in turn.
pub struct Tokens {
    all: Vec<String>,
    next: Cell<usize>,
}

impl Tokens {
    /// The tokens of one bearer; none without one.
    pub fn of(bearer: Option<&Bearer>) -> Self {
        Self { all: bearer.map(signed_tokens).unwrap_or_default(), next: Cell::new(0) }
    }

    fn next(&self) -> &str {
        let at = self.next.get();
        self.next.set((at + 1) % self.all.len());
        &self.all[at]
    }
}

impl Credential {
    /// Its headers on the request with that number.
    pub fn headers(
        &self,
        tokens: &Tokens,
        number: u64,
        method: &str,
        url: &str,
        body: &[u8],
    ) -> Vec<(&'static str, String)> {
        match self {
            Self::NewToken => vec![("authorization", format!("Bearer {}", tokens.next()))],
            Self::Key(key) => key.headers(number, method, url, body),
        }
    }
}

impl Key {
    fn headers(&self, number: u64, method: &str, url: &str, body: &[u8]) -> Vec<(&'static str, String)> {
        let now_ms = now().ms();
        let nonce = format!("{now_ms:016}-{number:016}");
        let signing = Signing { store: self.store.clone(), timestamp_s: now_ms.div_euclid(1000), nonce };
        signing.headers((&self.key, &self.secret), method, target(url), body)
    }
}

fn signed_tokens(bearer: &Bearer) -> Vec<String> {
    let keys = std::fs::read_to_string(&bearer.keys).unwrap();
    let signer = Signer::from_key_set(keys.trim_end()).unwrap().expect("no key has a private half");
    let identity = Identity {
        user: UserId::parse(&bearer.user).unwrap(),
        session: SessionId::parse(&bearer.session).unwrap(),
    };
    let now = now();
    (0..TOKENS).map(|n| signer.sign(&identity, now, LIFETIME_S + n).unwrap()).collect()
}

/// Path and query of an address.
fn target(url: &str) -> &str {
    let path = url.find("://").and_then(|scheme| url[scheme + 3..].find('/').map(|path| scheme + 3 + path));
    &url[path.expect("an address without a path")..]
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap())
}
