//! The host: time, looks, sockets and sleep.
//!
//! Guarantees: it does what the shell of the Durable Object and its platform may do, and nothing else.

use crate::client::Said;
use crate::moves::{Acks, Nonsense, Reads};
use crate::runner::hold;
use crate::world::{Look, World};
use storeroom_room::protocol::{GATHER_MS, MAX_PRESENCE_BYTES};
use storeroom_room::{CloseCode, ConnectionId, Input, Room};

/// More turns than any run needs to come to rest.
const MOST_TURNS: usize = 10_000;

impl World {
    /// Time passes; what is due happens at its time.
    pub fn wait(&mut self, ms: i64) {
        let target = self.real_ms + ms;
        for _ in 0..MOST_TURNS {
            let due = self.next_due().filter(|due| *due <= target);
            self.real_ms = due.unwrap_or(target).max(self.real_ms);
            self.latest_ms = self.latest_ms.max(self.now_ms());
            self.do_what_is_due();
            self.check_waiting();
            if due.is_none() {
                return;
            }
        }
        hold(false, || "the room does not come to rest".to_owned());
    }

    fn next_due(&self) -> Option<i64> {
        let alarm = self.alarm_ms.map(|at| at - self.offset_ms);
        let acks = self.ackers().filter_map(|(_, due)| due);
        self.ticks.iter().copied().chain(alarm).chain(acks).min()
    }

    /// Those who acknowledge, with when they do.
    fn ackers(&self) -> impl Iterator<Item = (ConnectionId, Option<i64>)> {
        let lines = self.lines.iter().filter(|(_, line)| !line.is_cut && line.manner.reads != Reads::Never);
        let lines = lines.filter(|(_, line)| line.manner.acks != Acks::Nothing);
        lines.map(|(id, line)| (*id, self.clients[&line.slot].ack_due_ms()))
    }

    fn do_what_is_due(&mut self) {
        while let Some(place) = self.ticks.iter().position(|at| *at <= self.real_ms) {
            self.ticks.remove(place);
            self.step(Input::Tick);
        }
        if self.alarm_ms.take_if(|at| *at <= self.real_ms + self.offset_ms).is_some() {
            self.step(Input::Alarm);
        }
        let now_ms = self.real_ms;
        let due: Vec<_> = self.ackers().filter(|(_, due)| due.is_some_and(|due| due <= now_ms)).collect();
        for (id, _) in due {
            let line = self.lines.get_mut(&id).unwrap();
            let ack = self.clients.get_mut(&line.slot).unwrap().acknowledge(line.manner.acks);
            line.up.extend(ack);
        }
        self.settle();
    }

    /// G3: Nothing waits longer than that.
    fn check_waiting(&self) {
        let untold = self.untold_since.is_some_and(|since| self.real_ms - since > GATHER_MS);
        hold(!untold, || format!("G3: news since {:?} are untold at {}", self.untold_since, self.real_ms));
        let late = self.waiting.iter().find(|(since, _)| self.real_ms - since > GATHER_MS);
        hold(late.is_none(), || format!("G3: {late:?} at {}, the tip is {:?}", self.real_ms, self.tip));
    }

    /// Sets the clock on or back.
    pub fn jump(&mut self, ms: i64) {
        self.offset_ms += ms;
        self.latest_ms = self.latest_ms.max(self.now_ms());
    }

    /// Hands a nudge over.
    pub fn give_nudge(&mut self, epoch: i64, events: Vec<storeroom_room::LogEvent>) {
        let follows = |tip: &storeroom_domain::LogCursor| {
            let is_next = |seq: i64| events.iter().any(|event| event.seq == seq);
            let end = (tip.seq + 1..).take_while(|seq| is_next(*seq)).last()?;
            (tip.epoch == epoch).then_some(storeroom_domain::LogCursor { epoch, seq: end })
        };
        let end = self.tip.as_ref().and_then(follows);
        self.waiting.extend(end.map(|end| (self.real_ms, end)));
        self.step(Input::Nudge { epoch, events });
        if !self.waiting.is_empty() {
            self.note("gathered");
        }
    }

    /// Reads a page for the look that is under way.
    pub fn read_page(&mut self, most: usize) {
        if let Some(look) = &mut self.look {
            look.page = Some(self.database.page(look.after, most));
        }
    }

    /// Hands the page over.
    pub fn answer(&mut self) {
        let Some(Look { number, page: Some(page), began, .. }) =
            self.look.take_if(|look| look.page.is_some())
        else {
            return;
        };
        self.expected.page = Some((page.head, began));
        self.step(Input::Backfill { number, page });
    }

    pub fn fail(&mut self) {
        if let Some(Look { number, .. }) = self.look.take() {
            self.failed_at_ms = Some(self.now_ms());
            self.step(Input::BackfillFailed { number });
        }
    }

    /// Makes looks as long as they are needed.
    pub fn look_all(&mut self, most: usize) {
        for _ in 0..MOST_TURNS {
            if self.look.is_none() {
                return;
            }
            self.read_page(most);
            self.answer();
            self.settle();
        }
        hold(false, || "N3: the room looks and looks".to_owned());
    }

    /// B5: An answer that comes too late.
    pub fn answer_late(&mut self) {
        let Some(Look { number, after, page, .. }) = self.late.pop() else { return };
        let page = page.unwrap_or_else(|| self.database.page(after, 5));
        self.note("late answer");
        self.step(Input::Backfill { number, page });
    }

    /// Memory is lost, and with it looks and ticks.
    pub fn hibernate(&mut self) {
        if self.look.take().is_some() {
            self.note("sleep with a look");
        }
        if !std::mem::take(&mut self.ticks).is_empty() {
            self.note("sleep with a tick");
        }
        (self.failed_at_ms, self.untold_since) = (None, None);
        (self.late, self.waiting) = (Vec::new(), Vec::new());
        self.lines.values_mut().for_each(crate::line::Line::forget);
        let parse = |(id, state): (&ConnectionId, &String)| (*id, serde_json::from_str(state).unwrap());
        self.room = Room::restore(&self.kept, self.attachments.iter().map(parse).collect());
    }

    /// Frames arrive at a client.
    pub fn arrive(&mut self, id: ConnectionId, frames: usize) {
        let Some(line) = self.lines.get_mut(&id).filter(|line| !line.is_cut) else { return };
        let client = self.clients.get_mut(&line.slot).unwrap();
        for frame in line.down.drain(..frames.min(line.down.len())) {
            line.up.extend(client.take(frame, self.real_ms, line.manner.acks));
        }
    }

    /// Frames of a client arrive at the room.
    pub fn upload(&mut self, id: ConnectionId, frames: usize) {
        for _ in 0..frames {
            let Some(said) = self.lines.get_mut(&id).and_then(|line| line.up.pop_front()) else { return };
            self.hear(id, said);
        }
    }

    /// Those who read at once do, and what does not wait goes up.
    pub fn settle(&mut self) {
        for _ in 0..MOST_TURNS {
            let is_busy = |line: &crate::line::Line| {
                let reads = line.manner.reads == Reads::AtOnce && !line.down.is_empty();
                !line.is_cut && (reads || !line.manner.waits && !line.up.is_empty())
            };
            let busy = self.lines.iter().filter(|(_, line)| is_busy(line));
            let busy: Vec<_> = busy.map(|(id, line)| (*id, line.manner)).collect();
            if busy.is_empty() {
                return;
            }
            for (id, manner) in busy {
                if manner.reads == Reads::AtOnce {
                    self.arrive(id, usize::MAX);
                }
                if !manner.waits {
                    self.upload(id, usize::MAX);
                }
            }
        }
        hold(false, || "the room and its clients do not come to rest".to_owned());
    }

    /// A socket is cut: so many frames still arrive.
    pub fn cut(&mut self, id: ConnectionId, down: usize, up: usize) {
        self.arrive(id, down);
        let Some(line) = self.lines.get_mut(&id) else { return };
        line.is_cut = true;
        line.down.clear();
        line.up.truncate(up);
        let slot = line.slot;
        self.client_has_lost(slot, id);
        self.note("cut");
    }

    /// The room is told of a socket that was cut, after what still came from there.
    pub fn tell(&mut self, id: ConnectionId) {
        self.upload(id, usize::MAX);
        let Some(line) = self.lines.remove(&id) else { return };
        self.attachments.remove(&id);
        self.has_left(line, true);
        self.step(Input::Disconnected { connection: id });
    }

    pub fn client_has_lost(&mut self, slot: usize, id: ConnectionId) {
        if let Some(client) = self.clients.get_mut(&slot) {
            client.connection.take_if(|connection| *connection == id);
        }
    }

    /// The room gets a frame: what the model makes of it, and the step.
    fn hear(&mut self, id: ConnectionId, said: Said) {
        let (now_ms, step) = (self.now_ms(), self.steps + 1);
        let message = said.message();
        let line = self.lines.get_mut(&id).unwrap();
        let outcome = if line.is_too_fast(now_ms) {
            Err(CloseCode::TooFast)
        } else {
            match said {
                Said::Bad(Nonsense::TooLarge) => Err(CloseCode::TooLarge),
                Said::Bad(_) => Err(CloseCode::BadFrame),
                Said::Ping => {
                    self.expected.pong = Some(id);
                    Ok(None)
                }
                Said::Hello(..) if line.hello.is_some() => Ok(Some("hello-repeated")),
                Said::Hello(cursor, topics) => {
                    line.hello = Some(crate::line::Hello { cursor, step });
                    line.topics = topics;
                    Ok(None)
                }
                _ if line.hello.is_none() => Err(CloseCode::BadFrame),
                said => Ok(self.follow(id, said)),
            }
        };
        match outcome {
            Err(code) => self.expected.closes.push((id, code)),
            Ok(error) => self.expected.error = error.map(|code| (id, code)),
        }
        self.step(Input::Received { connection: id, message });
    }

    /// What the model makes of a frame after the `hello`: the code of an error.
    fn follow(&mut self, id: ConnectionId, said: Said) -> Option<&'static str> {
        let now_ms = self.now_ms();
        let line = self.lines.get_mut(&id).unwrap();
        match said {
            Said::Subscribe(topics) => line.topics = topics,
            Said::Present(Some(text)) if text.len() > MAX_PRESENCE_BYTES => return Some("state-too-large"),
            Said::Present(text) => {
                line.presence = text;
                self.is_changed = true;
            }
            Said::Share(key, text) => {
                let by = line.ticket.user.clone();
                return self.share(by, &key, &text);
            }
            Said::Ack(cursor, received) => {
                let is_reached = cursor.epoch == line.at.epoch && cursor.seq <= line.at.seq;
                if !line.is_welcome || !is_reached {
                    return Some("cursor-unknown");
                }
                line.flight.acknowledge(cursor.seq, received, now_ms);
            }
            _ => {}
        }
        None
    }
}
