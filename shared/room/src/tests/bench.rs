//! A room with a host that answers at once, for the tests.

use crate::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use storeroom_domain::{LogCursor, Role};

/// A room, its log and what its clients were sent.
#[derive(Default)]
pub struct Bench {
    pub room: Room,
    pub epoch: i64,
    /// The first event that is still kept.
    pub first: i64,
    pub log: Vec<LogEvent>,
    pub now_ms: i64,
    /// Frames by connection, in order.
    pub sent: Vec<(ConnectionId, Value)>,
    /// Presence and shared values that they were told of, in order.
    pub news: Vec<(ConnectionId, Value)>,
    pub closed: Vec<(ConnectionId, CloseCode)>,
    pub effects: Vec<Effect>,
    pub looks: usize,
    /// What the host keeps.
    pub kept: BTreeMap<String, String>,
    pub states: BTreeMap<ConnectionId, ConnectionState>,
}

pub fn id(number: u64) -> ConnectionId {
    ConnectionId(number)
}

pub fn event(seq: i64, event_type: &str) -> LogEvent {
    let document = json!({"seq": seq, "type": event_type}).to_string();
    LogEvent { seq, event_type: event_type.to_owned(), document }
}

impl Bench {
    /// A log with that many events.
    pub fn with_log(events: i64) -> Self {
        let log = (1..=events).map(|seq| event(seq, "product.updated")).collect();
        Self { epoch: 1, first: 1, log, ..Self::default() }
    }

    pub fn head(&self) -> i64 {
        self.log.last().map_or(0, |event| event.seq)
    }

    /// A host may bring less than it was asked for.
    pub fn page(&self, after: i64, limit: u32) -> LogPage {
        let limit = limit.min(1_000);
        let kept = self.log.iter().filter(|event| event.seq > after && event.seq >= self.first);
        let events = kept.take(usize::try_from(limit).unwrap()).cloned().collect();
        LogPage { epoch: self.epoch, head: self.head(), events }
    }

    /// A step without answering what it fetches.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        let effects = self.room.step(input, self.now_ms);
        for effect in &effects {
            match effect {
                Effect::Keep { name, text: Some(text) } => drop(self.kept.insert(name.clone(), text.clone())),
                Effect::Keep { name, text: None } => drop(self.kept.remove(name)),
                Effect::Save { connection, state } => drop(self.states.insert(*connection, state.clone())),
                Effect::Send { to, frame } => {
                    let frame: Value = serde_json::from_str(frame).unwrap();
                    let is_news = ["presence", "shared"].contains(&frame["t"].as_str().unwrap());
                    let list = if is_news { &mut self.news } else { &mut self.sent };
                    list.extend(to.iter().map(|id| (*id, frame.clone())));
                }
                Effect::Close { connection, code } => {
                    self.states.remove(connection);
                    self.closed.push((*connection, *code));
                }
                _ => {}
            }
        }
        self.effects.extend(effects.clone());
        effects
    }

    /// A step, and the answers to what it fetches.
    pub fn run(&mut self, input: Input) {
        let mut effects = self.step(input);
        while let Some((number, after, limit)) = fetch(&effects) {
            self.looks += 1;
            let page = self.page(after, limit);
            effects = self.step(Input::Backfill { number, page });
        }
    }

    /// Whom a ticket that is given out now lets in, by a session of the connection's number.
    pub fn member(&self, number: u64, user: &str, role: Role) -> Member {
        let as_of = LogCursor { epoch: self.epoch, seq: self.head() };
        Member { user: user.to_owned(), role, session: format!("ses_{number}"), as_of }
    }

    pub fn connect(&mut self, number: u64, user: &str, role: Role) {
        let member = self.member(number, user, role);
        self.run(Input::Connected { connection: id(number), member: Some(member) });
    }

    pub fn say(&mut self, number: u64, frame: Value) {
        self.run(text(number, &frame.to_string()));
    }

    /// Connects and says `hello`.
    pub fn join(&mut self, number: u64, hello: Value) {
        self.connect(number, &format!("usr_{number}"), Role::Viewer);
        self.say(number, hello);
    }

    /// Commits events and returns the nudge.
    pub fn commit(&mut self, types: &[&str]) -> Input {
        let head = self.head();
        let events: Vec<_> = (head + 1..).zip(types).map(|(seq, name)| event(seq, name)).collect();
        self.log.extend(events.clone());
        Input::Nudge { epoch: self.epoch, events }
    }

    /// What a connection has been sent since the last call, but for news.
    pub fn take(&mut self, number: u64) -> Vec<Value> {
        take_from(&mut self.sent, number)
    }

    /// The news that a connection has been told since the last call.
    pub fn take_news(&mut self, number: u64) -> Vec<Value> {
        take_from(&mut self.news, number)
    }

    /// Memory is lost.
    pub fn sleep(&mut self) {
        self.room = Room::restore(&self.kept, self.states.clone().into_iter().collect());
    }

    /// Time passes, and the room is called when it asked for that.
    pub fn wait(&mut self, ms: i64) {
        self.now_ms += ms;
        self.run(Input::Tick);
        self.run(Input::Alarm);
    }

    /// A client that goes away.
    pub fn leave(&mut self, number: u64) {
        self.states.remove(&id(number));
        self.run(Input::Disconnected { connection: id(number) });
    }

    /// The places and the last cursor of the events that a connection has been sent since the last call.
    pub fn events(&mut self, number: u64) -> (Vec<i64>, String) {
        let frames = self.take(number);
        let events = frames.iter().filter(|frame| frame["t"] == "events").flat_map(seqs).collect();
        let cursor = frames.last().and_then(|frame| frame["cursor"].as_str()).unwrap_or_default();
        (events, cursor.to_owned())
    }
}

fn take_from(list: &mut Vec<(ConnectionId, Value)>, number: u64) -> Vec<Value> {
    let (mine, others) = std::mem::take(list).into_iter().partition(|(to, _)| *to == id(number));
    *list = others;
    mine.into_iter().map(|(_, frame)| frame).collect()
}

pub fn seqs(frame: &Value) -> Vec<i64> {
    frame["events"].as_array().unwrap().iter().map(|event| event["seq"].as_i64().unwrap()).collect()
}

pub fn text(number: u64, text: &str) -> Input {
    Input::Received { connection: id(number), message: Message::Text(text.to_owned()) }
}

pub fn fetch(effects: &[Effect]) -> Option<(u64, i64, u32)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Fetch { number, after, limit } => Some((*number, *after, *limit)),
        _ => None,
    })
}
