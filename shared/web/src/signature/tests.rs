//! Tests of signed requests: the published vectors, and what has no place in them.

use super::*;
use crate::flow::hash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

const VECTORS: &str = include_str!("../../../../tests/vectors/signed-requests.json");
const NOW: Timestamp = Timestamp::from_ms(1_795_167_000_000);
const NONCE: &str = "0123456789abcdef";

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    let mut map = HeaderMap::new();
    for (name, value) in pairs.iter().map(pair) {
        map.append(name, value);
    }
    map
}

fn headers_of(request: &Value) -> HeaderMap {
    let pairs: Vec<_> = request["headers"].as_array().unwrap().iter().collect();
    let pairs: Vec<_> =
        pairs.iter().map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())).collect();
    headers(&pairs)
}

fn body_of(request: &Value) -> Vec<u8> {
    match request["body"].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => STANDARD.decode(text(request, "body_base64")).unwrap(),
    }
}

fn verdict(vector: &Value) -> Result<SignedBy, Problem> {
    let master = MasterKey::parse(text(vector, "master")).ok().unwrap();
    let request = &vector["request"];
    let (path, query) = text(request, "target").split_once('?').unwrap_or((text(request, "target"), ""));
    let now = Timestamp::from_ms(vector["now"].as_i64().unwrap() * 1000);
    verify(&master, &headers_of(request), text(request, "method"), path, query, &hash(&body_of(request)), now)
}

/// That signing the vector's request gives its canonical text and its signature.
fn check_signing(vector: &Value, by: &SignedBy) {
    let request = &vector["request"];
    let sent = headers_of(request);
    let header = |name: &str| sent.get(name).map_or("", |value| value.to_str().unwrap());
    let (method, target) = (text(request, "method"), text(request, "target"));
    let canonical =
        canonical(method, target, header(STORE_HEADER), by.timestamp_s, &by.nonce, &body_of(request));
    assert_eq!(canonical, text(vector, "canonical"));
    assert_eq!(sign(text(vector, "secret"), &canonical), header(SIGNATURE_HEADER));
    let master = MasterKey::parse(text(vector, "master")).ok().unwrap();
    assert_eq!(master.api_secret(by.key, by.generation), text(vector, "secret"));
}

#[test]
fn signed_request_format_unchanged() {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(file["window_s"], WINDOW_S);
    let vectors = file["vectors"].as_array().unwrap();
    let (mut good, mut bad) = (0, 0);
    for vector in vectors {
        let name = text(vector, "name");
        let found = verdict(vector);
        assert_eq!(
            found.as_ref().map_or_else(|problem| problem.code.slug(), |_| "ok"),
            text(vector, "expect"),
            "{name}"
        );
        match found {
            Ok(by) => {
                check_signing(vector, &by);
                good += 1;
            }
            Err(problem) => {
                assert!(!problem.detail.contains(text(vector, "secret")), "{name}");
                bad += 1;
            }
        }
    }
    assert!(good >= 8 && bad >= 16, "{good} good, {bad} bad");
}

fn master() -> MasterKey {
    MasterKey::parse("dev-master-key-for-tests").ok().unwrap()
}

fn api_key() -> KeyId {
    KeyId::new(1, [1; 10])
}

/// What the service says to a good request whose header `name` has another value.
fn with(name: &str, value: &str) -> Result<SignedBy, Problem> {
    let canonical = canonical("GET", "/v1/products", "", NOW.ms() / 1000, NONCE, b"");
    let key = format!("{}.1", api_key());
    let (time, signature) =
        ((NOW.ms() / 1000).to_string(), sign(&master().api_secret(api_key(), 1), &canonical));
    let mut map = headers(&[
        (KEY_HEADER, &key),
        (TIMESTAMP_HEADER, &time),
        (NONCE_HEADER, NONCE),
        (SIGNATURE_HEADER, &signature),
    ]);
    map.insert(
        HeaderName::from_bytes(name.as_bytes()).unwrap(),
        HeaderValue::from_bytes(value.as_bytes()).unwrap(),
    );
    verify(&master(), &map, "GET", "/v1/products", "", &hash(b""), NOW)
}

#[test]
fn a_good_signature_says_who_and_when() {
    let by = with("Accept", "application/json").unwrap();
    let expected =
        SignedBy { key: api_key(), generation: 1, nonce: NONCE.to_owned(), timestamp_s: NOW.ms() / 1000 };
    assert_eq!(by, expected);
}

#[test]
fn malformed_headers_are_named() {
    let long = "9".repeat(MAX_HEADER + 1);
    let accented = "v1=é".to_owned() + &"a".repeat(62);
    for (name, value) in [
        (KEY_HEADER, ""),
        (KEY_HEADER, "key_"),
        (KEY_HEADER, &long),
        (KEY_HEADER, &format!("{}.01", api_key())),
        (KEY_HEADER, &format!("{}.-1", api_key())),
        (KEY_HEADER, &format!("{}.9223372036854775808", api_key())),
        (TIMESTAMP_HEADER, ""),
        (TIMESTAMP_HEADER, "+1795167000"),
        (TIMESTAMP_HEADER, "-1795167000"),
        (TIMESTAMP_HEADER, "1795167000.0"),
        (TIMESTAMP_HEADER, &long),
        (NONCE_HEADER, "0123456789abcde\""),
        (NONCE_HEADER, "0123456789 abcdef"),
        (SIGNATURE_HEADER, "v1="),
        (SIGNATURE_HEADER, &accented),
        (SIGNATURE_HEADER, &format!("v1={}", "g".repeat(64))),
        (SIGNATURE_HEADER, &format!("v1={}", "0".repeat(66))),
        (STORE_HEADER, &long),
        (STORE_HEADER, "é"),
    ] {
        let problem = with(name, value).unwrap_err();
        assert_eq!(problem.code, Code::Unauthenticated, "{name}: {value}");
        assert!(problem.detail.contains(name), "{value}: {}", problem.detail);
    }
}

#[test]
fn each_required_header_is_taken_once() {
    let good = [KEY_HEADER, TIMESTAMP_HEADER, NONCE_HEADER, SIGNATURE_HEADER];
    for name in good {
        assert!(is_signed(&headers(&[(name, "")])), "{name}");
        let problem =
            verify(&master(), &headers(&[(name, "a"), (name, "a")]), "GET", "/", "", &hash(b""), NOW)
                .unwrap_err();
        assert_eq!(problem.code, Code::Unauthenticated);
    }
    let doubled = headers(&[(KEY_HEADER, "a"), (KEY_HEADER, "a")]);
    let problem = verify(&master(), &doubled, "GET", "/", "", &hash(b""), NOW).unwrap_err();
    assert!(problem.detail.contains(KEY_HEADER) && problem.detail.contains("twice"), "{}", problem.detail);
    assert!(!is_signed(&headers(&[("Authorization", "Bearer a"), (STORE_HEADER, "str_1")])));
}

#[test]
fn an_unknown_key_and_a_wrong_secret_look_the_same() {
    let unknown = with(KEY_HEADER, &format!("{}.1", KeyId::new(2, [2; 10]))).unwrap_err();
    let wrong = with(SIGNATURE_HEADER, &format!("v1={}", "0".repeat(64))).unwrap_err();
    assert_eq!(unknown, wrong);
    assert_eq!(wrong.code, Code::SignatureInvalid);
}

#[test]
fn a_key_from_another_deployment_is_worth_nothing() {
    let canonical = canonical("GET", "/", "", NOW.ms() / 1000, NONCE, b"");
    let other = MasterKey::parse("dev-another-master-key").ok().unwrap();
    let signature = sign(&other.api_secret(api_key(), 1), &canonical);
    assert_eq!(with(SIGNATURE_HEADER, &signature).unwrap_err().code, Code::SignatureInvalid);
}
