//! `Idempotency-Key`: reading it, what makes two requests the same, and the answer of one that was done before.
//!
//! Guarantees: a key counts for the caller that sent it; a request is the same when method, path, query and body are,
//! byte for byte as they were sent.

use crate::answer::{Answer, hex};
use crate::flow::BodyHash;
use http::HeaderMap;
use sha2::{Digest, Sha256};
use storeroom_operations::operation::{Idempotency, Row};
use storeroom_operations::{Code, Fault, Problem};
use storeroom_sql::idempotency::Kept;

/// Longest key in bytes.
pub const MAX_KEY: usize = 255;

/// What makes two requests the same, besides who sends them: SHA-256 over method, path, query and body, in hex. Neither
/// of the first three can hold a line break. Kept for 72 h, across deployments.
pub fn fingerprint(method: &str, path: &str, query: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{method}\n{path}\n{query}\n"));
    hash.update(body);
    hex(&hash.finalize())
}

/// The same for a body that came while the function ran: `fingerprint` without it, and its hash.
pub fn fingerprint_of_flow(fingerprint: &str, body: &BodyHash) -> String {
    hex(&Sha256::digest(format!("{fingerprint}\n{}", hex(body))))
}

/// Reads the key as the operation's row wants it; `None` when there is none or it does not count.
pub fn key(row: &Row, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let rule = row.idempotency();
    let mut sent = headers.get_all("idempotency-key").iter();
    match (rule, sent.next(), sent.next()) {
        (Idempotency::None, ..) | (Idempotency::Taken, None, _) => Ok(None),
        (Idempotency::Required, None, _) => Err(Problem::new(
            Code::IdempotencyKeyRequired,
            "Send `Idempotency-Key` with a text of your own, and the same one when you try again.",
        )),
        (_, Some(_), Some(_)) => Err(malformed("is sent twice.".to_owned())),
        (_, Some(only), None) => match only.to_str().map(str::trim) {
            Ok(key) if is_printable(key) => Ok(Some(key.to_owned())),
            _ => Err(malformed(format!("must be 1 to {MAX_KEY} printable ASCII characters."))),
        },
    }
}

fn is_printable(key: &str) -> bool {
    (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn malformed(detail: String) -> Problem {
    let fault = Fault { pointer: "Idempotency-Key".to_owned(), code: "wrong_format", detail };
    Problem::with_faults(Code::MalformedRequest, vec![fault])
}

/// The answer that was kept, if it was given to the same request; else the refusal of a key that was used before.
pub fn replay(kept: Kept, fingerprint: &str) -> Result<Answer, Problem> {
    if kept.fingerprint != fingerprint {
        let detail = "This key was used for another request. Repeat that one as it was, or send another key.";
        return Err(Problem::new(Code::IdempotencyKeyReused, detail));
    }
    let answer = match kept.body {
        Some(body) => Answer::json(kept.status, body),
        None => Answer::empty(kept.status),
    };
    Ok(Answer { etag: kept.etag, location: kept.location, is_replayed: true, ..answer })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use storeroom_operations::{Operation, Products, Rooms};

    #[test]
    fn fingerprint_format_unchanged() {
        assert_eq!(
            fingerprint("POST", "/api/pms/products", "store=str_1", b"{}"),
            "4b25f1c65659b6df85dcd7a329508e645ecca10783dfca7a04c459759152acf3"
        );
    }

    #[test]
    fn every_part_of_a_request_counts() {
        let requests = [
            ("POST", "/a", "b", "c"),
            ("PUT", "/a", "b", "c"),
            ("POST", "/b", "b", "c"),
            ("POST", "/a", "", "c"),
            ("POST", "/a", "b", ""),
            ("POST", "/a", "", "b\nc"),
        ];
        let prints =
            requests.map(|(method, path, query, body)| fingerprint(method, path, query, body.as_bytes()));
        assert_eq!(std::collections::BTreeSet::from(prints).len(), requests.len());
    }

    fn read(values: &[&[u8]]) -> Result<Option<String>, Code> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("idempotency-key", HeaderValue::from_bytes(value).unwrap());
        }
        let row = Operation::Products(Products::Create).row();
        key(row, &headers).map_err(|problem| problem.code)
    }

    #[test]
    fn a_key_is_printable_and_one() {
        let (longest, longer) = ("k".repeat(255), "k".repeat(256));
        for good in ["1", "a key, with: \"odd\" ~ characters", longest.as_str()] {
            assert_eq!(read(&[good.as_bytes()]), Ok(Some(good.to_owned())));
        }
        assert_eq!(read(&[b" k "]), Ok(Some("k".to_owned())), "blanks around a value are not part of it");
        for bad in [b"".as_slice(), b" ", b"a\tb", "schl\u{fc}ssel".as_bytes(), b"\xff", longer.as_bytes()] {
            assert_eq!(read(&[bad]), Err(Code::MalformedRequest), "{bad:?}");
        }
        assert_eq!(read(&[b"k", b"k"]), Err(Code::MalformedRequest));
        assert_eq!(read(&[]), Ok(None));
    }

    #[test]
    fn a_key_counts_where_the_row_says_so() {
        let row = Operation::Products(Products::Create).row();
        let orders =
            Row { path: "/api/pms/orders", query: &[], body: None, problems: &[], needs: &[], ..*row };
        let missing = key(&orders, &HeaderMap::new()).unwrap_err();
        assert_eq!(missing.code, Code::IdempotencyKeyRequired);
        let bad = HeaderMap::from_iter([(
            http::HeaderName::from_static("idempotency-key"),
            HeaderValue::from_static(""),
        )]);
        assert_eq!(key(Operation::Rooms(Rooms::Ticket).row(), &bad), Ok(None));
    }

    #[test]
    fn the_same_request_gets_the_same_answer() {
        let kept = Kept {
            fingerprint: "f".to_owned(),
            status: 201,
            etag: Some("\"1\"".to_owned()),
            location: Some("/l".to_owned()),
            body: Some("{}".to_owned()),
        };
        let first = Answer::json(201, "{}").version(1).location("/l".to_owned());
        let expected = Answer { is_replayed: true, ..first };
        assert_eq!(replay(kept.clone(), "f"), Ok(expected));
        let bare = Kept { status: 204, etag: None, location: None, body: None, ..kept.clone() };
        assert_eq!(replay(bare, "f"), Ok(Answer { is_replayed: true, ..Answer::empty(204) }));
        assert_eq!(replay(kept, "g").unwrap_err().code, Code::IdempotencyKeyReused);
    }
}
