//! What the room knows of the store's log, and how it learns the rest.
//!
//! Guarantees: at most one look into the log is under way; each one moves somebody on or tells that somebody cannot
//! be served, so the room comes to rest. A look that began before a doubt came up does not settle it.
//! Relies on: a page being read in one snapshot, and its epoch and head being the database's.

use crate::connection::{ConnectionId, Phase};
use crate::protocol::{CloseCode, ResetReason, ServerFrame};
use crate::room::Room;
use crate::step::Effect;
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use storeroom_domain::LogCursor;

/// Most events of a page.
pub const PAGE_EVENTS: u32 = 10_000;
/// How long the room waits after a look into the log that failed.
pub const RETRY_AFTER_MS: i64 = 1_000;
/// What is asked for when only the head matters: no event comes after it.
pub const AFTER_ALL: i64 = i64::MAX;

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEvent {
    /// Its place.
    pub seq: i64,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Its JSON.
    pub document: String,
}

/// A part of the log, read in one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// The epoch of the log.
    pub epoch: i64,
    /// The last event of the log.
    pub head: i64,
    /// The first events after the place that was asked for, in order.
    pub events: Vec<LogEvent>,
}

impl LogPage {
    /// The place before the first event that the log still has after the one that was asked for.
    pub(crate) fn reach(&self) -> i64 {
        self.events.first().map_or(self.head, |first| first.seq.saturating_sub(1))
    }
}

/// How far the room has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Log {
    pub(crate) epoch: i64,
    /// The last event that everybody who is live has been sent.
    pub(crate) tip: i64,
    /// The last event that the room has heard of.
    pub(crate) known: i64,
}

impl Log {
    pub(crate) fn at_head(epoch: i64, head: i64) -> Self {
        Self { epoch, tip: head, known: head }
    }

    pub(crate) fn cursor(&self) -> LogCursor {
        LogCursor { epoch: self.epoch, seq: self.tip }
    }
}

/// A look into the log that is under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    number: u64,
    after: i64,
}

impl Room {
    /// Events that were just committed.
    pub(crate) fn nudged(&mut self, epoch: i64, mut events: Vec<LogEvent>, out: &mut Vec<Effect>) {
        if !self.is_of_this_log(epoch) {
            return;
        }
        events.sort_by_key(|event| event.seq);
        events.dedup_by_key(|event| event.seq);
        for run in events.chunk_by(|a, b| a.seq.checked_add(1) == Some(b.seq)) {
            self.judge(run, out);
            self.deliver(run, out);
        }
    }

    /// The log has come this far.
    pub(crate) fn heard(&mut self, epoch: i64, head: i64) {
        if !self.is_of_this_log(epoch) {
            return;
        }
        if let Some(log) = &mut self.log {
            log.known = log.known.max(head);
        }
    }

    /// Whether the epoch is the room's; if not, the database has to say which one is right.
    fn is_of_this_log(&mut self, epoch: i64) -> bool {
        let is_ours = self.log.is_some_and(|log| log.epoch == epoch);
        self.doubt |= !is_ours;
        is_ours
    }

    /// A look into the log came to nothing.
    pub(crate) fn look_failed(&mut self, number: u64) {
        if self.look.take_if(|look| look.number == number).is_some() {
            self.doubt = true;
            self.retry_at_ms = Some(self.now_ms.saturating_add(RETRY_AFTER_MS));
        }
    }

    /// What a look into the log has brought.
    pub(crate) fn looked(&mut self, number: u64, page: LogPage, out: &mut Vec<Effect>) {
        let Some(look) = self.look.take_if(|look| look.number == number) else { return };
        self.learn(&page, out);
        self.close_the_unjudged(look.after, &page, out);
        self.judge(&page.events, out);
        self.admit(!self.doubt, out);
        self.give_up_on_the_lost(look.after, &page, out);
        self.page = page.events;
        self.catch_up(out);
    }

    /// Sends what the last look brought to those who can take it, and drops it when nobody needs it any more.
    pub(crate) fn catch_up(&mut self, out: &mut Vec<Effect>) {
        let page = std::mem::take(&mut self.page);
        self.deliver(&page, out);
        let (Some(first), Some(last)) = (page.first(), page.last()) else { return };
        let is_within = |at: i64| first.seq <= at.saturating_add(1) && at < last.seq;
        if self.connections.values().any(|connection| connection.is_behind_at(is_within)) {
            self.page = page;
        }
    }

    /// Takes over the database's epoch and head.
    fn learn(&mut self, page: &LogPage, out: &mut Vec<Effect>) {
        match &mut self.log {
            Some(log) if log.epoch == page.epoch => {
                // A head that only a nudge spoke of is not waited for, unless it spoke after the look began.
                log.known = if self.doubt { log.known.max(page.head) } else { log.tip.max(page.head) };
            }
            Some(log) => {
                *log = Log::at_head(page.epoch, page.head);
                self.page = Vec::new();
                let everybody: Vec<ConnectionId> = self.members().map(|(id, _)| id).collect();
                self.reset(everybody.clone(), ResetReason::Epoch, out);
                // What the restored database says of them, it has not said by events.
                self.close_all(everybody, CloseCode::Unauthenticated, out);
            }
            None => self.log = Some(Log::at_head(page.epoch, page.head)),
        }
    }

    /// Resets whoever stands where the log no longer reaches.
    fn give_up_on_the_lost(&mut self, after: i64, page: &LogPage, out: &mut Vec<Effect>) {
        let Some(log) = &mut self.log else { return };
        let (reach, old_tip) = (page.reach(), log.tip);
        if old_tip >= after && old_tip < reach {
            log.tip = reach;
            log.known = log.known.max(page.head);
        }
        let is_lost = |at: i64| at >= after && at < reach;
        let lost = self.connections.iter().filter(|(_, c)| c.position(old_tip).is_some_and(is_lost));
        let lost: Vec<ConnectionId> = lost.map(|(id, _)| *id).collect();
        self.reset(lost, ResetReason::TooOld, out);
    }

    /// Lets the connections start anew at the tip.
    pub(crate) fn reset(&mut self, who: Vec<ConnectionId>, reason: ResetReason, out: &mut Vec<Effect>) {
        let Some(log) = self.log.filter(|_| !who.is_empty()) else { return };
        for id in &who {
            if let Some(connection) = self.connections.get_mut(id) {
                connection.enter(Phase::Live);
            }
        }
        let frame = ServerFrame::Reset { cursor: log.cursor(), reason }.to_json();
        out.push(Effect::Send { to: who, frame: Rc::from(frame) });
    }

    /// Begins a look into the log when somebody needs one and none is under way.
    pub(crate) fn look_if_needed(&mut self, out: &mut Vec<Effect>) {
        let is_waiting = self.look.is_some() || self.retry_at_ms.is_some_and(|at| self.now_ms < at);
        let Some(after) = self.first_missing().filter(|_| !is_waiting) else { return };
        self.looks = self.looks.wrapping_add(1);
        self.look = Some(Look { number: self.looks, after });
        (self.doubt, self.retry_at_ms) = (false, None);
        out.push(Effect::Fetch { number: self.looks, after, limit: PAGE_EVENTS });
    }

    /// The place after which something is missing; `None` when nothing is.
    fn first_missing(&self) -> Option<i64> {
        let of_room = match self.log {
            Some(log) => (log.known > log.tip || self.doubt).then_some(log.tip),
            None => self.doubt.then_some(AFTER_ALL),
        };
        let of_connections =
            self.connections.values().filter_map(|connection| match connection.state.phase {
                Phase::Greeting { .. } | Phase::Live => None,
                // Whoever is full can take nothing: it asks again by its `ack`.
                Phase::Behind { at } => Some(at).filter(|_| !connection.in_flight.is_full()),
                Phase::Joining { cursor } => Some(self.joining_needs(cursor, connection.state.member.as_of)),
            });
        of_room.into_iter().chain(of_connections).min()
    }

    /// The place after which a connection that has said `hello` has to know the log.
    fn joining_needs(&self, cursor: Option<LogCursor>, as_of: LogCursor) -> i64 {
        match (self.log, cursor) {
            // A page that began at its cursor might end before the events that have not judged it.
            (Some(log), _) if as_of.epoch == log.epoch && as_of.seq < log.tip => as_of.seq,
            (Some(log), Some(cursor)) if cursor.epoch == log.epoch => cursor.seq,
            (Some(_), _) => AFTER_ALL,
            (None, cursor) => cursor.map_or(as_of.seq, |cursor| cursor.seq),
        }
    }
}
