//! The frames that wait for the writer.
//!
//! Guarantees: bounded; first come, first served, but what no client waits for lets the others go first and takes a small
//! part of a call; it gets a place in every call, so it is never kept waiting for good. Whoever has waited too long is told
//! that nothing was done, so that nobody waits longer than a queue's and a call's time together.

use futures::channel::oneshot;
use std::cell::RefCell;
use std::collections::VecDeque;
use storeroom_ports::DatabaseError;
use storeroom_sql::{Frame, FrameResult, group};

/// Most frames of a call that no client waits for. One takes about a millisecond of the database's time, and whoever comes
/// while the call is on its way waits for all of them.
const MOST_PATIENT: usize = 8;

/// Most frames of a kind that wait: 8 full groups, some half a second of work.
const MAX_WAITING: usize = 512;
/// Most bytes of a kind that wait: 8 full groups of 1 MiB.
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
    urgent: RefCell<Line>,
    patient: RefCell<Line>,
}

type Line = VecDeque<Waiting>;

impl Queue {
    /// Lines a frame up; what becomes of it comes through the channel.
    pub fn push(&self, frame: Frame, now_ms: i64) -> Result<oneshot::Receiver<Outcome>, DatabaseError> {
        let mut line = if frame.is_patient { self.patient.borrow_mut() } else { self.urgent.borrow_mut() };
        let bytes = frame.size();
        let total: usize = line.iter().map(|other| other.bytes).sum();
        if line.len() >= MAX_WAITING || total.saturating_add(bytes) > MAX_WAITING_BYTES {
            return Err(DatabaseError::Unavailable("the writer's queue is full".to_owned()));
        }
        let (caller, outcome) = oneshot::channel();
        line.push_back(Waiting { frame, caller, bytes, since_ms: now_ms });
        Ok(outcome)
    }

    /// Takes out what fits into the next call, at most `most` frames; nothing when nobody waits.
    pub fn take(&self, most: usize, now_ms: i64) -> Vec<Waiting> {
        let (mut urgent, mut patient) = (self.urgent.borrow_mut(), self.patient.borrow_mut());
        turn_away(&mut urgent, now_ms);
        turn_away(&mut patient, now_ms);
        let reserved = usize::from(most > 1 && !patient.is_empty());
        let first = urgent.len().min(most.saturating_sub(reserved));
        let waiting = urgent.iter().take(first).chain(patient.iter().take(MOST_PATIENT));
        let sizes = waiting.map(|each| (each.frame.steps(), each.bytes));
        let count = group::fitting(sizes, most);
        let second = count.saturating_sub(first).min(patient.len()).min(MOST_PATIENT);
        urgent.drain(..first.min(count)).chain(patient.drain(..second)).collect()
    }
}

/// Tells those who have waited too long.
fn turn_away(line: &mut Line, now_ms: i64) {
    while let Some(late) = line.pop_front_if(|first| now_ms.saturating_sub(first.since_ms) > MAX_WAIT_MS) {
        let _ =
            late.caller.send(Err(DatabaseError::Unavailable("waited too long for the writer".to_owned())));
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
    fn what_no_client_waits_for_comes_second_and_is_never_left_out() {
        let queue = Queue::default();
        let patient = |bytes| Frame { is_patient: true, ..frame(bytes) };
        let mut callers: Vec<_> = (101..=110).map(|bytes| queue.push(patient(bytes), 0).unwrap()).collect();
        callers.extend((1..=5).map(|bytes| queue.push(frame(bytes), 0).unwrap()));
        let sizes = |most| queue.take(most, 0).iter().map(|each| each.bytes).collect::<Vec<_>>();
        assert_eq!(sizes(3), [1, 2, 101], "one place is kept");
        assert_eq!(sizes(1), [3], "unless there is only one");
        assert_eq!(sizes(64), [4, 5, 102, 103, 104, 105, 106, 107, 108, 109], "a small part of a call");
        assert_eq!((sizes(64), sizes(64)), (vec![110], vec![]));
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
