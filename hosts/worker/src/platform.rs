//! Time and chance.
//!
//! Guarantees: random bytes are the platform's cryptographic ones. Relies on: `Date.now()`, which in production
//! stands still while a request computes
//! (<https://developers.cloudflare.com/workers/runtime-apis/performance/>).

use async_trait::async_trait;
use std::time::Duration;
use storeroom_domain::Timestamp;
use storeroom_ports::{Clock, Random};
use worker::Delay;

/// Unix milliseconds.
pub fn now_ms() -> i64 {
    // Whole numbers up to 2^53 are exact in a JavaScript number, and times are far below.
    #[allow(clippy::cast_possible_truncation)]
    let now_ms = worker::js_sys::Date::now() as i64;
    now_ms
}

/// The clock of the isolate.
pub struct WorkerClock;

#[async_trait(?Send)]
impl Clock for WorkerClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(now_ms())
    }

    async fn sleep(&self, ms: i64) {
        if let Ok(ms @ 1..) = u64::try_from(ms) {
            Delay::from(Duration::from_millis(ms)).await;
        }
    }
}

/// `crypto.getRandomValues`.
pub struct WorkerRandom;

impl Random for WorkerRandom {
    fn fill(&self, buffer: &mut [u8]) {
        if crate::js::random(buffer).is_err() {
            // Guessable ids and tickets would be worse than an isolate that dies.
            std::process::abort();
        }
    }
}
