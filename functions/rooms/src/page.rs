//! A page of the log, as somebody with a role is shown it.

use storeroom_domain::{LogCursor, event};
use storeroom_sql::documents;
use storeroom_web::Found;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its place in the store's log.
    pub seq: i64,
    /// Its type.
    pub event_type: &'a str,
    /// The whole of it, as the database printed it.
    pub json: &'a str,
}

/// Events in order, and how far the page reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<'a> {
    /// Those that the role may read.
    pub events: Vec<Event<'a>>,
    /// Where the next page begins: what the role may not read is passed over.
    pub cursor: LogCursor,
    /// Whether there is a next page now.
    pub more: bool,
}

impl<'a> Page<'a> {
    /// The rows of `documents::events_after`, which was asked for one more than `limit`.
    pub fn of(found: &'a Found, limit: usize) -> Self {
        let rows = 0..found.rows.0.len().min(limit);
        let bytes: usize = rows.clone().filter_map(|row| found.rows.text(row, 0)).map(str::len).sum();
        let more = found.rows.0.len() > limit || bytes >= documents::MAX_PAGE_BYTES;
        let last = rows.clone().next_back().and_then(|row| found.rows.integer(row, 1));
        let seq = if more { last.unwrap_or(found.cursor.seq) } else { found.cursor.seq };
        let events = rows.filter_map(|row| event(found, row));
        let visible = events.filter(|event| event::visible_to(found.role, event.event_type));
        Self { events: visible.collect(), cursor: LogCursor { seq, ..found.cursor }, more }
    }

    /// Whether there is nothing to tell now.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && !self.more
    }
}

fn event(found: &Found, row: usize) -> Option<Event<'_>> {
    let (json, event_type) = (found.rows.text(row, 0)?, found.rows.text(row, 2)?);
    Some(Event { seq: found.rows.integer(row, 1)?, event_type, json })
}
