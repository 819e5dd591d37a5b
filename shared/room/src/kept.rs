//! What has to survive hibernation, besides the connections' states: named texts.
//!
//! Guarantees: `Keep` comes before everything that is sent in the same step, and only for what has changed. Relies on:
//! a host that hands the same names and texts back to `Room::restore`.

use crate::connection::{Connection, ConnectionId, ConnectionState};
use crate::log::Log;
use crate::room::Room;
use crate::step::Effect;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far the room has come: a `Log`.
const LOG: &str = "log";
/// What the members have not been told yet: an `Untold`.
const UNTOLD: &str = "untold";

/// What has changed and was not told while it was gathered.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Untold {
    users: BTreeMap<String, bool>,
    keys: BTreeMap<String, String>,
}

impl Room {
    /// The room as it was when its effects were run last. Nothing of it may be under way any more.
    pub fn restore(
        kept: &BTreeMap<String, String>,
        connections: Vec<(ConnectionId, ConnectionState)>,
    ) -> Self {
        let log: Option<Log> = parse(kept.get(LOG));
        let untold: Untold = parse(kept.get(UNTOLD)).unwrap_or_default();
        let connections =
            connections.into_iter().map(|(id, state)| (id, Connection::restore(state, log))).collect();
        let mut room = Self { log, connections, needs_care: true, ..Self::default() };
        room.presence.leaving = family(kept, "leaving/");
        room.shared.entries = family(kept, "shared/");
        (room.presence.untold, room.shared.untold) = (untold.users, untold.keys);
        let names = [LOG, UNTOLD];
        room.kept = names.into_iter().filter_map(|name| Some((name, kept.get(name)?.clone()))).collect();
        room
    }

    /// Has a text kept, or forgotten, with this step.
    pub(crate) fn keep(&mut self, name: String, text: Option<String>) {
        self.keeping.insert(name, text);
    }

    /// The effects of a step: what has to be kept, and then the rest.
    pub(crate) fn hand_out(&mut self, out: Vec<Effect>) -> Vec<Effect> {
        self.keep_if_changed(LOG, self.log.and_then(|log| serde_json::to_string(&log).ok()));
        self.keep_if_changed(UNTOLD, self.untold());
        let keeping = std::mem::take(&mut self.keeping).into_iter();
        let mut effects: Vec<Effect> = keeping.map(|(name, text)| Effect::Keep { name, text }).collect();
        for (id, connection) in self.connections.iter_mut().filter(|(_, connection)| connection.is_changed) {
            connection.is_changed = false;
            effects.push(Effect::Save { connection: *id, state: connection.state.clone() });
        }
        effects.extend(out);
        effects
    }

    fn untold(&self) -> Option<String> {
        let (users, keys) = (&self.presence.untold, &self.shared.untold);
        if users.is_empty() && keys.is_empty() {
            return None;
        }
        serde_json::to_string(&Untold { users: users.clone(), keys: keys.clone() }).ok()
    }

    fn keep_if_changed(&mut self, name: &'static str, text: Option<String>) {
        if self.kept.get(name) == text.as_ref() {
            return;
        }
        match &text {
            Some(text) => self.kept.insert(name, text.clone()),
            None => self.kept.remove(name),
        };
        self.keep(name.to_owned(), text);
    }
}

fn parse<T: DeserializeOwned>(text: Option<&String>) -> Option<T> {
    serde_json::from_str(text?).ok()
}

/// The texts whose names begin with `prefix`, by the rest of their names.
fn family<T: DeserializeOwned>(kept: &BTreeMap<String, String>, prefix: &str) -> BTreeMap<String, T> {
    let ours = kept.iter().filter_map(|(name, text)| Some((name.strip_prefix(prefix)?, text)));
    ours.filter_map(|(name, text)| Some((name.to_owned(), parse(Some(text))?))).collect()
}
