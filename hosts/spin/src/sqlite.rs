//! Spin's SQLite as a connection of the ports.
//!
//! Guarantees: every script runs on a connection of its own, so that requests that share an instance never share a
//! transaction; foreign keys are enforced; a statement's rows and its end are read before the next one starts.
//! Relies on: `spin:sqlite`, where every `open` is a new connection, its end rolls back, and a statement's failure
//! arrives after its rows.

use crate::clock::SystemClock;
use crate::steps::{self, Session};
use crate::turn::Turn;
use async_trait::async_trait;
use spin_sdk::sqlite::{self, Error};
use std::cell::Cell;
use std::time::Duration;
use storeroom_ports::{Clock, Connection, DatabaseError};
use storeroom_sql::{Rows, Script, Statement, StepResult, Value};

/// How long another instance's write is waited for.
const LONGEST_WAIT_MS: i64 = 10_000;
/// How often it is looked whether that write has ended: less than an instance leaves the database alone between two, so
/// that instances take turns.
const POLL: Duration = Duration::from_millis(2);

/// SQLite's own waiting looks ever more seldom, and so waits for as long as others are busy.
const NO_WAITING: Statement = Statement::plain("PRAGMA busy_timeout = 0");
const FOREIGN_KEYS: Statement = Statement::plain("PRAGMA foreign_keys = ON");
const WAL: Statement = Statement::plain("PRAGMA journal_mode = WAL");

thread_local! {
    /// Whether this instance has asked for the write-ahead log, which then stays with the file.
    static ASKED_FOR_WAL: Cell<bool> = const { Cell::new(false) };
}

/// The database `default`.
pub struct Sqlite;

#[async_trait(?Send)]
impl Connection for Sqlite {
    async fn run(&self, script: &Script) -> Result<Vec<StepResult>, DatabaseError> {
        // One statement is a read: it waits for nobody and needs no foreign keys.
        if script.steps.len() <= 1 {
            return steps::run(&Opened::open().await?, script).await;
        }
        let turn = Turn::take().await.ok_or_else(too_many_writes)?;
        let session = Opened::open().await?;
        session.prepare().await?;
        let until_ms = SystemClock.now().ms().saturating_add(LONGEST_WAIT_MS);
        loop {
            let begun_ms = SystemClock.now().ms();
            let results = steps::run(&session, script).await;
            let now_ms = SystemClock.now().ms();
            if !never_began(&results) || now_ms > until_ms {
                turn.give_way(now_ms.saturating_sub(begun_ms)).await;
                return results;
            }
            spin_sdk::time::sleep(POLL).await;
        }
    }
}

/// Whether another instance held the database all the while, so that nothing was done.
fn never_began(results: &Result<Vec<StepResult>, DatabaseError>) -> bool {
    let first = results.as_ref().ok().and_then(|results| results.first());
    matches!(first, Some(StepResult::Failed(message)) if message.contains("database is locked"))
}

fn too_many_writes() -> DatabaseError {
    DatabaseError::Unavailable("too many writes are waiting".to_owned())
}

struct Opened(sqlite::Connection);

impl Opened {
    async fn open() -> Result<Self, DatabaseError> {
        let opened = sqlite::Connection::open_default().await;
        opened.map(Self).map_err(|error| DatabaseError::Unavailable(message(error)))
    }

    async fn prepare(&self) -> Result<(), DatabaseError> {
        self.execute(&FOREIGN_KEYS).await.map_err(DatabaseError::Unavailable)?;
        self.execute(&NO_WAITING).await.map_err(DatabaseError::Unavailable)?;
        if !ASKED_FOR_WAL.replace(true) {
            // It makes writes faster and lets reads go on meanwhile; without it all is right, too.
            drop(self.execute(&WAL).await);
        }
        Ok(())
    }
}

#[async_trait(?Send)]
impl Session for Opened {
    async fn execute(&self, statement: &Statement) -> Result<Rows, String> {
        let arguments = statement.args.iter().cloned().map(to_spin);
        let result = self.0.execute(&statement.sql, arguments).await.map_err(message)?;
        let rows = result.collect().await.map_err(message)?;
        Ok(Rows(rows.into_iter().map(|row| row.values.into_iter().map(from_spin).collect()).collect()))
    }
}

fn to_spin(value: Value) -> sqlite::Value {
    match value {
        Value::Null => sqlite::Value::Null,
        Value::Integer(number) => sqlite::Value::Integer(number),
        Value::Real(number) => sqlite::Value::Real(number),
        Value::Text(text) => sqlite::Value::Text(text),
        Value::Blob(bytes) => sqlite::Value::Blob(bytes),
    }
}

fn from_spin(value: sqlite::Value) -> Value {
    match value {
        sqlite::Value::Null => Value::Null,
        sqlite::Value::Integer(number) => Value::Integer(number),
        sqlite::Value::Real(number) => Value::Real(number),
        sqlite::Value::Text(text) => Value::Text(text),
        sqlite::Value::Blob(bytes) => Value::Blob(bytes),
    }
}

/// SQLite's own message where there is one, because it tells which constraint failed.
fn message(error: Error) -> String {
    match error {
        Error::Io(message) => message,
        other => other.to_string(),
    }
}
