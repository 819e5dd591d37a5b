//! Embedded libSQL: a database file in this process.
//!
//! Guarantees: each script has its connection for itself, with foreign keys on, and the transaction that it leaves
//! open is rolled back; a writer waits at most `BUSY_LIMIT` for another; messages are SQLite's own words.
//! Relies on: crate `libsql` (SQLite 3.47), whose local calls finish before they yield, so two scripts on one thread
//! never wait for each other. A text that holds a NUL character comes back cut at it.
//!
//! A connection is kept for the next script with its statements, because to read the schema and to prepare a batch
//! anew takes about ten times as long as to run it.

use async_trait::async_trait;
use libsql::params::Params;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use storeroom_ports::{Connection, DatabaseError};
use storeroom_sql::{Rows, Script, Statement, StepResult, Value};
use tempfile::TempDir;

const BUSY_LIMIT: Duration = Duration::from_secs(5);
/// Most statements that a connection keeps: more than the service has, so that only texts that vary are forgotten.
const MAX_KEPT: usize = 1_000;

/// The folder of the migrations in this checkout.
pub const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");

/// A connection with the statements that ran on it, by their SQL.
struct Warm {
    // Before the connection, so that they go first.
    statements: BTreeMap<String, libsql::Statement>,
    connection: libsql::Connection,
}

/// A database file.
pub struct Embedded {
    database: libsql::Database,
    /// The connection that no script uses now.
    idle: RefCell<Option<Warm>>,
    // Goes with its files when the database does.
    _folder: Option<TempDir>,
}

impl Embedded {
    /// The database in that file, which is made when it is not there.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, DatabaseError> {
        let database = libsql::Builder::new_local(path).build().await.map_err(down)?;
        let embedded = Self { database, idle: RefCell::default(), _folder: None };
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
        let idle = self.idle.take();
        let mut warm = match idle {
            Some(warm) => warm,
            None => Warm { statements: BTreeMap::new(), connection: self.connect().await? },
        };
        let mut results = Vec::with_capacity(script.steps.len());
        for step in &script.steps {
            let autocommit = warm.connection.is_autocommit();
            let runs = step.condition.as_ref().is_none_or(|condition| condition.holds(&results, autocommit));
            results.push(if runs { warm.run_step(&step.statement).await } else { StepResult::Skipped });
        }
        if !warm.connection.is_autocommit() {
            warm.connection.execute("ROLLBACK", ()).await.map_err(down)?;
        }
        self.idle.replace(Some(warm));
        Ok(results)
    }
}

impl Warm {
    async fn run_step(&mut self, statement: &Statement) -> StepResult {
        match self.rows(statement).await {
            Ok(rows) => StepResult::Done(rows),
            Err(error) => StepResult::Failed(message(error)),
        }
    }

    async fn rows(&mut self, statement: &Statement) -> libsql::Result<Rows> {
        let args = statement.args.iter().map(to_libsql).collect();
        let prepared = self.prepared(&statement.sql).await?;
        let rows = rows(prepared, Params::Positional(args)).await;
        // A statement that is not reset keeps its locks.
        prepared.reset();
        rows
    }

    async fn prepared(&mut self, sql: &str) -> libsql::Result<&libsql::Statement> {
        if !self.statements.contains_key(sql) {
            if self.statements.len() >= MAX_KEPT {
                self.statements.clear();
            }
            let statement = self.connection.prepare(sql).await?;
            self.statements.insert(sql.to_owned(), statement);
        }
        self.statements.get(sql).ok_or(libsql::Error::QueryReturnedNoRows)
    }
}

async fn rows(prepared: &libsql::Statement, args: Params) -> libsql::Result<Rows> {
    let mut found = prepared.query(args).await?;
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
