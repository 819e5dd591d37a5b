//! Access tokens: EdDSA JWTs that say who, never what they may do.
//!
//! Guarantees: the algorithm is pinned, audience and issuer are checked, an unknown `kid` is refused, and so is a key
//! that has ended; a token that was verified once is remembered with its expiry, because an Ed25519 check costs more
//! than all the rest of a read. Nothing is ever signed or verified with RSA.
//! Relies on: `jwt-simple` for RFC 7519 and RFC 8037; `keys` for the configured set.

mod keys;

pub use keys::{BadKeySet, Jwk, KeySet, MAX_KEYS, TokenKeys};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_simple::prelude::{
    Audiences, Duration, Ed25519KeyPair, Ed25519PublicKey, EdDSAKeyPairLike, EdDSAPublicKeyLike, JWTClaims,
    UnixTimeStamp, VerificationOptions,
};
use jwt_simple::{JWTError, token::Token};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use storeroom_domain::{SessionId, Timestamp, UserId};
use storeroom_operations::{Code, Problem};

/// `iss` of every token.
pub const ISSUER: &str = "storeroom";
/// `aud` of every access token.
pub const AUDIENCE: &str = "storeroom-api";
/// How an identifier of a key for local development begins; a deployment refuses such keys.
pub const DEV_KID: &str = "dev-";
/// How long an access token lives, in seconds; the session's refresh token gets the next one.
pub const ACCESS_TOKEN_S: u64 = 900;

/// The one algorithm. The library takes the newer name `Ed25519` (RFC 9864) for it too; nobody was given such a token.
const ALGORITHM: &str = "EdDSA";

/// The private half's length, RFC 8032.
const SEED_BYTES: usize = 32;
/// Longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 2_048;
/// Most tokens that are remembered; past that all are forgotten, and the next request of each verifies again.
const MAX_REMEMBERED: usize = 2_000;
/// A token from this many seconds in the future is still taken: clocks differ.
const LEEWAY_S: i64 = 30;

/// Who a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub user: UserId,
    /// The session that it belongs to.
    pub session: SessionId,
}

#[derive(Serialize, Deserialize)]
struct Private {
    sid: String,
}

struct Remembered {
    identity: Identity,
    expires_at_s: i64,
    /// When the key ends that signed it.
    key_ends_at_s: i64,
}

impl Remembered {
    fn at(&self, now_s: i64) -> Result<Identity, Problem> {
        if now_s >= self.key_ends_at_s {
            return Err(unknown_key());
        }
        // The leeway is for clocks that run behind the signer's, not for tokens that have ended.
        if now_s >= self.expires_at_s {
            return Err(expired());
        }
        Ok(self.identity.clone())
    }
}

struct Known {
    key: Ed25519PublicKey,
    ends_at_s: i64,
}

/// Checks tokens against a set of keys.
pub struct Verifier {
    keys: BTreeMap<String, Known>,
    remembered: RefCell<BTreeMap<String, Remembered>>,
}

impl Verifier {
    /// A verifier over a JWKS document.
    pub fn new(jwks: &str) -> Result<Self, BadKeySet> {
        Self::over(&KeySet::parse(jwks)?)
    }

    /// A verifier over a set.
    pub fn over(set: &KeySet) -> Result<Self, BadKeySet> {
        let known = |jwk: &Jwk| {
            Ok((jwk.kid.clone(), Known { key: public_key(jwk)?, ends_at_s: jwk.exp.unwrap_or(i64::MAX) }))
        };
        let keys = set.keys.iter().map(known).collect::<Result<_, _>>()?;
        Ok(Self { keys, remembered: RefCell::default() })
    }

    /// Whether one of the keys is for local development only.
    pub fn has_dev_keys(&self) -> bool {
        self.keys.keys().any(|kid| kid.starts_with(DEV_KID))
    }

    /// Who the token speaks for at `now`.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, Problem> {
        if token.len() > MAX_TOKEN {
            return Err(invalid("it is too long"));
        }
        let now_s = now.ms().div_euclid(1000);
        if let Some(known) = self.remembered.borrow().get(token) {
            return known.at(now_s);
        }
        let found = self.check(token, now_s)?;
        let identity = found.at(now_s)?;
        let mut remembered = self.remembered.borrow_mut();
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(token.to_owned(), found);
        Ok(identity)
    }

    fn check(&self, token: &str, now_s: i64) -> Result<Remembered, Problem> {
        let metadata = Token::decode_metadata(token).map_err(|_| invalid("it is not a JWT"))?;
        let kid = metadata.key_id().ok_or_else(|| invalid("it names no key"))?;
        let known = self.keys.get(kid).filter(|known| now_s < known.ends_at_s).ok_or_else(unknown_key)?;
        if metadata.algorithm() != ALGORITHM {
            return Err(invalid("its signature does not fit"));
        }
        let claims = known.key.verify_token::<Private>(token, Some(options(now_s)));
        let claims = claims.map_err(|error| refusal(&error))?;
        let expires_at = claims.expires_at.ok_or_else(|| invalid("it never expires"))?;
        let identity = identity(&claims).ok_or_else(|| invalid("it names no user or no session"))?;
        let expires_at_s = i64::try_from(expires_at.as_secs()).unwrap_or(0);
        Ok(Remembered { identity, expires_at_s, key_ends_at_s: known.ends_at_s })
    }
}

fn options(now_s: i64) -> VerificationOptions {
    VerificationOptions {
        artificial_time: Some(UnixTimeStamp::from_secs(u64::try_from(now_s).unwrap_or(0))),
        time_tolerance: Some(Duration::from_secs(u64::try_from(LEEWAY_S).unwrap_or(0))),
        allowed_issuers: Some(BTreeSet::from([ISSUER.to_owned()]).into_iter().collect()),
        allowed_audiences: Some(BTreeSet::from([AUDIENCE.to_owned()]).into_iter().collect()),
        max_token_length: Some(MAX_TOKEN),
        ..VerificationOptions::default()
    }
}

fn identity(claims: &JWTClaims<Private>) -> Option<Identity> {
    Some(Identity {
        user: UserId::parse(claims.subject.as_deref()?)?,
        session: SessionId::parse(&claims.custom.sid)?,
    })
}

fn public_key(jwk: &Jwk) -> Result<Ed25519PublicKey, BadKeySet> {
    let point = URL_SAFE_NO_PAD.decode(&jwk.x).map_err(|_| jwk.bad("x is not base64url"))?;
    Ed25519PublicKey::from_bytes(&point).map_err(|_| jwk.bad("x is not a point of the curve"))
}

fn invalid(why: &str) -> Problem {
    Problem::new(Code::Unauthenticated, format!("The access token was refused: {why}."))
}

fn unknown_key() -> Problem {
    invalid("its key is not known here")
}

fn expired() -> Problem {
    Problem::new(Code::TokenExpired, "The access token has expired. Get a new one with the refresh token.")
}

fn refusal(error: &jwt_simple::Error) -> Problem {
    match error.downcast_ref::<JWTError>() {
        Some(JWTError::TokenHasExpired) => expired(),
        Some(JWTError::TokenNotValidYet | JWTError::ClockDrift) => invalid("it is not valid yet"),
        Some(JWTError::RequiredAudienceMissing | JWTError::RequiredAudienceMismatch) => {
            invalid("it is meant for another audience")
        }
        Some(JWTError::RequiredIssuerMissing | JWTError::RequiredIssuerMismatch) => {
            invalid("it comes from another issuer")
        }
        _ => invalid("its signature does not fit"),
    }
}

/// Makes tokens: for the service's own sign-in, for tests and for local development.
pub struct Signer {
    pair: Ed25519KeyPair,
    kid: String,
}

impl Signer {
    /// A signer over a key with its private half.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, BadKeySet> {
        let seed = jwk.d.as_deref().ok_or_else(|| jwk.bad("it has no private half"))?;
        let half = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| jwk.bad("a half is not base64url"));
        let bytes = [half(seed)?, half(&jwk.x)?].concat();
        Self::from_bytes(&jwk.kid, &bytes).map_err(|_| jwk.bad("its halves d and x are no pair"))
    }

    /// A signer over the first key of a JWKS document that has a private half; `None` when none has.
    pub fn from_key_set(jwks: &str) -> Result<Option<Self>, BadKeySet> {
        TokenKeys::parse(jwks).map(|keys| keys.signer)
    }

    /// A signer over a key pair's 64 bytes (seed and public key), as `to_bytes` gives them.
    pub fn from_bytes(kid: &str, bytes: &[u8]) -> Result<Self, BadKeySet> {
        let pair = Ed25519KeyPair::from_bytes(bytes)
            .map_err(|_| BadKeySet(format!("key {kid} is not a key pair")))?;
        Ok(Self { pair: pair.with_key_id(kid), kid: kid.to_owned() })
    }

    /// A signer over a new key pair.
    pub fn generate(kid: &str) -> Self {
        Self { pair: Ed25519KeyPair::generate().with_key_id(kid), kid: kid.to_owned() }
    }

    /// The key pair's bytes: a secret.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.pair.to_bytes()
    }

    /// The key's name.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half.
    pub fn jwk(&self) -> Jwk {
        Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            alg: "EdDSA".to_owned(),
            usage: "sig".to_owned(),
            kid: self.kid.clone(),
            x: URL_SAFE_NO_PAD.encode(self.pair.public_key().to_bytes()),
            d: None,
            exp: None,
        }
    }

    /// The key with its private half: a secret.
    pub fn secret_jwk(&self) -> Jwk {
        let seed = self.to_bytes().get(..SEED_BYTES).map(|seed| URL_SAFE_NO_PAD.encode(seed));
        Jwk { d: seed, ..self.jwk() }
    }

    /// The public half as a JWKS document.
    pub fn jwks(&self) -> String {
        KeySet { keys: vec![self.jwk()] }.to_json()
    }

    /// The key with its private half as a JWKS document, as `TOKEN_KEYS` takes it: a secret.
    pub fn secret_jwks(&self) -> String {
        KeySet { keys: vec![self.secret_jwk()] }.to_json()
    }

    /// A token for that identity, from `now` for `lifetime_s` seconds.
    pub fn sign(&self, identity: &Identity, now: Timestamp, lifetime_s: u64) -> Result<String, BadKeySet> {
        let signed = self.pair.sign(claims(identity, now, lifetime_s));
        signed.map_err(|_| BadKeySet(format!("key {} does not sign", self.kid)))
    }
}

/// Written out, because the library's own constructor asks the system's clock.
fn claims(identity: &Identity, now: Timestamp, lifetime_s: u64) -> JWTClaims<Private> {
    let issued = UnixTimeStamp::from_millis(u64::try_from(now.ms()).unwrap_or(0));
    JWTClaims {
        issued_at: Some(issued),
        expires_at: Some(issued + Duration::from_secs(lifetime_s)),
        invalid_before: Some(issued),
        issuer: Some(ISSUER.to_owned()),
        subject: Some(identity.user.to_string()),
        audiences: Some(Audiences::AsString(AUDIENCE.to_owned())),
        jwt_id: None,
        nonce: None,
        custom: Private { sid: identity.session.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jwt_simple::prelude::{HS256Key, MACLike};
    use serde_json::{Value, json};

    const NOW: Timestamp = Timestamp::from_ms(1_795_167_000_000);

    fn identity() -> Identity {
        Identity { user: UserId::new(1, [1; 10]), session: SessionId::new(2, [2; 10]) }
    }

    fn signer() -> Signer {
        Signer::generate("dev-1")
    }

    fn refused(verifier: &Verifier, token: &str) -> (Code, String) {
        let problem = verifier.verify(token, NOW).unwrap_err();
        (problem.code, problem.detail)
    }

    /// A token with these parts, signed by the pair whatever they say.
    fn forged(signer: &Signer, header: Value, claims: Value) -> String {
        use ed25519_compact::{KeyPair, Noise};
        let encode = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let text = format!("{}.{}", encode(header), encode(claims));
        let pair = KeyPair::from_slice(&signer.to_bytes()).unwrap();
        let signature = pair.sk.sign(&text, Some(Noise::default()));
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    fn claims() -> Value {
        let now = NOW.ms() / 1000;
        json!({"iss": ISSUER, "aud": AUDIENCE, "sub": identity().user.to_string(),
            "sid": identity().session.to_string(), "iat": now, "nbf": now, "exp": now + 900})
    }

    fn header() -> Value {
        json!({"alg": "EdDSA", "typ": "JWT", "kid": "dev-1"})
    }

    fn with(mut value: Value, name: &str, changed: Value) -> Value {
        value[name] = changed;
        value
    }

    #[test]
    fn a_token_says_who_until_it_expires() {
        let signer = signer();
        let verifier = Verifier::new(&signer.jwks()).unwrap();
        let token = signer.sign(&identity(), NOW, 900).unwrap();
        assert_eq!(verifier.verify(&token, NOW), Ok(identity()));
        assert_eq!(verifier.verify(&token, NOW.plus_ms(1_000)), Ok(identity()), "from memory");
        assert_eq!(verifier.verify(&token, NOW.plus_ms(900_000)).unwrap_err().code, Code::TokenExpired);
        let fresh = Verifier::new(&signer.jwks()).unwrap();
        assert_eq!(fresh.verify(&token, NOW.plus_ms(900_000)).unwrap_err().code, Code::TokenExpired);
        assert!(verifier.has_dev_keys());
    }

    #[test]
    fn token_format_unchanged() {
        let signer = signer();
        let verifier = Verifier::new(&signer.jwks()).unwrap();
        assert_eq!(verifier.verify(&forged(&signer, header(), claims()), NOW), Ok(identity()));
    }

    #[test]
    fn forgeries_are_refused() {
        let signer = signer();
        let verifier = Verifier::new(&signer.jwks()).unwrap();
        let now = NOW.ms() / 1000;
        for (header, claims, why) in [
            (with(header(), "alg", json!("none")), claims(), "signature"),
            (with(header(), "alg", json!("HS256")), claims(), "signature"),
            (with(header(), "alg", json!("Ed25519")), claims(), "signature"),
            (with(header(), "kid", json!("other")), claims(), "key is not known"),
            (with(header(), "kid", Value::Null), claims(), "names no key"),
            (header(), with(claims(), "aud", json!("other")), "audience"),
            (header(), with(claims(), "iss", json!("other")), "issuer"),
            (header(), with(claims(), "nbf", json!(now + 600)), "not valid yet"),
            (with(header(), "crit", json!(["b64"])), claims(), "signature"),
            (header(), with(claims(), "iat", json!(now + 600)), "not valid yet"),
            (header(), with(claims(), "exp", Value::Null), "refused"),
            (header(), with(claims(), "sub", json!("usr_1")), "no user"),
            (header(), with(claims(), "sid", json!("x")), "no session"),
        ] {
            let (code, detail) = refused(&verifier, &forged(&signer, header.clone(), claims.clone()));
            assert_eq!(code, Code::Unauthenticated, "{header} {claims}");
            assert!(detail.contains(why), "{detail} should say {why}");
        }
    }

    #[test]
    fn other_kinds_of_signature_are_refused() {
        let signer = signer();
        let verifier = Verifier::new(&signer.jwks()).unwrap();
        let good = signer.sign(&identity(), NOW, ACCESS_TOKEN_S).unwrap();
        let payload = good.split('.').nth(1).unwrap();
        let none = URL_SAFE_NO_PAD.encode(with(header(), "alg", json!("none")).to_string());
        for unsigned in [format!("{none}.{payload}."), format!("{none}.{payload}")] {
            assert_eq!(refused(&verifier, &unsigned).0, Code::Unauthenticated, "{unsigned}");
        }
        let jwk = signer.jwk();
        let point = URL_SAFE_NO_PAD.decode(&jwk.x).unwrap();
        for secret in [&point[..], jwk.x.as_bytes(), signer.jwks().as_bytes()] {
            let mac = HS256Key::from_bytes(secret).with_key_id("dev-1");
            let token = mac.authenticate(super::claims(&identity(), NOW, ACCESS_TOKEN_S)).unwrap();
            assert_eq!(refused(&verifier, &token).0, Code::Unauthenticated, "{token}");
        }
    }

    #[test]
    fn a_huge_key_name_is_refused_unread() {
        let signer = signer();
        let verifier = Verifier::new(&signer.jwks()).unwrap();
        let huge = forged(&signer, with(header(), "kid", json!("k".repeat(3_000))), claims());
        assert!(refused(&verifier, &huge).1.contains("too long"));
        let long = forged(&signer, with(header(), "kid", json!("k".repeat(1_000))), claims());
        assert_eq!(refused(&verifier, &long).0, Code::Unauthenticated);
    }

    #[test]
    fn nonsense_is_refused() {
        let signer = signer();
        let verifier = Verifier::new(&signer.jwks()).unwrap();
        let good = signer.sign(&identity(), NOW, 900).unwrap();
        let other = Signer::generate("dev-1").sign(&identity(), NOW, 900).unwrap();
        let odd = good.replacen('.', "=.", 1);
        for token in [
            "",
            "a",
            "a.b.c",
            "....",
            "é.é.é",
            "!!!!.e30.e30",
            &odd,
            &other,
            &format!("{good}x"),
            &"a".repeat(3_000),
        ] {
            assert_eq!(refused(&verifier, token).0, Code::Unauthenticated, "{token}");
        }
    }

    #[test]
    fn bad_key_sets_are_named() {
        let rsa = r#"{"keys":[{"kty":"RSA","crv":"","alg":"RS256","use":"sig","kid":"k","x":""}]}"#;
        let short =
            r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"k","x":"AAAA"}]}"#;
        let junk = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"k","x":"!"}]}"#;
        for set in ["", "{}", r#"{"keys":[]}"#, rsa, short, junk] {
            assert!(Verifier::new(set).is_err_and(|bad| bad.0.contains("TOKEN_KEYS")), "{set}");
        }
        assert!(Signer::from_bytes("k", &[0; 5]).is_err());
        let signer = signer();
        let again = Signer::from_bytes("dev-1", &signer.to_bytes()).unwrap();
        assert_eq!(again.jwks(), signer.jwks());
    }

    #[test]
    fn memory_is_bounded() {
        let signer = signer();
        let verifier = Verifier::new(&signer.jwks()).unwrap();
        let token = signer.sign(&identity(), NOW, 900).unwrap();
        for n in 0..MAX_REMEMBERED {
            let known = Remembered { identity: identity(), expires_at_s: 0, key_ends_at_s: i64::MAX };
            verifier.remembered.borrow_mut().insert(n.to_string(), known);
        }
        assert!(verifier.verify(&token, NOW).is_ok());
        assert_eq!(verifier.remembered.borrow().len(), 1);
    }
}
