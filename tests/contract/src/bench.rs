//! What every case works on: a database with the real schema and a few tables of its own, and a scope in them.
//!
//! Guarantees: cases share a database without meeting, because each keeps to rows that carry its scope.

use async_trait::async_trait;
use std::rc::Rc;
use storeroom_ports::{Connection, Database, DatabaseError, Direct};
use storeroom_sql::{
    Args, Batch, Frame, FrameResult, Outcome, Refused, Rows, Script, Statement, StepResult, Value,
};

/// The tables of the cases themselves. `late_parts` has what the real schema must not have, so that a COMMIT fails.
pub const SCRATCH: &str = "
    CREATE TABLE things (scope TEXT NOT NULL, name TEXT NOT NULL,
        amount INTEGER NOT NULL CONSTRAINT amount_not_negative CHECK (amount >= 0),
        PRIMARY KEY (scope, name)) STRICT;
    CREATE TABLE parts (scope TEXT NOT NULL, thing TEXT NOT NULL,
        FOREIGN KEY (scope, thing) REFERENCES things (scope, name)) STRICT;
    CREATE TABLE late_parts (scope TEXT NOT NULL, thing TEXT NOT NULL,
        FOREIGN KEY (scope, thing) REFERENCES things (scope, name) DEFERRABLE INITIALLY DEFERRED) STRICT;
    CREATE TABLE cells (scope TEXT NOT NULL, number INTEGER NOT NULL, value ANY) STRICT;";

/// A database and a place in it.
#[derive(Clone)]
pub struct Bench {
    /// The way to the database.
    pub connection: Rc<dyn Connection>,
    /// What sets the case's rows apart.
    pub scope: &'static str,
}

struct Shared(Rc<dyn Connection>);

#[async_trait(?Send)]
impl Connection for Shared {
    async fn run(&self, script: &Script) -> Result<Vec<StepResult>, DatabaseError> {
        self.0.run(script).await
    }
}

impl Bench {
    /// The same place over another connection.
    pub fn over(&self, connection: impl Connection + 'static) -> Self {
        Self { connection: Rc::new(connection), scope: self.scope }
    }

    /// The database as functions see it.
    pub fn database(&self) -> impl Database {
        Direct(Shared(Rc::clone(&self.connection)))
    }

    /// The scope as an argument.
    pub fn args(&self) -> Args {
        Args::new().with("scope", self.scope)
    }

    /// A statement that may name `:scope`.
    pub fn sql(&self, sql: impl Into<String>) -> Statement {
        Statement::bind(sql.into(), &self.args()).unwrap()
    }

    /// Adds a thing; refused when there is one of that name.
    pub fn add(&self, name: &str) -> Statement {
        self.sql(format!("INSERT INTO things VALUES (:scope, '{name}', 1)"))
    }

    /// Fails unless the condition is true.
    pub fn guard(&self, condition: &str) -> Statement {
        self.sql(format!("INSERT INTO guard SELECT coalesce(({condition}), 0)"))
    }

    /// A read.
    pub async fn rows(&self, statement: Statement) -> Rows {
        self.database().read(statement).await.unwrap()
    }

    /// A read of one value.
    pub async fn value(&self, sql: &str) -> Value {
        self.rows(self.sql(sql)).await.get(0, 0).cloned().unwrap()
    }

    /// The names of the case's things, in order, joined by blanks.
    pub async fn names(&self) -> String {
        let names = "SELECT coalesce(group_concat(name, ' '), '') \
            FROM (SELECT name FROM things WHERE scope = :scope ORDER BY name)";
        match self.value(names).await {
            Value::Text(names) => names,
            other => panic!("{other:?}"),
        }
    }

    /// Commits one frame.
    pub async fn commit(&self, frame: Frame) -> Result<FrameResult, DatabaseError> {
        self.database().commit(frame).await
    }

    /// Commits several frames as one group.
    pub async fn commit_all(&self, frames: Vec<Frame>) -> Result<Vec<FrameResult>, DatabaseError> {
        storeroom_ports::database::commit_group(self.connection.as_ref(), frames).await
    }

    /// Commits a batch.
    pub async fn batch(&self, batch: &Batch) -> Result<Outcome, Refused> {
        batch.interpret(self.commit(batch.frame().unwrap()).await.unwrap())
    }

    /// Fails unless a write goes through at once: no transaction was left open and no lock was kept.
    pub async fn can_write(&self) {
        let touch = self.sql("INSERT INTO cells VALUES (:scope, -1, NULL) RETURNING number");
        let done = FrameResult::Done(vec![Rows(vec![vec![Value::from(-1)]])]);
        assert_eq!(self.commit(work([touch])).await, Ok(done));
    }
}

/// A frame of work alone.
pub fn work(statements: impl Into<Vec<Statement>>) -> Frame {
    Frame { work: statements.into(), ..Frame::default() }
}

/// Whether the frame was done.
pub fn is_done(result: &FrameResult) -> bool {
    matches!(result, FrameResult::Done(_))
}

/// The message with which a frame was refused.
pub fn refusal(result: &FrameResult) -> &str {
    match result {
        FrameResult::Refused { message, .. } => message,
        FrameResult::Done(_) => panic!("the frame was done"),
    }
}
