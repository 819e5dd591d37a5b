//! Signed requests: a server proves with an API key's secret that it sent exactly this request just now.
//!
//! Guarantees: method, path, query, store, time, nonce and body are all signed; every header is bounded and has one
//! spelling before anything is computed; signatures are compared in constant time; a refusal never tells whether the
//! key or the secret was wrong.
//! Relies on: the caller for refusing nonces that were used before, for keys that were revoked and for what a key may
//! do; hosts for handing over path and query as they were sent. `tests/vectors` pins the format.

use crate::answer::hex;
use crate::flow::BodyHash;
use crate::master::MasterKey;
use hmac_sha256::HMAC;
use http::HeaderMap;
use sha2::{Digest, Sha256};
use storeroom_domain::{KeyId, Timestamp};
use storeroom_operations::{Code, Problem};

/// How far a request's time may be from now, either way, in seconds. A nonce has to be remembered for twice as long
/// and a second more: a time in the future stays good until it is as far in the past.
pub const WINDOW_S: i64 = 300;
/// Names the key and its generation.
pub const KEY_HEADER: &str = "X-Api-Key";
/// Says when the request was signed, in Unix seconds.
pub const TIMESTAMP_HEADER: &str = "X-Request-Timestamp";
/// A text that no other request has.
pub const NONCE_HEADER: &str = "X-Request-Nonce";
/// The signature.
pub const SIGNATURE_HEADER: &str = "X-Request-Signature";

/// The four headers of a signed request.
const HEADERS: [&str; 4] = [KEY_HEADER, TIMESTAMP_HEADER, NONCE_HEADER, SIGNATURE_HEADER];
/// The store's header, which is signed too when it is sent.
const STORE_HEADER: &str = "X-Store-Id";
/// How a signature begins: the version of this scheme.
const VERSION: &str = "v1=";
/// Longest header of these in bytes: the signature's 67 is the longest that can be right.
const MAX_HEADER: usize = 80;
/// What a nonce may hold besides ASCII letters and digits: the unreserved characters of RFC 3986.
const NONCE_MARKS: &str = "-._~";

/// What a good signature proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBy {
    /// The key. Whether it exists and was not revoked is still to be looked up.
    pub key: KeyId,
    /// The generation of its secret.
    pub generation: i64,
    /// The nonce, which must not have been used before.
    pub nonce: String,
    /// When the client signed, in Unix seconds.
    pub timestamp_s: i64,
}

/// Whether the request claims to be signed: one of the four headers is there.
pub fn is_signed(headers: &HeaderMap) -> bool {
    HEADERS.iter().any(|name| headers.contains_key(*name))
}

/// Who signed the request. `path` and `query` are as they were sent; `body` is the hash of the body.
///
/// Refuses with `unauthenticated` what is not of the form, with `signature-expired` a time that is more than
/// `WINDOW_S` from `now`, and with `signature-invalid` a signature that does not fit.
pub fn verify(
    master: &MasterKey,
    headers: &HeaderMap,
    method: &str,
    path: &str,
    query: &str,
    body: &BodyHash,
    now: Timestamp,
) -> Result<SignedBy, Problem> {
    let (key, generation) = key(required(headers, KEY_HEADER)?)?;
    let timestamp_s = timestamp_s(required(headers, TIMESTAMP_HEADER)?)?;
    let nonce = nonce(required(headers, NONCE_HEADER)?)?;
    let signature = signature(required(headers, SIGNATURE_HEADER)?)?;
    let store = single(headers, STORE_HEADER)?.unwrap_or_default();
    if now.ms().div_euclid(1000).abs_diff(timestamp_s) > WINDOW_S.unsigned_abs() {
        return Err(expired());
    }
    let secret = master.api_secret(key, generation);
    let body_hash = hex(body);
    let fits = targets(path, query).iter().any(|target| {
        let text = signed_text(method, target, store, timestamp_s, nonce, &body_hash);
        HMAC::verify(text, &secret, &signature)
    });
    if !fits {
        return Err(mismatch());
    }
    Ok(SignedBy { key, generation, nonce: nonce.to_owned(), timestamp_s })
}

/// The text that is signed: six lines without an end of line after the last. `target` is path and query as sent,
/// `store` is the header `X-Store-Id` or empty.
pub fn canonical(
    method: &str,
    target: &str,
    store: &str,
    timestamp_s: i64,
    nonce: &str,
    body: &[u8],
) -> String {
    signed_text(method, target, store, timestamp_s, nonce, &hex(&Sha256::digest(body)))
}

/// The header `X-Request-Signature` for the canonical text, by the secret as it was given out.
pub fn sign(secret: &str, canonical: &str) -> String {
    format!("{VERSION}{}", hex(&HMAC::mac(canonical, secret)))
}

fn signed_text(
    method: &str,
    target: &str,
    store: &str,
    timestamp_s: i64,
    nonce: &str,
    body_hash: &str,
) -> String {
    format!("{method}\n{target}\n{store}\n{timestamp_s}\n{nonce}\n{body_hash}")
}

/// Path and query as the client may have sent them: hosts don't tell an empty query from none.
fn targets(path: &str, query: &str) -> Vec<String> {
    if query.is_empty() { vec![path.to_owned(), format!("{path}?")] } else { vec![format!("{path}?{query}")] }
}

fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, Problem> {
    let mut sent = headers.get_all(name).iter();
    let Some(value) = sent.next() else { return Ok(None) };
    if sent.next().is_some() {
        return Err(malformed(name, "is there twice; send it once"));
    }
    if value.len() > MAX_HEADER {
        return Err(malformed(name, "is too long"));
    }
    value.to_str().map(Some).map_err(|_| malformed(name, "is not ASCII"))
}

fn required<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Problem> {
    single(headers, name)?.ok_or_else(|| malformed(name, "is missing; a signed request has all four headers"))
}

fn key(text: &str) -> Result<(KeyId, i64), Problem> {
    let parts = text.split_once('.');
    parts.and_then(|(id, generation)| Some((KeyId::parse(id)?, plain_number(generation)?))).ok_or_else(|| {
        malformed(KEY_HEADER, "is not of the form `<key id>.<generation>`, as it was given out")
    })
}

fn timestamp_s(text: &str) -> Result<i64, Problem> {
    plain_number(text).ok_or_else(|| malformed(TIMESTAMP_HEADER, "is not a number of Unix seconds"))
}

/// A number from 0 in its only spelling: no sign, no leading zero.
fn plain_number(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|number| *number >= 0 && number.to_string() == text)
}

fn nonce(text: &str) -> Result<&str, Problem> {
    let spelt = text.chars().all(|letter| letter.is_ascii_alphanumeric() || NONCE_MARKS.contains(letter));
    if spelt && (16..=64).contains(&text.len()) {
        return Ok(text);
    }
    Err(malformed(NONCE_HEADER, "must be 16 to 64 characters of A-Z, a-z, 0-9, `-`, `.`, `_` and `~`"))
}

fn signature(text: &str) -> Result<[u8; 32], Problem> {
    text.strip_prefix(VERSION)
        .and_then(unhex)
        .ok_or_else(|| malformed(SIGNATURE_HEADER, "is not `v1=` and 64 digits of lower-case hex"))
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.bytes().map(nibble).collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit)).collect();
    bytes.try_into().ok().filter(|_| text.len() == 64)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn malformed(name: &'static str, why: &str) -> Problem {
    Problem::new(Code::Unauthenticated, format!("The header `{name}` {why}."))
}

fn expired() -> Problem {
    let detail =
        "`X-Request-Timestamp` is more than 300 seconds from the time here. Check the clock and sign anew.";
    Problem::new(Code::SignatureExpired, detail)
}

fn mismatch() -> Problem {
    let detail = "The signature does not fit the key and the request as it arrived here.";
    Problem::new(Code::SignatureInvalid, detail)
}

#[cfg(test)]
mod tests;
