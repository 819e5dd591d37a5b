//! Closing those who do not read.
//!
//! Guarantees: what is on its way to a connection, and to all of them, is bounded.

use crate::connection::ConnectionId;
use crate::protocol::{CloseCode, MAX_BACKLOG_BYTES, MAX_ROOM_BACKLOG_BYTES};
use crate::room::Room;
use crate::step::Effect;

impl Room {
    /// Closes whoever has not acknowledged in time or has too much on its way, and the slowest of all as long as all
    /// together have too much.
    pub(crate) fn close_the_slow(&mut self, out: &mut Vec<Effect>) {
        let now_ms = self.now_ms;
        let slow = self.those(|connection| {
            let in_flight = &connection.in_flight;
            in_flight.bytes() > MAX_BACKLOG_BYTES || in_flight.until_ms().is_some_and(|until| until <= now_ms)
        });
        self.close_all(slow, CloseCode::TooSlow, out);
        while let Some(slowest) = self.slowest_of_too_much() {
            self.close(slowest, CloseCode::TooSlow, out);
        }
    }

    /// Notes who has just become full, and whether the next input has to look after everybody.
    pub(crate) fn watch_the_full(&mut self) {
        let mut total = 0_usize;
        self.needs_care = false;
        for connection in self.connections.values_mut() {
            connection.in_flight.watch(self.now_ms);
            total = total.saturating_add(connection.in_flight.bytes());
            self.needs_care |= connection.in_flight.is_full();
        }
        self.needs_care |= total > MAX_ROOM_BACKLOG_BYTES;
    }

    fn slowest_of_too_much(&self) -> Option<ConnectionId> {
        let backlogs = || self.connections.iter().map(|(id, connection)| (connection.in_flight.bytes(), *id));
        let total: usize = backlogs().map(|(bytes, _)| bytes).sum();
        backlogs().max().filter(|_| total > MAX_ROOM_BACKLOG_BYTES).map(|(_, id)| id)
    }
}
