//! Access tokens: a key pair that is made once, its public half as JWKS, and signed tokens.
//!
//! Guarantees: a development key's id begins with `dev-`, so that a deployment can refuse it; the private half is
//! readable by this user alone. Relies on: contract.md section 3 (EdDSA JWT; issuer, audience, `sub`, `sid`).

use anyhow::{Context, Result, anyhow};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use ed25519_compact::{KeyPair, Seed};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

const ISSUER: &str = "storeroom";
const AUDIENCE: &str = "storeroom-api";

/// How long a development token is good for.
pub const LIFETIME_SECONDS: u64 = 30 * 24 * 60 * 60;

/// The key as it is kept.
#[derive(Serialize, Deserialize)]
struct Stored {
    kid: String,
    seed: String,
}

/// A key that signs tokens.
pub struct SigningKey {
    kid: String,
    pair: KeyPair,
}

impl SigningKey {
    /// The development key in `file`, made when there is none.
    pub fn load_or_make(file: &Path) -> Result<Self> {
        if !file.exists() {
            let seed = Seed::generate();
            let name =
                BASE64.encode(KeyPair::from_seed(seed).pk.as_ref()).chars().take(8).collect::<String>();
            store(file, &Stored { kid: format!("dev-{name}"), seed: BASE64.encode(seed.as_ref()) })?;
        }
        Self::load(file)
    }

    /// A new key of that name, kept in `file`.
    pub fn make(kid: &str, file: &Path) -> Result<Self> {
        store(file, &Stored { kid: kid.to_owned(), seed: BASE64.encode(Seed::generate().as_ref()) })?;
        Self::load(file)
    }

    /// The key that `make` kept in `file`.
    pub fn load(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let Stored { kid, seed } = serde_json::from_str(&text)?;
        let seed = Seed::from_slice(&BASE64.decode(seed)?)
            .map_err(|error| anyhow!("{}: {error}", file.display()))?;
        Ok(Self { kid, pair: KeyPair::from_seed(seed) })
    }

    /// The public half, as `TOKEN_KEYS` takes it.
    pub fn jwks(&self) -> String {
        let x = BASE64.encode(self.pair.pk.as_ref());
        let key =
            json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.kid, "x": x });
        json!({ "keys": [key] }).to_string()
    }

    /// The pair itself, for tests that sign tokens of their own.
    pub fn facts(&self) -> serde_json::Value {
        json!({ "kid": self.kid, "pair": BASE64.encode(self.pair.sk.as_ref()) })
    }

    /// A token that says who its bearer is.
    pub fn sign(&self, user: &str, session: &str) -> String {
        let now = milliseconds_now() / 1000;
        let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": self.kid });
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": user, "sid": session,
            "iat": now, "nbf": now, "exp": now + LIFETIME_SECONDS,
        });
        let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signature = self.pair.sk.sign(signed.as_bytes(), None);
        format!("{signed}.{}", BASE64.encode(signature.as_ref()))
    }
}

/// Milliseconds since 1970.
pub fn milliseconds_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn store(file: &Path, key: &Stored) -> Result<()> {
    crate::checkout::make_parent(file)?;
    let mut options = OpenOptions::new();
    let mut opened = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(opened.write_all(serde_json::to_string(key)?.as_bytes())?)
}
