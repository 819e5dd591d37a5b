//! Who calls, and which store the call is about.
//!
//! Guarantees: one credential a request; a store is named by the path, the header or the parameter, and if several
//! name one, they agree. Relies on: the database for whether the credential is still good.

use storeroom_domain::{StoreId, Timestamp};
use storeroom_operations::operation::{Access, Row};
use storeroom_operations::table::MIB;
use storeroom_operations::{Code, Fault, Problem};
use storeroom_sql::access::no_such_store;
use storeroom_web::flow::{self, promised_hash};
use storeroom_web::memory::Whose;
use storeroom_web::secrets::Secrets;
use storeroom_web::{Call, Caller, Request, query, signature};

const SENT_TWICE: &str = "There are two `Authorization` headers; send one.";

/// Refuses, before a large body is read into memory, a request without a token that is good. A signature is looked at
/// once the body is there: it is over that.
pub fn before_body(
    row: &Row,
    secrets: &Secrets,
    request: &Request,
    now: Timestamp,
) -> Result<Whose, Problem> {
    if signature::is_signed(&request.headers) {
        return Ok(Whose::Unknown);
    }
    if crate::limit_of(row) > MIB && !row.takes_flow() {
        caller(row, secrets, request, &[], now)?;
    }
    Ok(Whose::Known)
}

const NO_DIGEST: &str = "A signed request with a body of this size says its hash ahead: send \
    `Content-Digest: sha-256=:<base64 of the SHA-256 of the body>:` and sign that hash.";

/// Who the request's credential speaks for; `None` where none is needed.
pub fn caller(
    row: &Row,
    secrets: &Secrets,
    request: &Request,
    body: &[u8],
    now: Timestamp,
) -> Result<Option<Caller>, Problem> {
    let is_signed = signature::is_signed(&request.headers);
    match row.access {
        Access::Open | Access::Public | Access::Ticket => Ok(None),
        Access::Account if is_signed => Err(Problem::new(
            Code::Forbidden,
            "This is about an account, and an API key has none. Send `Authorization: Bearer <access token>`.",
        )),
        Access::Member(_) | Access::Signed(_) if is_signed => {
            signed(row, secrets, request, body, now).map(Some)
        }
        Access::Signed(_) => Err(unauthenticated(
            "This must be signed with an API key: send `X-Api-Key` and what belongs to it, and no token.",
        )),
        Access::Account | Access::Member(_) => bearer(secrets, request, now).map(Some),
    }
}

fn signed(
    row: &Row,
    secrets: &Secrets,
    request: &Request,
    body: &[u8],
    now: Timestamp,
) -> Result<Caller, Problem> {
    if request.headers.contains_key("authorization") {
        return Err(unauthenticated("Send a signature or `Authorization`, not both."));
    }
    let Request { headers, method, path, query, .. } = request;
    // What comes as it is worked on cannot be hashed before it is let in, so its hash comes ahead and is checked at its end.
    let hash = if row.takes_flow() {
        promised_hash(headers).ok_or_else(|| unauthenticated(NO_DIGEST))?
    } else {
        flow::hash(body)
    };
    signature::verify(&secrets.master, headers, method, path, query, &hash, now).map(Caller::Key)
}

fn bearer(secrets: &Secrets, request: &Request, now: Timestamp) -> Result<Caller, Problem> {
    let mut sent = request.headers.get_all("authorization").iter();
    let value = match (sent.next(), sent.next()) {
        (Some(only), None) => only.to_str().ok(),
        (Some(_), Some(_)) => {
            return Err(unauthenticated(SENT_TWICE));
        }
        (None, _) => {
            return Err(unauthenticated("Send `Authorization: Bearer <access token>`, or sign the request."));
        }
    };
    // Some hosts hand over what was sent twice as one list; neither a scheme nor a token has a comma in it.
    if value.is_some_and(|value| value.contains(',')) {
        return Err(unauthenticated(SENT_TWICE));
    }
    let (scheme, token) = value.and_then(|value| value.split_once(' ')).unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(unauthenticated("`Authorization` must be `Bearer <access token>`."));
    }
    secrets.tokens.verifier.verify(token.trim(), now).map(Caller::Session)
}

fn unauthenticated(detail: &str) -> Problem {
    Problem::new(Code::Unauthenticated, detail)
}

/// The store that the call is about; empty where it is about none.
pub async fn store(call: &Call<'_>) -> Result<String, Problem> {
    match call.row.access {
        Access::Open | Access::Account => Ok(String::new()),
        Access::Public | Access::Ticket => named_by_query(call)?.ok_or_else(|| required("Add `?store=`.")),
        Access::Member(_) | Access::Signed(_) => match (named(call)?, &call.caller) {
            (Some(store), _) => Ok(store),
            (None, Some(Caller::Key(_))) => {
                Err(required("A signed request names its store: send the header `X-Store-Id` and sign it."))
            }
            // A look of its own, because nothing can be asked of a store that is not known yet.
            (None, _) => call.only_store().await?.ok_or_else(|| {
                required("The credential reaches several stores or none: send the header `X-Store-Id`.")
            }),
        },
    }
}

fn required(detail: &str) -> Problem {
    Problem::new(Code::StoreRequired, detail)
}

fn named(call: &Call<'_>) -> Result<Option<String>, Problem> {
    let mut sent = call.headers.get_all("x-store-id").iter();
    let header = match (sent.next(), sent.next()) {
        (None, _) => None,
        (Some(only), None) => match only.to_str().unwrap_or_default() {
            list if list.contains(',') => return Err(malformed("X-Store-Id", "is sent twice.")),
            text => Some(spelt("X-Store-Id", text)?),
        },
        (Some(_), Some(_)) => return Err(malformed("X-Store-Id", "is sent twice.")),
    };
    agreed(agreed(named_by_path(call)?, header)?, named_by_query(call)?)
}

fn agreed(one: Option<String>, other: Option<String>) -> Result<Option<String>, Problem> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => {
            Err(malformed("X-Store-Id", "names another store than the path or `?store=`."))
        }
        (one, other) => Ok(one.or(other)),
    }
}

/// What is not spelt like a store is simply not there.
fn named_by_path(call: &Call<'_>) -> Result<Option<String>, Problem> {
    let Some(text) = call.path.get("store") else { return Ok(None) };
    StoreId::parse(text).map(|store| Some(store.to_string())).ok_or_else(no_such_store)
}

fn named_by_query(call: &Call<'_>) -> Result<Option<String>, Problem> {
    // Only the store's own parameter is looked at: what else is wrong with the query is told after access.
    let pair = call.raw_query.split('&').find_map(|pair| pair.strip_prefix("store="));
    pair.map(|value| spelt("store", &query::decode_segment(value).unwrap_or_default())).transpose()
}

fn spelt(pointer: &str, text: &str) -> Result<String, Problem> {
    match StoreId::parse(text) {
        Some(id) => Ok(id.to_string()),
        None => Err(malformed(pointer, "must be a store's id, `str_` and 26 characters.")),
    }
}

fn malformed(pointer: &str, detail: &str) -> Problem {
    let fault = Fault { pointer: pointer.to_owned(), code: "wrong_format", detail: detail.to_owned() };
    Problem::with_faults(Code::MalformedRequest, vec![fault])
}
