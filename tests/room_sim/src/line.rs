//! A connection as the model sees it from the room's end: what the room has been told, what it has sent, and what is
//! still on the wire.

use crate::client::{Arriving, Manner, Said, Topics};
use crate::flight::Flight;
use crate::news::{Picture, Values};
use std::collections::VecDeque;
use storeroom_domain::{LogCursor, Role, event::visible_to};
use storeroom_room::Member;
use storeroom_room::protocol::MAX_FRAMES_A_SECOND;

/// A `hello` that the room has got.
#[derive(Clone, Copy)]
pub struct Hello {
    pub cursor: Option<LogCursor>,
    /// The step of the room.
    pub step: u64,
}

/// A connection that the room takes for open.
pub struct Line {
    pub slot: usize,
    pub who: usize,
    pub ticket: Member,
    pub manner: Manner,
    pub since_ms: i64,
    pub hello: Option<Hello>,
    pub is_welcome: bool,
    /// Up to where it was sent everything, from `welcome` on.
    pub at: LogCursor,
    /// It was welcomed elsewhere than it wanted.
    pub owes_reset: bool,
    pub topics: Topics,
    /// JSON of where it is.
    pub presence: Option<String>,
    /// The members and values that it was told of.
    pub members: Picture,
    pub shared: Values,
    pub flight: Flight,
    /// The role that was saved, and the place that it had been judged by.
    pub saved: (Role, LogCursor),
    /// It has been judged at least by what is up to here.
    pub floor: LogCursor,
    /// The socket is gone, and the room does not know.
    pub is_cut: bool,
    pub down: VecDeque<Arriving>,
    pub up: VecDeque<Said>,
    second_ms: i64,
    frames_in_second: u32,
}

impl Line {
    pub fn new(slot: usize, who: usize, ticket: Member, manner: Manner, now_ms: i64) -> Self {
        Self {
            slot,
            who,
            manner,
            since_ms: now_ms,
            hello: None,
            is_welcome: false,
            at: ticket.as_of,
            owes_reset: false,
            topics: None,
            presence: None,
            members: Picture::new(),
            shared: Values::new(),
            flight: Flight::default(),
            saved: (ticket.role, ticket.as_of),
            floor: ticket.as_of,
            is_cut: false,
            down: VecDeque::new(),
            up: VecDeque::new(),
            second_ms: 0,
            frames_in_second: 0,
            ticket,
        }
    }

    /// Counts a frame that the room gets; whether it is one too many (L3).
    pub fn is_too_fast(&mut self, now_ms: i64) -> bool {
        if now_ms - self.second_ms >= 1_000 {
            (self.second_ms, self.frames_in_second) = (now_ms, 0);
        }
        self.frames_in_second += 1;
        self.frames_in_second > MAX_FRAMES_A_SECOND
    }

    /// The room has lost its memory.
    pub fn forget(&mut self) {
        self.flight.forget();
        (self.second_ms, self.frames_in_second) = (0, 0);
    }

    pub fn sees(&self, role: Role, event_type: &str) -> bool {
        let wants = |topics: &Vec<String>| {
            topics.iter().any(|topic| format!("{event_type}.").starts_with(&format!("{topic}.")))
        };
        self.topics.as_ref().is_none_or(wants) && visible_to(role, event_type)
    }

    /// The place it has been judged by, at least, when the room has come to `tip`.
    pub fn judged(&self, tip: Option<LogCursor>) -> LogCursor {
        let tip = tip.filter(|tip| self.is_welcome && tip.epoch == self.floor.epoch);
        let seq = self.saved.1.seq.max(self.floor.seq).max(tip.map_or(0, |tip| tip.seq));
        LogCursor { seq, ..self.floor }
    }
}
