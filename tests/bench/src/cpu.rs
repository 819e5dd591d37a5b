//! How much CPU time the measured processes have used.
//!
//! Guarantees: user and system time of all threads, those that have ended included; nothing is said of a process where
//! the system does not tell it.
//! Relies on: Linux, whose clock of another process's CPU time counts nanoseconds.

use std::collections::BTreeMap;

/// CPU time in nanoseconds, by the process's name.
pub type Used = BTreeMap<String, u64>;

/// What each process, named and with its id, has used since it began.
pub fn used(processes: &BTreeMap<String, i32>) -> Used {
    processes.iter().filter_map(|(name, pid)| Some((name.clone(), used_ns(*pid)?))).collect()
}

/// What was used between two moments.
pub fn between(before: &Used, after: &Used) -> Used {
    let spent =
        |(name, end): (&String, &u64)| Some((name.clone(), end.saturating_sub(before.get(name).copied()?)));
    after.iter().filter_map(spent).collect()
}

#[cfg(target_os = "linux")]
fn used_ns(pid: i32) -> Option<u64> {
    let clock = nix::time::ClockId::pid_cpu_clock_id(nix::unistd::Pid::from_raw(pid)).ok()?;
    let now = std::time::Duration::from(clock.now().ok()?);
    u64::try_from(now.as_nanos()).ok()
}

#[cfg(not(target_os = "linux"))]
fn used_ns(_pid: i32) -> Option<u64> {
    None
}
