//! Embedded libSQL: a database file in this process.
//!
//! Guarantees: each script runs on a connection of its own, with foreign keys on, and the transaction that it leaves
//! open is rolled back; a writer waits at most `BUSY_LIMIT` for another; messages are SQLite's own words.
//! Relies on: crate `libsql` (SQLite 3.47), whose local calls finish before they yield, so two scripts on one thread
//! never wait for each other. A text that holds a NUL character comes back cut at it.

use async_trait::async_trait;
use libsql::params::Params;
use std::path::{Path, PathBuf};
use std::time::Duration;
use storeroom_ports::{Connection, DatabaseError};
use storeroom_sql::{Rows, Script, Statement, StepResult, Value};
use tempfile::TempDir;

const BUSY_LIMIT: Duration = Duration::from_secs(5);

/// The folder of the migrations in this checkout.
pub const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");

/// A database file.
pub struct Embedded {
    database: libsql::Database,
    // Goes with its files when the database does.
    _folder: Option<TempDir>,
}

impl Embedded {
    /// The database in that file, which is made when it is not there.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, DatabaseError> {
        let database = libsql::Builder::new_local(path).build().await.map_err(down)?;
        let embedded = Self { database, _folder: None };
        embedded.execute_script("PRAGMA journal_mode = WAL;").await?;
        Ok(embedded)
    }

    /// An empty database in a folder of its own, which goes with it.
    pub async fn temporary() -> Result<Self, DatabaseError> {
        let folder = tempfile::Builder::new().prefix("storeroom-").tempdir();
        let folder = folder.map_err(|error| DatabaseError::Unavailable(error.to_string()))?;
        let mut embedded = Self::open(folder.path().join("database.sqlite")).await?;
        embedded._folder = Some(folder);
        Ok(embedded)
    }

    /// A temporary database with the schema of this checkout.
    ///
    /// # Panics
    /// When this machine cannot make one: a test has nothing to go on with.
    #[allow(clippy::panic, reason = "a test bed without a database is a failed test")]
    pub async fn migrated() -> Self {
        let made = async {
            let embedded = Self::temporary().await?;
            embedded.migrate(MIGRATIONS).await?;
            Ok::<_, DatabaseError>(embedded)
        };
        made.await.unwrap_or_else(|error| panic!("no migrated database: {error:?}"))
    }

    /// Runs statements that take no arguments and give no rows.
    pub async fn execute_script(&self, sql: &str) -> Result<(), DatabaseError> {
        let connection = self.connect().await?;
        connection.execute_batch(sql).await.map_err(failed)?;
        Ok(())
    }

    /// Applies every `.sql` file of the folder, in the order of their names.
    pub async fn migrate(&self, folder: impl AsRef<Path>) -> Result<(), DatabaseError> {
        for file in sql_files(folder.as_ref()).map_err(unreadable)? {
            let sql = std::fs::read_to_string(file).map_err(unreadable)?;
            self.execute_script(&sql).await?;
        }
        Ok(())
    }

    async fn connect(&self) -> Result<libsql::Connection, DatabaseError> {
        let connection = self.database.connect().map_err(down)?;
        connection.busy_timeout(BUSY_LIMIT).map_err(down)?;
        connection.execute("PRAGMA foreign_keys = ON", ()).await.map_err(down)?;
        // A test's data need not survive the machine, so no commit waits for the disk.
        connection.execute("PRAGMA synchronous = OFF", ()).await.map_err(down)?;
        Ok(connection)
    }
}

#[async_trait(?Send)]
impl Connection for Embedded {
    async fn run(&self, script: &Script) -> Result<Vec<StepResult>, DatabaseError> {
        let connection = self.connect().await?;
        let mut results = Vec::with_capacity(script.steps.len());
        for step in &script.steps {
            let autocommit = connection.is_autocommit();
            let runs = step.condition.as_ref().is_none_or(|condition| condition.holds(&results, autocommit));
            results.push(if runs {
                run_step(&connection, &step.statement).await
            } else {
                StepResult::Skipped
            });
        }
        if !connection.is_autocommit() {
            connection.execute("ROLLBACK", ()).await.map_err(down)?;
        }
        Ok(results)
    }
}

async fn run_step(connection: &libsql::Connection, statement: &Statement) -> StepResult {
    match rows(connection, statement).await {
        Ok(rows) => StepResult::Done(rows),
        Err(error) => StepResult::Failed(message(error)),
    }
}

async fn rows(connection: &libsql::Connection, statement: &Statement) -> libsql::Result<Rows> {
    let args = statement.args.iter().map(to_libsql).collect();
    let mut found = connection.query(&statement.sql, Params::Positional(args)).await?;
    let mut rows = Vec::new();
    // A statement that has ended would start again if it were asked once more.
    while let Some(row) = found.next().await? {
        let values = (0..row.column_count()).map(|column| row.get_value(column).map(from_libsql));
        rows.push(values.collect::<libsql::Result<_>>()?);
    }
    Ok(Rows(rows))
}

fn to_libsql(value: &Value) -> libsql::Value {
    match value {
        Value::Null => libsql::Value::Null,
        Value::Integer(number) => libsql::Value::Integer(*number),
        Value::Real(float) => libsql::Value::Real(*float),
        Value::Text(text) => libsql::Value::Text(text.clone()),
        Value::Blob(bytes) => libsql::Value::Blob(bytes.clone()),
    }
}

fn from_libsql(value: libsql::Value) -> Value {
    match value {
        libsql::Value::Null => Value::Null,
        libsql::Value::Integer(number) => Value::Integer(number),
        libsql::Value::Real(float) => Value::Real(float),
        libsql::Value::Text(text) => Value::Text(text),
        libsql::Value::Blob(bytes) => Value::Blob(bytes),
    }
}

fn sql_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files = entries.collect::<std::io::Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    Ok(files)
}

/// SQLite's words, without libsql's around them.
fn message(error: libsql::Error) -> String {
    match error {
        libsql::Error::SqliteFailure(_, message) => message,
        other => other.to_string(),
    }
}

fn failed(error: libsql::Error) -> DatabaseError {
    DatabaseError::Failed(message(error))
}

fn down(error: libsql::Error) -> DatabaseError {
    DatabaseError::Unavailable(message(error))
}

fn unreadable(error: std::io::Error) -> DatabaseError {
    DatabaseError::Failed(format!("the migrations cannot be read: {error}"))
}
