//! A script as the body of a pipeline call, and the answer's body as the results of its steps.
//!
//! Guarantees: pure; every kind of value survives the way there and back; an answer that does not tell of every step
//! is an error; errors hold no values of the data. Floats, of which the schema has none, may lose their last bit to
//! serde_json's quick parser, and infinite ones make the server refuse the batch, because JSON has none.
//! Relies on: the protocol types of `libsql-hrana`. Answers are read with `answer`, which takes the same JSON with
//! one copy of each text where the protocol's own types make three.

use crate::answer::{Pipeline, StreamResult};
use libsql_hrana::proto::{
    Batch, BatchCond, BatchCondList, BatchStep, BatchStreamReq, CloseStreamReq, Error, PipelineReqBody, Stmt,
    StreamRequest, Value as WireValue,
};
use storeroom_sql::{Condition, Script, ScriptStep, Statement, StepResult, Value};

/// Why an answer holds no results. The texts are for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// The server refused the batch, or rolled it back.
    NothingRan(String),
    /// The answer does not say what became of the batch.
    Nonsense(String),
}

/// The code of an answer that grew too large, which may happen after the last step of a batch was done.
const RESPONSE_TOO_LARGE: &str = "RESPONSE_TOO_LARGE";

/// What SQLite's own messages start with on sqld, and nowhere else.
const MESSAGE_PREFIX: &str = "SQLite error: ";

/// The body of the call that runs the script and closes its stream.
pub fn encode(script: &Script) -> Result<Vec<u8>, serde_json::Error> {
    let batch = Batch { steps: script.steps.iter().map(step).collect(), replication_index: None };
    let requests =
        vec![StreamRequest::Batch(BatchStreamReq { batch }), StreamRequest::Close(CloseStreamReq {})];
    serde_json::to_vec(&PipelineReqBody { baton: None, requests })
}

fn step(step: &ScriptStep) -> BatchStep {
    BatchStep { condition: step.condition.as_ref().map(condition), stmt: stmt(&step.statement) }
}

fn stmt(statement: &Statement) -> Stmt {
    let mut stmt = Stmt::new(statement.sql.as_ref(), true);
    stmt.args = statement.args.iter().map(value).collect();
    stmt
}

fn condition(condition: &Condition) -> BatchCond {
    match condition {
        // A number past the last step makes the server refuse the batch, which is what such a script deserves.
        Condition::Ok(step) => BatchCond::Ok { step: u32::try_from(*step).unwrap_or(u32::MAX) },
        Condition::Not(inner) => BatchCond::Not { cond: Box::new(self::condition(inner)) },
        Condition::All(all) => {
            BatchCond::And(BatchCondList { conds: all.iter().map(self::condition).collect() })
        }
        Condition::Autocommit => BatchCond::IsAutocommit {},
    }
}

fn value(value: &Value) -> WireValue {
    match value {
        // SQLite keeps no NaN: a bound one is NULL.
        Value::Null => WireValue::Null,
        Value::Real(float) if float.is_nan() => WireValue::Null,
        Value::Integer(value) => WireValue::Integer { value: *value },
        Value::Real(value) => WireValue::Float { value: *value },
        Value::Text(text) => WireValue::Text { value: text.as_str().into() },
        Value::Blob(bytes) => WireValue::Blob { value: bytes.clone().into() },
    }
}

/// The results of a script with that many steps.
pub fn decode(body: &[u8], steps: usize) -> Result<Vec<StepResult>, DecodeError> {
    let pipeline: Pipeline = serde_json::from_slice(body).map_err(unreadable)?;
    let first = pipeline.results.into_iter().next();
    let result = match first {
        Some(StreamResult { error: Some(error), .. }) => return Err(refused(error)),
        Some(StreamResult { response: Some(response), .. }) => response.result,
        _ => None,
    };
    let Some(batch) = result else { return Err(nonsense("the answer holds no batch")) };
    if batch.step_results.len() != steps || batch.step_errors.len() != steps {
        return Err(nonsense("the answer tells of another number of steps"));
    }
    let pairs = batch.step_results.into_iter().zip(batch.step_errors);
    Ok(pairs
        .map(|pair| match pair {
            (_, Some(error)) => StepResult::Failed(plain_message(error.message)),
            (Some(result), None) => StepResult::Done(result.into_rows()),
            (None, None) => StepResult::Skipped,
        })
        .collect())
}

fn plain_message(message: String) -> String {
    message.strip_prefix(MESSAGE_PREFIX).map(str::to_owned).unwrap_or(message)
}

fn refused(error: Error) -> DecodeError {
    let sentence = format!("the server refused the batch: {}: {}", error.code, error.message);
    match error.code.as_str() {
        RESPONSE_TOO_LARGE => DecodeError::Nonsense(sentence),
        _ => DecodeError::NothingRan(sentence),
    }
}

/// Says where, not what: serde's own words may quote the data.
fn unreadable(error: serde_json::Error) -> DecodeError {
    let (line, column) = (error.line(), error.column());
    nonsense(&format!("the answer is no pipeline result (line {line}, column {column})"))
}

fn nonsense(sentence: &str) -> DecodeError {
    DecodeError::Nonsense(sentence.to_owned())
}
