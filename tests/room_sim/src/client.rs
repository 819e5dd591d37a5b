//! A client: what it has seen, and when it acknowledges. It lives longer than its connections.
//!
//! Guarantees: it takes `events` only when they begin at its cursor (E1), so that across all of its connections it has
//! seen each event of its view once, in order.

use crate::moves::{Acks, Nonsense, Reads};
use crate::runner::hold;
use serde_json::{Value, json};
use storeroom_domain::LogCursor;
use storeroom_room::{ConnectionId, Member, Message};

/// A client acknowledges after so many frames, so many bytes, or so long.
const ACK_FRAMES: usize = 32;
const ACK_BYTES: usize = 32 * 1024;
const ACK_AFTER_MS: i64 = 5_000;

pub type Topics = Option<Vec<String>>;

/// What a client sends.
#[derive(Debug, Clone)]
pub enum Said {
    Hello(Option<LogCursor>, Topics),
    Subscribe(Topics),
    /// JSON of where it is.
    Present(Option<String>),
    /// A key and JSON.
    Share(String, String),
    Ack(LogCursor, Option<u64>),
    Ping,
    Bad(Nonsense),
}

impl Said {
    pub fn message(&self) -> Message {
        let parsed = |text: &String| serde_json::from_str::<Value>(text).unwrap();
        let text = match self {
            Self::Hello(cursor, topics) => {
                json!({"t": "hello", "cursor": cursor.map(|at| at.to_string()), "topics": topics})
            }
            Self::Subscribe(topics) => json!({"t": "subscribe", "topics": topics}),
            Self::Present(state) => json!({"t": "presence", "state": state.as_ref().map(parsed)}),
            Self::Share(key, value) => json!({"t": "share", "key": key, "value": parsed(value)}),
            Self::Ack(cursor, Some(received)) => {
                json!({"t": "ack", "cursor": cursor.to_string(), "received": received})
            }
            Self::Ack(cursor, None) => json!({"t": "ack", "cursor": cursor.to_string()}),
            Self::Ping => json!({"t": "ping"}),
            Self::Bad(Nonsense::NotJson) => return Message::Text("{\"t\":".to_owned()),
            Self::Bad(Nonsense::TooLarge) => json!({"t": "x".repeat(70_000)}),
            Self::Bad(Nonsense::Binary) => return Message::Binary(3),
            Self::Bad(_) => json!({"t": "what"}),
        };
        Message::Text(text.to_string())
    }
}

/// The topics that a number means.
pub fn topics(choice: usize) -> Topics {
    let some = |topics: &[&str]| Some(topics.iter().map(|topic| (*topic).to_owned()).collect());
    match choice {
        1 => some(&["product"]),
        2 => some(&["stock.low", "order"]),
        3 => some(&[]),
        _ => None,
    }
}

/// A frame on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Arriving {
    pub bytes: usize,
    pub kind: Kind,
}

/// What a frame means for the client's cursor.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Pong,
    News,
    Welcome(LogCursor),
    Reset(LogCursor),
    /// From where to where.
    Events(LogCursor, LogCursor),
}

/// How a client behaves on a connection.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub reads: Reads,
    pub acks: Acks,
    pub waits: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Self { reads: Reads::AtOnce, acks: Acks::Received, waits: false }
    }
}

/// A client.
#[derive(Default)]
pub struct Client {
    pub who: usize,
    pub manner: Manner,
    pub cursor: Option<LogCursor>,
    pub connection: Option<ConnectionId>,
    /// A ticket that was not shown yet.
    pub ticket: Option<Member>,
    /// The session of the last ticket.
    pub session: String,
    pub topics: Topics,
    received: u64,
    unacked: (usize, usize),
    unacked_since_ms: Option<i64>,
}

impl Client {
    /// A client of a user.
    pub fn of(who: usize) -> Self {
        Self { who, ..Self::default() }
    }

    /// A new connection begins.
    pub fn opens(&mut self, connection: ConnectionId) {
        self.connection = Some(connection);
        (self.received, self.unacked, self.unacked_since_ms) = (0, (0, 0), None);
    }

    /// Takes a frame; it may be time for an `ack` then.
    pub fn take(&mut self, frame: Arriving, now_ms: i64, acks: Acks) -> Option<Said> {
        match frame.kind {
            Kind::Pong => return None,
            Kind::News => {}
            Kind::Welcome(cursor) => self.cursor = self.cursor.or(Some(cursor)),
            Kind::Reset(cursor) => self.cursor = Some(cursor),
            Kind::Events(from, to) => {
                hold(self.cursor == Some(from), || format!("E1: events from {from} reach {:?}", self.cursor));
                self.cursor = Some(to);
            }
        }
        self.received += 1;
        self.unacked = (self.unacked.0 + 1, self.unacked.1 + frame.bytes);
        self.unacked_since_ms.get_or_insert(now_ms);
        let is_much = self.unacked.0 >= ACK_FRAMES || self.unacked.1 >= ACK_BYTES;
        if is_much { self.acknowledge(acks) } else { None }
    }

    /// When it acknowledges what it has taken, if nothing more comes.
    pub fn ack_due_ms(&self) -> Option<i64> {
        self.unacked_since_ms.map(|since| since + ACK_AFTER_MS)
    }

    pub fn acknowledge(&mut self, acks: Acks) -> Option<Said> {
        (self.unacked, self.unacked_since_ms) = ((0, 0), None);
        let cursor = self.cursor?;
        match acks {
            Acks::Received => Some(Said::Ack(cursor, Some(self.received))),
            Acks::Cursor => Some(Said::Ack(cursor, None)),
            Acks::Nothing => None,
        }
    }
}
