//! A response as a host takes it.

use crate::outgoing::Stream;
use std::borrow::Cow;

/// What goes back to the client. The body is not encoded yet: a host encodes it as the header `Content-Encoding` says,
/// which is `gzip` or is not there.
#[derive(Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
}

/// What the client gets besides the headers.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// These bytes.
    Bytes(Cow<'static, [u8]>),
    /// Bytes that are made while they are sent.
    Stream(Stream),
    /// The host lets the request's WebSocket into a room.
    Room(Join),
}

/// A WebSocket that wants into a store's room. The room itself checks and spends the ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The store.
    pub store: String,
    /// SHA-256 of the ticket, in hex.
    pub ticket_hash: String,
}

impl Response {
    /// Whether the host must compress the body.
    pub fn is_gzipped(&self) -> bool {
        self.header("content-encoding") == Some("gzip")
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}
