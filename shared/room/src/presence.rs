//! Who is in the room, and telling the others.
//!
//! Guarantees: a user is one member, however many connections; one whose last connection dropped stays for
//! `PRESENCE_GRACE_MS`; whoever was told of a member is told what becomes of it, also across hibernation.
//! Relies on: a presence frame telling whole members, so that it does no harm to be told twice.

use crate::connection::ConnectionId;
use crate::protocol::{MAX_CONNECTIONS, PRESENCE_GRACE_MS, Present, ServerFrame};
use crate::room::Room;
use crate::step::Effect;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A user whose last connection dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leaving {
    until_ms: i64,
    /// What it had said of where it is.
    state: Option<Rc<str>>,
}

/// What the room knows of its members besides their connections.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    pub(crate) leaving: BTreeMap<String, Leaving>,
    /// Whom the others have to be told of, and whether these know them as present.
    pub(crate) untold: BTreeMap<String, bool>,
    /// Who was welcomed in this step.
    pub(crate) newcomers: Vec<ConnectionId>,
}

impl Presence {
    /// When the next one is gone for good.
    pub(crate) fn next_ms(&self) -> Option<i64> {
        self.leaving.values().map(|leaving| leaving.until_ms).min()
    }
}

impl Room {
    /// Everybody who is in the room.
    pub(crate) fn present(&self) -> Vec<Present<'_>> {
        let mut members: BTreeMap<&str, Present<'_>> = BTreeMap::new();
        for (user, leaving) in &self.presence.leaving {
            let states = leaving.state.as_deref().into_iter().collect();
            members.insert(user, Present { user, connections: 1, states });
        }
        for connection in self.connections.values().filter(|connection| connection.is_welcome()) {
            let user = connection.state.member.user.as_str();
            let entry = members.entry(user).or_insert(Present { user, connections: 0, states: Vec::new() });
            entry.connections = entry.connections.saturating_add(1);
            entry.states.extend(connection.state.presence.as_deref());
        }
        members.into_values().collect()
    }

    fn is_here(&self, user: &str) -> bool {
        let mut welcome = self.connections.values().filter(|connection| connection.is_welcome());
        welcome.any(|connection| connection.state.member.user == user)
    }

    /// To be called before anything about the user's presence changes.
    pub(crate) fn about_to_change(&mut self, user: &str) {
        if !self.presence.untold.contains_key(user) {
            let is_known = self.presence.leaving.contains_key(user) || self.is_here(user);
            self.presence.untold.insert(user.to_owned(), is_known);
        }
    }

    /// A connection is about to be welcomed.
    pub(crate) fn enters(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        let user = connection.state.member.user.clone();
        self.about_to_change(&user);
        self.forget_leaving(&user);
        self.presence.newcomers.push(id);
    }

    /// A connection has been taken out of the room; with `may_return`, its user may be back in a moment.
    pub(crate) fn has_left(&mut self, user: &str, state: Option<Rc<str>>, may_return: bool) {
        let is_last = !self.is_here(user);
        if is_last && may_return && self.presence.leaving.len() < MAX_CONNECTIONS {
            let leaving = Leaving { until_ms: self.now_ms.saturating_add(PRESENCE_GRACE_MS), state };
            self.keep(format!("leaving/{user}"), serde_json::to_string(&leaving).ok());
            self.presence.leaving.insert(user.to_owned(), leaving);
            return;
        }
        self.presence.untold.entry(user.to_owned()).or_insert(true);
    }

    /// Lets go of those who have not come back.
    pub(crate) fn let_go(&mut self) {
        let now_ms = self.now_ms;
        let is_gone =
            |(user, leaving): (&String, &Leaving)| (leaving.until_ms <= now_ms).then(|| user.clone());
        let gone: Vec<String> = self.presence.leaving.iter().filter_map(is_gone).collect();
        for user in gone {
            self.dismiss(&user);
        }
    }

    /// Lets go of a user that may still have come back.
    pub(crate) fn dismiss(&mut self, user: &str) {
        if self.presence.leaving.contains_key(user) {
            self.about_to_change(user);
            self.forget_leaving(user);
        }
    }

    fn forget_leaving(&mut self, user: &str) {
        if self.presence.leaving.remove(user).is_some() {
            self.keep(format!("leaving/{user}"), None);
        }
    }

    /// Tells everybody what has changed. A newcomer that came alone knows it from its `welcome`.
    pub(crate) fn tell_presence(&mut self, newcomers: &[ConnectionId], out: &mut Vec<Effect>) {
        let untold = std::mem::take(&mut self.presence.untold);
        if untold.is_empty() {
            return;
        }
        let frame = self.presence_frame(&untold);
        let mut to: Vec<ConnectionId> = self.members().map(|(id, _)| id).collect();
        if let ([newcomer], 1) = (newcomers, untold.len()) {
            to.retain(|id| id != newcomer);
        }
        if let Some(frame) = frame.filter(|_| !to.is_empty()) {
            self.post(to, &frame, out);
        }
    }

    /// Nothing when somebody has come and gone before anybody was told.
    fn presence_frame(&self, untold: &BTreeMap<String, bool>) -> Option<String> {
        let (mut joined, mut changed) = (Vec::new(), Vec::new());
        let mut left: BTreeSet<&str> =
            untold.iter().filter(|(_, is_known)| **is_known).map(|(user, _)| user.as_str()).collect();
        for member in self.present() {
            match untold.get(member.user) {
                Some(true) => {
                    left.remove(member.user);
                    changed.push(member);
                }
                Some(false) => joined.push(member),
                None => {}
            }
        }
        let left: Vec<&str> = left.into_iter().collect();
        let is_empty = joined.is_empty() && changed.is_empty() && left.is_empty();
        (!is_empty).then(|| ServerFrame::Presence { joined, changed, left }.to_json())
    }
}
