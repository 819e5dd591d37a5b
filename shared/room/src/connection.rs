//! A connection: what the room knows of one socket.
//!
//! Guarantees: `ConnectionState` is all that has to survive hibernation and stays under 12 KiB: three ids
//! and cursors, at most 2 KiB of topics, and 4 KiB of presence, which quoting can double. Relies on: a host that hands the same state back to `Room::restore`.

use crate::in_flight::InFlight;
use crate::log::Log;
use crate::protocol::MAX_FRAMES_A_SECOND;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::rc::Rc;
use storeroom_domain::{LogCursor, Role, event};

/// Names a connection as long as it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConnectionId(pub u64);

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The id of the user or of the API key.
    pub user: String,
    /// The role in the store.
    #[serde(with = "role_name")]
    pub role: Role,
    /// The id of the session or of the API key that took the ticket.
    pub session: String,
    /// The place in the log that user, role and session are known to be right as of.
    #[serde(with = "place_text")]
    pub as_of: LogCursor,
}

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// It has to say `hello`.
    Greeting { until_ms: i64 },
    /// It said `hello`; the room must look into the log before it can answer.
    Joining {
        #[serde(with = "cursor_text")]
        cursor: Option<LogCursor>,
    },
    /// It has every event up to `at`, and the room has sent others more.
    Behind { at: i64 },
    /// It has every event that the room has sent.
    Live,
}

/// The beginnings of the event types that a connection wants; `None` is everything.
pub(crate) type Topics = Option<Rc<[String]>>;

/// What has to survive hibernation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionState {
    pub(crate) member: Member,
    pub(crate) topics: Topics,
    pub(crate) phase: Phase,
    /// When it was opened, Unix milliseconds.
    pub(crate) since_ms: i64,
    /// The JSON of where the member is.
    pub(crate) presence: Option<Rc<str>>,
    /// The last place in the log that the client said it has worked through.
    pub(crate) acked: i64,
    /// How many frames the client said it has received.
    #[serde(default)]
    pub(crate) received: u64,
}

/// A connection in memory.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) state: ConnectionState,
    /// Whether the state differs from the one that was handed out last.
    pub(crate) is_changed: bool,
    /// What is on its way.
    pub(crate) in_flight: InFlight,
    second_ms: i64,
    frames_in_second: u32,
}

impl Connection {
    pub(crate) fn new(state: ConnectionState) -> Self {
        Self { state, is_changed: false, in_flight: InFlight::default(), second_ms: 0, frames_in_second: 0 }
    }

    /// As it was kept: whoever is welcome had been judged by everything that the room had sent.
    pub(crate) fn restore(mut state: ConnectionState, log: Option<Log>) -> Self {
        let is_welcome = matches!(state.phase, Phase::Behind { .. } | Phase::Live);
        if let Some(log) = log.filter(|log| is_welcome && log.epoch == state.member.as_of.epoch) {
            state.member.as_of.seq = state.member.as_of.seq.max(log.tip);
        }
        let position = log.and_then(|log| position(state.phase, log.tip)).unwrap_or(0);
        let in_flight = InFlight::restore(position, state.acked, state.received);
        Self { in_flight, ..Self::new(state) }
    }

    pub(crate) fn enter(&mut self, phase: Phase) {
        self.is_changed |= self.state.phase != phase;
        self.state.phase = phase;
    }

    pub(crate) fn subscribe(&mut self, topics: Option<Vec<String>>) {
        self.state.topics = topics.map(Into::into);
        self.is_changed = true;
    }

    /// It has worked through everything up to a place in the log.
    pub(crate) fn acknowledge(&mut self, place: i64, received: Option<u64>, now_ms: i64) {
        self.in_flight.acknowledge(place, received, now_ms);
        let received = received.unwrap_or(self.state.received);
        self.is_changed |= (self.state.acked, self.state.received) != (place, received);
        (self.state.acked, self.state.received) = (place, received);
    }

    /// The last event that it has been sent or has skipped, given the room's; `None` before `welcome`.
    pub(crate) fn position(&self, tip: i64) -> Option<i64> {
        position(self.state.phase, tip)
    }

    /// Whether it is behind, at such a place.
    pub(crate) fn is_behind_at(&self, is_meant: impl Fn(i64) -> bool) -> bool {
        matches!(self.state.phase, Phase::Behind { at } if is_meant(at))
    }

    /// Whether it has been sent everything.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.state.phase, Phase::Live)
    }

    /// Whether it has said `hello`.
    pub(crate) fn is_watching(&self) -> bool {
        !matches!(self.state.phase, Phase::Greeting { .. })
    }

    /// Whether its `hello` has been answered.
    pub(crate) fn is_welcome(&self) -> bool {
        matches!(self.state.phase, Phase::Behind { .. } | Phase::Live)
    }

    /// Counts a frame; whether it is one too many.
    pub(crate) fn is_too_fast(&mut self, now_ms: i64) -> bool {
        if now_ms.saturating_sub(self.second_ms) >= 1_000 {
            (self.second_ms, self.frames_in_second) = (now_ms, 0);
        }
        self.frames_in_second = self.frames_in_second.saturating_add(1);
        self.frames_in_second > MAX_FRAMES_A_SECOND
    }
}

fn position(phase: Phase, tip: i64) -> Option<i64> {
    match phase {
        Phase::Greeting { .. } | Phase::Joining { .. } => None,
        Phase::Behind { at } => Some(at),
        Phase::Live => Some(tip),
    }
}

/// What of the log a connection gets to see; the same for many connections.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct View {
    pub(crate) role: Role,
    pub(crate) topics: Topics,
}

impl View {
    pub(crate) fn shows(&self, event_type: &str) -> bool {
        let is_wanted = match &self.topics {
            None => true,
            Some(topics) => topics.iter().any(|topic| begins_with(event_type, topic)),
        };
        is_wanted && event::visible_to(self.role, event_type)
    }
}

/// Whether the topic is the type or its beginning up to a dot, as in the filter of `GET /events`.
fn begins_with(event_type: &str, topic: &str) -> bool {
    event_type.strip_prefix(topic).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

mod role_name {
    use super::*;

    pub fn serialize<S: Serializer>(role: &Role, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(role.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
        let name = String::deserialize(deserializer)?;
        Role::parse(&name).ok_or_else(|| serde::de::Error::custom("no role"))
    }
}

mod cursor_text {
    use super::*;

    pub fn serialize<S: Serializer>(cursor: &Option<LogCursor>, serializer: S) -> Result<S::Ok, S::Error> {
        cursor.map(|cursor| cursor.to_string()).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LogCursor>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(text.and_then(|text| LogCursor::parse(&text)))
    }
}

mod place_text {
    use super::*;

    pub fn serialize<S: Serializer>(place: &LogCursor, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(place)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LogCursor, D::Error> {
        let text = String::deserialize(deserializer)?;
        LogCursor::parse(&text).ok_or_else(|| serde::de::Error::custom("no cursor"))
    }
}
