//! The database as functions on the Worker see it: reads go straight to libSQL, writes through the writer.
//!
//! Guarantees: one call is one round trip; a commit that fails is `Unavailable` only when nothing was done.
//! Relies on: the `Writer` object being the only one that writes.

use crate::http_client::FetchHttp;
use crate::isolate::variable;
use crate::objects::{self, THE_WRITER, WRITERS};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use storeroom_hrana::Hrana;
use storeroom_ports::{Connection, Database, DatabaseError};
use storeroom_sql::{Frame, FrameResult, Rows, Statement};
use worker::Env;

/// How long one call of the database may take. A full group takes some 50 ms; sqld itself gives up after 5 s.
const CALL_TIMEOUT_MS: u32 = 10_000;

/// The database of a request.
pub struct WorkerDatabase {
    /// The way to the writer.
    pub env: Env,
    /// The way to libSQL.
    pub connection: Rc<dyn Connection>,
}

#[async_trait(?Send)]
impl Database for WorkerDatabase {
    async fn read(&self, statement: Statement) -> Result<Rows, DatabaseError> {
        storeroom_ports::database::read(self.connection.as_ref(), statement).await
    }

    async fn commit(&self, frame: Frame) -> Result<FrameResult, DatabaseError> {
        let body = serde_json::to_vec(&frame).map_err(|error| DatabaseError::Failed(error.to_string()))?;
        let answer = objects::post(&self.env, WRITERS, THE_WRITER, "/commit", &body).await;
        let answer = answer.map_err(|error| DatabaseError::OutcomeUnknown(error.to_string()))?;
        let answer: Committed = serde_json::from_slice(&answer)
            .map_err(|error| DatabaseError::OutcomeUnknown(format!("the writer's answer: {error}")))?;
        answer.into()
    }
}

/// The writer's answer to a frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Committed {
    /// The transaction was committed.
    Done(FrameResult),
    /// Nothing was done.
    Unavailable(String),
    /// It is not known whether it was done.
    Unknown(String),
    /// A fault in the program.
    Failed(String),
}

impl From<Result<FrameResult, DatabaseError>> for Committed {
    fn from(result: Result<FrameResult, DatabaseError>) -> Self {
        match result {
            Ok(result) => Self::Done(result),
            Err(DatabaseError::Unavailable(detail)) => Self::Unavailable(detail),
            Err(DatabaseError::OutcomeUnknown(detail)) => Self::Unknown(detail),
            Err(DatabaseError::Failed(detail)) => Self::Failed(detail),
        }
    }
}

impl From<Committed> for Result<FrameResult, DatabaseError> {
    fn from(answer: Committed) -> Self {
        match answer {
            Committed::Done(result) => Ok(result),
            Committed::Unavailable(detail) => Err(DatabaseError::Unavailable(detail)),
            Committed::Unknown(detail) => Err(DatabaseError::OutcomeUnknown(detail)),
            Committed::Failed(detail) => Err(DatabaseError::Failed(detail)),
        }
    }
}

/// The way to libSQL that the variables name; a sentence when they name none.
pub fn libsql(env: &Env) -> Result<Rc<dyn Connection>, String> {
    let url = variable(env, "DATABASE_URL").ok_or("DATABASE_URL is not set")?;
    if variable(env, "ENVIRONMENT").as_deref() != Some("local") && url.trim().starts_with("http:") {
        return Err("DATABASE_URL must be https: or libsql: outside local development".to_owned());
    }
    let token = variable(env, "DATABASE_TOKEN");
    let hrana = Hrana::new(Rc::new(FetchHttp), &url, token.as_deref(), CALL_TIMEOUT_MS);
    Ok(Rc::new(hrana.map_err(|error| format!("DATABASE_URL: {}", error.0))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_format_unchanged() {
        let done = Committed::Done(FrameResult::Done(vec![Rows(vec![])]));
        for (answer, text) in [
            (done, r#"{"Done":{"Done":[[]]}}"#),
            (Committed::Unavailable("x".into()), r#"{"Unavailable":"x"}"#),
            (Committed::Unknown("x".into()), r#"{"Unknown":"x"}"#),
            (Committed::Failed("x".into()), r#"{"Failed":"x"}"#),
        ] {
            assert_eq!(serde_json::to_string(&answer).unwrap(), text);
            assert_eq!(serde_json::from_str::<Committed>(text).unwrap(), answer);
        }
    }
}
