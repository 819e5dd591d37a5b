//! What the room may send and whom it may close.
//!
//! Guarantees: every `events` frame goes on exactly where its connection stood and has each event of its view once, in
//! order, as the database printed it (E1, E2, E4, E8, A3); nobody is sent anything from its removal on (A2); every
//! `welcome`, `reset` and close has its reason.

use crate::client::Kind;
use crate::database::THE_KEY;
use crate::line::Line;
use crate::moves::{Acks, Reads};
use crate::runner::hold;
use crate::world::World;
use serde_json::Value;
use storeroom_domain::LogCursor;
use storeroom_room::protocol::{
    HELLO_WITHIN_MS, MAX_BACKLOG_BYTES, MAX_EVENT_BYTES_A_FRAME, MAX_EVENTS_A_FRAME, MAX_ROOM_BACKLOG_BYTES,
};
use storeroom_room::{CloseCode, ConnectionId};

fn cursor_of(frame: &Value) -> LogCursor {
    LogCursor::parse(frame["cursor"].as_str().unwrap()).unwrap()
}

/// The events of a frame, as they travel, and its cursor.
fn events_of(text: &str) -> Option<(&str, LogCursor)> {
    let rest = text.strip_prefix(r#"{"t":"events","events":["#)?.strip_suffix(r#""}"#)?;
    let (events, cursor) = rest.rsplit_once(r#"],"cursor":""#)?;
    Some((events, LogCursor::parse(cursor)?))
}

impl World {
    pub fn welcome(&mut self, id: ConnectionId, frame: &Value) -> Kind {
        let cursor = cursor_of(frame);
        let tip = self.tip.unwrap();
        let line = self.lines.get_mut(&id).unwrap();
        let hello = line.hello.filter(|_| !line.is_welcome);
        hold(hello.is_some(), || "H3: a welcome without a hello, or a second one".to_owned());
        let is_tip = cursor.epoch == tip.epoch && cursor.seq <= tip.seq;
        line.owes_reset = hello.and_then(|hello| hello.cursor).is_some_and(|wanted| wanted != cursor);
        hold(is_tip, || format!("H3 H4: welcome at {cursor}, beyond {tip}"));
        let is_myself =
            frame["member"]["user"] == *line.ticket.user && frame["member"]["role"] == line.saved.0.as_str();
        hold(is_myself, || format!("A3: welcome as {}", frame["member"]));
        (line.is_welcome, line.at) = (true, cursor);
        self.check_welcome(id, frame);
        Kind::Welcome(cursor)
    }

    pub fn reset(&mut self, id: ConnectionId, frame: &Value) -> Kind {
        let (cursor, reason) = (cursor_of(frame), frame["reason"].as_str().unwrap());
        let line = &self.lines[&id];
        let hello = line.hello.unwrap();
        let from = hello.cursor.filter(|_| line.owes_reset).unwrap_or(line.at);
        let page = self.expected.page;
        let is_right = match reason {
            "epoch" => from.epoch != cursor.epoch,
            "unknown" => page.is_some_and(|(head, began)| from.seq > head && began >= hello.step),
            "too_old" => from.epoch == cursor.epoch && from.seq + 1 < self.database.first(from.epoch),
            _ => false,
        };
        hold(is_right, || format!("C1 C2 C3: reset to {cursor} from {from} by {reason}, page {page:?}"));
        let line = self.lines.get_mut(&id).unwrap();
        (line.owes_reset, line.at) = (false, cursor);
        self.note(match reason {
            "epoch" => "reset: epoch",
            "unknown" => "reset: unknown",
            _ => "reset: too old",
        });
        Kind::Reset(cursor)
    }

    pub fn sent_events(&mut self, id: ConnectionId, text: &str) {
        let (events, cursor) = events_of(text).unwrap();
        let line = &self.lines[&id];
        let from = line.at;
        let goes_on =
            line.is_welcome && !line.owes_reset && from.epoch == cursor.epoch && from.seq < cursor.seq;
        hold(goes_on, || format!("E1: events from {from} to {cursor}"));
        let flight = &line.flight;
        hold(flight.is_unsure || !flight.is_full(), || {
            format!("K1: {} bytes are on their way", flight.bytes)
        });
        self.check_view(line, from, cursor, events);
        let kind = Kind::Events(from, cursor);
        self.lines.get_mut(&id).unwrap().at = cursor;
        self.put_on_wire(id, kind, text.len());
        self.note(if events.is_empty() { "empty events" } else { "events" });
    }

    /// E1, E2, E4, E8, A2, A3: between the places, exactly what the line's view shows.
    fn check_view(&self, line: &Line, from: LogCursor, to: LogCursor, mut events: &str) {
        let (mut count, length) = (0, events.len());
        let judged = (to.seq.max(line.floor.seq), to.seq.max(line.judged(self.tip).seq));
        let removal = self.database.removal(line.who, line.floor, judged.0);
        hold(removal.is_none(), || {
            format!("A2: events to {to} for {}, removed at {removal:?}", line.ticket.user)
        });
        let roles = self.database.roles(line.who, to.epoch, judged.0, judged.1);
        for seq in from.seq + 1..=to.seq {
            let entry = self.database.entry(to.epoch, seq);
            let rest = events.strip_prefix(&*entry.document);
            let mut shown = roles.iter().map(|role| line.sees(*role, entry.event_type));
            let is_right = if rest.is_some() { shown.any(|seen| seen) } else { !shown.all(|seen| seen) };
            hold(is_right, || {
                format!("E1 E2 A3: {seq} of {from} to {to}, sent: {} for {roles:?}", rest.is_some())
            });
            if let Some(rest) = rest {
                events = rest.strip_prefix(',').unwrap_or(rest);
                count += 1;
            }
        }
        hold(events.is_empty(), || format!("E1 E8: from {from} to {to} also {events}"));
        let fits = count <= MAX_EVENTS_A_FRAME && (count <= 1 || length <= MAX_EVENT_BYTES_A_FRAME + count);
        hold(fits, || format!("E6: {count} events of {length} bytes"));
    }

    /// A2, A3: Whoever is welcome has access at the tip, and the role that the log says.
    pub fn check_access(&self) {
        for line in self.lines.values() {
            let at = line.judged(self.tip);
            let user = &line.ticket.user;
            if line.is_welcome {
                let tip = self.tip;
                hold(tip.is_some_and(|tip| tip.epoch == at.epoch), || {
                    format!("C4 A5: {user} of {at} stays at {tip:?}")
                });
                let removal = self.database.removal(line.who, line.floor, at.seq);
                hold(removal.is_none(), || {
                    format!("A2: {user} was removed at {removal:?} and stays at {at}")
                });
            }
            let (role, is) = (line.saved.0, self.database.role(line.who, at));
            hold(is == Some(role), || format!("A3: {user} is {is:?} at {at}, not {role:?}"));
        }
    }

    pub fn closed(&mut self, id: ConnectionId, code: CloseCode) {
        if let Some(place) = self.expected.closes.iter().position(|expected| *expected == (id, code)) {
            self.expected.closes.remove(place);
        } else {
            hold(self.has_reason(id, code), || {
                format!("{}: {id:?} was closed without a reason: {code:?}", rule(code))
            });
        }
        self.note(self.noted(id, code));
        self.attachments.remove(&id);
        // What is on the wire when the room closes arrives, or it does not.
        if id.0.is_multiple_of(2) {
            self.arrive(id, usize::MAX);
        }
        if let Some(line) = self.lines.remove(&id) {
            self.client_has_lost(line.slot, id);
            self.has_left(line, Self::may_return(code));
        }
    }

    fn has_reason(&self, id: ConnectionId, code: CloseCode) -> bool {
        let Some(line) = self.lines.get(&id) else { return false };
        let as_of = line.ticket.as_of;
        let is_gone = || self.database.removal(line.who, as_of, self.database.end(as_of.epoch)).is_some();
        let is_expelled = || self.expected.sessions.contains(&line.ticket.session);
        let is_reset = !line.is_welcome || line.at.epoch != as_of.epoch;
        let is_restored = self.database.epoch != as_of.epoch && is_reset;
        let is_pruned = || self.database.first(as_of.epoch) > line.judged(None).seq + 1;
        match code {
            CloseCode::Forbidden => line.who != THE_KEY && is_gone(),
            CloseCode::SignedOut => line.who == THE_KEY && is_gone() || is_expelled(),
            CloseCode::Unauthenticated => is_restored || is_pruned(),
            CloseCode::NoHello => line.hello.is_none() && line.since_ms + HELLO_WITHIN_MS <= self.now_ms(),
            CloseCode::TooSlow => self.is_too_slow(line),
            _ => false,
        }
    }

    fn noted(&self, id: ConnectionId, code: CloseCode) -> &'static str {
        let bytes = self.lines.get(&id).map_or(0, |line| line.flight.bytes);
        match code {
            CloseCode::TooSlow if self.bytes_on_their_way() > MAX_ROOM_BACKLOG_BYTES => {
                "closed: 4408, the whole room is slow"
            }
            CloseCode::TooSlow if bytes > MAX_BACKLOG_BYTES => "closed: 4408, too much",
            code => noted(code),
        }
    }

    fn bytes_on_their_way(&self) -> usize {
        self.lines.values().map(|line| line.flight.bytes).sum()
    }

    /// K3, K4, K5. After sleep the room guesses (K6), but never so that it closes who reads.
    fn is_too_slow(&self, line: &Line) -> bool {
        let is_guess = line.flight.is_unsure;
        let reads = line.manner.reads == Reads::AtOnce && line.manner.acks == Acks::Received;
        line.flight.is_too_slow(self.now_ms())
            || self.bytes_on_their_way() > MAX_ROOM_BACKLOG_BYTES
            || is_guess && !(reads && !line.manner.waits && !line.is_cut && !line.flight.is_full())
    }
}

/// The rule that allows to close so.
fn rule(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Forbidden => "A2",
        CloseCode::SignedOut => "A2 A6",
        CloseCode::Unauthenticated => "A5 C4 H7",
        CloseCode::NoHello => "H2",
        CloseCode::TooSlow => "K3 K4 K5",
        CloseCode::Replaced => "L8",
        CloseCode::BadFrame => "L1 H1",
        CloseCode::TooLarge => "L2",
        CloseCode::TooFast => "L3",
        CloseCode::RoomFull => "L4",
    }
}

fn noted(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Forbidden => "closed: 4403",
        CloseCode::SignedOut => "closed: 4401, signed out",
        CloseCode::Unauthenticated => "closed: 4401, a new ticket",
        CloseCode::NoHello => "closed: 4408, no hello",
        CloseCode::TooSlow => "closed: 4408, nothing acknowledged",
        CloseCode::Replaced => "closed: 4409",
        CloseCode::BadFrame => "closed: 4400",
        CloseCode::TooLarge => "closed: 4413",
        CloseCode::TooFast => "closed: 4429",
        CloseCode::RoomFull => "closed: 4503",
    }
}
