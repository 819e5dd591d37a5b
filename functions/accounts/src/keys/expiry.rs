//! When a key expires and when that is told ahead.

use storeroom_domain::Timestamp;
use storeroom_operations::{Code, Fault, Problem};

/// The milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
/// Furthest that a key's expiry may lie ahead: five years, of which two are leap years.
const MAX_AHEAD_MS: i64 = 1_827 * DAY_MS;
/// How long before its expiry a key is warned of, in days.
const WARNED_DAYS_AHEAD: [i64; 3] = [14, 7, 1];

/// The expiry that a client asked for; `None` for none.
pub fn parse(text: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let at = Timestamp::parse(text).ok_or_else(|| refused("wrong_format", "must be a moment (RFC 3339)."))?;
    if at <= now || at > now.plus_ms(MAX_AHEAD_MS) {
        return Err(refused("out_of_range", "must lie ahead, by at most five years."));
    }
    Ok(Some(at))
}

fn refused(code: &'static str, detail: &str) -> Problem {
    let fault = Fault { pointer: "/expires_at".to_owned(), code, detail: detail.to_owned() };
    Problem::with_faults(Code::ValidationFailed, vec![fault])
}

/// The first of the warnings of an expiry that still lies ahead, Unix milliseconds.
pub fn next_warning(expires_at: Timestamp, now: Timestamp) -> Option<i64> {
    let moments = WARNED_DAYS_AHEAD.into_iter().map(|days| expires_at.ms().saturating_sub(days * DAY_MS));
    moments.into_iter().find(|at| *at > now.ms())
}

/// How many days are left, the one that has begun included.
pub fn days_left(expires_at: Timestamp, now: Timestamp) -> i64 {
    let left_ms = expires_at.ms().saturating_sub(now.ms());
    left_ms.saturating_add(DAY_MS - 1).div_euclid(DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_795_167_000_000);

    #[test]
    fn an_expiry_lies_ahead_and_not_too_far() {
        let parse = |ms: i64| parse(Some(&NOW.plus_ms(ms).to_string()), NOW);
        assert_eq!(super::parse(None, NOW), Ok(None));
        assert_eq!(parse(1), Ok(Some(NOW.plus_ms(1))));
        assert_eq!(parse(MAX_AHEAD_MS), Ok(Some(NOW.plus_ms(MAX_AHEAD_MS))));
        for bad in [parse(0), parse(-1), parse(MAX_AHEAD_MS + 1), super::parse(Some("soon"), NOW)] {
            assert_eq!(bad.unwrap_err().faults[0].pointer, "/expires_at");
        }
        let five_years_on = super::parse(Some("2031-11-20T09:30:00Z"), NOW);
        assert!(five_years_on.is_ok());
    }

    #[test]
    fn the_next_warning_lies_ahead() {
        let expires_at = NOW.plus_ms(20 * DAY_MS);
        let in_days = |at: Timestamp| next_warning(expires_at, at).map(|ms| (expires_at.ms() - ms) / DAY_MS);
        assert_eq!(in_days(NOW), Some(14));
        assert_eq!(in_days(NOW.plus_ms(6 * DAY_MS - 1)), Some(14));
        assert_eq!(in_days(NOW.plus_ms(6 * DAY_MS)), Some(7));
        assert_eq!(in_days(NOW.plus_ms(13 * DAY_MS)), Some(1));
        assert_eq!(in_days(NOW.plus_ms(19 * DAY_MS)), None);
        assert_eq!(in_days(NOW.plus_ms(30 * DAY_MS)), None);
    }

    #[test]
    fn a_day_that_has_begun_counts() {
        assert_eq!(days_left(NOW.plus_ms(14 * DAY_MS), NOW), 14);
        assert_eq!(days_left(NOW.plus_ms(14 * DAY_MS - 20_000), NOW), 14);
        assert_eq!(days_left(NOW.plus_ms(1), NOW), 1);
    }
}
