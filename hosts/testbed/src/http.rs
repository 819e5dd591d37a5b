//! Outgoing HTTP on this machine, for tests against real servers.
//!
//! Guarantees: the time limit covers the whole exchange; connections are kept and used again; an answer is at most
//! `MAX_BODY_BYTES` long; a request is never sent twice; a redirect is an answer like any other.
//! Relies on: a tokio runtime with io and time, the same one for the life of a `NativeHttp`. Speaks `http://` only.

use async_trait::async_trait;
use http::header::RETRY_AFTER;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::body::{Body, Bytes, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::error::Error;
use std::time::Duration;
use storeroom_ports::http::MAX_RETRY_AFTER;
use storeroom_ports::{Http, HttpError, HttpRequest, HttpResponse};
use tokio::time::{Instant, timeout_at};

/// Longest body of an answer: what the reader of a database's answers takes, and as much again.
pub const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// The `Http` port over hyper.
pub struct NativeHttp {
    client: Client<HttpConnector, Full<Bytes>>,
    /// Every time limit is divided by it.
    hurry: u32,
}

impl NativeHttp {
    /// A client with its own connections.
    pub fn new() -> Self {
        Self::hurried(1)
    }

    /// The same with every time limit divided by the factor, so that a test of a server that hangs does not wait as
    /// long as the service would.
    pub fn hurried(factor: u32) -> Self {
        let mut connector = HttpConnector::new();
        // A small request is one packet: nothing is gained by waiting for more.
        connector.set_nodelay(true);
        let mut client = Client::builder(TokioExecutor::new());
        Self { client: client.retry_canceled_requests(false).build(connector), hurry: factor.max(1) }
    }
}

impl Default for NativeHttp {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait(?Send)]
impl Http for NativeHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (timeout_ms, limit) = (request.timeout_ms, request.answer_limit);
        let late = |_| HttpError(format!("no answer within {timeout_ms} ms"));
        let end = Instant::now() + Duration::from_millis(timeout_ms.into()) / self.hurry;
        let response = timeout_at(end, self.client.request(prepared(request)?)).await.map_err(late)?;
        let (head, body) = response.map_err(failure)?.into_parts();
        let retry_after = retry_after(&head);
        let body = match limit {
            None => timeout_at(end, whole(body)).await.map_err(late)??,
            Some(limit) => beginning(body, limit, end).await,
        };
        Ok(HttpResponse { status: head.status.as_u16(), body, retry_after })
    }
}

fn prepared(request: HttpRequest) -> Result<Request<Full<Bytes>>, HttpError> {
    let mut builder = Request::builder().method(request.method).uri(request.url);
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    builder.body(Full::from(request.body)).map_err(failure)
}

async fn whole(body: Incoming) -> Result<Vec<u8>, HttpError> {
    let body = Limited::new(body, MAX_BODY_BYTES).collect().await;
    Ok(body.map_err(|error| HttpError(error.to_string()))?.to_bytes().into())
}

/// The first bytes of a body, or what came of them before it broke off or the time was over.
async fn beginning(mut body: impl Body<Data = Bytes> + Unpin, limit: usize, end: Instant) -> Vec<u8> {
    let mut kept = Vec::new();
    while kept.len() < limit {
        let Ok(Some(Ok(frame))) = timeout_at(end, body.frame()).await else { break };
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

fn failure(error: impl Error) -> HttpError {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    HttpError(format!("{error}{cause}"))
}

#[cfg(test)]
mod tests;
