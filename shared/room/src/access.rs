//! What events and ended sessions do to connections that are open already.
//!
//! Guarantees: a connection is judged by each event after the place that its access is known as of, in order, each
//! once, and by none before; nobody is sent an event that has not judged them. Relies on: the log alone, so that what
//! a lost nudge told of is applied when a look finds it.

use crate::connection::{Connection, ConnectionId, Member};
use crate::log::{Log, LogEvent, LogPage};
use crate::protocol::CloseCode;
use crate::room::Room;
use crate::step::Effect;
use serde::Deserialize;
use storeroom_domain::{EventType, Role};

/// What an event says about access.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// The user is no member any more.
    Removed { user: String },
    /// The user has that role from now on.
    Role { user: String, role: Role },
    /// The API key is good no more.
    Revoked { key: String },
}

/// What is read of an event's document.
#[derive(Deserialize)]
struct Told {
    subject: String,
    #[serde(default)]
    data: Change,
}

#[derive(Default, Deserialize)]
struct Change {
    role: Option<String>,
}

impl Verdict {
    fn of(event: &LogEvent) -> Option<Self> {
        let is_of = |event_type: EventType| event.event_type == event_type.as_str();
        let told = || serde_json::from_str::<Told>(&event.document).ok();
        if is_of(EventType::MemberRemoved) {
            Some(Self::Removed { user: told()?.subject })
        } else if is_of(EventType::KeyRevoked) {
            Some(Self::Revoked { key: told()?.subject })
        } else if is_of(EventType::MemberChanged) {
            let Told { subject, data } = told()?;
            Some(Self::Role { user: subject, role: Role::parse(&data.role?)? })
        } else {
            None
        }
    }

    fn is_about(&self, member: &Member) -> bool {
        match self {
            Self::Removed { user } | Self::Role { user, .. } => member.user == *user,
            Self::Revoked { key } => member.session == *key,
        }
    }
}

impl Room {
    /// Judges by a run of events whose `seq` counts up by one whoever has been judged by all before them.
    pub(crate) fn judge(&mut self, run: &[LogEvent], out: &mut Vec<Effect>) {
        let (Some(first), Some(last), Some(log)) = (run.first(), run.last(), self.log) else { return };
        let from = first.seq.saturating_sub(1);
        for event in run {
            let Some(verdict) = Verdict::of(event) else { continue };
            let is_meant =
                |member: &Member| is_between(&log, member, from, event.seq) && verdict.is_about(member);
            for id in self.those(|connection| is_meant(&connection.state.member)) {
                self.execute(&verdict, id, out);
            }
            if let Verdict::Removed { user } = &verdict {
                self.dismiss(user);
            }
        }
        for connection in self.connections.values_mut() {
            let member = &mut connection.state.member;
            if is_between(&log, member, from, last.seq) {
                member.as_of.seq = last.seq;
            }
        }
    }

    fn execute(&mut self, verdict: &Verdict, id: ConnectionId, out: &mut Vec<Effect>) {
        match verdict {
            Verdict::Removed { .. } => self.close(id, CloseCode::Forbidden, out),
            Verdict::Revoked { .. } => self.close(id, CloseCode::SignedOut, out),
            Verdict::Role { role, .. } => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.is_changed |= connection.state.member.role != *role;
                    connection.state.member.role = *role;
                }
            }
        }
    }

    /// Closes whoever cannot be judged, because the log no longer has the events.
    pub(crate) fn close_the_unjudged(&mut self, after: i64, page: &LogPage, out: &mut Vec<Effect>) {
        let Some(log) = self.log else { return };
        let lost = self.those(|connection| is_between(&log, &connection.state.member, after, page.reach()));
        self.close_all(lost, CloseCode::Unauthenticated, out);
    }

    /// Closes the connections of sessions and API keys that have ended.
    pub(crate) fn expel(&mut self, sessions: &[String], out: &mut Vec<Effect>) {
        let expelled = self.those(|connection| sessions.contains(&connection.state.member.session));
        self.close_all(expelled, CloseCode::SignedOut, out);
    }

    pub(crate) fn those(&self, is_one: impl Fn(&Connection) -> bool) -> Vec<ConnectionId> {
        let ones = self.connections.iter().filter(|(_, connection)| is_one(connection));
        ones.map(|(id, _)| *id).collect()
    }

    pub(crate) fn close_all(&mut self, who: Vec<ConnectionId>, code: CloseCode, out: &mut Vec<Effect>) {
        for id in who {
            self.close(id, code, out);
        }
    }
}

/// Whether the member's access is known as of a place of this log from `from` on and before `to`.
fn is_between(log: &Log, member: &Member, from: i64, to: i64) -> bool {
    member.as_of.epoch == log.epoch && (from..to).contains(&member.as_of.seq)
}
