//! Outgoing HTTP: whole answers, or the beginning of an answer from a server that nobody here vouches for.
//!
//! Guarantees: a redirect is never followed, it is an answer like any other; an exchange ends within its time.

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
    /// `None`: the whole answer or an error. `Some(n)`: at most the first n bytes of the body are kept and the rest is
    /// not read. Once the head of the answer is there, a body that breaks off, hangs until the time limit or never ends
    /// is no error then: what came until then is kept.
    pub answer_limit: Option<usize>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The body, or what `answer_limit` lets be kept of it.
    pub body: Vec<u8>,
    /// The header `Retry-After` as sent, at most `MAX_RETRY_AFTER` characters; of an answer that is no success.
    pub retry_after: Option<String>,
}

/// Longest `Retry-After` that is looked at: a date takes 29 characters.
pub const MAX_RETRY_AFTER: usize = 100;

/// There was no whole answer: a sentence for the log. Whether the server acted on the request is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpError(pub String);

/// Sends requests.
#[async_trait(?Send)]
pub trait Http {
    /// Sends one and waits for the answer.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}
