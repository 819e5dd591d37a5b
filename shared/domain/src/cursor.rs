//! The log's cursor: where a reader stands in a store's event log.
//!
//! Guarantees: one spelling, `<epoch>.<seq>`; `seq` counts a store's events without holes, `epoch` changes when
//! a database is restored, so that a cursor of a lost future is noticed.

use std::fmt;

/// A place in a store's log: everything up to and including `seq` has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogCursor {
    /// The life of the database that `seq` belongs to.
    pub epoch: i64,
    /// The last event seen; 0 before the first.
    pub seq: i64,
}

impl LogCursor {
    /// The cursor that `text` spells, `None` for anything else, also for another spelling of the same numbers.
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, seq) = text.split_once('.')?;
        let cursor = Self { epoch: epoch.parse().ok()?, seq: seq.parse().ok()? };
        (cursor.epoch >= 0 && cursor.seq >= 0 && cursor.to_string() == text).then_some(cursor)
    }
}

impl fmt::Display for LogCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_format_unchanged() {
        let cursor = LogCursor { epoch: 1, seq: 42 };
        assert_eq!(cursor.to_string(), "1.42");
        assert_eq!(LogCursor::parse("1.42"), Some(cursor));
    }

    #[test]
    fn refuses_other_spellings() {
        for text in
            ["", ".", "1", "1.", ".1", "01.2", "1.+2", "-1.2", "1.-2", "1.2.3", "1.99999999999999999999"]
        {
            assert_eq!(LogCursor::parse(text), None, "{text}");
        }
    }
}
