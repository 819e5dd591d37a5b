//! Due work: what its runners share, which have no request to stand on.
//!
//! Guarantees: a commit says when something is due next; a refusal that nobody foresaw is a line of the log, one that
//! was foreseen means that another runner was faster; a writer lets what clients wait for go first.

use crate::{DatabaseError, Level, Ports};
use serde_json::json;
use storeroom_operations::Problem;
use storeroom_sql::settle::NEXT_DUE;
use storeroom_sql::{Args, Batch, MissingArgument, Outcome, Rows, Statement};

/// The rows of a query.
pub async fn read(ports: &Ports, sql: &'static str, args: &Args) -> Result<Rows, DatabaseError> {
    ports.database.read(Statement::bind(sql, args).map_err(missing)?).await
}

/// The texts of a query of one column, such as the stores that have something due.
pub async fn texts(ports: &Ports, sql: &'static str, args: &Args) -> Result<Vec<String>, DatabaseError> {
    let rows = read(ports, sql, args).await?;
    Ok((0..rows.0.len()).filter_map(|row| rows.text(row, 0)).map(str::to_owned).collect())
}

/// Commits a batch; whether it was done. `failure` is the log's message when it could not be, `about` the name and
/// the value of what it was about.
pub async fn commit(
    ports: &Ports,
    batch: Batch,
    failure: &str,
    about: (&str, &str),
) -> Result<bool, DatabaseError> {
    commit_and_tell(ports, batch, failure, about).await.map(|outcome| outcome.is_some())
}

/// Commits as `commit` does; the rows of the batch's queries, if it was done.
pub async fn commit_and_tell(
    ports: &Ports,
    batch: Batch,
    failure: &str,
    about: (&str, &str),
) -> Result<Option<Outcome>, DatabaseError> {
    try_commit(ports, batch, failure, about).await.map(Result::ok)
}

/// Commits as `commit_and_tell` does; why not, if it was not done.
pub async fn try_commit(
    ports: &Ports,
    mut batch: Batch,
    failure: &str,
    about: (&str, &str),
) -> Result<Result<Outcome, Problem>, DatabaseError> {
    batch.due(NEXT_DUE);
    batch.let_others_first();
    let result = ports.database.commit(batch.frame().map_err(missing)?).await?;
    match batch.interpret(result) {
        Ok(outcome) => Ok(Ok(outcome)),
        Err(refused) => {
            if let Some(detail) = refused.unforeseen.as_deref() {
                log(ports, failure, about, detail);
            }
            Ok(Err(refused.problem))
        }
    }
}

/// Writes a line that something went wrong.
pub fn log(ports: &Ports, message: &str, (name, value): (&str, &str), detail: &str) {
    let time = ports.clock.now().to_string();
    let line = json!({"time": time, "level": "error", "message": message, name: value, "detail": detail});
    ports.log.line(Level::Error, &line.to_string());
}

fn missing(argument: MissingArgument) -> DatabaseError {
    DatabaseError::Failed(format!("no value for :{}", argument.0))
}
