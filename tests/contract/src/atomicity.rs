//! A frame is done whole or leaves nothing but its prelude, and nothing stays open behind a script.

use crate::bench::{Bench, is_done, refusal, work};
use storeroom_ports::DatabaseError;
use storeroom_sql::{Condition, Frame, FrameResult, Part, Rows, Script, Statement, StepResult, Value};

pub async fn a_done_frame_is_kept_whole(bench: &Bench) {
    let frame = Frame { prelude: vec![bench.add("nonce")], ..work([bench.add("a"), bench.add("b")]) };
    assert_eq!(bench.commit(frame).await, Ok(FrameResult::Done(vec![Rows::default(), Rows::default()])));
    assert_eq!(bench.names().await, "a b nonce");
}

pub async fn a_refused_frame_leaves_only_its_prelude(bench: &Bench) {
    let last = bench.sql("SELECT count(*) FROM things WHERE scope = :scope");
    let frame = Frame {
        prelude: vec![bench.add("nonce")],
        work: vec![bench.add("a"), bench.guard("0"), bench.add("b")],
        otherwise: vec![last, bench.sql("SELECT 'why'")],
        ..Frame::default()
    };
    let result = bench.commit(frame).await.unwrap();
    let FrameResult::Refused { part: Part::Work, step: 1, message, otherwise } = result else {
        panic!("{result:?}")
    };
    assert_eq!(message, "guard");
    let expected = [Value::from(1), Value::from("why")].map(|value| Rows(vec![vec![value]]));
    assert_eq!(otherwise, expected);
    assert_eq!(bench.names().await, "nonce");
}

pub async fn a_refused_prelude_leaves_nothing(bench: &Bench) {
    bench.commit(work([bench.add("nonce")])).await.unwrap();
    let frame = Frame {
        prelude: vec![bench.add("first"), bench.add("nonce")],
        work: vec![bench.add("a")],
        otherwise: vec![bench.sql("SELECT 1")],
        ..Frame::default()
    };
    let result = bench.commit(frame).await.unwrap();
    let FrameResult::Refused { part: Part::Prelude, step: 1, otherwise, .. } = result else {
        panic!("{result:?}")
    };
    assert_eq!(otherwise, [Rows::default()]);
    assert_eq!(bench.names().await, "first nonce");
}

pub async fn a_statement_that_cannot_run_refuses_its_frame(bench: &Bench) {
    let missing = bench.sql("SELECT * FROM no_such_table");
    let result = bench.commit(work([bench.add("a"), missing])).await.unwrap();
    assert!(refusal(&result).contains("no such table"), "{result:?}");
    assert_eq!(bench.names().await, "");
}

pub async fn a_failing_commit_keeps_nothing(bench: &Bench) {
    let orphan = bench.sql("INSERT INTO late_parts VALUES (:scope, 'nobody')");
    let innocent = Frame { prelude: vec![bench.add("nonce")], ..work([bench.add("a")]) };
    let error = bench.commit_all(vec![innocent, work([orphan])]).await.unwrap_err();
    assert_eq!(error, DatabaseError::Unavailable("FOREIGN KEY constraint failed".to_owned()));
    assert_eq!(bench.names().await, "");
    bench.can_write().await;
}

pub async fn an_open_transaction_is_rolled_back(bench: &Bench) {
    let mut script = Script::default();
    script.push(Statement::plain("BEGIN IMMEDIATE"), None);
    script.push(bench.add("a"), None);
    script.push(Statement::plain("SAVEPOINT inner"), None);
    script.push(bench.add("b"), None);
    let results = bench.connection.run(&script).await.unwrap();
    assert!(results.iter().all(|result| matches!(result, StepResult::Done(_))), "{results:?}");
    assert_eq!(bench.names().await, "");
    bench.can_write().await;
}

pub async fn conditions_decide_what_runs(bench: &Bench) {
    let mut script = Script::default();
    let one = || Statement::plain("SELECT 1");
    let outside = script.push(one(), Some(Condition::Autocommit));
    let failed = script.push(bench.guard("0"), Some(Condition::Ok(outside)));
    let skipped = script.push(one(), Some(Condition::Ok(failed)));
    script.push(one(), Some(Condition::Ok(skipped).negated()));
    script.push(Statement::plain("BEGIN"), None);
    script.push(one(), Some(Condition::Autocommit));
    script.push(one(), Some(Condition::All(vec![Condition::Autocommit.negated(), Condition::Ok(outside)])));
    script.push(one(), Some(Condition::All(vec![Condition::Ok(outside), Condition::Ok(failed)])));
    let results = bench.connection.run(&script).await.unwrap();
    let kinds: String = results.iter().map(letter).collect();
    assert_eq!(kinds, "dfsddsds");
}

fn letter(result: &StepResult) -> char {
    match result {
        StepResult::Done(_) => 'd',
        StepResult::Failed(_) => 'f',
        StepResult::Skipped => 's',
    }
}

pub async fn writes_of_several_connections_follow_each_other(bench: &Bench) {
    bench.commit(work([bench.add("counter")])).await.unwrap();
    let increment = || bench.sql("UPDATE things SET amount = amount + 1 WHERE scope = :scope");
    for _ in 0..5 {
        let (a, b) = tokio::join!(bench.commit(work([increment()])), bench.commit(work([increment()])));
        assert!(is_done(&a.unwrap()) && is_done(&b.unwrap()));
    }
    assert_eq!(bench.value("SELECT amount FROM things WHERE scope = :scope").await, Value::from(11));
}
