//! A request, read off a socket.
//!
//! Guarantees: the body is as the client meant it, whether it was sent with its length or in chunks; a request that is not
//! whole is none.

use std::time::Instant;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest request.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The first byte of a client that wants to speak TLS.
const TLS_HANDSHAKE: u8 = 0x16;

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The method.
    pub method: String,
    /// The path, with its query.
    pub path: String,
    /// The headers in the order in which they came, their names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// When it was there.
    pub at: Instant,
}

impl Received {
    /// The value of the first header of that name, which is in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The path without its query.
    pub fn path_only(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }
}

/// The next request of a connection; `None` when the connection ends before it does, or when it is none.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut request = loop {
        if let Some(request) = head(&bytes) {
            break request;
        }
        if bytes.first() == Some(&TLS_HANDSHAKE) {
            return None;
        }
        more(stream, &mut bytes).await?;
    };
    let head_bytes = end_of(&bytes, b"\r\n\r\n")?;
    let mut rest = bytes.split_off(head_bytes);
    request.body = loop {
        if let Some(body) = body(&request, &rest) {
            break body;
        }
        more(stream, &mut rest).await?;
    };
    request.at = now();
    Some(request)
}

async fn more(stream: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> Option<()> {
    let count = stream.read_buf(bytes).await.ok()?;
    (count > 0 && bytes.len() <= MAX_BYTES).then_some(())
}

/// The request without its body; `None` while it is not whole.
fn head(bytes: &[u8]) -> Option<Received> {
    let text = String::from_utf8_lossy(bytes.get(..end_of(bytes, b"\r\n\r\n")?)?).into_owned();
    let mut lines = text.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Some(Received { method, path, headers: headers.collect(), body: Vec::new(), at: now() })
}

/// The body, if so much of it has come; what follows it is left out.
fn body(request: &Received, rest: &[u8]) -> Option<Vec<u8>> {
    if request.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        return unchunked(rest);
    }
    let length = request.header("content-length").and_then(|length| length.parse().ok());
    rest.get(..length.unwrap_or(0)).map(<[u8]>::to_vec)
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let (line, after) = rest.split_at_checked(end_of(rest, b"\r\n")?)?;
        let size = String::from_utf8_lossy(line);
        let size = usize::from_str_radix(size.split([';', '\r']).next()?.trim(), 16).ok()?;
        let (chunk, after) = after.split_at_checked(size)?;
        if size == 0 {
            return Some(body);
        }
        body.extend(chunk);
        rest = after.strip_prefix(b"\r\n")?;
    }
}

/// Where the first such part ends.
fn end_of(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)?.checked_add(part.len())
}

#[allow(
    clippy::disallowed_methods,
    reason = "tests compare the arrival of requests by the clock of this machine"
)]
fn now() -> Instant {
    Instant::now()
}
