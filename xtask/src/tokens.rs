//! Access tokens: a file of keys that is made once, and tokens that its key signs.
//!
//! Guarantees: a development key's id begins with `dev-`, so that a deployment can refuse it. Relies on:
//! `storeroom_web::tokens`, which the service itself signs and checks with.

use crate::secrets;
use anyhow::{Context, Result, anyhow};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::json;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use storeroom_domain::{SessionId, Timestamp, UserId};
use storeroom_web::tokens::{BadKeySet, DEV_KID, Identity, Signer};

/// How long a development token is good for.
pub const LIFETIME_SECONDS: u64 = 30 * 24 * 60 * 60;

/// A set of keys, one of which signs.
pub struct SigningKey {
    signer: Signer,
    jwks: String,
}

impl SigningKey {
    /// The development key in `file`, made when there is none.
    pub fn load_or_make(file: &Path) -> Result<Self> {
        if !file.exists() {
            let kid = format!("{DEV_KID}{}", BASE64.encode(secrets::random::<6>()?));
            secrets::write(file, &Signer::generate(&kid).secret_jwks())?;
        }
        Self::load(file)
    }

    /// The keys of a JWKS file, one of which has its private half.
    pub fn load(file: &Path) -> Result<Self> {
        let jwks = secrets::read(file)?;
        let signer = Signer::from_key_set(&jwks).map_err(|bad| in_file(file, bad))?;
        let signer = signer.with_context(|| format!("{} holds no private half", file.display()))?;
        Ok(Self { signer, jwks })
    }

    /// The whole set with the private half, as `TOKEN_KEYS` takes it.
    pub fn token_keys(&self) -> &str {
        &self.jwks
    }

    /// The pair itself, for tests that sign tokens of their own.
    pub fn facts(&self) -> serde_json::Value {
        json!({ "kid": self.signer.kid(), "pair": BASE64.encode(self.signer.to_bytes()) })
    }

    /// A token that says who its bearer is.
    pub fn sign(&self, user: &str, session: &str) -> Result<String> {
        let user = UserId::parse(user).with_context(|| format!("{user} is no user's id"))?;
        let session = SessionId::parse(session).with_context(|| format!("{session} is no session's id"))?;
        let now = Timestamp::from_ms(i64::try_from(milliseconds_now())?);
        let signed = self.signer.sign(&Identity { user, session }, now, LIFETIME_SECONDS);
        signed.map_err(|bad| anyhow!(bad.0))
    }
}

/// The sentence about a set of keys, with the file's name before it.
pub fn in_file(file: &Path, bad: BadKeySet) -> anyhow::Error {
    anyhow!("{}: {}", file.display(), bad.0)
}

/// Milliseconds since 1970.
pub fn milliseconds_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
