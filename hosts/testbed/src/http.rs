//! Outgoing HTTP on this machine, for tests against real servers.
//!
//! Guarantees: the time limit covers the whole exchange; connections are kept and used again; an answer is at most
//! `MAX_BODY_BYTES` long; a request is never sent twice.
//! Relies on: a tokio runtime with io and time, the same one for the life of a `NativeHttp`. Speaks `http://` only.

use async_trait::async_trait;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::error::Error;
use std::time::Duration;
use storeroom_ports::{Http, HttpError, HttpRequest, HttpResponse};

/// Longest body of an answer: what the reader of a database's answers takes, and as much again.
pub const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// The `Http` port over hyper.
pub struct NativeHttp(Client<HttpConnector, Full<Bytes>>);

impl NativeHttp {
    /// A client with its own connections.
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        // A small request is one packet: nothing is gained by waiting for more.
        connector.set_nodelay(true);
        let mut client = Client::builder(TokioExecutor::new());
        Self(client.retry_canceled_requests(false).build(connector))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut builder = Request::builder().method(request.method).uri(request.url);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        let request = builder.body(Full::from(request.body)).map_err(failure)?;
        let response = self.0.request(request).await.map_err(failure)?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), MAX_BODY_BYTES).collect().await;
        let body = body.map_err(|error| HttpError(error.to_string()))?.to_bytes().into();
        Ok(HttpResponse { status, body })
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
        let timeout_ms = request.timeout_ms;
        let exchange = self.exchange(request);
        tokio::time::timeout(Duration::from_millis(timeout_ms.into()), exchange)
            .await
            .unwrap_or_else(|_| Err(HttpError(format!("no answer within {timeout_ms} ms"))))
    }
}

fn failure(error: impl Error) -> HttpError {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    HttpError(format!("{error}{cause}"))
}
