//! Rate limits: fixed windows of a minute, counted by the instance that answers.
//!
//! Guarantees: bounded memory; one credential or address cannot spend another's allowance while there is room to count
//! each by itself; nothing that a client sends, made-up addresses and slow bodies included, begins a window anew.
//! Relies on: a clock that does not jump back, or the window lasts until it has caught up; addresses that the platform
//! tells, not the client. An instance knows its own window only, so a client that is spread over several gets more;
//! a platform's own limiter (`storeroom_ports::Limiter`) is the one that stops floods.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use storeroom_domain::Timestamp;
use storeroom_operations::{Code, Problem, RateClass};
use storeroom_web::network::network;

/// The length of a window.
const WINDOW_MS: i64 = 60_000;
/// Most callers of a class that are counted each by itself. About 100 bytes each, four classes: 4 MB of the 128 MB that
/// a Worker has.
const MAX_CALLERS: usize = 10_000;
/// Counts that the callers of a class share past that. Forgetting instead would give every caller a new allowance; one
/// count for all would let whoever fills it shut out every newcomer.
const SHARED_COUNTS: u64 = 256;
/// Highest quota that can be set.
const MAX_QUOTA: u32 = 1_000_000;

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
    /// Seconds until the window ends, 1 to 60.
    pub resets_in_s: i64,
}

/// Counts requests by class and caller.
#[derive(Debug, Default)]
pub struct Limits {
    quotas: Quotas,
    windows: RefCell<Windows>,
}

/// Requests a minute.
#[derive(Debug, Clone, Copy)]
struct Quotas {
    read: u32,
    write: u32,
    auth: u32,
    upload: u32,
}

/// The current minute.
#[derive(Debug, Default)]
struct Windows {
    start_ms: i64,
    classes: BTreeMap<RateClass, Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    own: BTreeMap<String, u32>,
    shared: BTreeMap<u64, u32>,
}

impl Default for Quotas {
    /// The contract's. wrangler.toml says the same to the platform's limiter.
    fn default() -> Self {
        Self { read: 600, write: 300, auth: 10, upload: 30 }
    }
}

impl Quotas {
    /// The defaults, with what a list such as `read=1200,auth=20` sets instead.
    fn parse(list: &str) -> Result<Self, String> {
        let mut quotas = Self::default();
        let mut seen = Vec::new();
        for item in list.split(',') {
            let (class, number) = item.split_once('=').ok_or_else(|| unusable(item))?;
            let named = quotas.named(class.trim()).ok_or_else(|| unusable(item))?;
            *named = quota(number.trim()).ok_or_else(|| unusable(item))?;
            if seen.contains(&class.trim()) {
                return Err(format!("RATE_LIMITS sets `{}` twice", class.trim()));
            }
            seen.push(class.trim());
        }
        Ok(quotas)
    }

    fn named(&mut self, class: &str) -> Option<&mut u32> {
        match class {
            "read" => Some(&mut self.read),
            "write" => Some(&mut self.write),
            "auth" => Some(&mut self.auth),
            "upload" => Some(&mut self.upload),
            _ => None,
        }
    }

    fn of(self, class: RateClass) -> Option<u32> {
        match class {
            RateClass::Free => None,
            RateClass::Read => Some(self.read),
            RateClass::Write => Some(self.write),
            RateClass::Auth => Some(self.auth),
            RateClass::Upload => Some(self.upload),
        }
    }
}

/// A quota in plain digits: `parse` alone would take `+5`.
fn quota(text: &str) -> Option<u32> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|quota| is_digits && (1..=MAX_QUOTA).contains(quota))
}

fn unusable(item: &str) -> String {
    format!(
        "RATE_LIMITS must be `on`, `off` or a list such as `read=1200,auth=20` of the classes read, write, auth and \
         upload with 1 to {MAX_QUOTA} requests a minute; it holds `{item}`"
    )
}

impl Limits {
    /// Limits from the setting `RATE_LIMITS`: `on`, `off` (`None`), or a list such as `read=1200,auth=20` of requests
    /// a minute, where what it leaves out stays as it is. What cannot be used is a sentence that names the setting.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        match text.trim() {
            "off" => Ok(None),
            "on" => Ok(Some(Self::default())),
            list => Ok(Some(Self { quotas: Quotas::parse(list)?, windows: RefCell::default() })),
        }
    }

    /// Counts a request of `who`, a credential's id or an address's [`bucket`]; `None` where the class has no limit.
    pub fn count(&self, class: RateClass, who: &str, now: Timestamp) -> Option<Standing> {
        let quota = self.quotas.of(class)?;
        let mut windows = self.windows.borrow_mut();
        windows.advance(now);
        let used = windows.classes.entry(class).or_default().add(who);
        Some(Standing {
            class: class.as_str(),
            quota,
            remaining: quota.saturating_sub(used),
            exceeded: used > quota,
            resets_in_s: windows.resets_in_s(now),
        })
    }
}

impl Windows {
    /// Begins the window of `now`. A request whose body came slowly may belong to an earlier one; it counts in the
    /// current one, or sending such requests would begin windows anew.
    fn advance(&mut self, now: Timestamp) {
        let start_ms = now.ms() - now.ms().rem_euclid(WINDOW_MS);
        if start_ms > self.start_ms {
            *self = Self { start_ms, classes: BTreeMap::new() };
        }
    }

    fn resets_in_s(&self, now: Timestamp) -> i64 {
        let left_ms = self.start_ms.saturating_add(WINDOW_MS).saturating_sub(now.ms()).clamp(1, WINDOW_MS);
        (left_ms + 999) / 1000
    }
}

impl Counts {
    /// Counts one more request and says how many there are.
    fn add(&mut self, who: &str) -> u32 {
        let is_counted_alone = self.own.len() < MAX_CALLERS || self.own.contains_key(who);
        let used = if is_counted_alone {
            self.own.entry(who.to_owned()).or_insert(0)
        } else {
            self.shared.entry(shared(who)).or_insert(0)
        };
        *used = used.saturating_add(1);
        *used
    }
}

fn shared(who: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    who.hash(&mut hasher);
    hasher.finish() % SHARED_COUNTS
}

/// What a client's address is counted as: its network. What is no address is all one: it must not be mistaken for a
/// credential, and making it up must not bring a new allowance.
pub fn bucket(client: &str) -> String {
    network(client).unwrap_or_else(|| "unknown".to_owned())
}

/// Refuses a request that is over its limit.
pub fn check(standing: Option<&Standing>) -> Result<(), Problem> {
    match standing {
        Some(over) if over.exceeded => Err(refusal(over)),
        _ => Ok(()),
    }
}

/// The answer to a request that is over a limit, the instance's own or the platform's.
pub fn refusal(standing: &Standing) -> Problem {
    let detail = format!("{} requests a minute of class `{}` are allowed.", standing.quota, standing.class);
    Problem::new(Code::RateLimited, detail).header("Retry-After", standing.resets_in_s.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(text: &str) -> Limits {
        Limits::parse(text).unwrap().unwrap()
    }

    fn quotas(text: &str) -> [u32; 4] {
        use RateClass::{Auth, Read, Upload, Write};
        let limits = on(text);
        [Read, Write, Auth, Upload]
            .map(|class| limits.count(class, "a", Timestamp::from_ms(0)).unwrap().quota)
    }

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
    fn quotas_are_configuration() {
        assert!(Limits::parse("off").unwrap().is_none());
        assert_eq!(quotas("on"), [600, 300, 10, 30]);
        assert_eq!(quotas("read=1200,auth=20"), [1200, 300, 20, 30]);
        assert_eq!(quotas(" upload=1000000 , write = 1 "), [600, 1, 10, 1_000_000]);
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_named() {
        for bad in [
            "",
            "maybe",
            "ON",
            "read",
            "read=",
            "read=0",
            "read=1000001",
            "read=-1",
            "read=+5",
            "read=1.5",
            "free=1",
            "read=5,",
            "read=5;auth=6",
            "on,read=5",
            "read=5,read=6",
            "read=99999999999",
        ] {
            assert!(Limits::parse(bad).is_err_and(|sentence| sentence.contains("RATE_LIMITS")), "{bad}");
        }
    }

    #[test]
    fn a_request_that_took_long_does_not_begin_a_window_anew() {
        let limits = on("write=1");
        let (before, now) = (Timestamp::from_ms(60_000 * 6), Timestamp::from_ms(60_000 * 7));
        let count = |at| limits.count(RateClass::Write, "a", at).unwrap();
        assert!(!count(before).exceeded);
        assert!(!count(now).exceeded);
        let late = count(before);
        assert_eq!((late.exceeded, late.resets_in_s), (true, 60));
        assert!(count(now).exceeded);
    }

    #[test]
    fn made_up_addresses_reset_nobody_and_memory_is_bounded() {
        let limits = on("auth=2,read=2");
        let now = Timestamp::from_ms(60_000);
        let count = |class, who: &str| limits.count(class, who, now).unwrap();
        for _ in 0..3 {
            count(RateClass::Auth, "known");
        }
        for n in 0..(MAX_CALLERS + 5_000) {
            count(RateClass::Auth, &n.to_string());
        }
        assert!(count(RateClass::Auth, "known").exceeded, "it was counted before and still is");
        assert!(count(RateClass::Auth, "new").exceeded, "newcomers share what the flood has spent");
        assert!(!count(RateClass::Read, "new").exceeded, "another class has its own room");
        let windows = limits.windows.borrow();
        let held = &windows.classes[&RateClass::Auth];
        assert_eq!((held.own.len(), held.shared.len()), (MAX_CALLERS, 256));
    }

    #[test]
    fn newcomers_do_not_all_share_one_count() {
        let limits = on("read=100");
        let now = Timestamp::from_ms(60_000);
        for n in 0..MAX_CALLERS {
            limits.count(RateClass::Read, &n.to_string(), now);
        }
        for _ in 0..200 {
            limits.count(RateClass::Read, "greedy", now);
        }
        let newcomers = (0..50).map(|n| limits.count(RateClass::Read, &format!("shopper {n}"), now).unwrap());
        assert!(newcomers.filter(|standing| standing.exceeded).count() < 5);
    }

    #[test]
    fn addresses_are_counted_by_site() {
        for (client, counted) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:4711", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:0DB8:1:2::9", "2001:db8:1:2::/64"),
            ("[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
            ("::1", "0:0:0:0::/64"),
            ("", "unknown"),
            ("usr_00000000000000000000000000", "unknown"),
            ("192.0.2.1, 192.0.2.2", "unknown"),
        ] {
            assert_eq!(bucket(client), counted, "{client}");
        }
    }
}
