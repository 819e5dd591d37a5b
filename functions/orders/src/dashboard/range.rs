//! The range of days that a request asks for.

use super::home::Home;
use super::spans::{self, Piece};
use storeroom_domain::LocalDate;
use storeroom_operations::shapes::dashboard::MAX_DAYS;
use storeroom_operations::{Code, Fault, Problem};
use storeroom_web::Call;
use storeroom_web::query::Query;

/// How many days before the last one a range begins that does not say where.
pub const DAYS_BEFORE: i64 = 29;

/// Days of a store, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub from: LocalDate,
    /// The last.
    pub to: LocalDate,
}

impl Range {
    /// Today and the 29 days before.
    pub fn last_30_days(today: LocalDate) -> Self {
        Self { from: today.plus_days(-DAYS_BEFORE), to: today }
    }

    /// Refuses what can be refused before the store is looked at: a range that is said and not one.
    pub fn check(query: &Query) -> Result<(), Problem> {
        match (date(query, "from"), date(query, "to")) {
            (Some(from), Some(to)) => Self { from, to }.checked().map(|_| ()),
            _ => Ok(()),
        }
    }

    /// The range that the query asks for, in a store whose date is `today`.
    pub fn of(query: &Query, today: LocalDate) -> Result<Self, Problem> {
        let to = date(query, "to").unwrap_or(today);
        let from = date(query, "from").unwrap_or_else(|| to.plus_days(-DAYS_BEFORE));
        Self { from, to }.checked()
    }

    fn checked(self) -> Result<Self, Problem> {
        let days = self.to.days_since(self.from) + 1;
        if days < 1 {
            return Err(refusal(format!("must not be after the last day, {}.", self.to)));
        }
        if days > MAX_DAYS {
            return Err(refusal(format!("begins a range of {days} days; it may have {MAX_DAYS}.")));
        }
        Ok(self)
    }

    /// Its parts from one date to the one before the next: its days, or its weeks as far as they are in it.
    pub fn parts(self, by_week: bool) -> Vec<(LocalDate, LocalDate)> {
        let end = self.to.plus_days(1);
        let mut parts = Vec::new();
        let mut first = self.from;
        while first < end {
            let next = if by_week { first.monday().plus_days(7) } else { first.plus_days(1) };
            parts.push((first, next.min(end)));
            first = next;
        }
        parts
    }

    /// Its days as one span of the JSON argument of `figures`.
    pub fn span(self, call: &Call<'_>, home: &Home) -> Result<String, Problem> {
        print(call, &spans::of_days(0, &home.zone, self.from, self.to.plus_days(1)))
    }
}

/// Spans as the JSON argument of `figures`.
pub fn print(call: &Call<'_>, pieces: &[Piece]) -> Result<String, Problem> {
    serde_json::to_string(pieces).map_err(|error| call.fault(&error.to_string()))
}

fn date(query: &Query, name: &str) -> Option<LocalDate> {
    query.get(name).and_then(|text| LocalDate::parse(text))
}

fn refusal(detail: String) -> Problem {
    let fault = Fault { pointer: "from".to_owned(), code: "out_of_range", detail };
    Problem::with_faults(Code::MalformedRequest, vec![fault])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> LocalDate {
        LocalDate::parse(text).unwrap()
    }

    fn range(query: &[(&str, &str)]) -> Option<(String, String)> {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let range = Range::of(&query, date("2026-11-20")).ok()?;
        Some((range.from.to_string(), range.to.to_string()))
    }

    #[test]
    fn what_is_left_out_is_the_last_30_days() {
        let expected = |from: &str, to: &str| Some((from.to_owned(), to.to_owned()));
        assert_eq!(range(&[]), expected("2026-10-22", "2026-11-20"));
        assert_eq!(range(&[("from", "2026-11-01")]), expected("2026-11-01", "2026-11-20"));
        assert_eq!(range(&[("to", "2026-03-01")]), expected("2026-01-31", "2026-03-01"));
    }

    #[test]
    fn a_range_has_1_to_366_days() {
        assert!(range(&[("from", "2024-01-01"), ("to", "2024-12-31")]).is_some());
        assert!(range(&[("from", "2024-01-01"), ("to", "2025-01-01")]).is_none());
        assert!(range(&[("from", "2026-11-20")]).is_some());
        assert!(range(&[("from", "2026-11-21")]).is_none());
    }

    #[test]
    fn weeks_are_cut_by_the_range() {
        let range = Range { from: date("2026-11-14"), to: date("2026-11-23") };
        let parts = range.parts(true);
        let told: Vec<_> = parts.iter().map(|(first, end)| (first.to_string(), end.to_string())).collect();
        let expected =
            [("2026-11-14", "2026-11-16"), ("2026-11-16", "2026-11-23"), ("2026-11-23", "2026-11-24")];
        assert_eq!(told, expected.map(|(first, end)| (first.to_owned(), end.to_owned())));
        assert_eq!(range.parts(false).len(), 10);
    }
}
