//! A request's body as it comes in.
//!
//! Guarantees: nothing is asked for before somebody reads, and nothing is kept beyond what its reader asks for; what
//! nobody reads is taken off the connection after all, so that a refusal reaches a client that is still sending. A server
//! that closes with bytes unread resets the connection, and the answer is lost with it (RFC 9112, 9.6).
//! Relies on: `wasi:http`, where a task goes on after it has answered.

use async_trait::async_trait;
use futures::future::select;
use spin_sdk::wasip3::http::types::{ErrorCode, Method, Request as Raw, Trailers};
use spin_sdk::wasip3::spawn;
use spin_sdk::wasip3::wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult};
use spin_sdk::wasip3::wit_future;
use std::pin::pin;
use std::time::Duration;
use storeroom_web::{BodyError, Incoming};

/// Bytes that are asked for at a time.
const CHUNK: usize = 16 * 1024;
/// Most bytes that are read for nobody: more than the largest body that is taken, which is a file's.
const MOST_UNREAD: usize = 128 * 1024 * 1024;
/// Longest time in which they are.
const UNREAD_FOR: Duration = Duration::from_secs(60);

/// The body of a request.
pub struct Body(State);

enum State {
    /// Nobody has asked for it.
    Waiting(Raw),
    Flowing(Flow),
    Ended,
}

impl Body {
    /// The body of that request.
    pub fn of(raw: Raw) -> Self {
        Self(State::Waiting(raw))
    }
}

#[async_trait(?Send)]
impl Incoming for Body {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        loop {
            match std::mem::replace(&mut self.0, State::Ended) {
                State::Waiting(raw) => self.0 = State::Flowing(Flow::start(raw)),
                State::Flowing(flow) => match flow.next().await? {
                    (Some(flow), chunk) => {
                        self.0 = State::Flowing(flow);
                        if !chunk.is_empty() {
                            return Ok(Some(chunk));
                        }
                    }
                    (None, chunk) => return Ok(Some(chunk).filter(|chunk| !chunk.is_empty())),
                },
                State::Ended => return Ok(None),
            }
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let rest = match std::mem::replace(&mut self.0, State::Ended) {
            State::Waiting(raw) if !is_on_its_way(&raw) => return,
            State::Waiting(raw) => Flow::start(raw),
            State::Flowing(flow) => flow,
            State::Ended => return,
        };
        spawn(async move {
            select(pin!(rest.discard()), pin!(spin_sdk::time::sleep(UNREAD_FOR))).await;
        });
    }
}

/// Whether a client sends a body without being asked for it. With GET and HEAD it would mean nothing (RFC 9110, 9.3.1); one
/// that says `Expect: 100-continue` waits for an answer first (RFC 9110, 10.1.1), and reading would be asking.
fn is_on_its_way(raw: &Raw) -> bool {
    !matches!(raw.get_method(), Method::Get | Method::Head) && !raw.get_headers().has("expect")
}

/// A body as it flows.
struct Flow {
    bytes: StreamReader<u8>,
    end: FutureReader<Result<Option<Trailers>, ErrorCode>>,
    /// Tells the platform, by its own end, that reading has ended.
    _reading: FutureWriter<Result<(), ErrorCode>>,
}

impl Flow {
    fn start(raw: Raw) -> Self {
        let (reading, read) = wit_future::new(|| Ok(()));
        let (bytes, end) = Raw::consume_body(raw, read);
        Self { bytes, end, _reading: reading }
    }

    /// The next bytes, and the rest unless that was the end.
    async fn next(mut self) -> Result<(Option<Self>, Vec<u8>), BodyError> {
        let (state, chunk) = self.bytes.read(Vec::with_capacity(CHUNK)).await;
        match state {
            StreamResult::Complete(_) => Ok((Some(self), chunk)),
            StreamResult::Dropped => {
                self.end.await.map_err(|_| BodyError::Broken)?;
                Ok((None, chunk))
            }
            StreamResult::Cancelled => Err(BodyError::Broken),
        }
    }

    /// Reads to the end, or as far as that goes, and keeps nothing.
    async fn discard(self) {
        let (mut rest, mut read) = (Some(self), 0);
        while let Some(flow) = rest.take().filter(|_| read < MOST_UNREAD) {
            let Ok((more, chunk)) = flow.next().await else { return };
            read = chunk.len().saturating_add(read);
            rest = more;
        }
    }
}
