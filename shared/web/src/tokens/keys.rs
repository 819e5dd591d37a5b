//! The keys of the access tokens, as a deployment is told them: a JWKS (RFC 7517, RFC 8037).
//!
//! Guarantees: at most eight keys with distinct names; what is published has no private half; no sentence repeats what
//! stands in the set but a key's name, so that no private half gets into a log. The first key with a private half
//! (`d`) signs, all of them verify. A retired key stands in the set without `d` and with a private member `exp`, Unix
//! seconds: from then on it is neither taken nor published.
//! Relies on: nothing but the text; `tokens` makes keys of it.

use super::{Signer, Verifier};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use storeroom_domain::Timestamp;

/// Most keys of a set: the one that signs, the next one, and those that were rotated within a few hours.
pub const MAX_KEYS: usize = 8;

/// Longest name of a key, in visible ASCII characters.
const MAX_KID: usize = 64;

/// The configured key set cannot be used; a sentence for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadKeySet(pub String);

/// A set of keys, RFC 7517.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeySet {
    /// The keys; the first with a private half signs.
    pub keys: Vec<Jwk>,
}

/// One key, RFC 8037.
#[derive(Clone, Serialize, Deserialize)]
pub struct Jwk {
    /// Always `OKP`.
    pub kty: String,
    /// Always `Ed25519`.
    pub crv: String,
    /// Always `EdDSA`.
    pub alg: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// The key's name.
    pub kid: String,
    /// The point, base64url.
    pub x: String,
    /// The private half, base64url: a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub d: Option<String>,
    /// When a retired key ends, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
}

impl fmt::Debug for Jwk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Jwk").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Jwk {
    /// The key without its private half and its end, as others may see it.
    #[must_use]
    pub fn public_half(&self) -> Self {
        Self { d: None, exp: None, ..self.clone() }
    }

    /// Whether the key has ended at `now_s`, Unix seconds.
    pub fn has_ended(&self, now_s: i64) -> bool {
        self.exp.is_some_and(|end_s| now_s >= end_s)
    }

    /// A sentence about this key.
    pub(super) fn bad(&self, why: &str) -> BadKeySet {
        BadKeySet(format!("TOKEN_KEYS, key {}: {why}", self.kid))
    }

    fn check(&self) -> Result<(), BadKeySet> {
        let is_visible = self.kid.bytes().all(|byte| byte.is_ascii_graphic());
        if self.kid.is_empty() || self.kid.len() > MAX_KID || !is_visible {
            let sentence = format!("TOKEN_KEYS: a kid has 1 to {MAX_KID} visible characters");
            return Err(BadKeySet(sentence));
        }
        if self.kty != "OKP" || self.crv != "Ed25519" || self.alg != "EdDSA" || self.usage != "sig" {
            return Err(self.bad("it is not an Ed25519 key for EdDSA signatures"));
        }
        if self.d.is_some() && self.exp.is_some() {
            return Err(self.bad("a key with `exp` is retired and must not have its private half `d`"));
        }
        Ok(())
    }
}

impl KeySet {
    /// The set of a JWKS document whose members are what they must be; the keys themselves are not looked at.
    pub fn parse(jwks: &str) -> Result<Self, BadKeySet> {
        let set: Self = serde_json::from_str(jwks).map_err(|error| not_a_set(&error))?;
        if set.keys.is_empty() {
            return Err(BadKeySet("TOKEN_KEYS holds no key".to_owned()));
        }
        if set.keys.len() > MAX_KEYS {
            return Err(BadKeySet(format!("TOKEN_KEYS holds more than {MAX_KEYS} keys")));
        }
        let mut names = BTreeSet::new();
        for key in &set.keys {
            key.check()?;
            if !names.insert(key.kid.as_str()) {
                return Err(key.bad("another key has this kid too"));
            }
        }
        Ok(set)
    }

    /// The set as a JWKS document, private halves included: a secret.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Says where, not what stands there: the parser's own sentence would repeat it.
fn not_a_set(error: &serde_json::Error) -> BadKeySet {
    let (line, column) = (error.line(), error.column());
    BadKeySet(format!(
        "TOKEN_KEYS is not a JWKS whose keys have kty, crv, alg, use, kid and x (line {line}, column {column})"
    ))
}

/// What a deployment does with its keys: verify, sign when it has a private half, publish.
pub struct TokenKeys {
    /// Checks access tokens.
    pub verifier: Verifier,
    /// Signs them with the first key that has a private half; `None` when none has.
    pub signer: Option<Signer>,
    public: KeySet,
}

impl TokenKeys {
    /// The keys of a JWKS document. Every private half must fit its public one.
    pub fn parse(jwks: &str) -> Result<Self, BadKeySet> {
        let set = KeySet::parse(jwks)?;
        let verifier = Verifier::over(&set)?;
        let private = set.keys.iter().filter(|key| key.d.is_some());
        let signers = private.map(Signer::from_jwk).collect::<Result<Vec<_>, _>>()?;
        let public = set.keys.iter().map(|key| Jwk { d: None, ..key.clone() }).collect();
        Ok(Self { verifier, signer: signers.into_iter().next(), public: KeySet { keys: public } })
    }

    /// The JWKS document for others: the public halves of the keys that have not ended at `now`.
    pub fn published(&self, now: Timestamp) -> String {
        let now_s = now.ms().div_euclid(1000);
        let keys = self.public.keys.iter().filter(|key| !key.has_ended(now_s));
        KeySet { keys: keys.map(Jwk::public_half).collect() }.to_json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::{ACCESS_TOKEN_S, Identity};
    use serde_json::{Value, json};
    use storeroom_domain::{SessionId, UserId};
    use storeroom_operations::Code;

    const NOW: Timestamp = Timestamp::from_ms(1_795_167_000_000);
    /// Of RFC 8037, appendix A.1 and A.2.
    const RFC_D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    const RFC_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn identity() -> Identity {
        Identity { user: UserId::new(1, [1; 10]), session: SessionId::new(2, [2; 10]) }
    }

    fn jwk(kid: &str, x: &str, more: Value) -> Value {
        let mut key =
            json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x});
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key
    }

    fn refusal(keys: &[Value]) -> String {
        let Err(bad) = TokenKeys::parse(&json!({ "keys": keys }).to_string()) else { return String::new() };
        assert!(bad.0.contains("TOKEN_KEYS"), "{}", bad.0);
        assert!(!bad.0.contains(RFC_D), "{}", bad.0);
        bad.0
    }

    #[test]
    fn key_set_format_unchanged() {
        let set = json!({"keys": [
            jwk("2026-12", RFC_X, json!({"d": RFC_D, "key_ops": ["sign"]})),
            jwk("2026-11", RFC_X, json!({"exp": NOW.ms() / 1000 + 60})),
        ]});
        let keys = TokenKeys::parse(&set.to_string()).unwrap();
        let signer = keys.signer.as_ref().unwrap();
        assert_eq!(signer.kid(), "2026-12");
        let own: Value = serde_json::from_str(&signer.secret_jwks()).unwrap();
        assert_eq!(own, json!({"keys": [jwk("2026-12", RFC_X, json!({"d": RFC_D}))]}));
        let published: Value = serde_json::from_str(&keys.published(NOW)).unwrap();
        let plain = |kid| jwk(kid, RFC_X, json!({}));
        assert_eq!(published, json!({"keys": [plain("2026-12"), plain("2026-11")]}));
        let later: Value = serde_json::from_str(&keys.published(NOW.plus_ms(60_000))).unwrap();
        assert_eq!(later, json!({"keys": [plain("2026-12")]}));
    }

    #[test]
    fn a_rotation_keeps_old_tokens_until_the_old_key_ends() {
        let (old, new) = (Signer::generate("2026-11"), Signer::generate("2026-12"));
        let token = old.sign(&identity(), NOW, ACCESS_TOKEN_S).unwrap();
        let end_s = NOW.ms() / 1000 + 600;
        let retired = Jwk { exp: Some(end_s), ..old.jwk() };
        let set = KeySet { keys: vec![new.secret_jwk(), retired] };
        let after = TokenKeys::parse(&set.to_json()).unwrap();
        let last = NOW.plus_ms(599_999);
        assert_eq!(after.verifier.verify(&token, NOW), Ok(identity()));
        assert_eq!(after.verifier.verify(&token, last), Ok(identity()), "from memory");
        for verifier in [&after.verifier, &Verifier::new(&set.to_json()).unwrap()] {
            let problem = verifier.verify(&token, NOW.plus_ms(600_000)).unwrap_err();
            assert_eq!(problem.code, Code::Unauthenticated);
            assert!(problem.detail.contains("key is not known"), "{}", problem.detail);
        }
        let fresh = after.signer.as_ref().unwrap().sign(&identity(), NOW, ACCESS_TOKEN_S).unwrap();
        assert_eq!(Verifier::new(&new.jwks()).unwrap().verify(&fresh, NOW), Ok(identity()));
        assert!(Verifier::new(&old.jwks()).unwrap().verify(&fresh, NOW).is_err());
        assert!(!after.published(NOW).contains("\"d\""));
    }

    #[test]
    fn the_first_private_half_signs() {
        let (one, two) = (Signer::generate("one"), Signer::generate("two"));
        let set = KeySet { keys: vec![two.jwk(), one.secret_jwk()] };
        assert_eq!(Signer::from_key_set(&set.to_json()).unwrap().unwrap().kid(), "one");
        let set = KeySet { keys: vec![two.secret_jwk(), one.secret_jwk()] };
        assert_eq!(Signer::from_key_set(&set.to_json()).unwrap().unwrap().kid(), "two");
        assert!(Signer::from_key_set(&two.jwks()).unwrap().is_none());
    }

    #[test]
    fn halves_that_do_not_fit_are_refused() {
        let other = Signer::generate("other").jwk().x;
        let mismatch =
            refusal(&[jwk("good", RFC_X, json!({"d": RFC_D})), jwk("mixed", &other, json!({"d": RFC_D}))]);
        assert!(mismatch.contains("mixed") && mismatch.contains("no pair"), "{mismatch}");
        assert!(refusal(&[jwk("k", RFC_X, json!({"d": "AAAA"}))]).contains("key k"));
        assert!(refusal(&[jwk("k", RFC_X, json!({"d": "?"}))]).contains("key k"));
        assert!(refusal(&[jwk("k", RFC_X, json!({"d": RFC_D, "exp": 1}))]).contains("retired"));
        assert!(refusal(&[jwk("k", RFC_X, json!({"exp": RFC_D}))]).contains("not a JWKS"));
        assert_eq!(refusal(&[jwk("k", RFC_X, json!({"d": RFC_D}))]), "");
    }

    #[test]
    fn names_and_numbers_have_limits() {
        let named = |kid: &str| refusal(&[jwk(kid, RFC_X, json!({}))]);
        assert!(["", "a b", "ü", "a\n", &"k".repeat(65)].iter().all(|kid| named(kid).contains("kid")));
        assert_eq!(named(&"k".repeat(64)), "");
        let many = |count: usize| {
            refusal(&(0..count).map(|n| jwk(&n.to_string(), RFC_X, json!({}))).collect::<Vec<_>>())
        };
        assert_eq!(many(8), "");
        assert!(many(9).contains("more than 8"));
        let twice = jwk("k", RFC_X, json!({}));
        assert!(refusal(&[twice.clone(), twice]).contains("this kid too"));
    }

    #[test]
    fn no_sentence_holds_what_the_set_holds() {
        let whole = json!({"keys": [jwk("k", RFC_X, json!({"d": RFC_D}))]});
        let quoted = Value::from(whole.to_string()).to_string();
        let bad = TokenKeys::parse(&quoted).err().unwrap();
        assert!(bad.0.contains("TOKEN_KEYS") && !bad.0.contains(RFC_D), "{}", bad.0);
        let set = KeySet::parse(&whole.to_string()).unwrap();
        assert!(!format!("{set:?}").contains(RFC_D));
    }
}
