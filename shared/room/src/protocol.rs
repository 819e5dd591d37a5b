//! The frames of `storeroom.v1` and its close codes.
//!
//! Guarantees: a frame is one JSON text with `t` for its type; unknown types and members are refused; an event
//! travels as the bytes that the database made.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
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
/// Most bytes of a presence state, as JSON.
pub const MAX_PRESENCE_BYTES: usize = 4 * 1024;
/// How long a user whose last connection dropped is still shown as present.
pub const PRESENCE_GRACE_MS: i64 = 10_000;
/// Most bytes of a shared value, as JSON.
pub const MAX_SHARED_BYTES: usize = 8 * 1024;
/// Most keys that a room shares.
pub const MAX_SHARED_KEYS: usize = 64;
/// Longest key of a shared value.
pub const MAX_KEY_BYTES: usize = 64;
/// Most connections of a user; with one more the oldest is closed.
pub const MAX_CONNECTIONS_A_USER: usize = 100;
/// So many bytes on their way to a connection, and it is sent no more events before it acknowledges some.
pub const MAX_UNACKED_BYTES: usize = 1024 * 1024;
/// So many frames on their way to a connection, and it is sent no more events before it acknowledges some. A client
/// acknowledges at the latest after every 64.
pub const MAX_UNACKED_FRAMES: usize = 256;
/// How long a connection that is sent no more may go without acknowledging anything.
pub const ACK_WITHIN_MS: i64 = 10_000;
/// So many bytes on their way to a connection, events and whatever else, and it is closed.
pub const MAX_BACKLOG_BYTES: usize = 2 * MAX_UNACKED_BYTES;
/// So many bytes on their way to all connections of a room, and the slowest is closed: half of the 128 MB that an
/// object has.
pub const MAX_ROOM_BACKLOG_BYTES: usize = 64 * 1024 * 1024;
/// How long a frame may wait for others that go with it.
pub const GATHER_MS: i64 = 50;
/// So many frames a second, one to one connection each, leave a room at once; beyond that they are gathered.
pub const SENDS_A_SECOND: i64 = 100_000;
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
    /// It does not acknowledge what it is sent.
    TooSlow,
    /// The user has opened 100 newer connections.
    Replaced,
    /// A frame over 64 KiB.
    TooLarge,
    /// Over 100 frames in a second.
    TooFast,
    /// The room has as many connections as it takes.
    RoomFull,
}

impl CloseCode {
    /// Every one of them.
    pub const ALL: [Self; 10] = [
        Self::BadFrame,
        Self::Unauthenticated,
        Self::SignedOut,
        Self::Forbidden,
        Self::NoHello,
        Self::TooSlow,
        Self::Replaced,
        Self::TooLarge,
        Self::TooFast,
        Self::RoomFull,
    ];

    /// The number on the wire.
    pub fn number(self) -> u16 {
        match self {
            Self::BadFrame => 4400,
            Self::Unauthenticated | Self::SignedOut => 4401,
            Self::Forbidden => 4403,
            Self::NoHello | Self::TooSlow => 4408,
            Self::Replaced => 4409,
            Self::TooLarge => 4413,
            Self::TooFast => 4429,
            Self::RoomFull => 4503,
        }
    }

    /// Whether the member may be back in a moment, so that it is shown as present for a while.
    pub(crate) fn may_return(self) -> bool {
        !matches!(self, Self::SignedOut | Self::Forbidden | Self::Replaced)
    }

    /// What a person reads; at most the 123 bytes that a close frame holds.
    pub fn reason(self) -> &'static str {
        match self {
            Self::BadFrame => "not a frame of storeroom.v1",
            Self::Unauthenticated => "the ticket is unknown, spent or too old: take a new one",
            Self::SignedOut => "the session has ended or the API key was revoked",
            Self::Forbidden => "no member of the store any more",
            Self::NoHello => "no hello within 10 seconds",
            Self::TooSlow => "too much that was sent is not acknowledged: come back with your cursor",
            Self::Replaced => "the user has opened 100 newer connections",
            Self::TooLarge => "a frame over 64 KiB",
            Self::TooFast => "more than 100 frames in a second",
            Self::RoomFull => "the room has 1,000 connections",
        }
    }
}

/// A frame of a client.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// The first frame: from where on, and what of it.
    Hello {
        /// The last place in the log that the client has seen; from now on without it.
        #[serde(default, deserialize_with = "cursor")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
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
    /// Where the member is; the others are told.
    Presence {
        /// View, record, field: whatever the front end makes of it, at most 4 KiB of JSON; null takes it back.
        state: Option<Map<String, Value>>,
    },
    /// A value that all members share.
    Share {
        /// At most 64 of `A-Z`, `a-z`, `0-9`, `.`, `_`, `:` and `-`.
        key: String,
        /// At most 8 KiB of JSON; null takes the key away.
        value: Value,
    },
    /// How far the client has worked through what it was sent.
    Ack {
        /// The `cursor` of the last frame that was worked through.
        #[serde(deserialize_with = "cursor")]
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        cursor: Option<LogCursor>,
        /// How many frames other than `pong` have come on this connection, this far.
        #[serde(default)]
        received: Option<u64>,
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
        let fits = match &frame {
            Self::Hello { topics, .. } | Self::Subscribe { topics } => {
                topics.as_deref().is_none_or(are_topics)
            }
            Self::Share { key, .. } => is_key(key),
            Self::Ack { cursor, .. } => cursor.is_some(),
            Self::Presence { .. } | Self::Ping {} => true,
        };
        fits.then_some(frame)
    }
}

fn are_topics(topics: &[String]) -> bool {
    topics.len() <= MAX_TOPICS && topics.iter().all(|topic| is_topic(topic))
}

/// Whether the text can be an event type or the beginning of one.
pub fn is_topic(topic: &str) -> bool {
    (1..=MAX_TOPIC_BYTES).contains(&topic.len())
        && topic.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_'))
}

fn is_key(key: &str) -> bool {
    (1..=MAX_KEY_BYTES).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-'))
}

/// A frame of the server. `events` is written by `events_frame`, which passes the events through, and `pong` is `PONG`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Serialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ServerFrame<'a> {
    /// The answer to `hello`.
    Welcome {
        /// The subprotocol, `storeroom.v1`.
        protocol: &'static str,
        /// Who the client is.
        member: Myself<'a>,
        /// The events after this follow.
        #[serde(serialize_with = "as_text")]
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        cursor: LogCursor,
        /// Who is here, the client included.
        members: Vec<Present<'a>>,
        /// What all members share.
        shared: Vec<SharedValue<'a>>,
        /// How often to ping.
        heartbeat_ms: u32,
    },
    /// Events after the client's cursor, and where that leaves it.
    Events {
        /// The events that the member may read and asked for, in order; none, where only the cursor moves on.
        #[serde(serialize_with = "as_json_list")]
        #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::asyncapi::Event>"))]
        events: Vec<&'a str>,
        /// Everything up to here has been sent.
        #[serde(serialize_with = "as_text")]
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        cursor: LogCursor,
    },
    /// What lies between the client's cursor and this one cannot be had: fetch anew over HTTP.
    Reset {
        /// The events after this follow.
        #[serde(serialize_with = "as_text")]
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        cursor: LogCursor,
        /// Why.
        reason: ResetReason,
    },
    /// Who has come, has changed and has gone; whole entries, which replace what is known of their users.
    Presence {
        /// Users who were not here.
        joined: Vec<Present<'a>>,
        /// Users whose connections or states have changed.
        changed: Vec<Present<'a>>,
        /// Users who are not here any more.
        left: Vec<&'a str>,
    },
    /// A shared value has changed.
    Shared(SharedValue<'a>),
    /// A frame that cannot be followed; the connection stays.
    Error {
        /// For programs.
        code: &'static str,
        /// For people.
        detail: &'static str,
    },
    /// The answer to `ping`.
    Pong {},
}

/// The member that a connection belongs to.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Serialize)]
pub struct Myself<'a> {
    /// The user's id.
    pub user: &'a str,
    /// The role in the store.
    pub role: &'static str,
}

/// A user who is in the room.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Serialize)]
pub struct Present<'a> {
    /// The user's id.
    pub user: &'a str,
    /// In how many tabs.
    pub connections: usize,
    /// What its tabs have said of where they are, each at most once.
    #[serde(serialize_with = "as_json_list")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<Map<String, Value>>"))]
    pub states: Vec<&'a str>,
}

/// A value that all members share.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Serialize)]
pub struct SharedValue<'a> {
    /// Its name.
    pub key: &'a str,
    /// What it is; null when it was taken away.
    #[serde(serialize_with = "as_json")]
    #[cfg_attr(feature = "schema", schemars(with = "Value"))]
    pub value: &'a str,
    /// The id of the user who set it.
    pub by: &'a str,
}

/// Why a client has to start anew.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

fn as_json<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::from_str::<&RawValue>(text).map_err(serde::ser::Error::custom)?.serialize(serializer)
}

fn as_json_list<S: Serializer>(texts: &[&str], serializer: S) -> Result<S::Ok, S::Error> {
    let values: Result<Vec<&RawValue>, _> = texts.iter().map(|text| serde_json::from_str(text)).collect();
    values.map_err(serde::ser::Error::custom)?.serialize(serializer)
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
