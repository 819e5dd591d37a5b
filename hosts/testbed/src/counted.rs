//! A database that counts its calls, keeps their SQL, and fails on purpose.
//!
//! Guarantees: what it says never happened did not happen on the database below, and the other way round.

use crate::embedded::Embedded;
use async_trait::async_trait;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use storeroom_ports::{Connection, Database, DatabaseError, Direct};
use storeroom_sql::{Frame, FrameResult, Rows, Statement, group};

/// A database that counts its calls, keeps their SQL and can be switched off.
pub struct Counted {
    pub(crate) inner: Direct<Embedded>,
    /// Calls so far.
    pub calls: Cell<u32>,
    /// The SQL of every statement so far.
    pub statements: RefCell<BTreeSet<String>>,
    /// What goes wrong with the next calls.
    pub fault: Cell<Fault>,
    /// How many turns each of the next commits waits, so that a test says which of several requests comes first.
    pub turns: RefCell<VecDeque<u32>>,
}

/// What goes wrong. The last three are about commits only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is wrong.
    None,
    /// It does not answer.
    Down,
    /// It answers no read.
    ReadsDown,
    /// It does the work and the answer is lost.
    AnswerLost,
    /// The line is cut: this step of the transaction and those after it never run. Counts round and round, with one
    /// more than the steps for a line that is cut after the last.
    CutBefore(usize),
    /// This statement of the work fails as none should. Counts round and round.
    StepFails(usize),
}

impl Counted {
    /// The database, with nothing wrong.
    pub fn new(inner: Embedded) -> Self {
        Self {
            inner: Direct(inner),
            calls: Cell::new(0),
            statements: RefCell::default(),
            fault: Cell::new(Fault::None),
            turns: RefCell::default(),
        }
    }

    fn count<'a>(&self, statements: impl IntoIterator<Item = &'a Statement>) -> Result<(), DatabaseError> {
        self.calls.set(self.calls.get() + 1);
        let mut seen = self.statements.borrow_mut();
        for statement in statements {
            if !seen.contains(statement.sql.as_ref()) {
                seen.insert(statement.sql.clone().into_owned());
            }
        }
        match self.fault.get() {
            Fault::Down => Err(DatabaseError::Unavailable("switched off by the test".to_owned())),
            _ => Ok(()),
        }
    }

    async fn cut(&self, frame: Frame, step: usize) -> DatabaseError {
        let mut script = group::merge(vec![frame]).script;
        let end = step.checked_rem(script.steps.len() + 1).unwrap_or_default();
        script.steps.truncate(end);
        match self.inner.0.run(&script).await {
            Ok(_) => DatabaseError::OutcomeUnknown("the test cut the line".to_owned()),
            Err(error) => error,
        }
    }
}

/// Spoils a statement that is always run: not one behind a gate, nor the gate's probe, whose failure means that there is
/// no reason for what is behind it.
fn spoil(frame: &mut Frame, step: usize) {
    let gates = std::mem::take(&mut frame.gates);
    let is_always_run = |number: &usize| !gates.iter().any(|gate| (gate.probe..gate.end).contains(number));
    let always: Vec<usize> = (0..frame.work.len()).filter(is_always_run).collect();
    frame.gates = gates;
    let step = step.checked_rem(always.len()).and_then(|step| always.get(step));
    if let Some(statement) = step.and_then(|step| frame.work.get_mut(*step)) {
        *statement = Statement::plain("SELECT spoiled_by_the_test");
    }
}

#[async_trait(?Send)]
impl Database for Counted {
    async fn read(&self, statement: Statement) -> Result<Rows, DatabaseError> {
        self.count([&statement])?;
        if self.fault.get() == Fault::ReadsDown {
            return Err(DatabaseError::Unavailable("reads are switched off by the test".to_owned()));
        }
        let rows = self.inner.read(statement).await;
        // Like an answer that is on its way: requests that are sent together get to see the same state.
        tokio::task::yield_now().await;
        rows
    }

    async fn commit(&self, mut frame: Frame) -> Result<FrameResult, DatabaseError> {
        let turns = self.turns.borrow_mut().pop_front();
        for _ in 0..turns.unwrap_or_default() {
            tokio::task::yield_now().await;
        }
        self.count(frame.prelude.iter().chain(&frame.work).chain(&frame.otherwise))?;
        match self.fault.get() {
            Fault::CutBefore(step) => return Err(self.cut(frame, step).await),
            Fault::StepFails(step) => spoil(&mut frame, step),
            Fault::None | Fault::Down | Fault::ReadsDown | Fault::AnswerLost => {}
        }
        let result = self.inner.commit(frame).await;
        match self.fault.get() {
            Fault::AnswerLost => Err(DatabaseError::OutcomeUnknown("the test lost it".to_owned())),
            _ => result,
        }
    }
}
