//! What goes into a step of the room and what comes out.
//!
//! Guarantees: plain data, so that a host translates and a test can replay.

use crate::connection::{ConnectionId, ConnectionState, Member};
use crate::log::{LogEvent, LogPage};
use crate::protocol::CloseCode;
use std::rc::Rc;

/// What happened.
#[derive(Debug)]
pub enum Input {
    /// A socket was accepted; its ticket was good for that member, or for nobody.
    Connected {
        /// A name that no open connection has.
        connection: ConnectionId,
        /// Whom the ticket was for.
        member: Option<Member>,
    },
    /// A client sent something.
    Received {
        /// Which.
        connection: ConnectionId,
        /// What.
        message: Message,
    },
    /// A socket is gone.
    Disconnected {
        /// Which.
        connection: ConnectionId,
    },
    /// Sessions have ended, or API keys, by what the log does not tell of.
    Expel {
        /// Their ids.
        sessions: Vec<String>,
    },
    /// Events were committed.
    Nudge {
        /// Of which epoch.
        epoch: i64,
        /// Which.
        events: Vec<LogEvent>,
    },
    /// The log has come so far.
    Head {
        /// In which epoch.
        epoch: i64,
        /// Its last event.
        head: i64,
    },
    /// What `Effect::Fetch` brought.
    Backfill {
        /// The number of the effect.
        number: u64,
        /// What was read.
        page: LogPage,
    },
    /// `Effect::Fetch` brought nothing.
    BackfillFailed {
        /// The number of the effect.
        number: u64,
    },
    /// The time of an `Effect::Alarm` has come.
    Alarm,
    /// The time of an `Effect::Tick` has come.
    Tick,
}

/// A WebSocket message.
#[derive(Debug)]
pub enum Message {
    /// Text.
    Text(String),
    /// That many bytes, which are of no interest.
    Binary(usize),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Keep this for `Room::restore`, before what follows is sent.
    Keep {
        /// Its name, at most 100 bytes.
        name: String,
        /// What it is now; `None`: forget it.
        text: Option<String>,
    },
    /// Keep this with the connection for `Room::restore`.
    Save {
        /// Which.
        connection: ConnectionId,
        /// What.
        state: ConnectionState,
    },
    /// Send one text to all of them.
    Send {
        /// To whom.
        to: Vec<ConnectionId>,
        /// What.
        frame: Rc<str>,
    },
    /// Close the socket and forget what was kept with it.
    Close {
        /// Which.
        connection: ConnectionId,
        /// Why.
        code: CloseCode,
    },
    /// Read the log; answer with `Input::Backfill` or `Input::BackfillFailed`.
    Fetch {
        /// To be repeated in the answer.
        number: u64,
        /// The events after this place.
        after: i64,
        /// Most events.
        limit: u32,
    },
    /// Call with `Input::Alarm` then; an alarm that was asked for before and is later may be dropped.
    Alarm {
        /// When, Unix milliseconds.
        at_ms: i64,
    },
    /// Call with `Input::Tick` after that; it may be lost with the memory.
    Tick {
        /// In how many milliseconds: a few.
        in_ms: i64,
    },
}
