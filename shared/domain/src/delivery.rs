//! When an event is sent to a webhook endpoint again, and when an endpoint has failed for too long.
//!
//! Guarantees: the schedule of the contract, spread by a tenth either way; what a receiver asks for by `Retry-After`
//! is honoured where it is later, up to the schedule's longest pause.

use crate::Timestamp;
use chrono::DateTime;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The pauses after the attempts that failed: nearly four days in all.
pub const PAUSES_MS: [i64; 11] = [
    5 * SECOND_MS,
    30 * SECOND_MS,
    2 * MINUTE_MS,
    10 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    3 * HOUR_MS,
    6 * HOUR_MS,
    12 * HOUR_MS,
    24 * HOUR_MS,
    48 * HOUR_MS,
];

/// The longest pause that a receiver may ask for.
const MAX_PAUSE_MS: i64 = 48 * HOUR_MS;

/// An endpoint of which every attempt failed for so long is disabled.
pub const FAILING_FOR_MS: i64 = 5 * DAY_MS;

/// How long one attempt may take, in milliseconds.
pub const ATTEMPT_MS: u32 = 10_000;

/// Most bytes of an answer that are kept.
pub const MAX_ANSWER: usize = 1_024;

/// How long a delivery that is done stays in the log.
pub const KEPT_MS: i64 = 30 * DAY_MS;

/// When to try again after so many attempts that failed (the last of them `now`); `None` when that was the last.
/// `chance` is any number, by which receivers that came back are not met by all senders at once.
pub fn next_attempt(
    failed: i64,
    now: Timestamp,
    retry_after: Option<&str>,
    chance: u16,
) -> Option<Timestamp> {
    let place = usize::try_from(failed.checked_sub(1)?).ok()?;
    let pause_ms = spread(*PAUSES_MS.get(place)?, chance);
    let asked_ms = retry_after.and_then(|text| asked_pause(text, now)).unwrap_or(0);
    Some(now.plus_ms(pause_ms.max(asked_ms.min(MAX_PAUSE_MS))))
}

/// The pause, up to a tenth shorter or longer.
fn spread(pause_ms: i64, chance: u16) -> i64 {
    let tenth_ms = pause_ms / 10;
    let share = 2 * tenth_ms * i64::from(chance) / i64::from(u16::MAX);
    pause_ms - tenth_ms + share
}

/// The pause of a `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
fn asked_pause(text: &str, now: Timestamp) -> Option<i64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(i64::from(seconds) * SECOND_MS);
    }
    let date_ms = DateTime::parse_from_rfc2822(text).ok()?.timestamp_millis();
    Some(date_ms.saturating_sub(now.ms()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_ms(1_795_167_000_000);

    fn pause(failed: i64, retry_after: Option<&str>) -> Option<i64> {
        next_attempt(failed, NOW, retry_after, u16::MAX / 2).map(|at| (at.ms() - NOW.ms() + 500) / 1_000)
    }

    #[test]
    fn the_schedule_is_the_contracts() {
        let pauses: Vec<_> = (1..=11).map(|failed| pause(failed, None).unwrap()).collect();
        assert_eq!(pauses, [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800]);
        assert_eq!((pause(12, None), pause(0, None), pause(-1, None)), (None, None, None));
    }

    #[test]
    fn a_receiver_may_ask_for_more_time() {
        assert_eq!(pause(1, Some("120")), Some(120));
        assert_eq!(pause(1, Some(" 1 ")), Some(5), "no sooner than the schedule");
        assert_eq!(pause(1, Some("Fri, 20 Nov 2026 09:31:30 GMT")), Some(90));
        assert_eq!(pause(1, Some("Fri, 20 Nov 2020 09:31:30 GMT")), Some(5));
        assert_eq!(pause(1, Some("999999999")), Some(48 * 3_600), "no longer than the longest pause");
        for nonsense in ["", "soon", "-5", "1.5", "99999999999999999999"] {
            assert_eq!(pause(1, Some(nonsense)), Some(5), "{nonsense}");
        }
        assert_eq!(pause(12, Some("120")), None);
    }

    proptest! {
        #[test]
        fn chance_moves_a_pause_by_a_tenth_at_most(failed in 1_i64..12, chance: u16) {
            let at = next_attempt(failed, NOW, None, chance).unwrap();
            let (pause, whole) = (at.ms() - NOW.ms(), PAUSES_MS[usize::try_from(failed - 1).unwrap()]);
            prop_assert!((pause - whole).abs() * 10 <= whole);
        }
    }
}
