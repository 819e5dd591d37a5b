//! The codec against the protocol's own types, and what each kind of answer means.

use super::*;
use codec::{decode, encode};
use futures::executor::block_on;
use libsql_hrana::proto;
use proptest::prelude::*;
use std::cell::RefCell;
use storeroom_sql::{Condition, Rows, Statement, Value};

/// An `Http` that answers from memory and keeps what it was asked.
struct Canned {
    answer: Result<HttpResponse, HttpError>,
    asked: RefCell<Vec<HttpRequest>>,
}

#[async_trait(?Send)]
impl Http for Canned {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.asked.borrow_mut().push(request);
        self.answer.clone()
    }
}

fn run(answer: Result<HttpResponse, HttpError>) -> (Result<Vec<StepResult>, DatabaseError>, HttpRequest) {
    let http = Rc::new(Canned { answer, asked: RefCell::default() });
    let hrana = Hrana::new(http.clone(), "libsql://shop.example/", Some("t0k3n"), 5_000).unwrap();
    let result = block_on(hrana.run(&Script::single(Statement::plain("SELECT 1"))));
    let asked = http.asked.borrow_mut().pop().unwrap();
    (result, asked)
}

fn answer(status: u16, body: &str) -> Result<HttpResponse, HttpError> {
    Ok(HttpResponse { status, body: body.into(), retry_after: None })
}

const ONE: &str = r#"{"baton":"b","results":[{"type":"ok","response":{"type":"batch","result":{
    "step_results":[{"cols":[{"name":"1","decltype":null}],"rows":[[{"type":"integer","value":"1"}]],
    "affected_row_count":0,"last_insert_rowid":null}],"step_errors":[null]}}},
    {"type":"ok","response":{"type":"close"}}]}"#;

#[test]
fn a_script_is_one_call() {
    let (result, asked) = run(answer(200, ONE));
    assert_eq!(result, Ok(vec![StepResult::Done(Rows(vec![vec![Value::from(1)]]))]));
    assert_eq!((asked.method, asked.url.as_str()), ("POST", "https://shop.example/v3/pipeline"));
    assert_eq!((asked.timeout_ms, asked.answer_limit), (5_000, None));
    assert!(asked.headers.contains(&("authorization", "Bearer t0k3n".to_owned())));
}

#[test]
fn addresses_are_checked() {
    let url = |base| pipeline_url(base).ok();
    assert_eq!(url("http://127.0.0.1:8080").as_deref(), Some("http://127.0.0.1:8080/v3/pipeline"));
    assert_eq!(url("https://x/dev/y/").as_deref(), Some("https://x/dev/y/v3/pipeline"));
    for bad in [
        "",
        "shop.example",
        "ws://x",
        "file:///x",
        "https://",
        "https://x?tls=0",
        "https://u:p@x",
        "https://x y",
    ] {
        assert_eq!(url(bad), None, "{bad}");
    }
}

#[test]
fn a_status_says_whether_something_may_have_run() {
    for (status, nothing_ran) in [
        (400, true),
        (401, true),
        (403, true),
        (404, true),
        (429, true),
        (408, false),
        (500, false),
        (503, false),
        (302, false),
        (204, false),
    ] {
        let (result, _) = run(answer(status, "t0k3n"));
        let error = result.unwrap_err();
        let (unavailable, message) = match error {
            DatabaseError::Unavailable(message) => (true, message),
            DatabaseError::OutcomeUnknown(message) => (false, message),
            DatabaseError::Failed(message) => panic!("{message}"),
        };
        assert_eq!(unavailable, nothing_ran, "{status}");
        assert!(message.contains(&status.to_string()) && !message.contains("t0k3n"), "{message}");
    }
}

#[test]
fn without_a_whole_answer_the_outcome_is_unknown() {
    let cut = &ONE[..ONE.len() - 20];
    let nothing = r#"{"results":[{"type":"ok","response":{"type":"close"}}]}"#;
    let too_large = r#"{"results":[{"type":"error","error":{"message":"m","code":"RESPONSE_TOO_LARGE"}}]}"#;
    let bodies =
        ["", "<html>", "null", "[]", r#"{"results":[]}"#, r#"{"results":[null]}"#, nothing, cut, too_large];
    for answer in bodies.map(|body| answer(200, body)).into_iter().chain([Err(HttpError("timeout".into()))]) {
        let (result, _) = run(answer.clone());
        assert!(matches!(result, Err(DatabaseError::OutcomeUnknown(_))), "{answer:?}: {result:?}");
    }
}

#[test]
fn a_refused_batch_ran_nothing() {
    let body =
        r#"{"results":[{"type":"error","error":{"message":"syntax error","code":"SQL_PARSE_ERROR"}}]}"#;
    let (result, _) = run(answer(200, body));
    let sentence = "the server refused the batch: SQL_PARSE_ERROR: syntax error".to_owned();
    assert_eq!(result, Err(DatabaseError::Unavailable(sentence)));
}

#[test]
fn too_large_a_script_is_not_sent() {
    let http = Rc::new(Canned { answer: answer(200, ONE), asked: RefCell::default() });
    let hrana = Hrana::new(http.clone(), "http://x", None, 1).unwrap();
    let args = vec![Value::Text("x".repeat(MAX_REQUEST_BYTES))];
    let result = block_on(hrana.run(&Script::single(Statement { sql: "SELECT ?1".into(), args })));
    assert!(matches!(result, Err(DatabaseError::Unavailable(_))));
    assert!(http.asked.borrow().is_empty());
}

#[test]
fn another_number_of_steps_is_nonsense() {
    for steps in [0, 2] {
        assert!(matches!(decode(ONE.as_bytes(), steps), Err(codec::DecodeError::Nonsense(_))));
    }
}

#[test]
fn errors_quote_no_data() {
    let body = ONE.replace(r#""value":"1""#, r#""value":"secret""#);
    let Err(codec::DecodeError::Nonsense(message)) = decode(body.as_bytes(), 1) else { panic!() };
    assert!(!message.contains("secret"), "{message}");
}

#[test]
fn request_format_unchanged() {
    let mut script = Script::default();
    let args = vec![
        Value::Null,
        Value::from(i64::MAX),
        Value::Real(0.5),
        Value::from("ü\n"),
        Value::Blob(vec![0, 255]),
    ];
    let first = script.push(Statement { sql: "SELECT ?1".into(), args }, None);
    let inside = Condition::All(vec![Condition::Ok(first), Condition::Autocommit.negated()]);
    script.push(Statement::plain("COMMIT"), Some(inside));
    let text = String::from_utf8(encode(&script).unwrap()).unwrap();
    let rest = r#""named_args":[],"want_rows":true,"replication_index":null}}"#;
    let expected = format!(
        r#"{{"baton":null,"requests":[{{"type":"batch","batch":{{"steps":[{{"condition":null,"stmt":{{"sql":"SELECT ?1","sql_id":null,"args":[{},{},{},{},{}],{rest},{{"condition":{},"stmt":{{"sql":"COMMIT","sql_id":null,"args":[],{rest}],"replication_index":null}}}},{{"type":"close"}}]}}"#,
        r#"{"type":"null"}"#,
        r#"{"type":"integer","value":"9223372036854775807"}"#,
        r#"{"type":"float","value":0.5}"#,
        r#"{"type":"text","value":"ü\n"}"#,
        r#"{"type":"blob","base64":"AP8"}"#,
        r#"{"type":"and","conds":[{"type":"ok","step":0},{"type":"not","cond":{"type":"is_autocommit"}}]}"#,
    );
    assert_eq!(text, expected);
}

fn wire(value: &Value) -> proto::Value {
    match value {
        Value::Null => proto::Value::Null,
        Value::Integer(value) => proto::Value::Integer { value: *value },
        Value::Real(value) => proto::Value::Float { value: *value },
        Value::Text(text) => proto::Value::Text { value: text.as_str().into() },
        Value::Blob(bytes) => proto::Value::Blob { value: bytes.clone().into() },
    }
}

/// An answer as the protocol's own types write it.
fn protocol_answer(results: &[StepResult]) -> Vec<u8> {
    let done = |rows: &Rows| proto::StmtResult {
        rows: rows.0.iter().map(|row| proto::Row { values: row.iter().map(wire).collect() }).collect(),
        ..proto::StmtResult::default()
    };
    let error =
        |message: &str| proto::Error { message: format!("SQLite error: {message}"), code: "X".into() };
    let result = proto::BatchResult {
        step_results: results
            .iter()
            .map(|r| if let StepResult::Done(rows) = r { Some(done(rows)) } else { None })
            .collect(),
        step_errors: results
            .iter()
            .map(|r| if let StepResult::Failed(text) = r { Some(error(text)) } else { None })
            .collect(),
        replication_index: Some(7),
    };
    let batch = proto::StreamResponse::Batch(proto::BatchStreamResp { result });
    let close = proto::StreamResponse::Close(proto::CloseStreamResp {});
    let results = [batch, close].map(|response| proto::StreamResult::Ok { response }).into();
    serde_json::to_vec(&proto::PipelineRespBody { baton: None, base_url: None, results }).unwrap()
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        any::<i32>().prop_map(|quarters| Value::Real(f64::from(quarters) / 4.0)),
        any::<String>().prop_map(Value::Text),
        any::<Vec<u8>>().prop_map(Value::Blob),
    ]
}

fn any_result() -> impl Strategy<Value = StepResult> {
    prop_oneof![
        Just(StepResult::Skipped),
        any::<String>().prop_map(StepResult::Failed),
        proptest::collection::vec(proptest::collection::vec(any_value(), 0..4), 0..4)
            .prop_map(|rows| StepResult::Done(Rows(rows))),
    ]
}

proptest! {
    #[test]
    fn reads_what_the_protocol_types_write(results in proptest::collection::vec(any_result(), 0..6)) {
        prop_assert_eq!(decode(&protocol_answer(&results), results.len()), Ok(results));
    }

    #[test]
    fn random_bytes_never_panic(body: Vec<u8>, steps in 0_usize..3) {
        prop_assert!(decode(&body, steps).is_err());
    }
}
