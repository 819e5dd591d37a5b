//! A script: conditional statements on one connection, sent in one round trip.
//!
//! Guarantees: the same shape as a Hrana batch, so libSQL runs it as it is; every other database runs it with
//! `Condition::holds` over the results so far.

use crate::value::{Rows, Statement};

/// When a step runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// That step ran and succeeded.
    Ok(usize),
    /// The condition does not hold.
    Not(Box<Condition>),
    /// All of them hold.
    All(Vec<Condition>),
    /// The connection is outside a transaction.
    Autocommit,
}

impl Condition {
    /// At least one of the two holds.
    pub fn either(self, other: Self) -> Self {
        Self::All(vec![self.negated(), other.negated()]).negated()
    }

    /// The other way round.
    pub fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Whether it holds, given the steps so far and whether the connection is outside a transaction.
    pub fn holds(&self, results: &[StepResult], autocommit: bool) -> bool {
        match self {
            Self::Ok(step) => matches!(results.get(*step), Some(StepResult::Done(_))),
            Self::Not(inner) => !inner.holds(results, autocommit),
            Self::All(all) => all.iter().all(|condition| condition.holds(results, autocommit)),
            Self::Autocommit => autocommit,
        }
    }
}

/// A statement and when it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptStep {
    /// The statement.
    pub statement: Statement,
    /// When it runs; always without one.
    pub condition: Option<Condition>,
}

/// Steps in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Script {
    /// The steps.
    pub steps: Vec<ScriptStep>,
}

impl Script {
    /// A script of one statement: a read.
    pub fn single(statement: Statement) -> Self {
        Self { steps: vec![ScriptStep { statement, condition: None }] }
    }

    /// Appends a step and returns its number.
    pub fn push(&mut self, statement: Statement, condition: Option<Condition>) -> usize {
        self.steps.push(ScriptStep { statement, condition });
        self.steps.len().saturating_sub(1)
    }
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepResult {
    /// Its condition did not hold.
    Skipped,
    /// It succeeded with these rows.
    Done(Rows),
    /// It failed; SQLite's message.
    Failed(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_read_the_results() {
        let results =
            [StepResult::Done(Rows::default()), StepResult::Failed("x".into()), StepResult::Skipped];
        let ok = |step| Condition::Ok(step).holds(&results, false);
        assert!(ok(0) && !ok(1) && !ok(2) && !ok(3));
        assert!(Condition::Ok(1).negated().holds(&results, false));
        let either = |one, other| Condition::Ok(one).either(Condition::Ok(other)).holds(&results, false);
        assert!(either(0, 1) && either(1, 0) && either(0, 0) && !either(1, 2));
        assert!(Condition::All(vec![Condition::Ok(0), Condition::Autocommit]).holds(&results, true));
        assert!(!Condition::All(vec![Condition::Ok(0), Condition::Autocommit]).holds(&results, false));
    }
}
