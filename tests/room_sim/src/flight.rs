//! What is on its way to a connection, counted as SPEC.md says (K1 to K6).
//!
//! Guarantees: exact, unless memory was lost while something was on its way: the room may then believe that less is
//! on its way (`is_unsure`), never more.

use std::collections::VecDeque;
use storeroom_room::protocol::{ACK_WITHIN_MS, MAX_BACKLOG_BYTES, MAX_UNACKED_BYTES, MAX_UNACKED_FRAMES};

struct Frame {
    number: u64,
    /// The place whose `ack` says that it has arrived.
    place: i64,
    bytes: usize,
}

/// The frames of a connection that are not acknowledged.
#[derive(Default)]
pub struct Flight {
    frames: VecDeque<Frame>,
    pub bytes: usize,
    sent: u64,
    full_since_ms: Option<i64>,
    pub is_unsure: bool,
}

impl Flight {
    pub fn sent(&mut self, place: i64, bytes: usize) {
        self.sent += 1;
        self.bytes += bytes;
        self.frames.push_back(Frame { number: self.sent, place, bytes });
    }

    pub fn acknowledge(&mut self, place: i64, received: Option<u64>, now_ms: i64) {
        let has_arrived =
            |frame: &mut Frame| received.map_or(frame.place <= place, |received| frame.number <= received);
        while let Some(frame) = self.frames.pop_front_if(has_arrived) {
            self.bytes -= frame.bytes;
            self.full_since_ms = self.full_since_ms.map(|_| now_ms);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.bytes >= MAX_UNACKED_BYTES || self.frames.len() >= MAX_UNACKED_FRAMES
    }

    /// Whether K3 or K4 has it closed.
    pub fn is_too_slow(&self, now_ms: i64) -> bool {
        let is_late = self.full_since_ms.is_some_and(|since| since + ACK_WITHIN_MS <= now_ms);
        self.bytes > MAX_BACKLOG_BYTES || is_late
    }

    /// A step of the room has ended.
    pub fn watch(&mut self, now_ms: i64) {
        self.full_since_ms = self.is_full().then(|| self.full_since_ms.unwrap_or(now_ms));
    }

    /// The room has lost its memory.
    pub fn forget(&mut self) {
        self.is_unsure |= !self.is_empty();
        self.full_since_ms = None;
    }
}
