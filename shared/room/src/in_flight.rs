//! What a connection was sent and has not acknowledged: the platform shows no send buffer, so a reader that does not
//! keep up is known by its `ack`.
//!
//! Guarantees: at most `MAX_UNACKED_FRAMES` entries and one frame over `MAX_UNACKED_BYTES` of events are on their way.
//! Relies on: hibernation coming only to a room that was silent for seconds, so that a count that starts anew with it
//! is off by what a reader leaves unread for so long; `restore` takes that to be small events.

use crate::protocol::{ACK_WITHIN_MS, MAX_UNACKED_BYTES, MAX_UNACKED_FRAMES};
use std::collections::VecDeque;

/// The least that an event takes, to guess what memory no longer knows.
const LEAST_EVENT_BYTES: usize = 256;

/// A frame on its way.
#[derive(Debug, Clone, Copy)]
struct Unacked {
    /// Its number on the connection, from 1.
    number: u64,
    /// The place in the log whose `ack` says that it has arrived.
    place: i64,
    bytes: usize,
}

/// The frames of one connection that are on their way.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    frames: VecDeque<Unacked>,
    bytes: usize,
    sent: u64,
    full_since_ms: Option<i64>,
}

impl InFlight {
    /// A connection that stands at `position` of the log and has acknowledged `acked`.
    pub(crate) fn restore(position: i64, acked: i64) -> Self {
        let mut guess = Self::default();
        let events = usize::try_from(position.saturating_sub(acked)).unwrap_or(0);
        if events > 0 {
            guess.push(position, events.saturating_mul(LEAST_EVENT_BYTES));
        }
        guess
    }

    /// A frame was sent.
    pub(crate) fn push(&mut self, place: i64, bytes: usize) {
        self.sent = self.sent.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        self.frames.push_back(Unacked { number: self.sent, place, bytes });
    }

    /// Everything up to a place in the log has arrived, or that many frames have.
    pub(crate) fn acknowledge(&mut self, place: i64, received: Option<u64>, now_ms: i64) {
        let has_arrived =
            |frame: &mut Unacked| received.map_or(frame.place <= place, |received| frame.number <= received);
        while let Some(frame) = self.frames.pop_front_if(has_arrived) {
            self.bytes = self.bytes.saturating_sub(frame.bytes);
            self.full_since_ms = self.full_since_ms.map(|_| now_ms);
        }
    }

    /// Bytes on their way.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether no more events may be sent until an `ack` comes.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= MAX_UNACKED_BYTES || self.frames.len() >= MAX_UNACKED_FRAMES
    }

    /// Notes since when it is full.
    pub(crate) fn watch(&mut self, now_ms: i64) {
        self.full_since_ms = self.is_full().then(|| self.full_since_ms.unwrap_or(now_ms));
    }

    /// Until when it may be full without an `ack`; `None` when it is not full.
    pub(crate) fn until_ms(&self) -> Option<i64> {
        self.full_since_ms.map(|since| since.saturating_add(ACK_WITHIN_MS))
    }
}
