//! The world around the room of the simulation: its log, its network, its memory, and clients that check every frame.

use super::bench::{fetch, id, text};
use super::simulation::{Fate, Move};
use crate::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use storeroom_domain::{LogCursor, Role, event::visible_to};

const TYPES: [&str; 4] = ["product.created", "stock.low", "order.created", "product.updated"];

/// A client with its view and what it knows. It lives longer than its connection.
pub struct Client {
    pub connection: Option<ConnectionId>,
    pub cursor: Option<LogCursor>,
    role: Role,
    topics: Option<Vec<String>>,
    pub is_welcome: bool,
}

impl Client {
    fn sees(&self, event_type: &str) -> bool {
        let wants = |topics: &Vec<String>| {
            topics.iter().any(|topic| format!("{event_type}.").starts_with(&format!("{topic}.")))
        };
        self.topics.as_ref().is_none_or(wants) && visible_to(self.role, event_type)
    }
}

pub struct World {
    room: Room,
    now_ms: i64,
    pub epoch: i64,
    /// Every epoch's events, from seq 1 on.
    logs: BTreeMap<i64, Vec<&'static str>>,
    /// Every epoch's first event that is still kept.
    firsts: BTreeMap<i64, i64>,
    pub clients: BTreeMap<u64, Client>,
    next_connection: u64,
    nudges: Vec<(i64, Vec<LogEvent>)>,
    look: Option<(u64, i64, u32)>,
    page: Option<LogPage>,
    snapshot: String,
    attachments: BTreeMap<ConnectionId, String>,
    alarm_ms: Option<i64>,
}

fn topics(choice: usize) -> Option<Vec<String>> {
    [None, Some(vec!["product"]), Some(vec!["stock.low", "order"]), Some(vec![])]
        .get(choice)
        .cloned()
        .flatten()
        .map(|topics| topics.into_iter().map(str::to_owned).collect())
}

impl World {
    pub fn new() -> Self {
        Self {
            room: Room::default(),
            now_ms: 0,
            epoch: 1,
            logs: BTreeMap::from([(1, Vec::new())]),
            firsts: BTreeMap::from([(1, 1)]),
            clients: BTreeMap::new(),
            next_connection: 0,
            nudges: Vec::new(),
            look: None,
            page: None,
            snapshot: serde_json::to_string(&Snapshot::default()).unwrap(),
            attachments: BTreeMap::new(),
            alarm_ms: None,
        }
    }

    pub fn head(&self) -> i64 {
        i64::try_from(self.logs[&self.epoch].len()).unwrap()
    }

    fn event(&self, seq: i64) -> LogEvent {
        let event_type = self.logs[&self.epoch][usize::try_from(seq - 1).unwrap()];
        let document = json!({"seq": seq, "epoch": self.epoch}).to_string();
        LogEvent { seq, event_type: event_type.to_owned(), document }
    }

    fn step(&mut self, input: Input) {
        let effects = self.room.step(input, self.now_ms);
        let mut has_sent = false;
        if let Some(look) = fetch(&effects) {
            assert!(self.look.is_none(), "B1: two looks at once");
            self.look = Some(look);
        }
        for effect in effects {
            match effect {
                Effect::Persist(snapshot) => {
                    assert!(!has_sent, "S2");
                    self.snapshot = serde_json::to_string(&snapshot).unwrap();
                }
                Effect::Save { connection, state } => {
                    self.attachments.insert(connection, serde_json::to_string(&state).unwrap());
                }
                Effect::Send { to, frame } => {
                    has_sent = true;
                    let frame: Value = serde_json::from_str(&frame).unwrap();
                    to.iter().for_each(|connection| self.receive(*connection, &frame));
                }
                Effect::Close { connection, code } => panic!("{connection:?} was closed: {code:?}"),
                Effect::Alarm { at_ms } => {
                    self.alarm_ms = Some(self.alarm_ms.map_or(at_ms, |at| at.min(at_ms)))
                }
                Effect::Fetch { .. } => {}
            }
        }
        // The room forgets a look when nobody is left; its answer is dropped then.
        if self.attachments.is_empty() {
            (self.look, self.page) = (None, None);
        }
    }

    fn receive(&mut self, connection: ConnectionId, frame: &Value) {
        let (epoch, head, firsts, logs) = (self.epoch, self.head(), &self.firsts, &self.logs);
        let client = self.clients.values_mut().find(|client| client.connection == Some(connection)).unwrap();
        let cursor = LogCursor::parse(frame["cursor"].as_str().unwrap()).unwrap();
        match frame["t"].as_str().unwrap() {
            "welcome" => {
                assert!(!client.is_welcome);
                client.is_welcome = true;
                client.cursor = client.cursor.or(Some(cursor));
            }
            "reset" => {
                let old = client.cursor.unwrap();
                match frame["reason"].as_str().unwrap() {
                    "epoch" => assert_ne!(old.epoch, cursor.epoch),
                    "too_old" => assert!(old.seq + 1 < firsts[&old.epoch], "{old} was kept"),
                    reason => panic!("{reason}: {old} of {epoch}.{head}"),
                }
                client.cursor = Some(cursor);
            }
            "events" => {
                let old = client.cursor.unwrap();
                assert!(
                    client.is_welcome && old.epoch == cursor.epoch && old.seq < cursor.seq,
                    "{old} to {cursor}"
                );
                let log = &logs[&cursor.epoch];
                let expected: Vec<Value> = (old.seq + 1..=cursor.seq)
                    .filter(|seq| client.sees(log[usize::try_from(seq - 1).unwrap()]))
                    .map(|seq| json!({"seq": seq, "epoch": cursor.epoch}))
                    .collect();
                assert_eq!(frame["events"], Value::Array(expected), "from {old} to {cursor}");
                client.cursor = Some(cursor);
            }
            other => panic!("{other}"),
        }
    }

    pub fn make(&mut self, chosen: Move) {
        match chosen {
            Move::Commit { events } => self.commit(events),
            Move::Nudge { which, fate } => self.nudge(which, fate),
            Move::Connect { who, resumes, role, topics: choice } => self.connect(who, resumes, role, choice),
            Move::Subscribe { who, topics: choice } => self.subscribe(who, choice),
            Move::Disconnect { who } => self.disconnect(who),
            Move::Read => self.read(),
            Move::Answer { fails } => self.answer(fails),
            Move::Hibernate => self.hibernate(),
            Move::Head => self.step(Input::Head { epoch: self.epoch, head: self.head() }),
            Move::Wait { ms } => self.wait(ms),
            Move::Prune { events } => self.prune(events),
            Move::Restore { lost } => self.restore(lost),
        }
    }

    fn commit(&mut self, events: usize) {
        let first = self.head() + 1;
        let types = (first..).take(events).map(|seq| TYPES[usize::try_from(seq * seq / 2 % 4).unwrap()]);
        self.logs.get_mut(&self.epoch).unwrap().extend(types);
        let committed = (first..=self.head()).map(|seq| self.event(seq)).collect();
        self.nudges.push((self.epoch, committed));
    }

    fn nudge(&mut self, which: usize, fate: Fate) {
        if self.nudges.is_empty() {
            return;
        }
        let which = which % self.nudges.len();
        let (epoch, events) = match fate {
            Fate::Doubles => self.nudges[which].clone(),
            Fate::Arrives | Fate::Lost => self.nudges.remove(which),
        };
        if !matches!(fate, Fate::Lost) {
            self.step(Input::Nudge { epoch, events });
        }
    }

    fn connect(&mut self, who: u64, resumes: bool, role: usize, choice: usize) {
        self.disconnect(who);
        self.next_connection += 1;
        let connection = id(self.next_connection);
        let cursor = self.clients.get(&who).and_then(|client| client.cursor).filter(|_| resumes);
        let role = storeroom_domain::role::ROLES[role];
        let client =
            Client { connection: Some(connection), cursor, role, topics: topics(choice), is_welcome: false };
        let hello = json!({"t": "hello", "cursor": cursor.map(|at| at.to_string()), "topics": client.topics});
        self.clients.insert(who, client);
        let member = Member { user: format!("usr_{who}"), role };
        self.step(Input::Connected { connection, member: Some(member) });
        self.step(text(connection.0, &hello.to_string()));
    }

    fn subscribe(&mut self, who: u64, choice: usize) {
        let Some(client) = self.clients.get_mut(&who) else { return };
        let Some(connection) = client.connection else { return };
        client.topics = topics(choice);
        let frame = json!({"t": "subscribe", "topics": client.topics});
        self.step(text(connection.0, &frame.to_string()));
    }

    fn disconnect(&mut self, who: u64) {
        let Some(connection) = self.clients.get_mut(&who).and_then(|client| client.connection.take()) else {
            return;
        };
        self.attachments.remove(&connection);
        self.step(Input::Disconnected { connection });
    }

    fn read(&mut self) {
        let Some((_, after, limit)) = self.look else { return };
        let from = self.firsts[&self.epoch].max(after.saturating_add(1));
        let events = (from..=self.head()).take(usize::try_from(limit.min(3)).unwrap());
        let events = events.map(|seq| self.event(seq)).collect();
        self.page = Some(LogPage { epoch: self.epoch, head: self.head(), events });
    }

    fn answer(&mut self, fails: bool) {
        if fails {
            if let Some((number, ..)) = self.look.take() {
                self.page = None;
                self.step(Input::BackfillFailed { number });
            }
        } else if let Some(page) = self.page.take() {
            let (number, ..) = self.look.take().unwrap();
            self.step(Input::Backfill { number, page });
        }
    }

    /// Memory is lost, and with it the look that is under way.
    fn hibernate(&mut self) {
        (self.look, self.page) = (None, None);
        let parse = |(id, state): (&ConnectionId, &String)| (*id, serde_json::from_str(state).unwrap());
        let connections = self.attachments.iter().map(parse).collect();
        self.room = Room::restore(serde_json::from_str(&self.snapshot).unwrap(), connections);
    }

    fn wait(&mut self, ms: i64) {
        self.now_ms += ms;
        if self.alarm_ms.is_some_and(|at| at <= self.now_ms) {
            self.alarm_ms = None;
            self.step(Input::Alarm);
        }
    }

    fn prune(&mut self, events: i64) {
        let end = self.head() + 1;
        let first = self.firsts.get_mut(&self.epoch).unwrap();
        *first = (*first + events).min(end);
    }

    /// The database goes back to a backup, as another epoch.
    fn restore(&mut self, lost: usize) {
        let mut log = self.logs[&self.epoch].clone();
        log.truncate(log.len().saturating_sub(lost));
        self.epoch += 1;
        let first = self.firsts[&(self.epoch - 1)].min(i64::try_from(log.len()).unwrap() + 1);
        self.firsts.insert(self.epoch, first);
        self.logs.insert(self.epoch, log);
    }

    /// What cron and time bring.
    pub fn come_to_rest(&mut self) {
        self.step(Input::Head { epoch: self.epoch, head: self.head() });
        for _ in 0..2_000 {
            if self.look.is_none() && self.alarm_ms.is_none() {
                return;
            }
            self.read();
            self.answer(false);
            self.wait(1_000);
        }
        panic!("the room does not come to rest");
    }
}
