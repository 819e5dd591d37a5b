//! The time of the machine.
//!
//! Relies on: `wasi:clocks/system-clock`.

use spin_sdk::wasip3::clocks::system_clock;
use storeroom_domain::Timestamp;
use storeroom_ports::Clock;

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = system_clock::now();
        let whole_s = Timestamp::from_ms(now.seconds.saturating_mul(1_000));
        whole_s.plus_ms(i64::from(now.nanoseconds / 1_000_000))
    }
}
