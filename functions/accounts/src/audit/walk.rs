//! A walk along a store's audit log that stops at the first row that does not fit.
//!
//! Guarantees: a row fits when it comes right after the one before, its hash is that of its content, no row before it
//! tells of the same request, and its seal is that of its place in the chain; without a seal it fits only behind the
//! anchor.

use super::seals::End;
use storeroom_sql::{Rows, Value};
use storeroom_web::chain::{self, Content};
use storeroom_web::master::MasterKey;

/// The columns that a walk reads, of `audit r`. The last says whether an earlier row tells of the same request: a
/// genuine row that was copied.
pub const COLUMNS: &str = "r.seq, r.at, r.actor, r.action, r.subject, r.address, r.request_id, r.hash, r.seal, \
    EXISTS (SELECT 1 FROM audit before WHERE before.store_id = r.store_id AND before.request_id = r.request_id \
        AND before.seq < r.seq) AS copied";

/// A walk.
pub struct Walk<'a> {
    key: &'a MasterKey,
    store: &'a str,
    anchor: Option<&'a End>,
    seen: i64,
    /// The seal that the last row seen has or will have.
    seal: String,
    checked: i64,
    first_bad: Option<i64>,
}

impl<'a> Walk<'a> {
    /// A walk from the first row on. `anchor` is where the chain ends, if it can be believed.
    pub fn new(key: &'a MasterKey, store: &'a str, anchor: Option<&'a End>) -> Self {
        Self { key, store, anchor, seen: 0, seal: String::new(), checked: 0, first_bad: None }
    }

    /// The `seq` of the last row that fits.
    pub fn seen(&self) -> i64 {
        self.seen
    }

    /// How many rows were looked at.
    pub fn checked(&self) -> i64 {
        self.checked
    }

    /// The `seq` of the first row that does not fit.
    pub fn first_bad(&self) -> Option<i64> {
        self.first_bad
    }

    /// Says that there is no row after the last one seen, though there should be.
    pub fn miss(&mut self) {
        self.first_bad = Some(self.seen.saturating_add(1));
    }

    /// Looks at rows of `COLUMNS`, in the order of `seq`.
    pub fn page(&mut self, rows: &Rows) {
        for row in 0..rows.0.len() {
            self.checked = self.checked.saturating_add(1);
            if self.step(rows, row).is_none() {
                return self.miss();
            }
        }
    }

    /// Takes a row; `None` when it does not fit.
    fn step(&mut self, rows: &Rows, row: usize) -> Option<()> {
        let seq = rows.integer(row, 0).filter(|seq| *seq == self.seen.saturating_add(1))?;
        rows.integer(row, 9).filter(|copied| *copied == 0)?;
        let hash = rows.text(row, 7).filter(|hash| self.content_fits(rows, row, hash))?;
        let seal = chain::seal(self.key, self.store, seq, &self.seal, hash);
        let fits = match (rows.text(row, 8), self.anchor) {
            (Some(stored), _) if stored != seal => false,
            (Some(_), Some(end)) => end.count != seq || end.seal == seal,
            (None, Some(end)) => end.count < seq,
            (_, None) => true,
        };
        if !fits {
            return None;
        }
        (self.seen, self.seal) = (seq, seal);
        Some(())
    }

    fn content_fits(&self, rows: &Rows, row: usize, hash: &str) -> bool {
        // An empty text would hash like none.
        let text_or_null = |column| match rows.get(row, column) {
            Some(Value::Null) => Some(None),
            Some(Value::Text(text)) if !text.is_empty() => Some(Some(text.as_str())),
            _ => None,
        };
        let content = || {
            let action = rows.text(row, 3)?;
            Some(Content {
                store: Some(self.store).filter(|_| !chain::is_of_several_stores(action)),
                at: rows.integer(row, 1)?,
                actor: rows.text(row, 2)?,
                action,
                subject: text_or_null(4)?,
                address: text_or_null(5)?,
                request_id: rows.text(row, 6)?,
            })
        };
        content().is_some_and(|content| chain::content_hash(self.key, &content) == hash)
    }
}
