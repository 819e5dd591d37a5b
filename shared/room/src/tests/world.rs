//! The world around the room of the simulation: its log, its network, its memory, and clients that check every frame.

use super::bench::{fetch, id, text};
use super::simulation::{Fate, Move};
use crate::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use storeroom_domain::role::ROLES;
use storeroom_domain::{LogCursor, Role, event::visible_to};

const TYPES: [&str; 4] = ["product.created", "stock.low", "order.created", "product.updated"];
/// The client that is an API key; the others are users.
const THE_KEY: u64 = 5;

/// An event and, if it is about access, whom it gives which role; `None` takes it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    event_type: &'static str,
    access: Option<(u64, Option<Role>)>,
}

/// A client with its view and what it knows. It lives longer than its connection.
pub struct Client {
    pub connection: Option<ConnectionId>,
    pub cursor: Option<LogCursor>,
    pub is_welcome: bool,
    /// Whom its last ticket lets in.
    pub ticket: Member,
    /// Whether the ticket can still be shown.
    has_ticket: bool,
    has_greeted: bool,
    was_expelled: bool,
    topics: Option<Vec<String>>,
}

impl Client {
    fn sees(&self, role: Role, event_type: &str) -> bool {
        let wants = |topics: &Vec<String>| {
            topics.iter().any(|topic| format!("{event_type}.").starts_with(&format!("{topic}.")))
        };
        self.topics.as_ref().is_none_or(wants) && visible_to(role, event_type)
    }
}

fn name(who: u64) -> String {
    format!("{}_{who}", if who == THE_KEY { "key" } else { "usr" })
}

pub struct World {
    room: Room,
    now_ms: i64,
    pub epoch: i64,
    /// Every epoch's events, from seq 1 on.
    logs: BTreeMap<i64, Vec<Entry>>,
    /// Every epoch's first event that is still kept.
    firsts: BTreeMap<i64, i64>,
    pub clients: BTreeMap<u64, Client>,
    next_name: u64,
    /// What the room's connections had been judged by before the step.
    judged: BTreeMap<ConnectionId, LogCursor>,
    nudges: Vec<(i64, Vec<LogEvent>)>,
    look: Option<(u64, i64, u32)>,
    page: Option<LogPage>,
    kept: BTreeMap<String, String>,
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
            next_name: 0,
            judged: BTreeMap::new(),
            nudges: Vec::new(),
            look: None,
            page: None,
            kept: BTreeMap::new(),
            attachments: BTreeMap::new(),
            alarm_ms: None,
        }
    }

    pub fn head(&self) -> i64 {
        i64::try_from(self.logs[&self.epoch].len()).unwrap()
    }

    fn event(&self, seq: i64) -> LogEvent {
        let entry = entry(&self.logs[&self.epoch], seq);
        let document = document(entry, LogCursor { epoch: self.epoch, seq }).to_string();
        LogEvent { seq, event_type: entry.event_type.to_owned(), document }
    }

    /// The role at every place of an epoch's log, from 0 on; `None` where there is no access.
    fn roles(&self, epoch: i64, who: u64) -> Vec<Option<Role>> {
        let first = ROLES[usize::try_from(who).unwrap() % ROLES.len()];
        let mut roles = vec![Some(first)];
        for entry in &self.logs[&epoch] {
            let given = entry.access.filter(|(whom, _)| *whom == who).map(|(_, role)| role);
            roles.push(given.unwrap_or(roles[roles.len() - 1]));
        }
        roles
    }

    /// Whether the access of the client's ticket has lasted up to that place.
    pub fn has_access(&self, who: u64, client: &Client, until: LogCursor) -> bool {
        let from = client.ticket.as_of;
        let lasts = || {
            let roles = self.roles(from.epoch, who);
            (from.seq..=until.seq).all(|place| roles[usize::try_from(place).unwrap()].is_some())
        };
        from.epoch == until.epoch && !client.was_expelled && lasts()
    }

    fn step(&mut self, input: Input) {
        let connections = self.room.connections.iter();
        self.judged = connections.map(|(id, connection)| (*id, connection.state.member.as_of)).collect();
        let effects = self.room.step(input, self.now_ms);
        let mut has_sent = false;
        if let Some(look) = fetch(&effects) {
            assert!(self.look.is_none(), "B1: two looks at once");
            self.look = Some(look);
        }
        for effect in effects {
            match effect {
                Effect::Keep { name, text } => {
                    assert!(!has_sent, "S2");
                    match text {
                        Some(text) => self.kept.insert(name, text),
                        None => self.kept.remove(&name),
                    };
                }
                Effect::Save { connection, state } => {
                    self.attachments.insert(connection, serde_json::to_string(&state).unwrap());
                }
                Effect::Send { to, frame } => {
                    has_sent = true;
                    let frame: Value = serde_json::from_str(&frame).unwrap();
                    to.iter().for_each(|connection| self.receive(*connection, &frame));
                }
                Effect::Close { connection, code } => self.closed(connection, code),
                Effect::Alarm { at_ms } => {
                    self.alarm_ms = Some(self.alarm_ms.map_or(at_ms, |at| at.min(at_ms)))
                }
                Effect::Tick { in_ms } => {
                    self.alarm_ms =
                        Some(self.alarm_ms.map_or(self.now_ms + in_ms, |at| at.min(self.now_ms + in_ms)))
                }
                Effect::Fetch { .. } => {}
            }
        }
        // The room forgets a look when nobody is left who watches; its answer is dropped then.
        if self.room.look.is_none() {
            (self.look, self.page) = (None, None);
        }
        self.assert_that_all_who_are_welcome_have_access();
    }

    fn assert_that_all_who_are_welcome_have_access(&self) {
        for (id, member) in self.room.members() {
            let log = self.room.log.expect("a log");
            let (who, client) = self.whose(id);
            assert!(self.has_access(who, client, log.cursor()), "{member:?} at {}", log.cursor());
        }
    }

    fn whose(&self, connection: ConnectionId) -> (u64, &Client) {
        let mut clients = self.clients.iter();
        let found = clients.find(|(_, client)| client.connection == Some(connection));
        found.map(|(who, client)| (*who, client)).expect("an open connection")
    }

    fn closed(&mut self, connection: ConnectionId, code: CloseCode) {
        let (who, client) = self.whose(connection);
        let ticket = &client.ticket;
        let log_end = i64::try_from(self.logs[&ticket.as_of.epoch].len()).unwrap();
        let is_gone = !self.has_access(who, client, LogCursor { seq: log_end, ..ticket.as_of });
        let is_restored = self.epoch != ticket.as_of.epoch;
        let is_pruned = self.firsts[&ticket.as_of.epoch] > self.judged[&connection].seq + 1;
        let has_reason = match code {
            CloseCode::Forbidden => is_gone && who != THE_KEY,
            CloseCode::SignedOut => is_gone && who == THE_KEY || client.was_expelled,
            CloseCode::Unauthenticated => is_restored || is_pruned,
            CloseCode::NoHello => !client.has_greeted,
            _ => false,
        };
        assert!(has_reason, "{ticket:?} was closed: {code:?}");
        self.clients.get_mut(&who).unwrap().connection = None;
        self.attachments.remove(&connection);
    }

    fn receive(&mut self, connection: ConnectionId, frame: &Value) {
        if ["presence", "shared"].contains(&frame["t"].as_str().unwrap()) {
            return;
        }
        let (who, client) = self.whose(connection);
        let cursor = LogCursor::parse(frame["cursor"].as_str().unwrap()).unwrap();
        match frame["t"].as_str().unwrap() {
            "welcome" => assert!(!client.is_welcome),
            "reset" => {
                let old = client.cursor.unwrap();
                match frame["reason"].as_str().unwrap() {
                    "epoch" => assert_ne!(old.epoch, cursor.epoch),
                    "too_old" => assert!(old.seq + 1 < self.firsts[&old.epoch], "{old} was kept"),
                    reason => panic!("{reason}: {old} of {}.{}", self.epoch, self.head()),
                }
            }
            "events" => self.check_events(who, client, cursor, frame["events"].as_array().unwrap()),
            other => panic!("{other}"),
        }
        let client = self.clients.get_mut(&who).unwrap();
        let is_welcome = std::mem::replace(&mut client.is_welcome, true);
        client.cursor = client.cursor.filter(|_| !is_welcome).or(Some(cursor));
    }

    /// An event is shown by the role that its connection had then, or by a later one that the room came to know of.
    fn check_events(&self, who: u64, client: &Client, cursor: LogCursor, mut events: &[Value]) {
        let old = client.cursor.unwrap();
        assert!(client.is_welcome && old.epoch == cursor.epoch && old.seq < cursor.seq, "{old} to {cursor}");
        let judged = self.judged[&client.connection.unwrap()];
        assert_eq!(judged.epoch, cursor.epoch);
        let roles = self.roles(cursor.epoch, who);
        for seq in old.seq + 1..=cursor.seq {
            let entry = entry(&self.logs[&cursor.epoch], seq);
            let from = usize::try_from(seq.max(judged.seq)).unwrap();
            let later: Vec<Role> = roles[from..].iter().map_while(|role| *role).collect();
            let is_sent = events.first() == Some(&document(entry, LogCursor { seq, ..cursor }));
            events = events.get(usize::from(is_sent)..).unwrap_or_default();
            let mut shown = later.iter().map(|role| client.sees(*role, entry.event_type));
            let is_right =
                if is_sent { shown.any(|seen| seen) } else { !shown.all(|seen| seen) || later.is_empty() };
            assert!(is_right, "{seq} of {old} to {cursor}: {is_sent} for {later:?}");
        }
        assert_eq!(events, [] as [Value; 0], "from {old} to {cursor}");
        let ended = LogCursor { seq: cursor.seq.max(judged.seq), ..cursor };
        assert!(self.has_access(who, client, ended), "{:?} was sent events up to {cursor}", client.ticket);
    }

    pub fn make(&mut self, chosen: Move) {
        match chosen {
            Move::Commit { events } => self.commit(events),
            Move::Nudge { which, fate } => self.nudge(which, fate),
            Move::Connect { who, resumes, topics, steps } => self.connect(who, resumes, topics, steps),
            Move::Proceed { who } => self.proceed(who),
            Move::Remove { who } => self.give(who, None),
            Move::Grant { who, role } => self.give(who, Some(ROLES[role])),
            Move::Expel { who } => self.expel(who),
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
        self.append(types.map(|event_type| Entry { event_type, access: None }).collect());
    }

    fn append(&mut self, entries: Vec<Entry>) {
        let first = self.head() + 1;
        self.logs.get_mut(&self.epoch).unwrap().extend(entries);
        let committed = (first..=self.head()).map(|seq| self.event(seq)).collect();
        self.nudges.push((self.epoch, committed));
    }

    /// Gives or takes access. A key has one role for life.
    fn give(&mut self, who: u64, role: Option<Role>) {
        let has_access = self.roles(self.epoch, who).last().is_some_and(Option::is_some);
        let event_type = match (has_access, role.is_some(), who == THE_KEY) {
            (true, true, false) => "member.changed",
            (false, true, false) => "member.added",
            (false, true, true) => "key.created",
            (true, false, false) => "member.removed",
            (true, false, true) => "key.revoked",
            (true, true, true) | (false, false, _) => return,
        };
        self.append(vec![Entry { event_type, access: Some((who, role)) }]);
    }

    /// The shell drops the session's tickets.
    fn expel(&mut self, who: u64) {
        let Some(client) = self.clients.get_mut(&who) else { return };
        (client.was_expelled, client.has_ticket) = (true, false);
        let sessions = vec![client.ticket.session.clone()];
        self.step(Input::Expel { sessions });
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

    fn connect(&mut self, who: u64, resumes: bool, choice: usize, steps: usize) {
        self.disconnect(who);
        let Some(role) = self.roles(self.epoch, who).pop().flatten() else { return };
        self.next_name += 1;
        let session = if who == THE_KEY { name(who) } else { format!("ses_{}", self.next_name) };
        let as_of = LogCursor { epoch: self.epoch, seq: self.head() };
        let client = Client {
            connection: None,
            cursor: self.clients.get(&who).and_then(|client| client.cursor).filter(|_| resumes),
            is_welcome: false,
            ticket: Member { user: name(who), role, session, as_of },
            has_ticket: true,
            has_greeted: false,
            was_expelled: false,
            topics: topics(choice),
        };
        self.clients.insert(who, client);
        (0..steps).for_each(|_| self.proceed(who));
    }

    /// Shows the ticket, or says `hello`.
    fn proceed(&mut self, who: u64) {
        self.next_name += 1;
        let Some(client) = self.clients.get_mut(&who) else { return };
        match client.connection {
            None if client.has_ticket => {
                let connection = id(self.next_name);
                (client.connection, client.has_ticket) = (Some(connection), false);
                let member = Some(client.ticket.clone());
                self.step(Input::Connected { connection, member });
            }
            Some(connection) if !client.has_greeted => {
                client.has_greeted = true;
                let cursor = client.cursor.map(|at| at.to_string());
                let hello = json!({"t": "hello", "cursor": cursor, "topics": client.topics});
                self.step(text(connection.0, &hello.to_string()));
            }
            _ => {}
        }
    }

    fn subscribe(&mut self, who: u64, choice: usize) {
        let Some(client) = self.clients.get_mut(&who).filter(|client| client.has_greeted) else { return };
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
        self.room = Room::restore(&self.kept, connections);
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

fn entry(log: &[Entry], seq: i64) -> Entry {
    log[usize::try_from(seq - 1).unwrap()]
}

fn document(entry: Entry, at: LogCursor) -> Value {
    let (who, role) = entry.access.unzip();
    let role = role.flatten().map(Role::as_str);
    json!({"seq": at.seq, "epoch": at.epoch, "subject": who.map(name), "data": {"role": role}})
}
