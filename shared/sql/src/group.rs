//! Group commit: several frames in one transaction, and each frame's result out of the script's.
//!
//! Guarantees: one `BEGIN IMMEDIATE` and one `COMMIT`; a refused frame is rolled back to its own savepoint and
//! harms no neighbour; its prelude stays; nothing counts as done unless the COMMIT did, and no COMMIT keeps a part
//! of refused work. Some errors (a full disk, I/O) end the whole transaction: every step after that is conditioned
//! on still being inside one, so that no later savepoint opens a transaction of its own.
//! Relies on: SQLite's savepoints (<https://sqlite.org/lang_savepoint.html>).

use crate::frame::{Frame, FrameResult, Gate, Part};
use crate::script::{Condition, Script, StepResult};
use crate::value::{Rows, Statement};
use std::ops::Range;

/// Most frames in one call.
pub const MAX_FRAMES: usize = 64;
/// Most statements in one call.
pub const MAX_STEPS: usize = 2_000;
/// Most bytes in one call, as `Frame::size` counts them.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Where a frame's steps stand in the script.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    prelude: Range<usize>,
    work: Range<usize>,
    /// The steps of the work whose failure refuses nothing.
    probes: Vec<usize>,
    otherwise: Range<usize>,
    released: usize,
    /// Its work was neither released nor rolled back: a COMMIT would keep a part of it.
    refused_but_kept: Condition,
}

/// A script of several frames, with the way back.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What to run.
    pub script: Script,
    places: Vec<Place>,
    commit: usize,
}

/// Why a whole group was not committed. Nothing of it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotCommitted(pub String);

/// How many of the waiting frames, given as (steps, bytes), fit into the next call: at least one.
pub fn fitting(waiting: impl Iterator<Item = (usize, usize)>, most: usize) -> usize {
    let (mut steps, mut bytes) = (0_usize, 0_usize);
    waiting
        .take(most.clamp(1, MAX_FRAMES))
        .enumerate()
        .take_while(|(index, (more_steps, more_bytes))| {
            steps = steps.saturating_add(*more_steps);
            bytes = bytes.saturating_add(*more_bytes);
            *index == 0 || (steps <= MAX_STEPS && bytes <= MAX_BYTES)
        })
        .count()
}

/// Puts the frames into one transaction.
pub fn merge(frames: Vec<Frame>) -> Group {
    let mut script = Script::default();
    let begin = script.push(Statement::plain("BEGIN IMMEDIATE"), None);
    let inside = Condition::All(vec![Condition::Ok(begin), Condition::Autocommit.negated()]);
    let places = frames.into_iter().map(|frame| place(&mut script, frame, &inside)).collect::<Vec<_>>();
    let undone = places.iter().map(|place| place.refused_but_kept.clone().negated());
    let clean = std::iter::once(inside).chain(undone).collect();
    let commit = script.push(Statement::plain("COMMIT"), Some(Condition::All(clean)));
    Group { script, places, commit }
}

fn place(script: &mut Script, frame: Frame, inside: &Condition) -> Place {
    let (prelude, before_work) = chain(script, frame.prelude, &[], inside.clone());
    let savepoint = script.push(Statement::plain("SAVEPOINT work"), Some(with(inside, before_work)));
    let (work, after_work) = chain(script, frame.work, &frame.gates, Condition::Ok(savepoint));
    let released = script.push(Statement::plain("RELEASE work"), Some(after_work));
    let refused = Condition::All(vec![
        Condition::Ok(savepoint),
        Condition::Ok(released).negated(),
        Condition::Autocommit.negated(),
    ]);
    let rolled_back = script.push(Statement::plain("ROLLBACK TO work"), Some(refused));
    let undone = script.push(Statement::plain("RELEASE work"), Some(Condition::Ok(rolled_back)));
    let kept = [Condition::Ok(released).negated(), Condition::Ok(rolled_back).negated()];
    let refused_but_kept = Condition::All([Condition::Ok(savepoint)].into_iter().chain(kept).collect());
    let first = script.steps.len();
    for statement in frame.otherwise {
        script.push(statement, Some(Condition::Ok(undone)));
    }
    let probes = frame.gates.iter().map(|gate| gate.probe).collect();
    Place { prelude, work, probes, otherwise: first..script.steps.len(), released, refused_but_kept }
}

/// Appends statements that each run only after the one before succeeded, or was skipped by its gate; returns where they
/// stand and the condition of whatever follows.
fn chain(
    script: &mut Script,
    statements: Vec<Statement>,
    gates: &[Gate],
    start: Condition,
) -> (Range<usize>, Condition) {
    let first = script.steps.len();
    let mut condition = start;
    let mut skipped: Option<(usize, Condition)> = None;
    for (number, statement) in statements.into_iter().enumerate() {
        condition = past(condition, skipped.take_if(|(end, _)| *end <= number));
        let before = condition.clone();
        let step = script.push(statement, Some(condition));
        condition = Condition::Ok(step);
        if let Some(gate) = gates.iter().find(|gate| gate.probe == number) {
            // An error that ended the transaction is no reason to go on.
            let closed = vec![before, Condition::Ok(step).negated(), Condition::Autocommit.negated()];
            skipped = Some((gate.end, Condition::All(closed)));
        }
    }
    (first..script.steps.len(), past(condition, skipped))
}

/// The condition of what follows a gate: its last step succeeded, or all of them were skipped.
fn past(condition: Condition, skipped: Option<(usize, Condition)>) -> Condition {
    match skipped {
        Some((_, closed)) => condition.either(closed),
        None => condition,
    }
}

fn with(inside: &Condition, other: Condition) -> Condition {
    if *inside == other { other } else { Condition::All(vec![inside.clone(), other]) }
}

impl Group {
    /// Each frame's result, in the order of the frames.
    pub fn split(&self, results: &[StepResult]) -> Result<Vec<FrameResult>, NotCommitted> {
        if !matches!(results.get(self.commit), Some(StepResult::Done(_))) {
            return Err(NotCommitted(decisive_failure(results)));
        }
        Ok(self.places.iter().map(|place| place.result(results)).collect())
    }
}

fn decisive_failure(results: &[StepResult]) -> String {
    // The last failure is the one that kept the COMMIT from happening; those before it were rolled back alone.
    let mut failures = results.iter().rev().filter_map(|result| match result {
        StepResult::Failed(message) => Some(message.clone()),
        _ => None,
    });
    failures.next().unwrap_or_else(|| "the transaction was not committed".to_owned())
}

impl Place {
    fn result(&self, results: &[StepResult]) -> FrameResult {
        if matches!(results.get(self.released), Some(StepResult::Done(_))) {
            return FrameResult::Done(rows(results, &self.work));
        }
        let (part, step, message) = failure(results, &self.prelude, &[], Part::Prelude)
            .or_else(|| failure(results, &self.work, &self.probes, Part::Work))
            .unwrap_or((Part::Work, usize::MAX, "the work was not released".to_owned()));
        FrameResult::Refused { part, step, message, otherwise: rows(results, &self.otherwise) }
    }
}

fn rows(results: &[StepResult], range: &Range<usize>) -> Vec<Rows> {
    let steps = results.get(range.clone()).unwrap_or_default().iter();
    steps
        .map(|result| match result {
            StepResult::Done(rows) => rows.clone(),
            _ => Rows::default(),
        })
        .collect()
}

fn failure(
    results: &[StepResult],
    range: &Range<usize>,
    probes: &[usize],
    part: Part,
) -> Option<(Part, usize, String)> {
    let steps = results.get(range.clone())?.iter().enumerate();
    steps.into_iter().find_map(|(step, result)| match result {
        StepResult::Failed(message) if !probes.contains(&step) => Some((part, step, message.clone())),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(prelude: usize, work: usize, otherwise: usize) -> Frame {
        let some = |count, sql| vec![Statement::plain(sql); count];
        Frame {
            prelude: some(prelude, "prelude"),
            work: some(work, "work"),
            otherwise: some(otherwise, "otherwise"),
            ..Frame::default()
        }
    }

    /// Runs a script in memory: the steps whose numbers are in `failing` fail, `fatal` also ends the transaction.
    fn run(script: &Script, failing: &[usize], fatal: Option<usize>) -> Vec<StepResult> {
        let mut results = Vec::new();
        let mut autocommit = true;
        for (number, step) in script.steps.iter().enumerate() {
            let runs = step.condition.as_ref().is_none_or(|c| c.holds(&results, autocommit));
            results.push(match runs {
                false => StepResult::Skipped,
                true if fatal == Some(number) => {
                    autocommit = true;
                    StepResult::Failed("disk full".into())
                }
                true if failing.contains(&number) => StepResult::Failed("refused".into()),
                true => {
                    match step.statement.sql.as_ref() {
                        "BEGIN IMMEDIATE" => autocommit = false,
                        "COMMIT" => autocommit = true,
                        _ => {}
                    }
                    StepResult::Done(Rows::default())
                }
            });
        }
        assert!(autocommit || failing.contains(&(script.steps.len() - 1)), "a transaction was left open");
        results
    }

    #[test]
    fn a_refused_frame_harms_no_neighbour() {
        let group = merge(vec![frame(1, 2, 1), frame(1, 2, 1), frame(0, 1, 0)]);
        let failing = group.places[1].work.start + 1;
        let results = group.split(&run(&group.script, &[failing], None)).unwrap();
        assert_eq!(results[0], FrameResult::Done(vec![Rows::default(); 2]));
        assert!(
            matches!(&results[1], FrameResult::Refused { part: Part::Work, step: 1, otherwise, .. } if otherwise.len() == 1)
        );
        assert_eq!(results[2], FrameResult::Done(vec![Rows::default()]));
    }

    /// A frame of 5 steps of work, of which the second is a probe and the third and fourth are behind it.
    fn gated() -> Frame {
        Frame { gates: vec![Gate { probe: 1, end: 4 }], ..frame(0, 5, 1) }
    }

    fn ran(results: &[StepResult], range: &Range<usize>) -> Vec<bool> {
        results[range.clone()].iter().map(|result| matches!(result, StepResult::Done(_))).collect()
    }

    #[test]
    fn what_has_no_reason_is_skipped_and_refuses_nothing() {
        let group = merge(vec![gated(), frame(0, 1, 0)]);
        let work = group.places[0].work.clone();
        for (failing, expected) in [
            (vec![], [true, true, true, true, true]),
            (vec![work.start + 1], [true, false, false, false, true]),
            (vec![work.start], [false, false, false, false, false]),
            (vec![work.start + 3], [true, true, true, false, false]),
            (vec![work.start + 1, work.start + 4], [true, false, false, false, false]),
        ] {
            let raw = run(&group.script, &failing, None);
            assert_eq!(ran(&raw, &work), expected, "{failing:?}");
            let results = group.split(&raw).unwrap();
            let refused_at = failing.iter().map(|step| step - work.start).find(|step| *step != 1);
            match (&results[0], refused_at) {
                (FrameResult::Done(rows), None) => assert_eq!(rows.len(), 5),
                (FrameResult::Refused { step, .. }, Some(at)) => assert_eq!(*step, at),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_probe_that_ends_the_transaction_ends_everything() {
        let group = merge(vec![gated()]);
        let probe = group.places[0].work.start + 1;
        let raw = run(&group.script, &[], Some(probe));
        assert!(raw[probe + 1..].iter().all(|result| *result == StepResult::Skipped));
        assert!(group.split(&raw).is_err());
    }

    #[test]
    fn a_gate_may_be_the_last_of_the_work() {
        let group = merge(vec![Frame { gates: vec![Gate { probe: 0, end: 2 }], ..frame(0, 2, 0) }]);
        let probe = group.places[0].work.start;
        for failing in [vec![], vec![probe]] {
            let results = group.split(&run(&group.script, &failing, None)).unwrap();
            assert!(matches!(&results[0], FrameResult::Done(rows) if rows.len() == 2));
        }
    }

    #[test]
    fn a_refused_prelude_skips_work_and_otherwise() {
        let group = merge(vec![frame(1, 2, 1)]);
        let raw = run(&group.script, &[group.places[0].prelude.start], None);
        assert!(raw[group.places[0].work.clone()].iter().all(|step| *step == StepResult::Skipped));
        let results = group.split(&raw).unwrap();
        assert!(matches!(results[0], FrameResult::Refused { part: Part::Prelude, step: 0, .. }));
    }

    #[test]
    fn refused_work_that_cannot_be_rolled_back_is_not_committed() {
        let group = merge(vec![frame(0, 1, 0), frame(0, 2, 0)]);
        let failing = group.places[1].work.start + 1;
        let rollback_to = group.places[1].released + 1;
        let results = run(&group.script, &[failing, rollback_to, group.commit], None);
        assert_eq!(results[group.commit], StepResult::Skipped);
    }

    #[test]
    fn groups_are_bounded_but_never_empty() {
        assert_eq!(fitting([(3_000, 1)].into_iter(), 64), 1);
        assert_eq!(fitting([(1_000, 1), (1_000, 1), (1, 1)].into_iter(), 64), 2);
        assert_eq!(fitting([(1, MAX_BYTES), (1, 1)].into_iter(), 64), 1);
        assert_eq!(fitting(std::iter::repeat_n((1, 1), 100), 64), 64);
        assert_eq!(fitting(std::iter::repeat_n((1, 1), 100), 0), 1);
    }

    proptest! {
        #[test]
        fn any_step_may_fail(frames in 1usize..5, step in 0usize..40, fatal: bool) {
            let group = merge(vec![frame(1, 2, 1); frames]);
            let step = step % group.script.steps.len();
            let results = run(&group.script, if fatal { &[] } else { std::slice::from_ref(&step) }, fatal.then_some(step));
            let committed = matches!(results.last(), Some(StepResult::Done(_)));
            prop_assert_eq!(group.split(&results).is_ok(), committed);
            if let Ok(split) = group.split(&results) {
                prop_assert_eq!(split.len(), frames);
                let refused = split.iter().filter(|result| matches!(result, FrameResult::Refused { .. })).count();
                prop_assert!(refused <= 1);
            }
        }
    }
}
