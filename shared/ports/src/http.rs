//! Outgoing HTTP with whole bodies.

use async_trait::async_trait;

/// A request to another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long it may take, answer included.
    pub timeout_ms: u32,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// There was no whole answer: a sentence for the log. Whether the server acted on the request is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpError(pub String);

/// Sends requests.
#[async_trait(?Send)]
pub trait Http {
    /// Sends one and waits for the whole answer.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}
