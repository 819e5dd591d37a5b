//! SQLite connections and statements, as Spin's file backend runs them; nothing here knows of WebAssembly.
//!
//! Guarantees: a connection is its own and opens its file at the first statement; dropping the last handle closes it
//! and rolls back what was not committed; a statement holds its connection until its rows are read or dropped. Every
//! failure of a statement, also one of syntax, arrives after its rows, not before them.
//! Relies on being called inside a tokio runtime, since statements block a thread of it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::{Value as Stored, ValueRef};
use tokio::sync::{mpsc, oneshot};

use crate::bindings::spin::sqlite::sqlite::{Error, QueryResult, RowResult, Value};

/// How long a statement waits for another connection's lock: what Spin gets from its driver's default.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Rows that a statement may be ahead of its reader. With five rows unread the next statement on the same connection
/// waits for ever, here as in Spin, so that a component that forgets to read fails its tests.
const ROWS_AHEAD: usize = 4;

/// The result of work on a connection.
pub type Outcome<T> = Result<T, Error>;

/// A handle to one connection; clones share it.
#[derive(Debug, Clone)]
pub struct Connection {
    file: Arc<PathBuf>,
    opened: Arc<Mutex<Option<rusqlite::Connection>>>,
}

/// A running statement.
pub struct Running {
    /// The names of the columns; empty when the statement could not be prepared.
    pub columns: Vec<String>,
    /// The rows as they are read.
    pub rows: mpsc::Receiver<RowResult>,
    /// How the statement ended.
    pub outcome: oneshot::Receiver<Outcome<()>>,
}

impl Connection {
    /// A new connection to `file`, not yet opened.
    pub fn new(file: Arc<PathBuf>) -> Self {
        Self { file, opened: Arc::default() }
    }

    /// Runs `work` on the connection in a thread that may block.
    pub async fn run<R, W>(&self, work: W) -> Outcome<R>
    where
        R: Send + 'static,
        W: FnOnce(&rusqlite::Connection) -> Outcome<R> + Send + 'static,
    {
        let connection = self.clone();
        let task = tokio::task::spawn_blocking(move || connection.locked(work));
        task.await.unwrap_or_else(|error| Err(Error::Io(error.to_string())))
    }

    /// Starts a statement; returns as soon as its columns are known or it failed.
    pub async fn start(&self, statement: String, parameters: Vec<Value>) -> Running {
        let (columns_out, columns) = oneshot::channel();
        let (rows_out, rows) = mpsc::channel(ROWS_AHEAD);
        let (outcome_out, outcome) = oneshot::channel();
        let connection = self.clone();
        tokio::task::spawn_blocking(move || {
            let ended = connection.locked(|opened| {
                let mut columns_out = Some(columns_out);
                let tell = |names| drop(columns_out.take().map(|out| out.send(names)));
                step(opened, &statement, parameters, tell, |row| rows_out.blocking_send(row).is_ok())
            });
            drop(rows_out);
            drop(outcome_out.send(ended));
        });
        Running { columns: columns.await.unwrap_or_default(), rows, outcome }
    }

    /// Runs a statement to its end and collects its rows.
    pub async fn collect(&self, statement: String, parameters: Vec<Value>) -> Outcome<QueryResult> {
        self.run(move |opened| {
            let (mut columns, mut rows) = (Vec::new(), Vec::new());
            let keep = |row| {
                rows.push(row);
                true
            };
            step(opened, &statement, parameters, |names| columns = names, keep)?;
            Ok(QueryResult { columns, rows })
        })
        .await
    }

    fn locked<R>(&self, work: impl FnOnce(&rusqlite::Connection) -> Outcome<R>) -> Outcome<R> {
        let mut slot = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = match &mut *slot {
            Some(opened) => opened,
            empty => empty.insert(open(&self.file).map_err(io)?),
        };
        work(opened)
    }
}

fn open(file: &PathBuf) -> rusqlite::Result<rusqlite::Connection> {
    let opened = rusqlite::Connection::open(file)?;
    opened.busy_timeout(BUSY_TIMEOUT)?;
    Ok(opened)
}

/// Runs one statement; stops early, without an error, when `take` wants no more rows.
fn step(
    opened: &rusqlite::Connection,
    statement: &str,
    parameters: Vec<Value>,
    tell: impl FnOnce(Vec<String>),
    mut take: impl FnMut(RowResult) -> bool,
) -> Outcome<()> {
    let mut prepared = opened.prepare_cached(statement).map_err(io)?;
    let width = prepared.column_count();
    tell(prepared.column_names().into_iter().map(str::to_owned).collect());
    let parameters = rusqlite::params_from_iter(parameters.into_iter().map(to_stored));
    let mut rows = prepared.query(parameters).map_err(io)?;
    while let Some(row) = rows.next().map_err(io)? {
        if !take(read(row, width).map_err(io)?) {
            break;
        }
    }
    Ok(())
}

fn read(row: &rusqlite::Row<'_>, width: usize) -> rusqlite::Result<RowResult> {
    let values =
        (0..width).map(|column| from_stored(row.get_ref(column)?)).collect::<rusqlite::Result<_>>()?;
    Ok(RowResult { values })
}

fn from_stored(value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Text(_) => Value::Text(value.as_str()?.to_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

fn to_stored(value: Value) -> Stored {
    match value {
        Value::Null => Stored::Null,
        Value::Integer(integer) => Stored::Integer(integer),
        Value::Real(real) => Stored::Real(real),
        Value::Text(text) => Stored::Text(text),
        Value::Blob(bytes) => Stored::Blob(bytes),
    }
}

fn io(error: rusqlite::Error) -> Error {
    Error::Io(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) SELECT i FROM n";

    fn in_memory() -> Connection {
        Connection::new(Arc::new(":memory:".into()))
    }

    async fn run(connection: &Connection, statement: &str) {
        connection.collect(statement.to_owned(), Vec::new()).await.unwrap();
    }

    #[tokio::test]
    async fn every_kind_of_value_comes_back_as_it_was() {
        let connection = in_memory();
        let given = || {
            let text = Value::Text("tëxt".to_owned());
            vec![Value::Null, Value::Integer(i64::MIN), Value::Real(0.5), text, Value::Blob(vec![0, 255])]
        };
        let result =
            connection.collect("SELECT ?1, ?2, ?3, ?4, ?5 AS last".to_owned(), given()).await.unwrap();
        assert_eq!(format!("{:?}", result.rows[0].values), format!("{:?}", given()));
        assert_eq!(result.columns[4], "last");
    }

    #[tokio::test]
    async fn a_failure_arrives_after_the_rows() {
        let connection = in_memory();
        let mut running = connection.start("SELEKT 1".to_owned(), Vec::new()).await;
        assert!(running.columns.is_empty());
        assert!(running.rows.recv().await.is_none());
        assert!(matches!(running.outcome.await.unwrap(), Err(Error::Io(_))));
    }

    #[tokio::test]
    async fn the_next_statement_waits_only_while_five_rows_are_unread() {
        let connection = in_memory();
        for (rows, waits, patience_ms) in [(4, false, 10_000), (5, true, 300)] {
            let unread = connection.start(NUMBERS.to_owned(), vec![Value::Integer(rows)]).await;
            let next = connection.start("SELECT 1".to_owned(), Vec::new());
            let stuck = tokio::time::timeout(Duration::from_millis(patience_ms), next).await.is_err();
            assert_eq!(stuck, waits, "{rows} unread rows");
            drop(unread);
        }
    }

    #[tokio::test]
    async fn a_dropped_connection_rolls_back_and_frees_the_file() {
        let file = Arc::new(std::env::temp_dir().join(format!("{}-rollback.db", std::process::id())));
        let (first, second) = (Connection::new(file.clone()), Connection::new(file.clone()));
        run(&first, "CREATE TABLE t (a)").await;
        run(&first, "BEGIN IMMEDIATE").await;
        run(&first, "INSERT INTO t VALUES (1)").await;
        drop(first);
        run(&second, "BEGIN IMMEDIATE").await;
        let count = second.collect("SELECT count(*) FROM t".to_owned(), Vec::new()).await.unwrap();
        assert!(matches!(count.rows[0].values[0], Value::Integer(0)));
        std::fs::remove_file(&*file).unwrap();
    }
}
