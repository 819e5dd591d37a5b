//! What a function answers with when it succeeds.

use crate::outgoing::{Outgoing, Stream};
use crate::response::Body;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// Who may keep an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// Nobody.
    NoStore,
    /// Everybody, for so many seconds.
    Public {
        /// Seconds.
        max_age_s: i64,
    },
    /// Everybody, forever: another content has another address.
    Immutable,
}

/// An answer, before the gateway adds what every answer has.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The content type; none without a body.
    pub media: Option<&'static str>,
    /// The body.
    pub body: Body,
    /// The entity tag with its quotes.
    pub etag: Option<String>,
    /// The path of a thing that was made.
    pub location: Option<String>,
    /// Who may keep it.
    pub cache: Cache,
    /// The Content-Security-Policy of a page.
    pub policy: Option<String>,
    /// Further headers that only this answer has.
    pub headers: Vec<(&'static str, String)>,
    /// Whether it is the answer of the same request before, found by its idempotency key.
    pub is_replayed: bool,
    /// The name under which a browser saves the body.
    pub file_name: Option<String>,
    /// Whether it may be compressed: never where a secret stands beside text that somebody else chose, because the
    /// length would tell of the secret (<https://breachattack.com>).
    pub may_compress: bool,
}

impl Answer {
    /// JSON that the database or the function printed.
    pub fn json(status: u16, json: impl Into<String>) -> Self {
        Self::bytes(status, "application/json", Cow::Owned(json.into().into_bytes()))
    }

    /// A body of any type.
    pub fn bytes(status: u16, media: &'static str, bytes: Cow<'static, [u8]>) -> Self {
        Self { media: Some(media), body: Body::Bytes(bytes), ..Self::empty(status) }
    }

    /// No body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            media: None,
            body: Body::Empty,
            etag: None,
            location: None,
            cache: Cache::NoStore,
            policy: None,
            headers: Vec::new(),
            is_replayed: false,
            file_name: None,
            may_compress: false,
        }
    }

    /// A body that is made while it is sent.
    pub fn stream(media: &'static str, body: impl Outgoing + 'static) -> Self {
        Self { media: Some(media), body: Body::Stream(Stream(Box::new(body))), ..Self::empty(200) }
    }

    /// A page whose style block is `style`; nothing else may load.
    pub fn page(html: impl Into<Cow<'static, [u8]>>, style: &str) -> Self {
        let hash = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, Sha256::digest(style));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        Self { policy: Some(policy), ..Self::bytes(200, "text/html; charset=utf-8", html.into()) }
    }

    /// The same answer with the version as its entity tag.
    #[must_use]
    pub fn version(mut self, version: i64) -> Self {
        self.etag = Some(format!("\"{version}\""));
        self
    }

    /// The same answer with the hash of its body as its entity tag.
    #[must_use]
    pub fn hashed(mut self) -> Self {
        if let Body::Bytes(bytes) = &self.body {
            self.etag = Some(format!("\"{}\"", &hex(&Sha256::digest(bytes))));
        }
        self
    }

    /// The same answer with one more member at the end of its body, a JSON object; `json` is the member's value.
    #[must_use]
    pub fn member(mut self, name: &str, json: &str) -> Self {
        if let Body::Bytes(bytes) = &mut self.body
            && let Some(before) = bytes.strip_suffix(b"}")
        {
            let separator = if before == b"{" { "" } else { "," };
            let end = format!("{separator}\"{name}\":{json}}}");
            *bytes = Cow::Owned([before, end.as_bytes()].concat());
        }
        self
    }

    /// The same answer, which may be compressed.
    #[must_use]
    pub fn compressible(mut self) -> Self {
        self.may_compress = true;
        self
    }

    /// The same answer, which a browser saves as a file of that name: lower-case letters, digits and dots.
    #[must_use]
    pub fn named(mut self, name: String) -> Self {
        self.file_name = Some(name);
        self
    }

    /// The same answer with the path of the thing that was made.
    #[must_use]
    pub fn location(mut self, path: String) -> Self {
        self.location = Some(path);
        self
    }

    /// The same answer, which caches may share for so many seconds.
    #[must_use]
    pub fn public(mut self, max_age_s: i64) -> Self {
        self.cache = Cache::Public { max_age_s };
        self
    }
}

/// Bytes in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_added_at_the_end() {
        assert_eq!(Answer::json(200, "{}").member("a", "1"), Answer::json(200, r#"{"a":1}"#));
        let answer = Answer::json(201, r#"{"a":{}}"#).version(1);
        assert_eq!(answer.member("b", "\"x\""), Answer::json(201, r#"{"a":{},"b":"x"}"#).version(1));
    }
}
