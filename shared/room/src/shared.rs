//! What all members share: values by key, such as the page and the filter of a table.
//!
//! Guarantees: everybody is told in the room's order, whoever set it included; the last value wins and outlives
//! connections and hibernation; at most `MAX_SHARED_KEYS` of `MAX_SHARED_BYTES` each.

use crate::connection::ConnectionId;
use crate::protocol::{MAX_SHARED_BYTES, MAX_SHARED_KEYS, ServerFrame, SharedValue};
use crate::room::{Misstep, Room};
use crate::step::Effect;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A value and who set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// JSON.
    value: String,
    /// The user's id.
    by: String,
}

/// The values of a room.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) entries: BTreeMap<String, Entry>,
    /// The keys that everybody has to be told of, and who changed them last.
    pub(crate) untold: BTreeMap<String, String>,
}

impl Room {
    /// A member sets a value, or takes it away with `null`; otherwise the code and the sentence of an error.
    pub(crate) fn share(&mut self, id: ConnectionId, key: String, value: &Value) -> Result<(), Misstep> {
        let Some(connection) = self.connections.get(&id) else { return Ok(()) };
        let by = connection.state.member.user.clone();
        let (text, entries) = (value.to_string(), &self.shared.entries);
        if text.len() > MAX_SHARED_BYTES {
            return Err(("value-too-large", "A shared value has at most 8,192 bytes of JSON."));
        }
        if value.is_null() {
            self.shared.entries.remove(&key);
            self.keep(format!("shared/{key}"), None);
        } else if entries.len() >= MAX_SHARED_KEYS && !entries.contains_key(&key) {
            return Err(("shared-full", "The room shares 64 keys: take one away with null first."));
        } else {
            let entry = Entry { value: text, by: by.clone() };
            self.keep(format!("shared/{key}"), serde_json::to_string(&entry).ok());
            self.shared.entries.insert(key.clone(), entry);
        }
        self.shared.untold.insert(key, by);
        Ok(())
    }

    /// Everything that is shared.
    pub(crate) fn shared_values(&self) -> Vec<SharedValue<'_>> {
        let entries = self.shared.entries.iter();
        entries.map(|(key, entry)| SharedValue { key, value: &entry.value, by: &entry.by }).collect()
    }

    /// Tells everybody of the values that changed.
    pub(crate) fn tell_shared(&mut self, out: &mut Vec<Effect>) {
        for (key, by) in std::mem::take(&mut self.shared.untold) {
            let value = self.shared.entries.get(&key).map_or("null", |entry| entry.value.as_str());
            let frame = ServerFrame::Shared(SharedValue { key: &key, value, by: &by }).to_json();
            let to = self.members().map(|(id, _)| id).collect();
            self.post(to, &frame, out);
        }
    }
}
