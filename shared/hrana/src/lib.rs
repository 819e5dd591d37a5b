//! libSQL over HTTP (the protocol Hrana 3): a script is one POST to `/v3/pipeline`.
//!
//! Guarantees: one call is one `batch` and one `close`, so the server rolls back what a script leaves open; no baton
//! is kept; no request and no answer is repeated. Whoever could not learn whether a script ran is told
//! `OutcomeUnknown`; `Unavailable` means that nothing of it was kept.
//! Relies on: the host's `Http` port for the time limit; the server for closing a stream with its transaction
//! (<https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md>).

mod answer;
pub mod codec;

use async_trait::async_trait;
use codec::DecodeError;
use std::rc::Rc;
use storeroom_ports::{Connection, DatabaseError, Http, HttpError, HttpRequest, HttpResponse};
use storeroom_sql::{Script, StepResult};

/// Most bytes of a call: a full group is 1 MiB of SQL, texts and blobs; base64 and JSON make less than 4 of it.
pub const MAX_REQUEST_BYTES: usize = 8 * 1024 * 1024;
/// Most bytes of an answer: sqld itself stops at 10 MB unless told otherwise.
pub const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// The address of a database is none that can be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidAddress(pub String);

/// A libSQL server.
pub struct Hrana {
    http: Rc<dyn Http>,
    pipeline_url: String,
    authorization: Option<String>,
    timeout_ms: u32,
}

impl Hrana {
    /// A server at `libsql://…` (the same as https), `https://…` or `http://…`. Every call ends within `timeout_ms`.
    pub fn new(
        http: Rc<dyn Http>,
        base_url: &str,
        auth_token: Option<&str>,
        timeout_ms: u32,
    ) -> Result<Self, InvalidAddress> {
        let authorization = auth_token.map(|token| format!("Bearer {token}"));
        Ok(Self { http, pipeline_url: pipeline_url(base_url)?, authorization, timeout_ms })
    }

    fn request(&self, body: Vec<u8>) -> HttpRequest {
        let mut headers = vec![("content-type", "application/json".to_owned())];
        headers.extend(self.authorization.iter().map(|value| ("authorization", value.clone())));
        let (url, timeout_ms) = (self.pipeline_url.clone(), self.timeout_ms);
        HttpRequest { method: "POST", url, headers, body, timeout_ms, answer_limit: None }
    }
}

#[async_trait(?Send)]
impl Connection for Hrana {
    async fn run(&self, script: &Script) -> Result<Vec<StepResult>, DatabaseError> {
        let body = codec::encode(script)
            .map_err(|_| DatabaseError::Unavailable("the script cannot be written as JSON".to_owned()))?;
        if body.len() > MAX_REQUEST_BYTES {
            return Err(DatabaseError::Unavailable(format!("a script of {} bytes is too large", body.len())));
        }
        let response = self.http.send(self.request(body)).await;
        let answer = accepted(response)?;
        codec::decode(&answer, script.steps.len()).map_err(|error| match error {
            DecodeError::NothingRan(message) => DatabaseError::Unavailable(message),
            DecodeError::Nonsense(message) => DatabaseError::OutcomeUnknown(message),
        })
    }
}

fn pipeline_url(base_url: &str) -> Result<String, InvalidAddress> {
    let refuse = |why: &str| InvalidAddress(format!("The address of the database {why}."));
    let (scheme, rest) = base_url.trim().split_once("://").ok_or_else(|| refuse("has no scheme"))?;
    let scheme = match scheme {
        "libsql" | "https" => "https",
        "http" => "http",
        _ => return Err(refuse("starts with none of libsql://, https:// and http://")),
    };
    let place = rest.trim_end_matches('/');
    if place.is_empty() || place.contains(['?', '#', '@']) || place.contains(char::is_whitespace) {
        return Err(refuse("has to be a host, and a port or a path if need be"));
    }
    Ok(format!("{scheme}://{place}/v3/pipeline"))
}

/// The body of an answer that says what became of the script.
fn accepted(response: Result<HttpResponse, HttpError>) -> Result<Vec<u8>, DatabaseError> {
    let response = response.map_err(|HttpError(message)| DatabaseError::OutcomeUnknown(message))?;
    match response.status {
        200 if response.body.len() <= MAX_ANSWER_BYTES => Ok(response.body),
        200 => Err(DatabaseError::OutcomeUnknown(format!("an answer of {} bytes", response.body.len()))),
        // A proxy that gave up waiting: the server behind it may still be at work.
        status @ 408 => Err(DatabaseError::OutcomeUnknown(status_sentence(status))),
        status @ 400..=499 => Err(DatabaseError::Unavailable(status_sentence(status))),
        status => Err(DatabaseError::OutcomeUnknown(status_sentence(status))),
    }
}

fn status_sentence(status: u16) -> String {
    let meaning = match status {
        401 | 403 => ": it does not accept the auth token",
        404 => ": there is no such database",
        429 => ": it takes no more calls for now",
        _ => "",
    };
    format!("The database server answered with status {status}{meaning}.")
}

#[cfg(test)]
mod tests;
