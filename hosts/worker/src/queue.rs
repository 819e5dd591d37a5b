//! The frames that wait for the writer.
//!
//! Guarantees: bounded; first come, first served; whoever has waited too long is told that nothing was done, so that
//! nobody waits longer than a queue's and a call's time together.

use futures::channel::oneshot;
use std::cell::RefCell;
use std::collections::VecDeque;
use storeroom_ports::DatabaseError;
use storeroom_sql::{Frame, FrameResult, group};

/// Most frames that wait: 8 full groups, some half a second of work.
const MAX_WAITING: usize = 512;
/// Most bytes that wait: 8 full groups of 1 MiB.
const MAX_WAITING_BYTES: usize = 8 * group::MAX_BYTES;
/// Longest wait; the caller's client has better things to do.
const MAX_WAIT_MS: i64 = 10_000;

/// What a frame's caller is told.
pub type Outcome = Result<FrameResult, DatabaseError>;

/// A frame and its caller.
pub struct Waiting {
    /// The frame.
    pub frame: Frame,
    /// The way back.
    pub caller: oneshot::Sender<Outcome>,
    bytes: usize,
    since_ms: i64,
}

/// The queue of a writer.
#[derive(Default)]
pub struct Queue {
    waiting: RefCell<VecDeque<Waiting>>,
}

impl Queue {
    /// Lines a frame up; what becomes of it comes through the channel.
    pub fn push(&self, frame: Frame, now_ms: i64) -> Result<oneshot::Receiver<Outcome>, DatabaseError> {
        let mut waiting = self.waiting.borrow_mut();
        let bytes = frame.size();
        let total: usize = waiting.iter().map(|other| other.bytes).sum();
        if waiting.len() >= MAX_WAITING || total.saturating_add(bytes) > MAX_WAITING_BYTES {
            return Err(DatabaseError::Unavailable("the writer's queue is full".to_owned()));
        }
        let (caller, outcome) = oneshot::channel();
        waiting.push_back(Waiting { frame, caller, bytes, since_ms: now_ms });
        Ok(outcome)
    }

    /// Takes out what fits into the next call, at most `most` frames; nothing when nobody waits.
    pub fn take(&self, most: usize, now_ms: i64) -> Vec<Waiting> {
        let mut waiting = self.waiting.borrow_mut();
        while let Some(late) =
            waiting.pop_front_if(|first| now_ms.saturating_sub(first.since_ms) > MAX_WAIT_MS)
        {
            let _ = late
                .caller
                .send(Err(DatabaseError::Unavailable("waited too long for the writer".to_owned())));
        }
        let sizes = waiting.iter().map(|each| (each.frame.steps(), each.bytes));
        let count = group::fitting(sizes, most).min(waiting.len());
        waiting.drain(..count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use storeroom_sql::Statement;

    fn frame(bytes: usize) -> Frame {
        let sql = "x".repeat(bytes).into();
        Frame { work: vec![Statement { sql, args: Vec::new() }], ..Frame::default() }
    }

    #[test]
    fn groups_are_taken_in_order() {
        let queue = Queue::default();
        let _callers: Vec<_> = (1..=5).map(|bytes| queue.push(frame(bytes), 0).unwrap()).collect();
        let sizes = |most| queue.take(most, 0).iter().map(|each| each.bytes).collect::<Vec<_>>();
        assert_eq!((sizes(2), sizes(1), sizes(64), sizes(64)), (vec![1, 2], vec![3], vec![4, 5], vec![]));
    }

    #[test]
    fn a_full_queue_refuses() {
        let queue = Queue::default();
        let _callers: Vec<_> = (0..MAX_WAITING).map(|_| queue.push(frame(1), 0).unwrap()).collect();
        assert!(matches!(queue.push(frame(1), 0), Err(DatabaseError::Unavailable(_))));
        let queue = Queue::default();
        let _callers: Vec<_> = (0..8).map(|_| queue.push(frame(group::MAX_BYTES), 0).unwrap()).collect();
        assert!(matches!(queue.push(frame(1), 0), Err(DatabaseError::Unavailable(_))));
    }

    #[test]
    fn nobody_waits_for_ever() {
        let queue = Queue::default();
        let mut late = queue.push(frame(1), 0).unwrap();
        let mut early = queue.push(frame(2), 5_000).unwrap();
        assert_eq!(queue.take(64, MAX_WAIT_MS + 1).len(), 1);
        assert!(matches!(late.try_recv(), Ok(Some(Err(DatabaseError::Unavailable(_))))));
        assert!(early.try_recv().is_err(), "its caller's end was dropped with the group");
    }
}
