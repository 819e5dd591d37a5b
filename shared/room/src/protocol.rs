//! The frames of `storeroom.v1` and its close codes.
//!
//! Guarantees: a frame is one JSON text with `t` for its type; unknown types and members are refused; an event
//! travels as the bytes that the database made.

use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use storeroom_domain::LogCursor;

/// The WebSocket subprotocol, and the `protocol` of `welcome`.
pub const PROTOCOL: &str = "storeroom.v1";
/// What a client sends to keep its connection open, byte for byte: the platform answers it.
pub const PING: &str = r#"{"t":"ping"}"#;
/// The answer to `PING`.
pub const PONG: &str = r#"{"t":"pong"}"#;
/// How often a client pings: well within the 100 s after which the network in between drops a silent connection.
pub const HEARTBEAT_MS: u32 = 30_000;
/// How long a client may take for its `hello`.
pub const HELLO_WITHIN_MS: i64 = 10_000;
/// Longest frame that is taken.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;
/// Most frames that are taken from one connection in a second.
pub const MAX_FRAMES_A_SECOND: u32 = 100;
/// Most connections of a room.
pub const MAX_CONNECTIONS: usize = 1_000;
/// Most topics of a connection.
pub const MAX_TOPICS: usize = 32;
/// Longest topic. 32 topics of 64 bytes, quoted, are 2 KiB of the 16 KiB that a connection's state may have.
pub const MAX_TOPIC_BYTES: usize = 64;
/// Most events in a frame.
pub const MAX_EVENTS_A_FRAME: usize = 256;
/// Most bytes of events in a frame of several.
pub const MAX_EVENT_BYTES_A_FRAME: usize = 512 * 1024;

/// Why the server closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CloseCode {
    /// A frame that is not text, not JSON, or not of the protocol.
    BadFrame,
    /// A ticket that is unknown, spent or too old.
    Unauthenticated,
    /// The session has ended or the API key was revoked.
    SignedOut,
    /// The user is no member any more.
    Forbidden,
    /// No `hello` in time.
    NoHello,
    /// A frame over 64 KiB.
    TooLarge,
    /// Over 100 frames in a second.
    TooFast,
    /// The room has as many connections as it takes.
    RoomFull,
}

impl CloseCode {
    /// The number on the wire.
    pub fn number(self) -> u16 {
        match self {
            Self::BadFrame => 4400,
            Self::Unauthenticated | Self::SignedOut => 4401,
            Self::Forbidden => 4403,
            Self::NoHello => 4408,
            Self::TooLarge => 4413,
            Self::TooFast => 4429,
            Self::RoomFull => 4503,
        }
    }

    /// What a person reads; at most the 123 bytes that a close frame holds.
    pub fn reason(self) -> &'static str {
        match self {
            Self::BadFrame => "not a frame of storeroom.v1",
            Self::Unauthenticated => "the ticket is unknown, spent or too old: take a new one",
            Self::SignedOut => "the session has ended or the API key was revoked",
            Self::Forbidden => "no member of the store any more",
            Self::NoHello => "no hello within 10 seconds",
            Self::TooLarge => "a frame over 64 KiB",
            Self::TooFast => "more than 100 frames in a second",
            Self::RoomFull => "the room has 1,000 connections",
        }
    }
}

/// A frame of a client.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// The first frame: from where on, and what of it.
    Hello {
        /// The last place in the log that the client has seen; from now on without it.
        #[serde(default, deserialize_with = "cursor")]
        cursor: Option<LogCursor>,
        /// Event types or their beginnings up to a dot; everything without it.
        #[serde(default)]
        topics: Option<Vec<String>>,
    },
    /// Other topics, from the next event on.
    Subscribe {
        /// Event types or their beginnings up to a dot; everything when null.
        topics: Option<Vec<String>>,
    },
    /// How far the client has worked through what it was sent.
    Ack {
        /// The `cursor` of the last frame that was worked through.
        #[serde(deserialize_with = "cursor")]
        cursor: Option<LogCursor>,
    },
    /// Is anybody there?
    Ping {},
}

fn cursor<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<LogCursor>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    LogCursor::parse(&text).map(Some).ok_or_else(|| serde::de::Error::custom("no cursor"))
}

impl ClientFrame {
    /// The frame that `text` spells, `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let frame: Self = serde_json::from_str(text).ok()?;
        let topics_fit = match &frame {
            Self::Hello { topics, .. } | Self::Subscribe { topics } => {
                topics.as_deref().is_none_or(are_topics)
            }
            Self::Ack { cursor } => cursor.is_some(),
            Self::Ping {} => true,
        };
        topics_fit.then_some(frame)
    }
}

fn are_topics(topics: &[String]) -> bool {
    let is_topic = |topic: &String| {
        (1..=MAX_TOPIC_BYTES).contains(&topic.len())
            && topic.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_'))
    };
    topics.len() <= MAX_TOPICS && topics.iter().all(is_topic)
}

/// A frame of the server, but for `events`, which `events_frame` writes, and `pong`, which is `PONG`.
#[derive(Debug, Serialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ServerFrame<'a> {
    /// The answer to `hello`.
    Welcome {
        /// `PROTOCOL`.
        protocol: &'static str,
        /// Who the client is.
        member: Myself<'a>,
        /// The events after this follow.
        #[serde(serialize_with = "as_text")]
        cursor: LogCursor,
        /// Who is here, the client included.
        members: Vec<Present<'a>>,
        /// What all members share, by key.
        shared: BTreeMap<String, String>,
        /// How often to ping.
        heartbeat_ms: u32,
    },
    /// What lies between the client's cursor and this one cannot be had: fetch anew over HTTP.
    Reset {
        /// The events after this follow.
        #[serde(serialize_with = "as_text")]
        cursor: LogCursor,
        /// Why.
        reason: ResetReason,
    },
    /// A frame that cannot be followed; the connection stays.
    Error {
        /// For programs.
        code: &'static str,
        /// For people.
        detail: &'static str,
    },
}

/// The member that a connection belongs to.
#[derive(Debug, Serialize)]
pub struct Myself<'a> {
    /// The user's id.
    pub user: &'a str,
    /// The role in the store.
    pub role: &'static str,
}

/// A user who is in the room.
#[derive(Debug, Serialize)]
pub struct Present<'a> {
    /// The user's id.
    pub user: &'a str,
    /// In how many tabs.
    pub connections: usize,
}

/// Why a client has to start anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetReason {
    /// The database was restored: the cursor belongs to another life of it.
    Epoch,
    /// The log has not come that far: the cursor was never given out.
    Unknown,
    /// The log no longer reaches back that far.
    TooOld,
}

fn as_text<S: Serializer>(cursor: &LogCursor, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(cursor)
}

impl ServerFrame<'_> {
    /// The frame as it travels.
    pub fn to_json(&self) -> String {
        // Texts, numbers and string keys always print.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// An `events` frame around events that are JSON already.
pub fn events_frame<'a>(documents: impl Iterator<Item = &'a str>, cursor: LogCursor) -> String {
    let mut frame = String::from(r#"{"t":"events","events":["#);
    for (index, document) in documents.enumerate() {
        if index > 0 {
            frame.push(',');
        }
        frame.push_str(document);
    }
    frame.push_str(r#"],"cursor":""#);
    frame.push_str(&cursor.to_string());
    frame.push_str(r#""}"#);
    frame
}
