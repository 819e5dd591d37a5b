//! A store's log, followed through its room.
//!
//! Guarantees: whoever follows is a client of the room like any other: let in by a ticket, of which nobody outside learns;
//! shown what its role may read; closed when its access ends. What it was sent is acknowledged when it was taken.

use crate::asked::Types;
use crate::frame::Frame;
use crate::{sse, ticket};
use futures::future::{Either, select};
use std::pin::pin;
use storeroom_domain::LogCursor;
use storeroom_operations::Problem;
use storeroom_ports::{Clock, Down, RoomSocket};
use storeroom_room::CloseCode;
use storeroom_sql::access::{self, Credential};
use storeroom_web::call::unavailable;
use storeroom_web::{Call, Found};

/// How long a room may take to say anything.
const WELCOME_WITHIN_MS: i64 = 10_000;
/// Frames and bytes after which what was taken is acknowledged at the latest.
const ACK_FRAMES: u64 = 60;
const ACK_BYTES: usize = 32 * 1024;

/// Connects to the store's room and says from where on; `None` on a host without rooms.
pub async fn connect(
    call: &Call<'_>,
    found: &Found,
    from: LogCursor,
    types: &Types,
) -> Result<Option<Box<dyn RoomSocket>>, Down> {
    let admission = ticket::admission(call, found, &ticket::new(call));
    let mut socket = call.ports.rooms.follow(&call.store, admission).await?;
    if let Some(socket) = &mut socket {
        let hello = serde_json::json!({"t": "hello", "cursor": from.to_string(), "topics": types});
        socket.send(&hello.to_string());
    }
    Ok(socket)
}

/// Follows the log.
pub struct Room {
    socket: Box<dyn RoomSocket>,
    /// The first frame, which was waited for before the client was answered.
    first: Option<String>,
    at: LogCursor,
    /// Frames that have come, whatever they told of.
    received: u64,
    acknowledged: u64,
    unacknowledged_bytes: usize,
}

impl Room {
    /// Waits until the room lets the connection in.
    pub async fn begin(
        mut socket: Box<dyn RoomSocket>,
        clock: &dyn Clock,
        credential: Credential,
        from: LogCursor,
    ) -> Result<Self, Problem> {
        let first = first(socket.as_mut(), clock).await.map_err(|code| refusal(code, credential))?;
        let first = Some(first);
        Ok(Self { socket, first, at: from, received: 0, acknowledged: 0, unacknowledged_bytes: 0 })
    }

    /// What happens next; `None` when the room closed. May be given up at any moment. Whoever asks again has taken what
    /// came before.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            self.acknowledge();
            let received = match self.first.take() {
                Some(first) => first,
                None => self.socket.receive().await.ok()?,
            };
            self.received = self.received.saturating_add(1);
            self.unacknowledged_bytes = self.unacknowledged_bytes.saturating_add(received.len());
            let Some(frame) = Frame::parse(&received) else { continue };
            let text = sse::frame(&frame, self.at);
            match frame {
                Frame::Events { cursor, .. } | Frame::Reset { cursor, .. } => self.at = cursor,
            }
            if !text.is_empty() {
                return Some(text);
            }
        }
    }

    fn acknowledge(&mut self) {
        let frames = self.received.saturating_sub(self.acknowledged);
        if frames < ACK_FRAMES && self.unacknowledged_bytes < ACK_BYTES {
            return;
        }
        let ack = serde_json::json!({"t": "ack", "cursor": self.at.to_string(), "received": self.received});
        self.socket.send(&ack.to_string());
        (self.acknowledged, self.unacknowledged_bytes) = (self.received, 0);
    }
}

/// The first frame, or the code that the room closed with; none when it says nothing.
async fn first(socket: &mut dyn RoomSocket, clock: &dyn Clock) -> Result<String, Option<u16>> {
    let (frame, late) = (pin!(socket.receive()), pin!(clock.sleep(WELCOME_WITHIN_MS)));
    match select(frame, late).await {
        Either::Left((frame, _)) => frame.map_err(Some),
        Either::Right(_) => Err(None),
    }
}

fn refusal(code: Option<u16>, credential: Credential) -> Problem {
    let is = |known: CloseCode| code == Some(known.number());
    if is(CloseCode::Unauthenticated) {
        return credential.ended();
    }
    if is(CloseCode::Forbidden) {
        return access::no_such_store();
    }
    unavailable("The store's room takes nobody else right now. Try again, or ask `GET /api/pms/events`.")
}
