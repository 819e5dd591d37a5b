//! Who calls, and which store the call is about.
//!
//! Guarantees: one credential a request; a store is named by the header or the parameter, and if both are sent they
//! agree.

use crate::settings::Settings;
use storeroom_domain::{StoreId, Timestamp};
use storeroom_operations::operation::{Access, Row};
use storeroom_operations::{Code, Fault, Problem};
use storeroom_web::tokens::Identity;
use storeroom_web::{Call, Request, query};

/// Who the request's credential speaks for; `None` where none is needed.
pub fn identity(
    row: &Row,
    settings: &Settings,
    request: &Request,
    now: Timestamp,
) -> Result<Option<Identity>, Problem> {
    if !matches!(row.access, Access::Member(_)) {
        return Ok(None);
    }
    let mut sent = request.headers.get_all("authorization").iter();
    let value = match (sent.next(), sent.next()) {
        (Some(only), None) => only.to_str().ok(),
        (Some(_), Some(_)) => {
            return Err(unauthenticated("There are two `Authorization` headers; send one."));
        }
        (None, _) => return Err(unauthenticated("Send `Authorization: Bearer <access token>`.")),
    };
    let (scheme, token) = value.and_then(|value| value.split_once(' ')).unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(unauthenticated("`Authorization` must be `Bearer <access token>`."));
    }
    settings.verifier.verify(token.trim(), now).map(Some).map_err(challenged)
}

fn unauthenticated(detail: &str) -> Problem {
    challenged(Problem::new(Code::Unauthenticated, detail))
}

fn challenged(problem: Problem) -> Problem {
    problem.header("WWW-Authenticate", "Bearer")
}

/// The store that the call is about; empty where it is about none.
pub async fn store(call: &Call<'_>) -> Result<String, Problem> {
    match call.row.access {
        Access::Open => Ok(String::new()),
        Access::Public | Access::Ticket => named_by_query(call)?.ok_or_else(|| required("Add `?store=`.")),
        Access::Member(_) => match named(call)? {
            Some(store) => Ok(store),
            // A look of its own, because nothing can be asked of a store that is not known yet.
            None => call.only_store().await?.ok_or_else(|| {
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
        (Some(only), None) => Some(spelt(only.to_str().unwrap_or_default())?),
        (Some(_), Some(_)) => return Err(malformed("X-Store-Id", "is sent twice.")),
    };
    let parameter = named_by_query(call)?;
    match (header, parameter) {
        (Some(header), Some(parameter)) if header != parameter => {
            Err(malformed("X-Store-Id", "names another store than `?store=`."))
        }
        (header, parameter) => Ok(header.or(parameter)),
    }
}

fn named_by_query(call: &Call<'_>) -> Result<Option<String>, Problem> {
    // Only the store's own parameter is looked at: what else is wrong with the query is told after access.
    let pair = call.raw_query.split('&').find_map(|pair| pair.strip_prefix("store="));
    pair.map(|value| spelt(&query::decode_segment(value).unwrap_or_default())).transpose()
}

fn spelt(text: &str) -> Result<String, Problem> {
    match StoreId::parse(text) {
        Some(id) => Ok(id.to_string()),
        None => Err(malformed("store", "must be a store's id, `str_` and 26 characters.")),
    }
}

fn malformed(pointer: &str, detail: &str) -> Problem {
    let fault = Fault { pointer: pointer.to_owned(), code: "wrong_format", detail: detail.to_owned() };
    Problem::with_faults(Code::MalformedRequest, vec![fault])
}
