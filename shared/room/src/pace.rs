//! When to let frames out: at once while they are few, gathered while they are many.
//!
//! Guarantees: what waits does so for at most `GATHER_MS`. Deterministic: time is an argument.

use crate::protocol::{GATHER_MS, SENDS_A_SECOND};

/// A bucket of sends that fills by time; a send is one frame to one connection.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Sends that may be made, in thousandths; below nothing after a burst.
    credit: i64,
    at_ms: i64,
    waiting_since_ms: Option<i64>,
}

/// The bucket holds what may be sent within `GATHER_MS`, in thousandths of a send.
const MOST: i64 = SENDS_A_SECOND.saturating_mul(GATHER_MS);

impl Default for Pace {
    fn default() -> Self {
        Self { credit: MOST, at_ms: 0, waiting_since_ms: None }
    }
}

impl Pace {
    /// Counts sends.
    pub(crate) fn spend(&mut self, sends: usize) {
        let sends = i64::try_from(sends).unwrap_or(i64::MAX);
        self.credit = self.credit.saturating_sub(sends.saturating_mul(1_000)).max(MOST.saturating_neg());
    }

    /// How long what is there to be sent has to wait, in milliseconds; `None`: it need not.
    pub(crate) fn wait_ms(&mut self, now_ms: i64) -> Option<i64> {
        let passed_ms = now_ms.saturating_sub(self.at_ms).max(0);
        self.at_ms = now_ms;
        self.credit = self.credit.saturating_add(passed_ms.saturating_mul(SENDS_A_SECOND)).min(MOST);
        let since_ms = *self.waiting_since_ms.get_or_insert(now_ms);
        // A clock that was set back must not keep anything waiting.
        let waited_ms = now_ms.saturating_sub(since_ms);
        let until_filled_ms =
            1_i64.saturating_sub(self.credit).saturating_div(SENDS_A_SECOND).saturating_add(1);
        let wait_ms = until_filled_ms.min(GATHER_MS.saturating_sub(waited_ms));
        (self.credit <= 0 && (0..=GATHER_MS).contains(&waited_ms) && wait_ms > 0).then_some(wait_ms)
    }

    /// What waited was sent.
    pub(crate) fn settle(&mut self) {
        self.waiting_since_ms = None;
    }
}
