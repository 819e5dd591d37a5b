//! What each move does, and what must be so in the end.

use crate::client::{Client, Manner, Said, topics};
use crate::database::{THE_KEY, name};
use crate::line::Line;
use crate::moves::{Acks, Fate, Move, Nonsense, Reads, SLOTS, USERS, Whence};
use crate::runner::hold;
use crate::world::World;
use serde_json::json;
use storeroom_domain::LogCursor;
use storeroom_domain::role::ROLES;
use storeroom_room::protocol::{MAX_CONNECTIONS_A_USER, PRESENCE_GRACE_MS};
use storeroom_room::{CloseCode, ConnectionId, Input, LogEvent, Member};

/// Events of a page when nothing is in a hurry.
const PAGE: usize = 7;
/// Longer than anything in the room takes.
const LONG_MS: i64 = 5 * PRESENCE_GRACE_MS;

impl World {
    pub fn make(&mut self, chosen: Move) {
        match chosen {
            Move::Commit(events, kib) => {
                let nudge = self.database.commit(events, kib);
                self.nudges.push(nudge);
            }
            Move::Nudge(which, fate) => self.nudge(which, fate),
            Move::Head(beyond) => self.head(beyond),
            Move::Connect(slot, whence, choice, steps) => self.connect(slot, whence, choice, steps),
            Move::Behave(slot, reads, acks, waits) => {
                self.client(slot).manner = Manner { reads, acks, waits };
            }
            Move::Proceed(slot) => self.proceed(slot),
            Move::Stranger => self.stranger(),
            Move::Crowd(who, count) => self.crowd(who, count),
            Move::Remove(who) => self.give(who, None),
            Move::Grant(who, role) => self.give(who, Some(ROLES[role % ROLES.len()])),
            Move::Expel(slot) => self.expel(slot),
            Move::Subscribe(slot, choice) => self.say(slot, Said::Subscribe(topics(choice))),
            Move::Present(slot, what) => self.say(slot, Said::Present(state(what))),
            Move::Share(slot, key, what) => {
                self.say(slot, Said::Share(format!("k{key}"), shared_value(what)))
            }
            Move::Burst(slot, count) => self.burst(slot, count),
            Move::Ping(slot) => self.say(slot, Said::Ping),
            Move::Say(slot, nonsense) => self.say_nonsense(slot, nonsense),
            Move::Flood(slot, count) => (0..count).for_each(|_| self.say(slot, Said::Ping)),
            Move::Read(slot, frames) => self.of(slot).into_iter().for_each(|id| self.arrive(id, frames)),
            Move::Upload(slot, frames) => self.of(slot).into_iter().for_each(|id| self.upload(id, frames)),
            Move::Cut(slot, down, up, is_told) => self.cut_slot(slot, (down, up), is_told),
            Move::Tell(which) => self.tell_one(which),
            Move::ReadPage(most) => self.read_page(most),
            Move::Answer => self.answer(),
            Move::Fail => self.fail(),
            Move::Look => self.look_all(PAGE),
            Move::Late => self.answer_late(),
            Move::Hibernate => self.hibernate(),
            Move::Wait(ms) => self.wait(ms),
            Move::Jump(ms) => self.jump(ms),
            Move::Prune(events) => self.database.prune(events),
            Move::Restore(lost) => self.database.restore(lost),
        }
        self.settle();
    }

    fn client(&mut self, slot: usize) -> &mut Client {
        let who = slot % USERS;
        self.clients.entry(slot).or_insert_with(|| Client::of(who))
    }

    /// The open connection of a client.
    fn of(&self, slot: usize) -> Option<ConnectionId> {
        self.clients.get(&slot)?.connection
    }

    fn nudge(&mut self, which: usize, fate: Fate) {
        if self.nudges.is_empty() {
            return;
        }
        let which = which % self.nudges.len();
        let (epoch, events): (i64, Vec<LogEvent>) = match fate {
            Fate::Doubles => self.nudges[which].clone(),
            Fate::Arrives | Fate::Lost => self.nudges.remove(which),
        };
        if fate != Fate::Lost {
            self.give_nudge(epoch, events);
        }
    }

    fn head(&mut self, beyond: i64) {
        let LogCursor { epoch, seq } = self.database.head();
        self.step(Input::Head { epoch, head: seq + beyond });
    }

    fn new_id(&mut self) -> ConnectionId {
        self.names += 1;
        ConnectionId(self.names.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn stranger(&mut self) {
        let connection = self.new_id();
        self.expected.closes.push((connection, CloseCode::Unauthenticated));
        self.step(Input::Connected { connection, member: None });
    }

    fn connect(&mut self, slot: usize, whence: Whence, choice: usize, steps: usize) {
        if let Some(id) = self.of(slot) {
            self.cut(id, 0, 0);
        }
        let who = self.client(slot).who;
        let as_of = self.database.head();
        let Some(role) = self.database.role(who, as_of) else { return };
        self.names += 1;
        let session = if who == THE_KEY { name(who) } else { format!("ses_{}", self.names) };
        let client = self.client(slot);
        client.ticket = Some(Member { user: name(who), role, session: session.clone(), as_of });
        (client.session, client.topics) = (session, topics(choice));
        client.cursor = match whence {
            Whence::Now => None,
            Whence::Resume => client.cursor,
            Whence::Beyond => Some(LogCursor { seq: as_of.seq + 5, ..as_of }),
        };
        (0..steps).for_each(|_| self.proceed(slot));
    }

    /// Shows the ticket, or says `hello`.
    fn proceed(&mut self, slot: usize) {
        let Some(client) = self.clients.get_mut(&slot) else { return };
        if client.connection.is_some() {
            let hello = Said::Hello(client.cursor, client.topics.clone());
            return self.say_first(slot, hello);
        }
        let Some(ticket) = client.ticket.take() else { return };
        let connection = self.new_id();
        let client = self.client(slot);
        client.opens(connection);
        let (who, manner) = (client.who, client.manner);
        self.expect_replacement(&ticket);
        let line = Line::new(slot, who, ticket.clone(), manner, self.now_ms());
        self.lines.insert(connection, line);
        self.step(Input::Connected { connection, member: Some(ticket) });
        self.settle();
    }

    /// L8: A user's 101st connection closes its oldest.
    fn expect_replacement(&mut self, ticket: &Member) {
        let own = self.lines.iter().filter(|(_, line)| line.ticket.user == ticket.user);
        let oldest = own.clone().min_by_key(|(_, line)| line.since_ms).map(|(id, _)| *id);
        if own.count() >= MAX_CONNECTIONS_A_USER {
            self.expected.closes.extend(oldest.map(|id| (id, CloseCode::Replaced)));
        }
    }

    fn say_first(&mut self, slot: usize, hello: Said) {
        let Some(id) = self.of(slot) else { return };
        let line = &self.lines[&id];
        if line.hello.is_none() && line.up.is_empty() {
            self.say(slot, hello);
        }
    }

    fn say(&mut self, slot: usize, said: Said) {
        let Some(id) = self.of(slot) else { return };
        self.lines.get_mut(&id).unwrap().up.push_back(said);
        self.settle();
    }

    fn say_nonsense(&mut self, slot: usize, nonsense: Nonsense) {
        let Some(id) = self.of(slot) else { return };
        if nonsense == Nonsense::SecondHello && self.lines[&id].hello.is_none() {
            return self.proceed(slot);
        }
        let said = match nonsense {
            Nonsense::SecondHello => Said::Hello(None, None),
            Nonsense::AckBeyond => {
                let head = self.database.head();
                Said::Ack(LogCursor { seq: head.seq + 1, ..head }, None)
            }
            nonsense => Said::Bad(nonsense),
        };
        self.say(slot, said);
    }

    fn burst(&mut self, which: usize, count: usize) {
        let welcome = self.lines.values().filter(|line| line.is_welcome && !line.is_cut);
        let slots: Vec<usize> = welcome.map(|line| line.slot).collect();
        let Some(slot) = which.checked_rem(slots.len()).map(|place| slots[place]) else { return };
        for number in 0..count {
            let value = if which % 4 == 3 { 8 } else { 1 + number % 6 };
            self.say(slot, Said::Share(format!("k{}", number % 3), shared_value(value)));
        }
    }

    fn crowd(&mut self, who: usize, count: usize) {
        for slot in (SLOTS..).filter(|slot| slot % USERS == who).take(count) {
            self.connect(slot, Whence::Now, 0, 2);
        }
    }

    fn give(&mut self, who: usize, role: Option<storeroom_domain::Role>) {
        let nudge = self.database.give(who, role);
        self.nudges.extend(nudge);
    }

    /// The shell drops the session's tickets.
    fn expel(&mut self, slot: usize) {
        let session = self.client(slot).session.clone();
        let of_session = self.clients.values_mut().filter(|client| client.session == session);
        of_session.for_each(|client| client.ticket = None);
        let lines = self.lines.iter().filter(|(_, line)| line.ticket.session == session);
        let closes: Vec<_> = lines.map(|(id, _)| (*id, CloseCode::SignedOut)).collect();
        self.expected.closes.extend(closes);
        self.expelled_are_gone(&session);
        self.expected.sessions.push(session.clone());
        self.step(Input::Expel { sessions: vec![session] });
    }

    fn cut_slot(&mut self, slot: usize, (down, up): (usize, usize), is_told: bool) {
        let Some(id) = self.of(slot) else { return };
        self.cut(id, down, up);
        if is_told {
            self.tell(id);
        }
    }

    fn tell_one(&mut self, which: usize) {
        let cut: Vec<_> = self.lines.iter().filter(|(_, line)| line.is_cut).map(|(id, _)| *id).collect();
        if !cut.is_empty() {
            self.tell(cut[which % cut.len()]);
        }
    }

    /// What time and cron bring when nothing fails any more.
    pub fn come_to_rest(&mut self) {
        self.tell_everything();
        self.jump(self.latest_ms - self.now_ms());
        self.rest();
        self.head(0);
        self.rest();
        self.check_end();
    }

    /// Every cut is told, and everybody reads who reads at all.
    fn tell_everything(&mut self) {
        while self.lines.values().any(|line| line.is_cut) {
            self.tell_one(0);
        }
        for line in self.lines.values_mut().filter(|line| line.manner.reads != Reads::Never) {
            line.manner.reads = Reads::AtOnce;
        }
        self.lines.values_mut().for_each(|line| line.manner.waits = false);
        self.settle();
    }

    fn rest(&mut self) {
        self.look_all(1_000);
        self.wait(LONG_MS);
        self.look_all(1_000);
        self.wait(LONG_MS);
        hold(self.ticks.is_empty(), || "a tick for nothing".to_owned());
    }

    /// E1, N3, P1, V1, K2: Whoever reads has everything; whoever does not is gone, or has nothing more on its way than it may.
    fn check_end(&mut self) {
        let head = self.database.head();
        let is_kept = self.kept.keys().any(|name| name.starts_with("leaving/"));
        hold(!is_kept, || "P3: somebody is leaving for ever".to_owned());
        self.let_go();
        hold(!self.kept.contains_key("untold"), || "G3: something is never told".to_owned());
        self.is_changed = true;
        self.check_told();
        for line in self.lines.values() {
            let user = &line.ticket.user;
            hold(line.is_welcome, || format!("H2 A4: {user} waits for ever"));
            let is_full = line.flight.is_full() && !line.flight.is_unsure;
            hold(!is_full, || format!("K3: {user} is full and stays"));
            let (manner, client) = (line.manner, &self.clients[&line.slot]);
            if manner.reads != Reads::Never && manner.acks != Acks::Nothing {
                let has_all = line.at == head && line.down.is_empty() && client.cursor == Some(head);
                hold(has_all, || format!("N3 E1 K2: {user} is at {:?}, not {head}", client.cursor));
            }
        }
    }
}

/// JSON of where a member is; 9 is too large.
fn state(what: usize) -> Option<String> {
    match what {
        0 => None,
        9 => Some(json!({"view": "x".repeat(5_000)}).to_string()),
        _ => Some(json!({"view": what}).to_string()),
    }
}

/// JSON of a value; 8 is large, 9 too large.
fn shared_value(what: usize) -> String {
    match what {
        0 => "null".to_owned(),
        8 => json!("x".repeat(8_000)).to_string(),
        9 => json!("x".repeat(8_200)).to_string(),
        _ => json!(what).to_string(),
    }
}
