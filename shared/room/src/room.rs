//! The room as a state machine: inputs in, effects out.
//!
//! Guarantees: what a step does depends on the state, the input and the time alone. Relies on: the host running the
//! effects of one step before it makes the next, in order, and calling with `Input::Alarm` at the latest alarm that
//! it was asked for, or later.

use crate::connection::{Connection, ConnectionId, ConnectionState, Member, Phase};
use crate::log::{Log, Look, Snapshot};
use crate::protocol::{
    ClientFrame, CloseCode, HEARTBEAT_MS, HELLO_WITHIN_MS, MAX_CONNECTIONS, MAX_FRAME_BYTES, Myself, PONG,
    PROTOCOL, Present, ResetReason, ServerFrame,
};
use crate::step::{Effect, Input, Message};
use std::collections::BTreeMap;
use std::rc::Rc;
use storeroom_domain::LogCursor;

/// A store's room.
#[derive(Debug, Default)]
pub struct Room {
    pub(crate) log: Option<Log>,
    pub(crate) connections: BTreeMap<ConnectionId, Connection>,
    /// Whether something has come up that only a look into the log, begun later, can settle.
    pub(crate) doubt: bool,
    pub(crate) look: Option<Look>,
    pub(crate) looks: u64,
    pub(crate) retry_at_ms: Option<i64>,
    alarm_ms: Option<i64>,
    kept: Snapshot,
}

impl Room {
    /// The room as it was when its effects were run last. Nothing of it may be under way any more.
    pub fn restore(snapshot: Snapshot, connections: Vec<(ConnectionId, ConnectionState)>) -> Self {
        let connections = connections
            .into_iter()
            .map(|(id, state)| (id, Connection::restore(state, snapshot.log)))
            .collect();
        Self { log: snapshot.log, kept: snapshot, connections, ..Self::default() }
    }

    /// What is to be done about an input.
    pub fn step(&mut self, input: Input, now_ms: i64) -> Vec<Effect> {
        let mut out = Vec::new();
        match input {
            Input::Connected { connection, member } => self.connected(connection, member, now_ms, &mut out),
            Input::Received { connection, message } => self.received(connection, message, now_ms, &mut out),
            Input::Disconnected { connection } => drop(self.connections.remove(&connection)),
            Input::Expel { sessions } => self.expel(&sessions, &mut out),
            Input::Nudge { epoch, events } => self.nudged(epoch, events, &mut out),
            Input::Head { epoch, head } => self.heard(epoch, head),
            Input::Backfill { number, page } => self.looked(number, &page, &mut out),
            Input::BackfillFailed { number } => self.look_failed(number, now_ms),
            Input::Alarm => self.alarm_ms = None,
        }
        self.close_the_silent(now_ms, &mut out);
        self.forget_when_unwatched();
        self.admit(false, &mut out);
        self.look_if_needed(now_ms, &mut out);
        self.ask_for_alarm(&mut out);
        self.keep(out)
    }

    fn connected(&mut self, id: ConnectionId, member: Option<Member>, now_ms: i64, out: &mut Vec<Effect>) {
        let refusal = match member {
            Some(_) if self.connections.len() >= MAX_CONNECTIONS => CloseCode::RoomFull,
            Some(member) => {
                let phase = Phase::Greeting { until_ms: now_ms.saturating_add(HELLO_WITHIN_MS) };
                let mut connection = Connection::new(ConnectionState { member, topics: None, phase });
                connection.is_changed = true;
                self.connections.insert(id, connection);
                return;
            }
            None => CloseCode::Unauthenticated,
        };
        out.push(Effect::Close { connection: id, code: refusal });
    }

    fn received(&mut self, id: ConnectionId, message: Message, now_ms: i64, out: &mut Vec<Effect>) {
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
        let tip = self.log.map(|log| log.cursor());
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        match frame {
            ClientFrame::Ping {} => send(id, PONG, out),
            ClientFrame::Hello { .. } if connection.is_watching() => {
                send(id, &error("hello-repeated", "The connection has said hello before."), out);
            }
            ClientFrame::Hello { cursor, topics } => {
                connection.subscribe(topics);
                connection.enter(Phase::Joining { cursor });
                // What a look that is under way brings may be older than the cursor and the ticket.
                let epoch = connection.state.member.as_of.epoch;
                self.doubt |= !cursor.is_none_or(|cursor| is_reached(cursor, tip));
                self.doubt |= tip.is_none_or(|tip| tip.epoch != epoch);
            }
            _ if !connection.is_watching() => return Err(CloseCode::BadFrame),
            ClientFrame::Subscribe { topics } => connection.subscribe(topics),
            ClientFrame::Ack { cursor } => {
                if !cursor.is_some_and(|cursor| is_reached(cursor, tip)) {
                    send(id, &error("cursor-unknown", "Nothing with that cursor has been sent."), out);
                }
            }
        }
        Ok(())
    }

    /// Answers whoever said `hello`, has been judged and can be answered. With `is_judging`, the room's epoch and head are the
    /// database's, so that a cursor beyond them was never given out.
    pub(crate) fn admit(&mut self, is_judging: bool, out: &mut Vec<Effect>) {
        let Some(log) = self.log else { return };
        let joining = self.connections.iter().filter_map(|(id, connection)| match connection.state.phase {
            Phase::Joining { cursor } => {
                Some((*id, connection.state.member.as_of, cursor.unwrap_or(log.cursor())))
            }
            _ => None,
        });
        for (id, as_of, cursor) in joining.collect::<Vec<_>>() {
            if as_of.epoch == log.epoch && as_of.seq >= log.tip {
                self.answer(id, cursor, is_judging, out);
            } else if as_of.epoch != log.epoch && is_judging {
                self.close(id, CloseCode::Unauthenticated, out);
            }
        }
    }

    fn answer(&mut self, id: ConnectionId, cursor: LogCursor, is_judging: bool, out: &mut Vec<Effect>) {
        let Some(log) = self.log else { return };
        if is_reached(cursor, Some(log.cursor())) {
            self.welcome(id, cursor, out);
        } else if is_judging && cursor.epoch != log.epoch {
            self.welcome(id, log.cursor(), out);
            self.reset(vec![id], ResetReason::Epoch, out);
        } else if is_judging && cursor.seq > log.known {
            self.welcome(id, log.cursor(), out);
            self.reset(vec![id], ResetReason::Unknown, out);
        }
    }

    fn welcome(&mut self, id: ConnectionId, cursor: LogCursor, out: &mut Vec<Effect>) {
        let tip = self.log.map_or(cursor.seq, |log| log.tip);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.enter(if cursor.seq == tip { Phase::Live } else { Phase::Behind { at: cursor.seq } });
        let Some(connection) = self.connections.get(&id) else { return };
        let member = &connection.state.member;
        let frame = ServerFrame::Welcome {
            protocol: PROTOCOL,
            member: Myself { user: &member.user, role: member.role.as_str() },
            cursor,
            members: self.present(),
            shared: BTreeMap::new(),
            heartbeat_ms: HEARTBEAT_MS,
        };
        send(id, &frame.to_json(), out);
    }

    /// The connections that have been welcomed.
    pub(crate) fn members(&self) -> impl Iterator<Item = (ConnectionId, &Member)> {
        let welcomed = self.connections.iter().filter(|(_, connection)| connection.is_welcome());
        welcomed.map(|(id, connection)| (*id, &connection.state.member))
    }

    fn present(&self) -> Vec<Present<'_>> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, member) in self.members() {
            let count = counts.entry(member.user.as_str()).or_default();
            *count = count.saturating_add(1);
        }
        counts.into_iter().map(|(user, connections)| Present { user, connections }).collect()
    }

    pub(crate) fn close(&mut self, connection: ConnectionId, code: CloseCode, out: &mut Vec<Effect>) {
        self.connections.remove(&connection);
        out.push(Effect::Close { connection, code });
    }

    fn close_the_silent(&mut self, now_ms: i64, out: &mut Vec<Effect>) {
        let silent = self.greeting().filter(|(_, until_ms)| *until_ms <= now_ms).map(|(id, _)| id);
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
        }
    }

    fn ask_for_alarm(&mut self, out: &mut Vec<Effect>) {
        let retry = self.retry_at_ms.filter(|_| self.look.is_none());
        let next = self.greeting().map(|(_, until_ms)| until_ms).chain(retry).min();
        if let Some(at_ms) = next.filter(|at| self.alarm_ms.is_none_or(|asked| *at < asked)) {
            self.alarm_ms = Some(at_ms);
            out.push(Effect::Alarm { at_ms });
        }
    }

    /// Puts what has to be kept before everything else.
    fn keep(&mut self, out: Vec<Effect>) -> Vec<Effect> {
        let mut effects = Vec::new();
        let snapshot = Snapshot { log: self.log };
        if snapshot != self.kept {
            self.kept = snapshot;
            effects.push(Effect::Persist(snapshot));
        }
        for (id, connection) in self.connections.iter_mut().filter(|(_, connection)| connection.is_changed) {
            connection.is_changed = false;
            effects.push(Effect::Save { connection: *id, state: connection.state.clone() });
        }
        effects.extend(out);
        effects
    }
}

fn is_reached(cursor: LogCursor, tip: Option<LogCursor>) -> bool {
    tip.is_some_and(|tip| tip.epoch == cursor.epoch && cursor.seq <= tip.seq)
}

fn error(code: &'static str, detail: &'static str) -> String {
    ServerFrame::Error { code, detail }.to_json()
}

fn send(to: ConnectionId, frame: &str, out: &mut Vec<Effect>) {
    out.push(Effect::Send { to: vec![to], frame: Rc::from(frame) });
}
