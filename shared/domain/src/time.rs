//! Moments: Unix milliseconds inside, RFC 3339 in UTC with milliseconds outside.
//!
//! Guarantees: what is printed parses back to the same moment; the years 1970 to 9999 and no others.

use chrono::{DateTime, SecondsFormat, Utc};
use std::fmt;

/// The last moment that RFC 3339 can spell with four digits of year.
const LAST_MS: i64 = 253_402_300_799_999;

/// A moment in Unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment so many milliseconds after 1970, held within the years that can be printed.
    pub const fn from_ms(ms: i64) -> Self {
        match ms {
            ..0 => Self(0),
            LAST_MS.. => Self(LAST_MS),
            within => Self(within),
        }
    }

    /// Unix milliseconds.
    pub fn ms(self) -> i64 {
        self.0
    }

    /// This moment and so many milliseconds more (or less).
    pub fn plus_ms(self, ms: i64) -> Self {
        Self::from_ms(self.0.saturating_add(ms))
    }

    /// Reads RFC 3339 with any offset; digits past the millisecond are cut off. `None` outside 1970 to 9999.
    pub fn parse(text: &str) -> Option<Self> {
        let ms = DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
        (0..=LAST_MS).contains(&ms).then_some(Self(ms))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment: DateTime<Utc> = DateTime::from_timestamp_millis(self.0).unwrap_or_default();
        f.write_str(&moment.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn time_format_unchanged() {
        assert_eq!(Timestamp::from_ms(1_795_167_000_000).to_string(), "2026-11-20T09:30:00.000Z");
        assert_eq!(Timestamp::from_ms(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_ms(-1).to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn reads_offsets_and_refuses_nonsense() {
        let offset = Timestamp::parse("2026-11-20T10:30:00+01:00");
        assert_eq!(offset, Some(Timestamp::from_ms(1_795_167_000_000)));
        for text in ["", "2026-11-20", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z", "now"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        assert_eq!(offset.map(|at| at.plus_ms(1).ms()), Some(1_795_167_000_001));
    }

    proptest! {
        #[test]
        fn prints_and_parses_back(ms in 0..=LAST_MS) {
            prop_assert_eq!(Timestamp::parse(&Timestamp(ms).to_string()), Some(Timestamp(ms)));
        }
    }
}
