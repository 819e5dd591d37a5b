//! Access tokens: EdDSA JWTs that say who, never what they may do.
//!
//! Guarantees: the algorithm is pinned, audience and issuer are checked, an unknown `kid` is refused; a token that
//! was verified once is remembered with its expiry, because an Ed25519 check costs more than all the rest of a read.
//! Relies on: `jwt-simple` for RFC 7519 and RFC 8037. Nothing is ever signed or verified with RSA.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_simple::prelude::{
    Claims, Ed25519KeyPair, Ed25519PublicKey, EdDSAKeyPairLike, EdDSAPublicKeyLike, UnixTimeStamp,
    VerificationOptions,
};
use jwt_simple::{JWTError, prelude::Duration, token::Token};
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

/// A set of public keys, RFC 7517.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeySet {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// One public key.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
}

struct Remembered {
    identity: Identity,
    expires_at_s: i64,
}

/// Checks tokens against a set of keys.
pub struct Verifier {
    keys: BTreeMap<String, Ed25519PublicKey>,
    remembered: RefCell<BTreeMap<String, Remembered>>,
}

/// The configured key set cannot be used; a sentence for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadKeySet(pub String);

impl Verifier {
    /// A verifier over a JWKS document.
    pub fn new(jwks: &str) -> Result<Self, BadKeySet> {
        let set: KeySet =
            serde_json::from_str(jwks).map_err(|error| BadKeySet(format!("TOKEN_KEYS: {error}")))?;
        if set.keys.is_empty() {
            return Err(BadKeySet("TOKEN_KEYS holds no key".to_owned()));
        }
        let keys =
            set.keys.iter().map(|jwk| Ok((jwk.kid.clone(), public_key(jwk)?))).collect::<Result<_, _>>()?;
        Ok(Self { keys, remembered: RefCell::default() })
    }

    /// Whether one of the keys is for local development only.
    pub fn has_dev_keys(&self) -> bool {
        self.keys.keys().any(|kid| kid.starts_with(DEV_KID))
    }

    /// Who the token speaks for at `now`.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, Problem> {
        let now_s = now.ms().div_euclid(1000);
        if let Some(known) = self.remembered.borrow().get(token) {
            return if now_s < known.expires_at_s { Ok(known.identity.clone()) } else { Err(expired()) };
        }
        let found = self.check(token, now_s)?;
        // The leeway is for clocks that run behind the signer's, not for tokens that have ended.
        if now_s >= found.expires_at_s {
            return Err(expired());
        }
        let identity = found.identity.clone();
        let mut remembered = self.remembered.borrow_mut();
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(token.to_owned(), found);
        Ok(identity)
    }

    fn check(&self, token: &str, now_s: i64) -> Result<Remembered, Problem> {
        if token.len() > MAX_TOKEN {
            return Err(invalid("it is too long"));
        }
        let metadata = Token::decode_metadata(token).map_err(|_| invalid("it is not a JWT"))?;
        let kid = metadata.key_id().ok_or_else(|| invalid("it names no key"))?;
        let key = self.keys.get(kid).ok_or_else(|| invalid("its key is not known here"))?;
        let claims =
            key.verify_token::<Private>(token, Some(options(now_s))).map_err(|error| refusal(&error))?;
        let expires_at = claims.expires_at.ok_or_else(|| invalid("it never expires"))?;
        let identity = identity(&claims).ok_or_else(|| invalid("it names no user or no session"))?;
        Ok(Remembered { identity, expires_at_s: i64::try_from(expires_at.as_secs()).unwrap_or(0) })
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

fn identity(claims: &jwt_simple::claims::JWTClaims<Private>) -> Option<Identity> {
    Some(Identity {
        user: UserId::parse(claims.subject.as_deref()?)?,
        session: SessionId::parse(&claims.custom.sid)?,
    })
}

fn public_key(jwk: &Jwk) -> Result<Ed25519PublicKey, BadKeySet> {
    let bad = |why: &str| BadKeySet(format!("TOKEN_KEYS, key {}: {why}", jwk.kid));
    if jwk.kty != "OKP" || jwk.crv != "Ed25519" || jwk.alg != "EdDSA" {
        return Err(bad("it is not an Ed25519 key for EdDSA"));
    }
    let point = URL_SAFE_NO_PAD.decode(&jwk.x).map_err(|_| bad("x is not base64url"))?;
    Ed25519PublicKey::from_bytes(&point).map_err(|_| bad("x is not a point of the curve"))
}

fn invalid(why: &str) -> Problem {
    Problem::new(Code::Unauthenticated, format!("The access token was refused: {why}."))
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

    /// The public half.
    pub fn jwk(&self) -> Jwk {
        Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            alg: "EdDSA".to_owned(),
            usage: "sig".to_owned(),
            kid: self.kid.clone(),
            x: URL_SAFE_NO_PAD.encode(self.pair.public_key().to_bytes()),
        }
    }

    /// The public half as a JWKS document.
    pub fn jwks(&self) -> String {
        serde_json::to_string(&KeySet { keys: vec![self.jwk()] }).unwrap_or_default()
    }

    /// A token for that identity, from `now` for `lifetime_s` seconds.
    pub fn sign(&self, identity: &Identity, now: Timestamp, lifetime_s: u64) -> Result<String, BadKeySet> {
        let issued = UnixTimeStamp::from_millis(u64::try_from(now.ms()).unwrap_or(0));
        let private = Private { sid: identity.session.to_string() };
        let mut claims = Claims::with_custom_claims(private, Duration::from_secs(lifetime_s))
            .with_issuer(ISSUER)
            .with_audience(AUDIENCE)
            .with_subject(identity.user.to_string());
        claims.issued_at = Some(issued);
        claims.invalid_before = Some(issued);
        claims.expires_at = Some(issued + Duration::from_secs(lifetime_s));
        self.pair.sign(claims).map_err(|_| BadKeySet(format!("key {} does not sign", self.kid)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
            (with(header(), "kid", json!("other")), claims(), "key is not known"),
            (with(header(), "kid", Value::Null), claims(), "names no key"),
            (header(), with(claims(), "aud", json!("other")), "audience"),
            (header(), with(claims(), "iss", json!("other")), "issuer"),
            (header(), with(claims(), "nbf", json!(now + 600)), "not valid yet"),
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
    fn nonsense_is_refused() {
        let signer = signer();
        let verifier = Verifier::new(&signer.jwks()).unwrap();
        let good = signer.sign(&identity(), NOW, 900).unwrap();
        let other = Signer::generate("dev-1").sign(&identity(), NOW, 900).unwrap();
        for token in ["", "a", "a.b.c", "....", &other, &format!("{good}x"), &"a".repeat(3_000)] {
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
            let known = Remembered { identity: identity(), expires_at_s: 0 };
            verifier.remembered.borrow_mut().insert(n.to_string(), known);
        }
        assert!(verifier.verify(&token, NOW).is_ok());
        assert_eq!(verifier.remembered.borrow().len(), 1);
    }
}
