//! What is made of a database server that is down, slow, or answers nonsense.

use crate::bench::{Bench, work};
use crate::block_on;
use crate::stub::{self, Habit};
use std::rc::Rc;
use storeroom_hrana::Hrana;
use storeroom_ports::{Database, DatabaseError};
use storeroom_sql::Statement;
use storeroom_testbed::http::NativeHttp;

/// What a read and a commit say over a server at that address.
async fn ask(url: &str, timeout_ms: u32) -> [DatabaseError; 2] {
    let hrana = Hrana::new(Rc::new(NativeHttp::new()), url, Some("t0k3n"), timeout_ms).unwrap();
    let bench = Bench { connection: Rc::new(hrana), scope: "server" };
    let read = bench.database().read(Statement::plain("SELECT 1")).await.unwrap_err();
    let commit = bench.commit(work([Statement::plain("SELECT 1")])).await.unwrap_err();
    [read, commit]
}

const PATIENT_MS: u32 = 10_000;
const IMPATIENT_MS: u32 = 100;

fn assert_unknown(errors: [DatabaseError; 2], case: &str) {
    let [read, commit] = errors;
    assert!(matches!(read, DatabaseError::Unavailable(_)), "{case}: {read:?}");
    assert!(matches!(commit, DatabaseError::OutcomeUnknown(_)), "{case}: {commit:?}");
}

async fn assert_unknown_from(habit: Habit, timeout_ms: u32) {
    let case = format!("{habit:?}");
    assert_unknown(ask(&stub::start(habit).await, timeout_ms).await, &case);
}

#[test]
fn nobody_listens() {
    block_on(async { assert_unknown(ask(&stub::nobody().await, PATIENT_MS).await, "nobody") });
}

#[test]
fn silence_ends_with_the_time_limit() {
    block_on(assert_unknown_from(Habit::Silence, IMPATIENT_MS));
}

#[test]
fn an_answer_that_stops_midway_ends_with_the_line_or_the_time_limit() {
    let start = r#"{"results":[{"type":"ok","respo"#;
    block_on(assert_unknown_from(stub::cut_answer(start), PATIENT_MS));
    block_on(assert_unknown_from(Habit::HangUp, PATIENT_MS));
}

#[test]
fn nonsense() {
    let batch = |result: &str| {
        format!(r#"{{"results":[{{"type":"ok","response":{{"type":"batch","result":{result}}}}}]}}"#)
    };
    let bodies = [
        "<html><body>It works!</body></html>".to_owned(),
        String::new(),
        r#"{"results":"#.to_owned(),
        r#"{"results":[]}"#.to_owned(),
        batch("null"),
        batch(r#"{"step_results":[],"step_errors":[]}"#),
        batch(r#"{"step_results":[null,null],"step_errors":[null]}"#),
        batch(r#"{"step_results":[{"rows":[[{"type":"integer","value":"x"}]]}],"step_errors":[null]}"#),
    ];
    for body in bodies {
        block_on(assert_unknown_from(stub::answer(200, &body), PATIENT_MS));
    }
    block_on(assert_unknown_from(Habit::Say("SSH-2.0-OpenSSH_9.6\r\n".to_owned()), PATIENT_MS));
}

#[test]
fn a_server_in_trouble() {
    for status in [500, 502, 503, 504] {
        block_on(assert_unknown_from(stub::answer(status, "oops"), PATIENT_MS));
    }
}

#[test]
fn a_server_that_refuses_the_call() {
    for status in [400, 401, 403, 404, 429] {
        block_on(async {
            let errors = ask(&stub::start(stub::answer(status, "no")).await, PATIENT_MS).await;
            for error in errors {
                let DatabaseError::Unavailable(message) = error else { panic!("{status}: {error:?}") };
                assert!(message.contains(&status.to_string()) && !message.contains("t0k3n"), "{message}");
            }
        });
    }
}
