//! The room as a state machine: inputs in, effects out.
//!
//! Guarantees: what a step does depends on the state, the input and the time alone. Relies on: the host running the
//! effects of one step before it makes the next, in order, and calling with `Input::Alarm` at the latest alarm that
//! it was asked for, or later.

use crate::connection::{Connection, ConnectionId, ConnectionState, Member, Phase};
use crate::log::{Log, LogEvent, Look};
use crate::pace::Pace;
use crate::presence::Presence;
use crate::protocol::{
    ClientFrame, CloseCode, HELLO_WITHIN_MS, MAX_CONNECTIONS, MAX_CONNECTIONS_A_USER, MAX_FRAME_BYTES,
    MAX_PRESENCE_BYTES, PONG, ServerFrame,
};
use crate::shared::Shared;
use crate::step::{Effect, Input, Message};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::rc::Rc;
use storeroom_domain::LogCursor;

/// A store's room.
#[derive(Debug, Default)]
pub struct Room {
    /// The time of this step.
    pub(crate) now_ms: i64,
    pub(crate) log: Option<Log>,
    pub(crate) connections: BTreeMap<ConnectionId, Connection>,
    pub(crate) presence: Presence,
    pub(crate) shared: Shared,
    /// Nudges that are being gathered, with their epochs.
    pub(crate) nudges: Vec<(i64, Vec<LogEvent>)>,
    /// Whether something has come up that only a look into the log, begun later, can settle.
    pub(crate) doubt: bool,
    pub(crate) look: Option<Look>,
    pub(crate) looks: u64,
    pub(crate) retry_at_ms: Option<i64>,
    /// What the last look brought, as long as somebody needs it.
    pub(crate) page: Vec<LogEvent>,
    pub(crate) pace: Pace,
    /// Whether the next input has to look after everybody: after sleep, and while somebody does not keep up.
    pub(crate) needs_care: bool,
    /// Whether the input of this step concerned one connection alone, and nothing follows from it.
    pub(crate) is_settled: bool,
    pub(crate) alarm_ms: Option<i64>,
    pub(crate) tick_ms: Option<i64>,
    /// What is to be kept of this step.
    pub(crate) keeping: BTreeMap<String, Option<String>>,
    /// What was kept of what changes often.
    pub(crate) kept: BTreeMap<&'static str, String>,
}

impl Room {
    /// What is to be done about an input.
    pub fn step(&mut self, input: Input, now_ms: i64) -> Vec<Effect> {
        let mut out = Vec::new();
        (self.now_ms, self.is_settled) = (now_ms, false);
        self.take(input, &mut out);
        // Most inputs of a large room are acknowledgements: what goes through all connections would cost most of its time.
        if self.is_settled {
            return self.hand_out(out);
        }
        self.close_the_silent(&mut out);
        self.close_the_slow(&mut out);
        self.let_go();
        self.send_nudges_on(&mut out);
        self.forget_when_unwatched();
        self.admit(false, &mut out);
        self.catch_up(&mut out);
        self.tell_news(&mut out);
        self.look_if_needed(&mut out);
        self.watch_the_full();
        self.ask_to_be_called(&mut out);
        self.hand_out(out)
    }

    fn take(&mut self, input: Input, out: &mut Vec<Effect>) {
        match input {
            Input::Connected { connection, member } => self.connected(connection, member, out),
            Input::Received { connection, message } => self.received(connection, message, out),
            Input::Disconnected { connection } => self.remove(connection, true),
            Input::Expel { sessions } => self.expel(&sessions, out),
            Input::Nudge { epoch, events } => self.nudges.push((epoch, events)),
            Input::Head { epoch, head } => self.heard(epoch, head),
            Input::Backfill { number, page } => self.looked(number, page, out),
            Input::BackfillFailed { number } => self.look_failed(number),
            Input::Alarm => self.alarm_ms = None,
            Input::Tick => self.tick_ms = None,
        }
    }

    fn connected(&mut self, id: ConnectionId, member: Option<Member>, out: &mut Vec<Effect>) {
        let Some(member) = member else {
            return out.push(Effect::Close { connection: id, code: CloseCode::Unauthenticated });
        };
        self.make_room_for(&member, out);
        if self.connections.len() >= MAX_CONNECTIONS {
            return out.push(Effect::Close { connection: id, code: CloseCode::RoomFull });
        }
        let phase = Phase::Greeting { until_ms: self.now_ms.saturating_add(HELLO_WITHIN_MS) };
        let acked = member.as_of.seq;
        let since_ms = self.now_ms;
        let state =
            ConnectionState { member, topics: None, phase, since_ms, presence: None, acked, received: 0 };
        let mut connection = Connection::new(state);
        connection.is_changed = true;
        self.connections.insert(id, connection);
    }

    /// Closes the user's oldest connection when it has as many as a user may have.
    fn make_room_for(&mut self, member: &Member, out: &mut Vec<Effect>) {
        let own = self.those(|connection| connection.state.member.user == member.user);
        let age = |id: &&ConnectionId| self.connections.get(id).map(|connection| connection.state.since_ms);
        if own.len() >= MAX_CONNECTIONS_A_USER
            && let Some(oldest) = own.iter().min_by_key(age).copied()
        {
            self.close(oldest, CloseCode::Replaced, out);
        }
    }

    fn received(&mut self, id: ConnectionId, message: Message, out: &mut Vec<Effect>) {
        let now_ms = self.now_ms;
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let frame = match &message {
            _ if connection.is_too_fast(now_ms) => Err(CloseCode::TooFast),
            Message::Text(text) if text.len() > MAX_FRAME_BYTES => Err(CloseCode::TooLarge),
            Message::Binary(length) if *length > MAX_FRAME_BYTES => Err(CloseCode::TooLarge),
            Message::Text(text) => ClientFrame::parse(text).ok_or(CloseCode::BadFrame),
            Message::Binary(_) => Err(CloseCode::BadFrame),
        };
        if let Err(code) = frame.and_then(|frame| self.follow(id, frame, out)) {
            self.close(id, code, out);
        }
    }

    fn follow(
        &mut self,
        id: ConnectionId,
        frame: ClientFrame,
        out: &mut Vec<Effect>,
    ) -> Result<(), CloseCode> {
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        let outcome = match frame {
            ClientFrame::Ping {} => {
                out.push(Effect::Send { to: vec![id], frame: Rc::from(PONG) });
                Ok(())
            }
            ClientFrame::Hello { .. } if connection.is_watching() => {
                Err(("hello-repeated", "The connection has said hello before."))
            }
            ClientFrame::Hello { cursor, topics } => {
                self.greeted(id, cursor, topics);
                Ok(())
            }
            _ if !connection.is_watching() => return Err(CloseCode::BadFrame),
            ClientFrame::Subscribe { topics } => {
                connection.subscribe(topics);
                Ok(())
            }
            ClientFrame::Presence { state } => self.be_at(id, state),
            ClientFrame::Share { key, value } => self.share(id, key, &value),
            ClientFrame::Ack { cursor, received } => self.acknowledged(id, cursor, received),
        };
        if let Err((code, detail)) = outcome {
            self.post(vec![id], &ServerFrame::Error { code, detail }.to_json(), out);
        }
        Ok(())
    }

    fn be_at(&mut self, id: ConnectionId, state: Option<Map<String, Value>>) -> Result<(), Misstep> {
        let text = state.map(|state| Value::Object(state).to_string());
        if text.as_ref().is_some_and(|text| text.len() > MAX_PRESENCE_BYTES) {
            return Err(("state-too-large", "A presence state has at most 4,096 bytes of JSON."));
        }
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        connection.state.presence = text.map(Rc::from);
        connection.is_changed = true;
        let (is_welcome, user) = (connection.is_welcome(), connection.state.member.user.clone());
        if is_welcome {
            self.about_to_change(&user);
        }
        Ok(())
    }

    fn acknowledged(
        &mut self,
        id: ConnectionId,
        cursor: Option<LogCursor>,
        received: Option<u64>,
    ) -> Result<(), Misstep> {
        let needs_care = self.needs_care || self.is_overdue();
        let (log, now_ms) = (self.log, self.now_ms);
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        let reached =
            log.and_then(|log| Some(LogCursor { seq: connection.position(log.tip)?, ..log.cursor() }));
        let Some(cursor) = cursor.filter(|cursor| is_reached(*cursor, reached)) else {
            return Err(("cursor-unknown", "Nothing with that cursor has been sent."));
        };
        connection.acknowledge(cursor.seq, received, now_ms);
        self.is_settled = connection.is_live() && !needs_care;
        Ok(())
    }

    /// Sends a frame to welcome connections that is not of events.
    pub(crate) fn post(&mut self, to: Vec<ConnectionId>, frame: &str, out: &mut Vec<Effect>) {
        let tip = self.log.map_or(0, |log| log.tip);
        for id in &to {
            if let Some(connection) = self.connections.get_mut(id) {
                // Whoever has worked through the next event has worked through this frame, too.
                let place = connection.position(tip).unwrap_or(tip).saturating_add(1);
                connection.in_flight.push(place, frame.len());
            }
        }
        self.pace.spend(to.len());
        out.push(Effect::Send { to, frame: Rc::from(frame) });
    }

    /// The connections that have been welcomed.
    pub(crate) fn members(&self) -> impl Iterator<Item = (ConnectionId, &Member)> {
        let welcomed = self.connections.iter().filter(|(_, connection)| connection.is_welcome());
        welcomed.map(|(id, connection)| (*id, &connection.state.member))
    }

    pub(crate) fn close(&mut self, connection: ConnectionId, code: CloseCode, out: &mut Vec<Effect>) {
        self.remove(connection, code.may_return());
        out.push(Effect::Close { connection, code });
    }

    fn remove(&mut self, id: ConnectionId, may_return: bool) {
        let Some(connection) = self.connections.remove(&id) else { return };
        if connection.is_welcome() {
            self.has_left(connection.state.member, connection.state.presence, may_return);
        }
    }

    fn close_the_silent(&mut self, out: &mut Vec<Effect>) {
        let silent = self.greeting().filter(|(_, until_ms)| *until_ms <= self.now_ms).map(|(id, _)| id);
        for id in silent.collect::<Vec<_>>() {
            self.close(id, CloseCode::NoHello, out);
        }
    }

    fn greeting(&self) -> impl Iterator<Item = (ConnectionId, i64)> {
        self.connections.iter().filter_map(|(id, connection)| match connection.state.phase {
            Phase::Greeting { until_ms } => Some((*id, until_ms)),
            _ => None,
        })
    }

    /// A room that nobody watches does not follow the log: it asks for the head when somebody comes.
    fn forget_when_unwatched(&mut self) {
        if !self.connections.values().any(Connection::is_watching) {
            (self.log, self.doubt, self.look, self.retry_at_ms) = (None, false, None, None);
            (self.nudges, self.page) = (Vec::new(), Vec::new());
            (self.presence.untold, self.shared.untold) = (BTreeMap::new(), BTreeMap::new());
        }
    }

    /// Sends gathered nudges on, when it is time.
    fn send_nudges_on(&mut self, out: &mut Vec<Effect>) {
        if self.nudges.is_empty() || self.pace.wait_ms(self.now_ms).is_some() {
            return;
        }
        let mut gathered: BTreeMap<i64, Vec<LogEvent>> = BTreeMap::new();
        for (epoch, events) in std::mem::take(&mut self.nudges) {
            gathered.entry(epoch).or_default().extend(events);
        }
        for (epoch, events) in gathered {
            self.nudged(epoch, events, out);
        }
    }

    /// Tells of members and shared values, when it is time.
    fn tell_news(&mut self, out: &mut Vec<Effect>) {
        let newcomers = std::mem::take(&mut self.presence.newcomers);
        if self.has_news() && self.pace.wait_ms(self.now_ms).is_none() {
            self.tell_presence(&newcomers, out);
            self.tell_shared(out);
        }
    }

    fn has_news(&self) -> bool {
        !self.presence.untold.is_empty() || !self.shared.untold.is_empty()
    }

    fn is_gathering(&self) -> bool {
        self.has_news() || !self.nudges.is_empty()
    }

    /// Whether the tick that what is gathered waits for has not come in time.
    fn is_overdue(&self) -> bool {
        self.is_gathering() && self.tick_ms.is_none_or(|at_ms| at_ms <= self.now_ms)
    }

    fn ask_to_be_called(&mut self, out: &mut Vec<Effect>) {
        self.ask_for_tick(out);
        let retry = self.retry_at_ms.filter(|_| self.look.is_none());
        let greeting = self.greeting().map(|(_, until_ms)| until_ms);
        let stalled = self.connections.values().filter_map(|connection| connection.in_flight.until_ms());
        let next = greeting.chain(stalled).chain(retry).chain(self.presence.next_ms()).min();
        if let Some(at_ms) = next.filter(|at| self.alarm_ms.is_none_or(|asked| *at < asked)) {
            self.alarm_ms = Some(at_ms);
            out.push(Effect::Alarm { at_ms });
        }
    }

    fn ask_for_tick(&mut self, out: &mut Vec<Effect>) {
        if !self.is_gathering() {
            return self.pace.settle();
        }
        let in_ms = self.pace.wait_ms(self.now_ms).unwrap_or(0).max(1);
        let at_ms = self.now_ms.saturating_add(in_ms);
        // A tick that is long overdue was lost with a clock that was set back.
        if self.tick_ms.is_none_or(|asked| at_ms < asked || asked < self.now_ms) {
            self.tick_ms = Some(at_ms);
            out.push(Effect::Tick { in_ms });
        }
    }
}

/// The code and the sentence of an error that a frame is answered with.
pub(crate) type Misstep = (&'static str, &'static str);

pub(crate) fn is_reached(cursor: LogCursor, tip: Option<LogCursor>) -> bool {
    tip.is_some_and(|tip| tip.epoch == cursor.epoch && cursor.seq <= tip.seq)
}
