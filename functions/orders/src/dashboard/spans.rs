//! Spans of time as the buckets that sales are kept in.
//!
//! Guarantees: the pieces of a span are its whole days of UTC and the quarters of an hour at its edges, each moment in one
//! piece; spans that follow one another have no quarter in common. So a sum over 30 days reads 30 days and at most 96
//! quarters, however many orders there are.

use serde::Serialize;
use storeroom_domain::{LocalDate, Timestamp, Zone};

const QUARTER_MS: i64 = 900_000;
const DAY_MS: i64 = 86_400_000;

/// Buckets of one grain that follow one another, as an element of a JSON argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// The number of the span that it is of.
    n: usize,
    grain_ms: i64,
    /// The first bucket's begin.
    from: i64,
    /// The last bucket's end.
    until: i64,
}

/// The pieces of the days from the first to the one before `end`, as the span of that number.
pub fn of_days(n: usize, zone: &Zone, first: LocalDate, end: LocalDate) -> Vec<Piece> {
    pieces(n, zone.begin_of(first), zone.begin_of(end))
}

fn pieces(n: usize, from: Timestamp, until: Timestamp) -> Vec<Piece> {
    // Days begin at whole quarters, but for some of before 1980.
    let (from, until) = (down(from.ms(), QUARTER_MS), down(until.ms(), QUARTER_MS));
    let (first_day, last_day) = (down(from + DAY_MS - 1, DAY_MS), down(until, DAY_MS));
    let parts = if first_day < last_day {
        vec![(QUARTER_MS, from, first_day), (DAY_MS, first_day, last_day), (QUARTER_MS, last_day, until)]
    } else {
        vec![(QUARTER_MS, from, until)]
    };
    let parts = parts.into_iter().filter(|(_, from, until)| from < until);
    parts.map(|(grain_ms, from, until)| Piece { n, grain_ms, from, until }).collect()
}

fn down(ms: i64, grain_ms: i64) -> i64 {
    ms - ms.rem_euclid(grain_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(zone: &str, first: &str, end: &str) -> Vec<(i64, String, String)> {
        let date = |text| LocalDate::parse(text).unwrap();
        let pieces = of_days(0, &Zone::parse(zone).unwrap(), date(first), date(end));
        let time = |ms| Timestamp::from_ms(ms).to_string().replace(":00.000Z", "");
        pieces.iter().map(|piece| (piece.grain_ms, time(piece.from), time(piece.until))).collect()
    }

    fn piece(grain_ms: i64, from: &str, until: &str) -> (i64, String, String) {
        (grain_ms, from.to_owned(), until.to_owned())
    }

    #[test]
    fn days_are_whole_days_of_utc_and_quarters_at_the_edges() {
        assert_eq!(
            told("UTC", "2026-11-01", "2026-11-03"),
            [piece(DAY_MS, "2026-11-01T00:00", "2026-11-03T00:00")]
        );
        assert_eq!(
            told("Asia/Kathmandu", "2026-11-02", "2026-11-03"),
            [piece(QUARTER_MS, "2026-11-01T18:15", "2026-11-02T18:15")]
        );
        assert_eq!(
            told("Europe/Berlin", "2026-10-25", "2026-10-27"),
            [
                piece(QUARTER_MS, "2026-10-24T22:00", "2026-10-25T00:00"),
                piece(DAY_MS, "2026-10-25T00:00", "2026-10-26T00:00"),
                piece(QUARTER_MS, "2026-10-26T00:00", "2026-10-26T23:00"),
            ]
        );
        assert_eq!(told("Pacific/Apia", "2011-12-30", "2011-12-31"), []);
    }
}
