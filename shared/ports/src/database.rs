//! The database as functions see it, and the adapter for hosts that have no writer in between.
//!
//! Guarantees: one call is one round trip; a `commit` that answers has been committed or has left nothing.
//! Relies on: the host's `Connection` for running a script on one connection of its own.

use async_trait::async_trait;
use storeroom_sql::group::{self, NotCommitted};
use storeroom_sql::{Frame, FrameResult, Rows, Script, Statement, StepResult};

/// Why there is no result. The texts are for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseError {
    /// Nothing was done: it is down, overloaded or locked.
    Unavailable(String),
    /// It is not known whether it was done.
    OutcomeUnknown(String),
    /// A read failed in SQL: a fault in the program.
    Failed(String),
}

/// A store's data.
#[async_trait(?Send)]
pub trait Database {
    /// Runs one statement that changes nothing.
    async fn read(&self, statement: Statement) -> Result<Rows, DatabaseError>;
    /// Runs a frame as a transaction.
    async fn commit(&self, frame: Frame) -> Result<FrameResult, DatabaseError>;
}

/// A way to run scripts.
#[async_trait(?Send)]
pub trait Connection {
    /// Runs the script on a connection that nobody else uses meanwhile. A transaction that it leaves open is rolled
    /// back. One result a step.
    async fn run(&self, script: &Script) -> Result<Vec<StepResult>, DatabaseError>;
}

/// A database whose commits go straight to the connection, one frame a transaction.
pub struct Direct<C>(pub C);

#[async_trait(?Send)]
impl<C: Connection> Database for Direct<C> {
    async fn read(&self, statement: Statement) -> Result<Rows, DatabaseError> {
        read(&self.0, statement).await
    }

    async fn commit(&self, frame: Frame) -> Result<FrameResult, DatabaseError> {
        let mut results = commit_group(&self.0, vec![frame]).await?;
        results.pop().ok_or_else(|| DatabaseError::OutcomeUnknown("no result for the frame".to_owned()))
    }
}

/// One statement that changes nothing, over any connection.
pub async fn read(connection: &dyn Connection, statement: Statement) -> Result<Rows, DatabaseError> {
    let script = Script::single(statement);
    let results = connection.run(&script).await.map_err(nothing_was_done)?;
    match results.into_iter().next() {
        Some(StepResult::Done(rows)) => Ok(rows),
        Some(StepResult::Failed(message)) if is_busy(&message) => Err(DatabaseError::Unavailable(message)),
        Some(StepResult::Failed(message)) => Err(DatabaseError::Failed(message)),
        Some(StepResult::Skipped) | None => Err(DatabaseError::Unavailable("no result".to_owned())),
    }
}

/// Several frames as one transaction, over any connection: each frame's result, in order.
pub async fn commit_group(
    connection: &dyn Connection,
    frames: Vec<Frame>,
) -> Result<Vec<FrameResult>, DatabaseError> {
    let group = group::merge(frames);
    let results = connection.run(&group.script).await?;
    if results.len() != group.script.steps.len() {
        let detail = format!("{} results for {} steps", results.len(), group.script.steps.len());
        return Err(DatabaseError::OutcomeUnknown(detail));
    }
    group.split(&results).map_err(|NotCommitted(message)| DatabaseError::Unavailable(message))
}

/// For a read it does not matter whether the server got it.
fn nothing_was_done(error: DatabaseError) -> DatabaseError {
    match error {
        DatabaseError::OutcomeUnknown(detail) => DatabaseError::Unavailable(detail),
        other => other,
    }
}

fn is_busy(message: &str) -> bool {
    message.contains("database is locked") || message.contains("database is busy")
}
