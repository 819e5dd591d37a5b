//! Who is in the room and what they share, as SPEC.md says (P1 to P6, V1 to V4).
//!
//! Guarantees: exact, but for a user who dropped and was removed since: until the room has been told of that by its log,
//! it may show the user or not.

use crate::line::Line;
use crate::runner::hold;
use crate::world::World;
use serde_json::Value;
use std::collections::BTreeMap;
use std::rc::Rc;
use storeroom_domain::LogCursor;
use storeroom_room::protocol::{MAX_SHARED_BYTES, MAX_SHARED_KEYS, PRESENCE_GRACE_MS};
use storeroom_room::{CloseCode, ConnectionId};

/// What is told of a user: the number of connections, and their states.
#[derive(Debug, Clone, PartialEq)]
pub struct Present {
    connections: u64,
    states: Vec<Value>,
}

/// Users and what is told of them.
pub type Picture = BTreeMap<String, Rc<Present>>;

/// Keys with their values, as JSON, and who set them.
pub type Values = BTreeMap<String, Rc<(String, String)>>;

/// A user whose last connection dropped.
pub struct Leaving {
    who: usize,
    until_ms: i64,
    state: Option<String>,
    session: String,
    as_of: LogCursor,
}

impl World {
    /// Who is in the room.
    fn present(&self) -> Picture {
        let mut users: BTreeMap<&str, Present> = BTreeMap::new();
        for (user, leaving) in &self.leaving {
            let states = leaving.state.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
            users.insert(user, Present { connections: 1, states });
        }
        for line in self.lines.values().filter(|line| line.is_welcome) {
            let nobody = Present { connections: 0, states: Vec::new() };
            let entry = users.entry(&line.ticket.user).or_insert(nobody);
            entry.connections += 1;
            entry
                .states
                .extend(line.presence.iter().map(|text| serde_json::from_str::<Value>(text).unwrap()));
        }
        users.into_iter().map(|(user, present)| (user.to_owned(), Rc::new(present))).collect()
    }

    /// Whether the user dropped, and was removed since or has no more time.
    fn may_be_gone(&self, user: &str) -> bool {
        self.leaving.get(user).is_some_and(|leaving| {
            let end = self.database.end(leaving.as_of.epoch);
            let is_removed = self.database.removal(leaving.who, leaving.as_of, end).is_some();
            is_removed || leaving.until_ms <= self.now_ms()
        })
    }

    fn is_told_right(&self, told: &Picture, is: &Picture) -> bool {
        let known = told.iter().all(|(user, present)| is.get(user) == Some(present));
        known && is.keys().all(|user| told.contains_key(user) || self.may_be_gone(user))
    }

    /// Lets go of those whose time is over, and of those whose removal the room has come by.
    pub fn let_go(&mut self) {
        let (now_ms, before, tip, database) = (self.now_ms(), self.tip_before, self.tip, &self.database);
        let count = self.leaving.len();
        self.leaving.retain(|_, leaving| {
            let came_by = |at: LogCursor| {
                let (Some(before), Some(tip)) = (before, tip) else { return false };
                let epochs = [before.epoch, tip.epoch] == [at.epoch; 2];
                epochs && before.seq < at.seq && at.seq <= tip.seq && at.seq >= database.first(at.epoch)
            };
            let end = database.end(leaving.as_of.epoch);
            let removal = database.removal(leaving.who, leaving.as_of, end);
            let is_removed = removal.is_some_and(|seq| came_by(LogCursor { seq, ..leaving.as_of }));
            leaving.until_ms > now_ms && !is_removed
        });
        self.is_changed |= self.leaving.len() != count;
    }

    /// P3, P4: A connection is no more.
    pub fn has_left(&mut self, line: Line, may_return: bool) {
        self.is_changed = true;
        let user = &line.ticket.user;
        let mut welcome = self.lines.values().filter(|line| line.is_welcome);
        if !line.is_welcome || !may_return || welcome.any(|other| other.ticket.user == *user) {
            return;
        }
        let leaving = Leaving {
            who: line.who,
            until_ms: self.now_ms() + PRESENCE_GRACE_MS,
            as_of: line.judged(self.tip_before),
            state: line.presence,
            session: line.ticket.session,
        };
        self.note("a user may return");
        self.leaving.insert(line.ticket.user, leaving);
    }

    /// P4: A session has ended.
    pub fn expelled_are_gone(&mut self, session: &str) {
        self.leaving.retain(|_, leaving| leaving.session != session);
        self.is_changed = true;
    }

    /// Whether the close code lets its user come back in a moment.
    pub fn may_return(code: CloseCode) -> bool {
        !matches!(code, CloseCode::SignedOut | CloseCode::Forbidden | CloseCode::Replaced)
    }

    /// P1, H6, V2: `welcome` says who is here and what is shared. The room may let go of somebody later in the step.
    pub fn check_welcome(&mut self, id: ConnectionId, frame: &Value) {
        self.is_changed = true;
        let user = self.lines[&id].ticket.user.clone();
        if self.leaving.remove(&user).is_some() {
            self.note("a user is back");
        }
        let members: Picture = frame["members"].as_array().unwrap().iter().map(entry).collect();
        let is = self.present();
        hold(self.is_told_right(&members, &is), || format!("P1 H6: welcome tells {members:?}, it is {is:?}"));
        let shared: Values = frame["shared"].as_array().unwrap().iter().map(value).collect();
        hold(shared == self.shared, || format!("V2: welcome tells {shared:?}, it is {:?}", self.shared));
        let line = self.lines.get_mut(&id).unwrap();
        (line.members, line.shared) = (members, self.shared.clone());
    }

    /// P1 to P3, P6: a presence frame tells what is so now.
    pub fn check_presence(&mut self, to: &[ConnectionId], frame: &Value) {
        self.let_go();
        let is = self.present();
        let list = |name: &str| frame[name].as_array().unwrap().clone();
        let set: Vec<_> = list("joined").iter().chain(&list("changed")).map(entry).collect();
        let left: Vec<String> = list("left").iter().map(|user| user.as_str().unwrap().to_owned()).collect();
        for (user, present) in &set {
            hold(is.get(user) == Some(present), || {
                format!("P2: {user} is told as {present:?}, it is {is:?}")
            });
        }
        for user in &left {
            let is_gone = !is.contains_key(user) || self.may_be_gone(user);
            hold(is_gone, || format!("P3: {user} is told to have left, but is here"));
        }
        for id in to {
            let line = self.lines.get_mut(id).unwrap();
            line.members.extend(set.iter().cloned());
            line.members.retain(|user, _| !left.contains(user));
        }
        self.note("presence");
    }

    /// V3: What becomes of a value that the room is given: the code of the error, if it is one.
    pub fn share(&mut self, by: String, key: &str, text: &str) -> Option<&'static str> {
        if text.len() > MAX_SHARED_BYTES {
            return Some("value-too-large");
        }
        if text == "null" {
            self.shared.remove(key);
        } else if self.shared.len() >= MAX_SHARED_KEYS && !self.shared.contains_key(key) {
            return Some("shared-full");
        } else {
            self.shared.insert(key.to_owned(), Rc::new((text.to_owned(), by)));
        }
        self.is_changed = true;
        None
    }

    /// V1, V4: a shared value is told as it is now, to everybody.
    pub fn check_shared(&mut self, to: &[ConnectionId], frame: &Value) {
        let (key, told) = value(frame);
        let is = self.shared.get(&key);
        let is_right = is.map_or(told.0 == "null", |is| *is == told);
        hold(is_right, || format!("V1 V4: {key} is told as {told:?}, it is {is:?}"));
        let welcome = self.lines.values().filter(|line| line.is_welcome).count();
        hold(to.len() == welcome, || format!("V1: {key} is told to {} of {welcome}", to.len()));
        for id in to {
            let shared = &mut self.lines.get_mut(id).unwrap().shared;
            match is {
                Some(is) => drop(shared.insert(key.clone(), is.clone())),
                None => drop(shared.remove(&key)),
            }
        }
        self.note("shared");
    }

    /// P1 to P6, V1, V2: when nothing is left to be told, everybody has been told everything.
    pub fn check_told(&mut self) {
        if !self.is_changed || self.kept.contains_key("untold") {
            return;
        }
        self.is_changed = false;
        let is = self.present();
        for line in self.lines.values().filter(|line| line.is_welcome) {
            let told = &line.members;
            let user = &line.ticket.user;
            hold(self.is_told_right(told, &is), || {
                format!("P1 P2 P3 P6: {user} knows {told:?}, it is {is:?}")
            });
            hold(line.shared == self.shared, || {
                format!("V1 V2: {user} knows {:?}, it is {:?}", line.shared, self.shared)
            });
        }
    }
}

fn entry(member: &Value) -> (String, Rc<Present>) {
    let connections = member["connections"].as_u64().unwrap();
    let states = member["states"].as_array().unwrap().clone();
    (member["user"].as_str().unwrap().to_owned(), Rc::new(Present { connections, states }))
}

fn value(shared: &Value) -> (String, Rc<(String, String)>) {
    let text = |name: &str| shared[name].as_str().unwrap().to_owned();
    (text("key"), Rc::new((shared["value"].to_string(), text("by"))))
}
