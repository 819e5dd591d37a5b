//! A store's log, followed by asking for it again and again: for hosts without rooms.
//!
//! Guarantees: every read checks access, so a stream ends at the first one after a removal or a sign-out; a stream has an
//! end, after which its client comes back.

use crate::asked::{self, Types};
use crate::page::Page;
use crate::sse;
use crate::wait::POLL_MS;
use std::rc::Rc;
use storeroom_domain::{LogCursor, Timestamp};
use storeroom_ports::{Clock, Level, Log as Lines};
use storeroom_sql::{Args, documents};
use storeroom_web::watch::Ended;
use storeroom_web::{Call, Found, Watch};

/// Events of a read.
const LIMIT: usize = 250;
/// How long a stream goes on, so that no instance has to live for ever.
const LASTS_MS: i64 = 300_000;

/// Follows the log.
pub struct Log {
    watch: Watch,
    clock: Rc<dyn Clock>,
    lines: Rc<dyn Lines>,
    at: LogCursor,
    /// Whether there is more to read than the last read showed.
    more: bool,
    ends_at: Timestamp,
}

impl Log {
    /// Follows the log from there on.
    pub fn new(call: &Call<'_>, from: LogCursor, types: &Types) -> Self {
        Self {
            watch: call.watch(&documents::events_after(), asked::args(from.seq, types, LIMIT)),
            clock: call.ports.clock.clone(),
            lines: call.ports.log.clone(),
            at: from,
            more: true,
            ends_at: call.ports.clock.now().plus_ms(LASTS_MS),
        }
    }

    /// What happens next; `None` at the end. May be given up at any moment.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            if !self.more {
                self.clock.sleep(POLL_MS).await;
            }
            if self.clock.now() >= self.ends_at {
                return None;
            }
            let found = self.watch.read(Args::new().with("after", self.at.seq)).await;
            let text = self.told(&found.map_err(|ended| self.note(&ended)).ok()?);
            if !text.is_empty() {
                return Some(text);
            }
        }
    }

    fn told(&mut self, found: &Found) -> String {
        let from = std::mem::replace(&mut self.at, found.cursor);
        self.more = false;
        if found.cursor.epoch != from.epoch {
            return sse::reset(found.cursor, "epoch");
        }
        if found.cursor.seq < from.seq {
            return sse::reset(found.cursor, "unknown");
        }
        let page = Page::of(found, LIMIT);
        (self.at, self.more) = (page.cursor, page.more);
        sse::page(&page, from)
    }

    fn note(&self, ended: &Ended) {
        let Ended::Failed(error) = ended else { return };
        let line = serde_json::json!({
            "time": self.clock.now().to_string(), "level": Level::Warn.as_str(), "message": "stream ended",
            "detail": format!("{error:?}"),
        });
        self.lines.line(Level::Warn, &line.to_string());
    }
}
