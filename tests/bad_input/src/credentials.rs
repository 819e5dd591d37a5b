//! Credentials that are none: junk where a token or a signature belongs, headers sent twice, several credentials at once.
//!
//! Relies on: nothing of it being looked up, so that which store or key it names does not matter.

use crate::{Line, Subject};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use storeroom_operations::operation::{Access, Row};

const KEY: &str = "x-api-key";
const TIMESTAMP: &str = "x-request-timestamp";
const NONCE: &str = "x-request-nonce";
const SIGNATURE: &str = "x-request-signature";
const AUTHORIZATION: &str = "authorization";
/// What a signature is over, where the body comes later.
const DIGEST: &str = "content-digest";

/// Every line about the credential.
pub fn lines(row: &'static Row, subject: Subject<'_>) -> Vec<Line> {
    let bearers = bearers(row, subject);
    let of_a_key = signed(row, subject);
    match row.access {
        Access::Open | Access::Public | Access::Ticket => Vec::new(),
        Access::Account => {
            let junk = of_a_key.clone().header(KEY, "nonsense");
            let lines = [
                of_a_key.expecting("a signature", 403, "forbidden"),
                junk.expecting("a key", 403, "forbidden"),
            ];
            bearers.into_iter().chain(lines).collect()
        }
        Access::Member(_) => bearers.into_iter().chain(signatures(&of_a_key, subject)).collect(),
        Access::Signed(_) => {
            let good = unauthenticated(Line::fitting(row, subject), "a good token");
            bearers.into_iter().chain([good]).chain(signatures(&of_a_key, subject)).collect()
        }
    }
}

fn unauthenticated(line: Line, name: impl Into<String>) -> Line {
    line.expecting(name, 401, "unauthenticated")
}

fn bearers(row: &'static Row, subject: Subject<'_>) -> Vec<Line> {
    let fitting = || Line::fitting(row, subject);
    let with = |value: String, name: &str| unauthenticated(fitting().header(AUTHORIZATION, value), name);
    let token = subject.token;
    let (head, tail) = token.rsplit_once('.').unwrap_or((token, ""));
    vec![
        unauthenticated(fitting().without_header(AUTHORIZATION), "no credential"),
        unauthenticated(fitting().one_more(AUTHORIZATION, format!("Bearer {token}")), "a token twice"),
        unauthenticated(fitting().one_more(AUTHORIZATION, "Basic YTpi"), "two kinds of credentials"),
        with("Bearer".to_owned(), "no token"),
        with(token.to_owned(), "no scheme"),
        with(format!("Basic {}", STANDARD.encode("a:b")), "another scheme"),
        with("Bearer a.b.c".to_owned(), "no JWT"),
        with(format!("Bearer {}", STANDARD.encode([0xff; 300])), "base64 of nothing"),
        with(
            format!("Bearer {0}.{0}.{0}", URL_SAFE_NO_PAD.encode([0xff; 60])),
            "base64 of three times nothing",
        ),
        with(format!("Bearer {}", jwt(r#"{"alg":"none"}"#, "")), "a token without a signature"),
        with(format!("Bearer {head}."), "a token cut off"),
        with(format!("Bearer {head}.{}", tail.to_uppercase()), "a signature in capitals"),
        with(format!("Bearer {token} {token}"), "two tokens"),
        with(format!("Bearer {}", named("k".repeat(1_000))), "a long kid"),
        with(format!("Bearer {}", named("k".repeat(5_000))), "a huge kid"),
        with(format!("Bearer {}", named("../../etc/passwd".to_owned())), "a kid that is a path"),
        with(format!("Bearer {}", "a".repeat(7_000)), "a huge token"),
    ]
}

fn jwt(header: &str, signature: &str) -> String {
    let claims = r#"{"iss":"storeroom","aud":"storeroom-api","sub":"usr_1"}"#;
    format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

/// A token that names its key so.
fn named(kid: String) -> String {
    jwt(&format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#), &URL_SAFE_NO_PAD.encode([7; 64]))
}

/// A request with everything that a signed one has, but with a signature of nobody's.
fn signed(row: &'static Row, subject: Subject<'_>) -> Line {
    let mut line = Line::fitting(row, subject).without_header(AUTHORIZATION);
    if row.takes_flow() {
        line = line.header(DIGEST, "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
    }
    line.header(KEY, format!("{}.1", subject.key))
        .header(TIMESTAMP, subject.now_s.to_string())
        .header(NONCE, "0123456789abcdef")
        .header(SIGNATURE, format!("v1={}", "0".repeat(64)))
}

fn signatures(signed: &Line, subject: Subject<'_>) -> Vec<Line> {
    let late = |timestamp: String| {
        let line = signed.clone().header(TIMESTAMP, timestamp);
        line.expecting("a signature of another time", 401, "signature-expired")
    };
    let mut lines = vec![
        signed.clone().expecting("a signature that does not fit", 401, "signature-invalid"),
        late("0".to_owned()),
        late(i64::MAX.to_string()),
        late(subject.now_s.saturating_sub(400).to_string()),
        late(subject.now_s.saturating_add(400).to_string()),
        unauthenticated(
            signed.clone().one_more(AUTHORIZATION, format!("Bearer {}", subject.token)),
            "a signature and a token",
        ),
    ];
    for (name, _) in signed.headers.iter().filter(|(name, _)| name.starts_with("x-") && *name != "x-store-id")
    {
        lines.push(unauthenticated(signed.clone().without_header(name), format!("no {name}")));
        let value = signed.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let twice = signed.clone().one_more(name, value.unwrap_or_default());
        lines.push(unauthenticated(twice, format!("{name} twice")));
    }
    for (name, value) in junk(subject) {
        let shown: String = value.chars().take(80).collect();
        lines.push(unauthenticated(signed.clone().header(name, value), format!("{name}: {shown}")));
    }
    lines
}

/// Values that are not of the header's form.
fn junk(subject: Subject<'_>) -> Vec<(&'static str, String)> {
    let (key, now_s) = (subject.key, subject.now_s);
    let (digits, long) = ("0".repeat(64), "a".repeat(6_000));
    let keys = [
        "nonsense".to_owned(),
        key.to_owned(),
        format!("{key}."),
        format!("{key}.0x1"),
        format!("{key}.01"),
        format!("{key}.-1"),
        format!("{key}.1.1"),
        format!("{key}.99999999999999999999"),
        format!("{}.1", key.to_uppercase()),
        long.clone(),
    ];
    let timestamps = [
        "soon".to_owned(),
        format!("-{now_s}"),
        format!("+{now_s}"),
        format!("0{now_s}"),
        format!("{now_s}.5"),
        "9".repeat(20),
        "1e9".to_owned(),
        long.clone(),
    ];
    let nonces = [
        "short".to_owned(),
        "n".repeat(65),
        "with a blank in it".to_owned(),
        "0123456789abcde/".to_owned(),
        long,
    ];
    let signatures = [
        "nonsense".to_owned(),
        digits.clone(),
        format!("v2={digits}"),
        format!("V1={digits}"),
        format!("v1={}", "0".repeat(62)),
        format!("v1={}", "0".repeat(66)),
        format!("v1={}", "A".repeat(64)),
        format!("v1={}", "g".repeat(64)),
        format!("v1={}", "0".repeat(10_000)),
    ];
    let all = [
        (KEY, keys.to_vec()),
        (TIMESTAMP, timestamps.to_vec()),
        (NONCE, nonces.to_vec()),
        (SIGNATURE, signatures.to_vec()),
    ];
    all.into_iter().flat_map(|(name, values)| values.into_iter().map(move |value| (name, value))).collect()
}
