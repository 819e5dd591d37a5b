//! The world around the room: one step of it, and what its effects do to the model.
//!
//! Guarantees: after every step the room is as SPEC.md says, or the run ends with the ids of the rules that it broke.

use crate::client::{Arriving, Client, Kind};
use crate::database::Database;
use crate::line::Line;
use crate::news::{Leaving, Values};
use crate::runner::hold;
use serde_json::Value;
use std::collections::BTreeMap;
use storeroom_domain::{LogCursor, Role};
use storeroom_room::log::{PAGE_EVENTS, RETRY_AFTER_MS};
use storeroom_room::protocol::{GATHER_MS, MAX_ROOM_BACKLOG_BYTES, PONG};
use storeroom_room::{CloseCode, ConnectionId, Effect, Input, LogEvent, LogPage, Room};

/// The clock at the beginning, Unix milliseconds.
const BEGINNING_MS: i64 = 1_700_000_000_000;
/// S3: Most bytes of a connection's state.
const MAX_STATE_BYTES: usize = 12 * 1024;

/// How often something came up.
pub type Seen = BTreeMap<&'static str, u32>;

/// A look that is under way.
pub struct Look {
    pub number: u64,
    pub after: i64,
    /// The step of the room that asked for it.
    pub began: u64,
    pub page: Option<LogPage>,
}

/// What the room has to answer its input with.
#[derive(Default)]
pub struct Expected {
    pub closes: Vec<(ConnectionId, CloseCode)>,
    pub error: Option<(ConnectionId, &'static str)>,
    pub pong: Option<ConnectionId>,
    pub sessions: Vec<String>,
    /// The page that the room is given: its head, and the step that asked for it.
    pub page: Option<(i64, u64)>,
}

/// The room, and everything around it.
pub struct World {
    pub room: Room,
    pub steps: u64,
    /// Time as it passes.
    pub real_ms: i64,
    /// What the clock shows beyond that.
    pub offset_ms: i64,
    pub latest_ms: i64,
    pub database: Database,
    pub clients: BTreeMap<usize, Client>,
    pub lines: BTreeMap<ConnectionId, Line>,
    pub names: u64,
    pub nudges: Vec<(i64, Vec<LogEvent>)>,
    pub look: Option<Look>,
    /// Looks that the room has forgotten.
    pub late: Vec<Look>,
    pub failed_at_ms: Option<i64>,
    pub kept: BTreeMap<String, String>,
    pub attachments: BTreeMap<ConnectionId, String>,
    pub alarm_ms: Option<i64>,
    /// When the room is to be called, in time as it passes.
    pub ticks: Vec<i64>,
    /// How far the room has come, by what it keeps.
    pub tip: Option<LogCursor>,
    pub tip_before: Option<LogCursor>,
    pub expected: Expected,
    /// Since when the room has events that it has not sent on, and up to where.
    pub waiting: Vec<(i64, LogCursor)>,
    pub untold_since: Option<i64>,
    pub leaving: BTreeMap<String, Leaving>,
    pub shared: Values,
    /// Whether members or values have changed since everybody was told.
    pub is_changed: bool,
    has_sent: bool,
    pub seen: Seen,
}

impl World {
    pub fn new() -> Self {
        Self {
            room: Room::default(),
            steps: 0,
            real_ms: 0,
            offset_ms: BEGINNING_MS,
            latest_ms: BEGINNING_MS,
            database: Database::new(),
            clients: BTreeMap::new(),
            lines: BTreeMap::new(),
            names: 0,
            nudges: Vec::new(),
            look: None,
            late: Vec::new(),
            failed_at_ms: None,
            kept: BTreeMap::new(),
            attachments: BTreeMap::new(),
            alarm_ms: None,
            ticks: Vec::new(),
            tip: None,
            tip_before: None,
            expected: Expected::default(),
            waiting: Vec::new(),
            untold_since: None,
            leaving: BTreeMap::new(),
            shared: Values::new(),
            is_changed: false,
            has_sent: false,
            seen: Seen::new(),
        }
    }

    /// What the clock shows.
    pub fn now_ms(&self) -> i64 {
        self.real_ms + self.offset_ms
    }

    pub fn note(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    /// Gives the room an input and judges what it does.
    pub fn step(&mut self, input: Input) {
        self.steps += 1;
        let now_ms = self.now_ms();
        (self.tip_before, self.has_sent) = (self.tip, false);
        let slow: Vec<ConnectionId> =
            self.lines.iter().filter(|(_, line)| must_go(line, now_ms)).map(|(id, _)| *id).collect();
        let backlog = self.backlog();
        for effect in self.room.step(input, now_ms) {
            self.run(effect);
        }
        for id in slow {
            hold(!self.lines.contains_key(&id), || format!("K3 K4: {id:?} is too slow and stays"));
        }
        self.check_backlog(&backlog);
        self.end_step();
    }

    /// What is on its way to everybody when it is near what is allowed.
    fn backlog(&self) -> BTreeMap<ConnectionId, usize> {
        let bytes = self.lines.iter().map(|(id, line)| (*id, line.flight.bytes));
        let total: usize = bytes.clone().map(|(_, bytes)| bytes).sum();
        let is_sure = self.lines.values().all(|line| !line.flight.is_unsure);
        if total > MAX_ROOM_BACKLOG_BYTES && is_sure { bytes.collect() } else { BTreeMap::new() }
    }

    fn check_backlog(&self, before: &BTreeMap<ConnectionId, usize>) {
        let left = before.iter().filter(|(id, _)| self.lines.contains_key(id)).map(|(_, bytes)| bytes);
        let total: usize = left.sum();
        hold(total <= MAX_ROOM_BACKLOG_BYTES, || format!("K5: {total} bytes are on their way"));
    }

    fn run(&mut self, effect: Effect) {
        match effect {
            Effect::Keep { name, text } => self.keep(name, text),
            Effect::Save { connection, state } => {
                hold(!self.has_sent, || "S2: a state is saved after something was sent".to_owned());
                self.save(connection, serde_json::to_string(&state).unwrap());
            }
            Effect::Send { to, frame } => {
                self.has_sent = true;
                self.sent(&to, &frame);
            }
            Effect::Close { connection, code } => self.closed(connection, code),
            Effect::Fetch { number, after, limit } => self.fetch(number, after, limit),
            // The platform has one alarm.
            Effect::Alarm { at_ms } => self.alarm_ms = Some(at_ms),
            Effect::Tick { in_ms } => {
                hold((1..=GATHER_MS).contains(&in_ms), || format!("G3: a tick in {in_ms} ms"));
                self.ticks.push(self.real_ms + in_ms);
                self.note("tick");
            }
        }
    }

    fn keep(&mut self, name: String, text: Option<String>) {
        hold(!self.has_sent, || format!("S2: {name} is kept after something was sent"));
        hold(name.len() <= 100, || format!("{name} is too long a name"));
        if name == "log" {
            let log: Option<Value> = text.as_ref().map(|text| serde_json::from_str(text).unwrap());
            let number = |log: &Value, name: &str| log[name].as_i64().unwrap();
            self.tip = log.map(|log| LogCursor { epoch: number(&log, "epoch"), seq: number(&log, "tip") });
        }
        match text {
            Some(text) => self.kept.insert(name, text),
            None => self.kept.remove(&name),
        };
    }

    fn save(&mut self, id: ConnectionId, text: String) {
        hold(text.len() <= MAX_STATE_BYTES, || format!("S3: a state of {} bytes", text.len()));
        let state: Value = serde_json::from_str(&text).unwrap();
        let member = &state["member"];
        let role = Role::parse(member["role"].as_str().unwrap()).unwrap();
        let as_of = LogCursor::parse(member["as_of"].as_str().unwrap()).unwrap();
        self.attachments.insert(id, text);
        if let Some(line) = self.lines.get_mut(&id) {
            line.saved = (role, as_of);
        }
    }

    fn fetch(&mut self, number: u64, after: i64, limit: u32) {
        hold(self.look.is_none(), || "B1: two looks at once".to_owned());
        hold(limit <= PAGE_EVENTS, || format!("B2: a look for {limit} events"));
        let waited =
            self.failed_at_ms.take().is_none_or(|at| !(at..at + RETRY_AFTER_MS).contains(&self.now_ms()));
        hold(waited, || "B3: a look within a second of one that failed".to_owned());
        self.look = Some(Look { number, after, began: self.steps, page: None });
    }

    fn sent(&mut self, to: &[ConnectionId], text: &str) {
        for id in to {
            hold(self.lines.contains_key(id), || format!("A2: a frame to {id:?}, which is closed: {text}"));
        }
        if text.starts_with(r#"{"t":"events""#) {
            return to.iter().for_each(|id| self.sent_events(*id, text));
        }
        let frame: Value = serde_json::from_str(text).unwrap();
        let kind = frame["t"].as_str().unwrap();
        if !["welcome", "error", "pong"].contains(&kind) {
            let is_welcome = to.iter().all(|id| self.lines[id].is_welcome);
            hold(is_welcome, || format!("H3 H4: {kind} before welcome"));
        }
        match kind {
            "presence" => self.check_presence(to, &frame),
            "shared" => self.check_shared(to, &frame),
            _ => {}
        }
        for id in to {
            let kind = match kind {
                "welcome" => self.welcome(*id, &frame),
                "reset" => self.reset(*id, &frame),
                "error" => self.error(*id, &frame),
                "pong" => self.pong(*id, text),
                "presence" | "shared" => Kind::News,
                other => panic!("{other}"),
            };
            self.put_on_wire(*id, kind, text.len());
        }
    }

    fn error(&mut self, id: ConnectionId, frame: &Value) -> Kind {
        let code = frame["code"].as_str().unwrap();
        let is_right = self.expected.error.take_if(|(whose, expected)| (*whose, *expected) == (id, code));
        hold(is_right.is_some(), || format!("L1 L5: the error {code} for nothing"));
        self.note("error");
        Kind::News
    }

    fn pong(&mut self, id: ConnectionId, text: &str) -> Kind {
        let is_right = text == PONG && self.expected.pong.take() == Some(id);
        hold(is_right, || "L6: a pong for nothing".to_owned());
        Kind::Pong
    }

    /// Counts a frame as on its way.
    pub fn put_on_wire(&mut self, id: ConnectionId, kind: Kind, bytes: usize) {
        let tip = self.tip_before.map_or(0, |tip| tip.seq);
        let line = self.lines.get_mut(&id).unwrap();
        let place = match kind {
            Kind::Reset(cursor) | Kind::Events(_, cursor) => cursor.seq,
            Kind::Welcome(_) | Kind::News if line.is_welcome => line.at.seq + 1,
            _ => tip + 1,
        };
        if !matches!(kind, Kind::Pong) {
            line.flight.sent(place, bytes);
        }
        if !line.is_cut {
            line.down.push_back(Arriving { bytes, kind });
        }
    }

    fn end_step(&mut self) {
        let Expected { closes, error, pong, .. } = std::mem::take(&mut self.expected);
        hold(error.is_none() && pong.is_none(), || {
            format!("L1 L6 L7 P5 V3: no answer, but {error:?} {pong:?}")
        });
        for (id, code) in closes {
            hold(!self.lines.contains_key(&id), || format!("L1 A6: {id:?} is not closed with {code:?}"));
        }
        self.let_go();
        self.forget_what_nobody_watches();
        self.check_access();
        let (now_ms, tip) = (self.now_ms(), self.tip);
        for line in self.lines.values_mut() {
            hold(!line.owes_reset, || "C1 C2: a welcome elsewhere, and no reset".to_owned());
            line.floor = line.judged(tip);
            line.flight.watch(now_ms);
        }
        self.check_told();
        self.note_what_waits();
    }

    /// N5: A room that nobody watches follows nothing.
    fn forget_what_nobody_watches(&mut self) {
        if self.lines.values().any(|line| line.hello.is_some()) {
            return;
        }
        hold(self.tip.is_none(), || "N5: nobody watches, and the room follows the log".to_owned());
        self.late.extend(self.look.take());
        (self.failed_at_ms, self.waiting) = (None, Vec::new());
    }

    fn note_what_waits(&mut self) {
        let tip = self.tip;
        self.waiting.retain(|(_, end)| tip.is_some_and(|tip| tip.epoch == end.epoch && tip.seq < end.seq));
        let real_ms = self.real_ms;
        let is_untold = self.kept.contains_key("untold");
        self.untold_since = is_untold.then(|| self.untold_since.unwrap_or(real_ms));
    }
}

fn must_go(line: &Line, now_ms: i64) -> bool {
    !line.flight.is_unsure && line.flight.is_too_slow(now_ms)
}
