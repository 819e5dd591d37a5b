//! Reads of a store's public catalogue, and how a cache stood to their answers.
//!
//! Guarantees: an answer, the place of the log that it was made at, and the moment of the next due change come from one
//! snapshot.

use storeroom_domain::{LogCursor, Timestamp};
use storeroom_operations::{Code, Problem};
use storeroom_sql::{Rows, Value, settle};

/// What a public read found.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// The query's rows.
    pub rows: Rows,
    /// Where the log stood.
    pub position: LogCursor,
    /// When the next thing of the store becomes due, so that nobody keeps an answer past it.
    pub next_change: Option<Timestamp>,
}

/// Columns that come before the query's own.
const COLUMNS: usize = 4;

/// A query about the catalogue of `:store` as one statement. Rows whose first column is NULL are no rows.
pub fn sql(query: &str) -> String {
    format!(
        "SELECT s.id, ({}) AS next_change, s.epoch, s.seq, answer.* FROM (SELECT 1) LEFT JOIN stores s ON s.id = :store \
         LEFT JOIN ({query}) AS answer ON s.id IS NOT NULL",
        settle::NEXT_CHANGE
    )
}

impl Published {
    /// What the statement of `sql` answered.
    pub fn of(rows: Rows) -> Result<Self, Problem> {
        let position = match (rows.integer(0, 2), rows.integer(0, 3)) {
            (Some(epoch), Some(seq)) => LogCursor { epoch, seq },
            _ => return Err(Problem::new(Code::NotFound, "There is no such store.")),
        };
        let next_change = rows.integer(0, 1).map(Timestamp::from_ms);
        let own = rows.0.into_iter().map(|row| row.into_iter().skip(COLUMNS).collect::<Vec<_>>());
        let own = own.filter(|row| row.first().is_some_and(|value| *value != Value::Null));
        Ok(Self { rows: Rows(own.collect()), position, next_change })
    }
}

/// How the cache of the catalogue stood to an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheUse {
    /// The answer was there and good.
    Hit,
    /// It was there, and the log said that it still is good.
    Revalidated,
    /// It was there, and something has happened since, so it was made anew.
    Changed,
    /// It was not there.
    Miss,
    /// It is not one that is kept.
    Bypass,
}

impl CacheUse {
    /// Its word in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Revalidated => "revalidated",
            Self::Changed => "changed",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }

    /// The value of `Cache-Status` (RFC 9211).
    pub fn header(self) -> &'static str {
        match self {
            Self::Hit => "storeroom; hit",
            // The log is asked in the place of an origin, and says that nothing was modified.
            Self::Revalidated => "storeroom; fwd=stale; fwd-status=304",
            Self::Changed => "storeroom; fwd=stale",
            Self::Miss => "storeroom; fwd=uri-miss",
            Self::Bypass => "storeroom; fwd=bypass",
        }
    }
}
