//! The time of the machine.
//!
//! Relies on: `wasi:clocks`, the system clock for the time and the monotonic one for waiting.

use async_trait::async_trait;
use spin_sdk::wasip3::clocks::system_clock;
use std::time::Duration;
use storeroom_domain::Timestamp;
use storeroom_ports::Clock;

/// The system's clock.
pub struct SystemClock;

#[async_trait(?Send)]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = system_clock::now();
        let whole_s = Timestamp::from_ms(now.seconds.saturating_mul(1_000));
        whole_s.plus_ms(i64::from(now.nanoseconds / 1_000_000))
    }

    async fn sleep(&self, ms: i64) {
        if let Ok(ms @ 1..) = u64::try_from(ms) {
            spin_sdk::time::sleep(Duration::from_millis(ms)).await;
        }
    }
}
