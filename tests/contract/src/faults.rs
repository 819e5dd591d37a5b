//! A failure at any step leaves each frame whole or absent, its prelude apart, and no lock behind.

use crate::bench::{Bench, is_done, work};
use crate::faulty::{Fault, Faulty};
use std::rc::Rc;
use storeroom_ports::{Database, DatabaseError};
use storeroom_sql::{Frame, FrameResult, Statement, group};

/// Frames 1 and 3 are done when nothing fails, frame 2 is refused; each has a nonce in its prelude.
fn frames(bench: &Bench) -> Vec<Frame> {
    let frame = |number: usize, guard: &str| Frame {
        prelude: vec![bench.add(&format!("n{number}"))],
        work: vec![bench.add(&format!("w{number}")), bench.guard(guard), bench.add(&format!("x{number}"))],
        otherwise: vec![bench.sql("SELECT 1")],
        ..Frame::default()
    };
    vec![frame(1, "1"), frame(2, "0"), frame(3, "1")]
}

const ALL_DONE: &str = "n1 n2 n3 w1 w3 x1 x3";

fn over(bench: &Bench, fault: Fault) -> Bench {
    bench.over(Faulty { inner: Rc::clone(&bench.connection), fault })
}

async fn clear(bench: &Bench) {
    bench.commit(work([bench.sql("DELETE FROM things WHERE scope = :scope")])).await.unwrap();
}

fn steps(bench: &Bench) -> usize {
    group::merge(frames(bench)).script.steps.len()
}

pub async fn a_line_cut_before_any_step_leaves_nothing(bench: &Bench) {
    for step in 0..steps(bench) {
        let result = over(bench, Fault::CutBefore(step)).commit_all(frames(bench)).await;
        assert!(matches!(result, Err(DatabaseError::OutcomeUnknown(_))), "{step}: {result:?}");
        assert_eq!(bench.names().await, "", "{step}");
    }
    bench.can_write().await;
}

pub async fn a_line_cut_after_the_last_step_leaves_everything(bench: &Bench) {
    for fault in [Fault::CutBefore(steps(bench)), Fault::AnswerLost] {
        let result = over(bench, fault).commit_all(frames(bench)).await;
        assert!(matches!(result, Err(DatabaseError::OutcomeUnknown(_))), "{result:?}");
        assert_eq!(bench.names().await, ALL_DONE);
        clear(bench).await;
    }
}

pub async fn any_step_may_be_refused(bench: &Bench) {
    for step in 0..steps(bench) {
        let result = over(bench, Fault::Refuse(step)).commit_all(frames(bench)).await;
        let names = bench.names().await;
        match result {
            Ok(results) => agree(&results, &names, step),
            Err(DatabaseError::Unavailable(_)) => assert_eq!(names, "", "{step}"),
            Err(other) => panic!("{step}: {other:?}"),
        }
        clear(bench).await;
    }
    bench.can_write().await;
}

/// What is answered is what was kept.
fn agree(results: &[FrameResult], names: &str, step: usize) {
    for (number, result) in (1..).zip(results) {
        for work in ["w", "x"] {
            assert_eq!(names.contains(&format!("{work}{number}")), is_done(result), "step {step}: {names}");
        }
    }
    let refused = results.iter().filter(|result| !is_done(result)).count();
    assert!(refused <= 2, "step {step}: {results:?}");
}

pub async fn the_first_and_the_last_step_carry_the_whole_group(bench: &Bench) {
    for step in [0, steps(bench) - 1] {
        let result = over(bench, Fault::Refuse(step)).commit_all(frames(bench)).await;
        assert!(matches!(result, Err(DatabaseError::Unavailable(_))), "{step}: {result:?}");
        assert_eq!(bench.names().await, "");
    }
}

pub async fn a_read_does_not_care_whether_it_was_heard(bench: &Bench) {
    for fault in [Fault::CutBefore(0), Fault::AnswerLost] {
        let result = over(bench, fault).database().read(Statement::plain("SELECT 1")).await;
        assert!(matches!(result, Err(DatabaseError::Unavailable(_))), "{result:?}");
    }
}
