//! Whose turn it is to write.
//!
//! Guarantees: of the requests that share an instance one writes at a time, in the order in which they came; a wait
//! has an end; whoever gives up gives way. An instance in which others wait leaves the database alone for a moment after
//! each write, for other instances.
//! Relies on: an instance's requests running on one thread. Waiting is polling: one request's task cannot wake
//! another's.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Duration;

const POLL: Duration = Duration::from_millis(1);
/// 10 s and more: a write takes some 20 ms, at most 16 wait, and other instances have their turns, too.
const MOST_POLLS: u32 = 10_000;

thread_local! {
    static QUEUE: RefCell<VecDeque<u64>> = const { RefCell::new(VecDeque::new()) };
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// The moment in which the database is left alone, as a part of the write before it.
const GIVEN_WAY: i64 = 4;
/// Its bounds in milliseconds: other instances look every 2 ms.
const GIVEN_WAY_MS: (i64, i64) = (4, 50);

/// A place in the queue of writers, given up when it is dropped.
pub struct Turn(u64);

impl Turn {
    /// Waits for the turn; `None` when it has not come after some 10 s.
    pub async fn take() -> Option<Self> {
        let turn = Self::queue_up();
        for _ in 0..MOST_POLLS {
            if turn.has_come() {
                return Some(turn);
            }
            spin_sdk::time::sleep(POLL).await;
        }
        None
    }

    /// Ends the turn, after a moment if others wait for theirs. `took_ms` is how long the write took.
    pub async fn give_way(self, took_ms: i64) {
        if QUEUE.with_borrow(|queue| queue.len() > 1) {
            let pause_ms = took_ms.saturating_div(GIVEN_WAY).clamp(GIVEN_WAY_MS.0, GIVEN_WAY_MS.1);
            spin_sdk::time::sleep(Duration::from_millis(pause_ms.unsigned_abs())).await;
        }
    }

    fn queue_up() -> Self {
        let number = NEXT.replace(NEXT.get().wrapping_add(1));
        QUEUE.with_borrow_mut(|queue| queue.push_back(number));
        Self(number)
    }

    fn has_come(&self) -> bool {
        QUEUE.with_borrow(|queue| queue.front() == Some(&self.0))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        QUEUE.with_borrow_mut(|queue| queue.retain(|number| *number != self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_in_order_and_pass_who_gave_up() {
        let [first, second, third] = [Turn::queue_up(), Turn::queue_up(), Turn::queue_up()];
        assert!(first.has_come() && !second.has_come() && !third.has_come());
        drop(second);
        assert!(!third.has_come());
        drop(first);
        assert!(third.has_come());
    }
}
