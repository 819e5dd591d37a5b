//! What can be done with a request.

use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// More than anybody reads.
const ENDLESS_BYTES: usize = 1_000_000_000_000;

/// What is done with a request, once it has been read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// An answer with that status and without a body.
    Status(u16),
    /// An answer with that status and a header `Retry-After`: seconds or an HTTP date.
    RetryAfter(u16, String),
    /// An answer with that status and so many bytes of body, each an `x`.
    Body(u16, usize),
    /// An answer with that status and that text.
    Text(u16, String),
    /// A redirect with that status to the address that was asked for.
    RedirectToItself(u16),
    /// Nothing is said and the line stays open.
    HangBeforeHead,
    /// The head of a 200 and the beginning of its body, then nothing more.
    HangAfterHead,
    /// A 200 of which a byte comes now and then, from the first byte of its head on.
    SlowHead(Duration),
    /// The head of a 200 at once, and a byte of its body now and then, without an end.
    SlowBody(Duration),
    /// A 200 whose body never ends.
    EndlessBody,
    /// The head of a 200 and the beginning of its body, then the line is closed.
    CutBody,
    /// The line is reset.
    Reset,
    /// The line is closed.
    Close,
}

impl Behaviour {
    pub(crate) async fn play(self, mut stream: TcpStream, path: &str) -> io::Result<()> {
        match self {
            Self::Status(status) => say(stream, &answer(status, "", "")).await,
            Self::RetryAfter(status, value) => {
                say(stream, &answer(status, &format!("retry-after: {value}\r\n"), "")).await
            }
            Self::Body(status, bytes) => say(stream, &answer(status, "", &"x".repeat(bytes))).await,
            Self::Text(status, text) => say(stream, &answer(status, "", &text)).await,
            Self::RedirectToItself(status) => {
                say(stream, &answer(status, &format!("location: {path}\r\n"), "")).await
            }
            Self::HangBeforeHead => until_the_other_goes(stream).await,
            Self::HangAfterHead => {
                stream.write_all(format!("{}abc", head(200, "", ENDLESS_BYTES)).as_bytes()).await?;
                until_the_other_goes(stream).await
            }
            Self::SlowHead(pause) => drip(stream, answer(200, "", "").bytes(), pause).await,
            Self::SlowBody(pause) => {
                stream.write_all(head(200, "", ENDLESS_BYTES).as_bytes()).await?;
                drip(stream, std::iter::repeat(b'x'), pause).await
            }
            Self::EndlessBody => flood(stream).await,
            Self::CutBody => say(stream, &format!("{}abc", head(200, "", ENDLESS_BYTES))).await,
            Self::Reset => stream.set_zero_linger(),
            Self::Close => stream.shutdown().await,
        }
    }
}

/// The head of an answer, with further headers, each of which ends its line.
fn head(status: u16, headers: &str, body_bytes: usize) -> String {
    // An answer of these has no body, and so no length.
    let length = match status {
        204 | 304 => String::new(),
        _ => format!("content-length: {body_bytes}\r\n"),
    };
    format!("HTTP/1.1 {status} Status\r\nconnection: close\r\n{length}{headers}\r\n")
}

fn answer(status: u16, headers: &str, body: &str) -> String {
    format!("{}{body}", head(status, headers, body.len()))
}

async fn say(mut stream: TcpStream, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

async fn until_the_other_goes(mut stream: TcpStream) -> io::Result<()> {
    stream.read(&mut [0]).await.map(drop)
}

async fn drip(mut stream: TcpStream, bytes: impl Iterator<Item = u8>, pause: Duration) -> io::Result<()> {
    for byte in bytes {
        stream.write_u8(byte).await?;
        tokio::time::sleep(pause).await;
    }
    stream.shutdown().await
}

async fn flood(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(head(200, "", ENDLESS_BYTES).as_bytes()).await?;
    loop {
        stream.write_all(&[b'x'; 16 * 1024]).await?;
    }
}
