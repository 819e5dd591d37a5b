//! Outgoing HTTP.
//!
//! Guarantees: an answer that is not whole in time is an error, and the request is given up then, unless it is content
//! with the beginning of an answer; a redirect is an answer like any other.
//! Relies on: `wasi:http`; Spin lets a request out only to what `allowed_outbound_hosts` of `spin.toml` names.

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::{Either, select};
use http::header::{CONTENT_LENGTH, RETRY_AFTER};
use http_body::Body;
use http_body_util::BodyExt;
use spin_sdk::http::body::IncomingBodyExt;
use spin_sdk::http::{FullBody, send};
use std::fmt::Display;
use std::pin::pin;
use std::time::Duration;
use storeroom_ports::http::MAX_RETRY_AFTER;
use storeroom_ports::{Http, HttpError, HttpRequest, HttpResponse};

/// The way out.
pub struct Outbound;

#[async_trait(?Send)]
impl Http for Outbound {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (timeout_ms, limit) = (request.timeout_ms, request.answer_limit);
        let late = pin!(spin_sdk::time::sleep(Duration::from_millis(timeout_ms.into())));
        let (response, late) = in_time(pin!(send(prepared(request)?)), late, timeout_ms).await?;
        let (head, body) = response.into_parts();
        let retry_after = retry_after(&head);
        let body = match limit {
            None => in_time(pin!(body.bytes()), late, timeout_ms).await?.0.into(),
            Some(limit) => beginning(body, limit, late).await,
        };
        Ok(HttpResponse { status: head.status.as_u16(), body, retry_after })
    }
}

/// What the work gives, and the rest of the time; an error when the time is over first.
async fn in_time<T, E: Display, L: Future + Unpin>(
    work: impl Future<Output = Result<T, E>> + Unpin,
    late: L,
    timeout_ms: u32,
) -> Result<(T, L), HttpError> {
    match select(work, late).await {
        Either::Left((done, late)) => Ok((done.map_err(|error| failed(&error))?, late)),
        Either::Right(_) => Err(HttpError(format!("no whole answer within {timeout_ms} ms"))),
    }
}

/// The first bytes of a body, or what came of them before it broke off or the time was over.
async fn beginning(
    mut body: impl Body<Data = Bytes> + Unpin,
    limit: usize,
    mut late: impl Future + Unpin,
) -> Vec<u8> {
    let mut kept = Vec::new();
    while kept.len() < limit {
        let Either::Left((Some(Ok(frame)), _)) = select(body.frame(), &mut late).await else { break };
        let bytes = frame.into_data().unwrap_or_default();
        kept.extend(bytes.into_iter().take(limit.saturating_sub(kept.len())));
    }
    kept
}

/// What an answer that is no success says of when to come back.
fn retry_after(head: &http::response::Parts) -> Option<String> {
    let value = head.headers.get(RETRY_AFTER).filter(|_| !head.status.is_success())?;
    Some(value.to_str().ok()?.chars().take(MAX_RETRY_AFTER).collect())
}

fn prepared(request: HttpRequest) -> Result<http::Request<FullBody<Bytes>>, HttpError> {
    // Without its length a body goes out in chunks, which not every proxy in front of a database takes.
    let mut builder = http::Request::builder()
        .method(request.method)
        .uri(request.url)
        .header(CONTENT_LENGTH, request.body.len());
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    builder.body(FullBody::new(request.body.into())).map_err(|error| failed(&error))
}

fn failed(error: &dyn Display) -> HttpError {
    HttpError(error.to_string())
}
