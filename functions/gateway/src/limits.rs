//! Rate limits: fixed windows of a minute, counted by the instance that answers.
//!
//! Guarantees: bounded memory; one credential or address cannot spend another's allowance.
//! Relies on: nothing shared. An instance knows its own window only, so a client that is spread over several gets
//! more; a platform's own limiter in front is the one that stops floods.

use std::cell::RefCell;
use std::collections::BTreeMap;
use storeroom_domain::Timestamp;
use storeroom_operations::{Code, Problem, RateClass};

/// The length of a window.
const WINDOW_MS: i64 = 60_000;
/// Most callers that are counted at once; past that the windows start anew.
const MAX_CALLERS: usize = 10_000;

/// Where a caller stands in its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The class's name.
    pub class: &'static str,
    /// Requests a window.
    pub quota: u32,
    /// What is left after this request.
    pub remaining: u32,
    /// Whether this request is over the limit.
    pub exceeded: bool,
    /// Seconds until the window ends.
    pub resets_in_s: i64,
}

/// Counts requests by class and caller.
#[derive(Debug, Default)]
pub struct Limits {
    windows: RefCell<Windows>,
}

#[derive(Debug, Default)]
struct Windows {
    start_ms: i64,
    counts: BTreeMap<(RateClass, String), u32>,
}

fn quota(class: RateClass) -> Option<(&'static str, u32)> {
    match class {
        RateClass::Free => None,
        RateClass::Read => Some(("read", 600)),
        RateClass::Write => Some(("write", 300)),
    }
}

impl Limits {
    /// Counts a request; `None` where the class has no limit.
    pub fn count(&self, class: RateClass, who: &str, now: Timestamp) -> Option<Standing> {
        let (name, quota) = quota(class)?;
        let mut windows = self.windows.borrow_mut();
        let start_ms = now.ms() - now.ms().rem_euclid(WINDOW_MS);
        if windows.start_ms != start_ms || windows.counts.len() >= MAX_CALLERS {
            *windows = Windows { start_ms, counts: BTreeMap::new() };
        }
        let used = windows.counts.entry((class, who.to_owned())).or_insert(0);
        *used = used.saturating_add(1);
        Some(Standing {
            class: name,
            quota,
            remaining: quota.saturating_sub(*used),
            exceeded: *used > quota,
            resets_in_s: (start_ms + WINDOW_MS - now.ms() + 999) / 1000,
        })
    }
}

/// Refuses a request that is over its limit.
pub fn check(standing: Option<&Standing>) -> Result<(), Problem> {
    match standing {
        Some(over) if over.exceeded => {
            let detail = format!("{} requests a minute of class `{}` are allowed.", over.quota, over.class);
            Err(Problem::new(Code::RateLimited, detail).header("Retry-After", over.resets_in_s.to_string()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_and_callers_are_apart() {
        let limits = Limits::default();
        let now = Timestamp::from_ms(60_000 * 7 + 500);
        for n in 1..=300 {
            let standing = limits.count(RateClass::Write, "a", now).unwrap();
            assert_eq!((standing.remaining, standing.exceeded), (300 - n, false));
        }
        let over = limits.count(RateClass::Write, "a", now).unwrap();
        assert_eq!((over.exceeded, over.resets_in_s), (true, 60));
        assert_eq!(check(Some(&over)).unwrap_err().code, Code::RateLimited);
        assert!(!limits.count(RateClass::Write, "b", now).unwrap().exceeded);
        assert!(!limits.count(RateClass::Read, "a", now).unwrap().exceeded);
        assert!(!limits.count(RateClass::Write, "a", now.plus_ms(60_000)).unwrap().exceeded);
        assert_eq!(limits.count(RateClass::Free, "a", now), None);
        assert_eq!(check(None), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let limits = Limits::default();
        for n in 0..(MAX_CALLERS + 10) {
            limits.count(RateClass::Read, &n.to_string(), Timestamp::from_ms(0));
        }
        assert!(limits.windows.borrow().counts.len() <= MAX_CALLERS);
    }
}
