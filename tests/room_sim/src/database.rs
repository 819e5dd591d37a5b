//! The database: the log of every epoch, and what role each user had at each place of it.
//!
//! Guarantees: a page is a snapshot; nothing of an epoch that was left changes any more.

use serde_json::json;
use std::collections::BTreeMap;
use std::rc::Rc;
use storeroom_domain::role::ROLES;
use storeroom_domain::{LogCursor, Role};
use storeroom_room::{LogEvent, LogPage};

use crate::moves::USERS;

const TYPES: [&str; 4] = ["product.created", "stock.low", "order.created", "product.updated"];
/// The user that is an API key.
pub const THE_KEY: usize = USERS - 1;

/// A user's id, which is also the session of an API key.
pub fn name(who: usize) -> String {
    format!("{}_{who}", if who == THE_KEY { "key" } else { "usr" })
}

/// An event and, if it is about access, whom it gives which role; `None` takes it.
#[derive(Clone)]
pub struct Entry {
    pub event_type: &'static str,
    access: Option<(usize, Option<Role>)>,
    kib: usize,
    /// Its JSON.
    pub document: Rc<str>,
}

impl Entry {
    fn new(
        event_type: &'static str,
        access: Option<(usize, Option<Role>)>,
        kib: usize,
        at: LogCursor,
    ) -> Self {
        let (who, role) = access.unzip();
        let role = role.flatten().map(Role::as_str);
        let (subject, data) = (json!(who.map(name)), json!({"role": role}));
        let (LogCursor { epoch, seq }, filling) = (at, "x".repeat(kib * 1024));
        let document = format!(
            r#"{{"seq":{seq},"epoch":{epoch},"type":"{event_type}","subject":{subject},"data":{data},"x":"{filling}"}}"#
        );
        Self { event_type, access, kib, document: Rc::from(document) }
    }
}

struct Epoch {
    entries: Vec<Entry>,
    /// The first event that is still kept.
    first: i64,
    /// By user, the role at every place from 0 on; `None` where there is no access.
    roles: Vec<Vec<Option<Role>>>,
}

impl Epoch {
    fn new() -> Self {
        let roles = (0..USERS).map(|who| vec![Some(ROLES[who % ROLES.len()])]).collect();
        Self { entries: Vec::new(), first: 1, roles }
    }

    fn append(&mut self, entry: Entry) {
        for (who, roles) in self.roles.iter_mut().enumerate() {
            let given = entry.access.filter(|(whom, _)| *whom == who).map(|(_, role)| role);
            roles.push(given.unwrap_or(roles[roles.len() - 1]));
        }
        self.entries.push(entry);
    }

    fn head(&self) -> i64 {
        i64::try_from(self.entries.len()).unwrap()
    }
}

/// A database with a store's log.
pub struct Database {
    pub epoch: i64,
    epochs: BTreeMap<i64, Epoch>,
}

impl Database {
    pub fn new() -> Self {
        Self { epoch: 1, epochs: BTreeMap::from([(1, Epoch::new())]) }
    }

    fn now(&self) -> &Epoch {
        &self.epochs[&self.epoch]
    }

    /// The last event.
    pub fn head(&self) -> LogCursor {
        LogCursor { epoch: self.epoch, seq: self.now().head() }
    }

    /// The last event of an epoch.
    pub fn end(&self, epoch: i64) -> i64 {
        self.epochs[&epoch].head()
    }

    /// The first event of an epoch that is still kept.
    pub fn first(&self, epoch: i64) -> i64 {
        self.epochs[&epoch].first
    }

    /// An event of an epoch.
    pub fn entry(&self, epoch: i64, seq: i64) -> &Entry {
        &self.epochs[&epoch].entries[usize::try_from(seq - 1).unwrap()]
    }

    /// A user's role at a place.
    pub fn role(&self, who: usize, at: LogCursor) -> Option<Role> {
        self.epochs.get(&at.epoch)?.roles[who].get(usize::try_from(at.seq).unwrap()).copied().flatten()
    }

    /// A user's roles from one place to another, as long as there is access.
    pub fn roles(&self, who: usize, epoch: i64, from: i64, to: i64) -> Vec<Role> {
        (from..=to).map_while(|seq| self.role(who, LogCursor { epoch, seq })).collect()
    }

    /// The first place after `from`, and up to `to`, where the user has no access.
    pub fn removal(&self, who: usize, from: LogCursor, to: i64) -> Option<i64> {
        (from.seq..=to).find(|seq| self.role(who, LogCursor { seq: *seq, ..from }).is_none())
    }

    /// Commits events that are about nothing in particular, and returns the nudge.
    pub fn commit(&mut self, count: usize, kib: usize) -> (i64, Vec<LogEvent>) {
        let first = self.head().seq + 1;
        for seq in (first..).take(count) {
            let event_type = TYPES[usize::try_from(seq * seq / 2 % 4).unwrap()];
            self.append(event_type, None, kib);
        }
        self.nudge(first)
    }

    /// Gives or takes access, and returns the nudge when it changes anything. A key has one role for life.
    pub fn give(&mut self, who: usize, role: Option<Role>) -> Option<(i64, Vec<LogEvent>)> {
        let has_access = self.role(who, self.head()).is_some();
        let event_type = match (has_access, role.is_some(), who == THE_KEY) {
            (true, true, false) => "member.changed",
            (false, true, false) => "member.added",
            (false, true, true) => "key.created",
            (true, false, false) => "member.removed",
            (true, false, true) => "key.revoked",
            (true, true, true) | (false, false, _) => return None,
        };
        self.append(event_type, Some((who, role)), 0);
        Some(self.nudge(self.head().seq))
    }

    fn append(&mut self, event_type: &'static str, access: Option<(usize, Option<Role>)>, kib: usize) {
        let at = LogCursor { seq: self.head().seq + 1, ..self.head() };
        let entry = Entry::new(event_type, access, kib, at);
        self.epochs.get_mut(&self.epoch).unwrap().append(entry);
    }

    fn nudge(&self, first: i64) -> (i64, Vec<LogEvent>) {
        (self.epoch, (first..=self.head().seq).map(|seq| self.event(seq)).collect())
    }

    fn event(&self, seq: i64) -> LogEvent {
        let Entry { event_type, document, .. } = self.entry(self.epoch, seq);
        LogEvent { seq, event_type: (*event_type).to_owned(), document: document.to_string() }
    }

    /// The events after a place, at most so many.
    pub fn page(&self, after: i64, most: usize) -> LogPage {
        let head = self.head();
        let from = self.now().first.max(after.saturating_add(1));
        let events = (from..=head.seq).take(most).map(|seq| self.event(seq)).collect();
        LogPage { epoch: head.epoch, head: head.seq, events }
    }

    /// Drops so many of the first events.
    pub fn prune(&mut self, events: i64) {
        let end = self.head().seq + 1;
        let epoch = self.epochs.get_mut(&self.epoch).unwrap();
        epoch.first = (epoch.first + events).min(end);
    }

    /// Goes back to a backup, as another epoch.
    pub fn restore(&mut self, lost: usize) {
        let old = self.now();
        let kept = old.entries.len().saturating_sub(lost);
        let (mut epoch, number) = (Epoch::new(), self.epoch + 1);
        for (entry, seq) in old.entries.iter().take(kept).zip(1..) {
            let at = LogCursor { epoch: number, seq };
            epoch.append(Entry::new(entry.event_type, entry.access, entry.kib, at));
        }
        epoch.first = old.first.min(epoch.head() + 1);
        self.epochs.insert(number, epoch);
        self.epoch = number;
    }
}
