//! Guards let through what is true and nothing else, and violations become the problems that stand beside them.

use crate::bench::{Bench, refusal, work};
use storeroom_operations::{Code, Problem};
use storeroom_sql::batch::Violation;
use storeroom_sql::{Batch, Value};

pub async fn only_what_is_true_passes(bench: &Bench) {
    let passing = ["1", "SELECT 1", "1 = 1", "SELECT count(*) = 0 FROM things WHERE scope = :scope"];
    for condition in passing {
        let result = bench.commit(work([bench.guard(condition)])).await.unwrap();
        assert!(crate::bench::is_done(&result), "{condition}: {result:?}");
    }
    let no_row = "SELECT 1 FROM things WHERE name = 'nobody'";
    for condition in ["0", "NULL", "SELECT NULL", no_row, "1 = 2", "2", "'1'", "NULL = NULL"] {
        let result = bench.commit(work([bench.add("a"), bench.guard(condition)])).await.unwrap();
        assert_eq!(refusal(&result), "guard", "{condition}");
    }
    assert_eq!(bench.names().await, "");
}

fn gone() -> Problem {
    Problem::new(Code::NotFound, "gone")
}

pub async fn run_expecting_counts_the_rows(bench: &Bench) {
    bench.commit(work([bench.add("a"), bench.add("b")])).await.unwrap();
    for (expected, matching) in [(0, "name = 'c'"), (1, "name = 'a'"), (2, "TRUE")] {
        let update = format!("UPDATE things SET amount = 5 WHERE scope = :scope AND {matching}");
        for count in 0..3 {
            let mut batch = Batch::new(bench.args());
            batch.run_expecting(count, update.clone(), gone());
            let result = bench.batch(&batch).await;
            assert_eq!(result.is_ok(), count == expected, "{update}: {count}");
            assert!(result.err().is_none_or(|refused| refused.problem == gone()));
        }
    }
}

pub async fn a_guard_resets_the_count_of_changes(bench: &Bench) {
    let mut batch = Batch::new(bench.args());
    batch.run("INSERT INTO things VALUES (:scope, 'a', 1), (:scope, 'b', 1)");
    batch.query("changed", "SELECT changes()");
    batch.guard("1", gone());
    batch.query("after_guard", "SELECT changes()");
    batch.run_expecting(1, "DELETE FROM things WHERE scope = :scope AND name = 'b'", gone());
    batch.query("after_expecting", "SELECT changes()");
    let outcome = bench.batch(&batch).await.unwrap();
    let changes = ["changed", "after_guard", "after_expecting"].map(|name| outcome.rows(name).integer(0, 0));
    assert_eq!(changes, [Some(2), Some(0), Some(0)]);
}

pub async fn returning_gives_the_rows_that_changed(bench: &Bench) {
    let mut batch = Batch::new(bench.args());
    batch.query(
        "added",
        "INSERT INTO things VALUES (:scope, 'a', 1), (:scope, 'b', 2) RETURNING name, amount",
    );
    batch.query(
        "changed",
        "UPDATE things SET amount = 9 WHERE scope = :scope AND name = 'a' RETURNING amount",
    );
    batch.query("none", "DELETE FROM things WHERE scope = :scope AND name = 'c' RETURNING name");
    batch.query("counted", "SELECT changes()");
    let outcome = bench.batch(&batch).await.unwrap();
    assert_eq!((outcome.rows("added").text(1, 0), outcome.rows("added").integer(1, 1)), (Some("b"), Some(2)));
    assert_eq!(outcome.rows("changed").integer(0, 0), Some(9));
    assert!(outcome.rows("none").0.is_empty());
    assert_eq!(outcome.rows("counted").integer(0, 0), Some(0));
}

pub async fn a_refusal_is_explained(bench: &Bench) {
    bench.commit(work([bench.add("a")])).await.unwrap();
    let mut batch = Batch::new(bench.args());
    batch.run("DELETE FROM things WHERE scope = :scope");
    batch.guard("0", gone());
    batch.explain(Code::NotFound, "current", "SELECT json_array(name) FROM things WHERE scope = :scope");
    let problem = bench.batch(&batch).await.unwrap_err().problem;
    assert_eq!(problem.members, [("current", r#"["a"]"#.to_owned())]);
}

pub async fn constraints_are_told_apart(bench: &Bench) {
    bench.commit(work([bench.add("a")])).await.unwrap();
    let problem = |detail: &'static str| Problem::new(Code::SkuTaken, detail);
    let cases = [
        ("INSERT INTO things VALUES (:scope, 'a', 1)", "unique"),
        ("INSERT INTO things VALUES (:scope, 'b', -1)", "check"),
        ("UPDATE things SET amount = amount - 2 WHERE scope = :scope", "check"),
        ("INSERT INTO guard SELECT NULL", "guard"),
    ];
    for (sql, expected) in cases {
        let mut batch = Batch::new(bench.args());
        let unique = (Violation::Unique("things.scope, things.name"), problem("unique"));
        let check = (Violation::Check("amount_not_negative"), problem("check"));
        batch.run_or(sql, vec![unique, check, (Violation::Guard, problem("guard"))]);
        let refused = bench.batch(&batch).await.unwrap_err();
        assert_eq!(refused.problem, problem(expected), "{:?}", refused.unforeseen);
    }
}

pub async fn messages_are_sqlites_own(bench: &Bench) {
    bench.commit(work([bench.add("a")])).await.unwrap();
    let cases = [
        (bench.add("a"), "UNIQUE constraint failed: things.scope, things.name"),
        (
            bench.sql("UPDATE things SET amount = -1 WHERE scope = :scope"),
            "CHECK constraint failed: amount_not_negative",
        ),
        (bench.sql("INSERT INTO parts VALUES (:scope, 'nobody')"), "FOREIGN KEY constraint failed"),
        (bench.sql("INSERT INTO parts VALUES (:scope, NULL)"), "NOT NULL constraint failed: parts.thing"),
        (
            bench.sql("INSERT INTO things VALUES (:scope, 'x', 'y')"),
            "cannot store TEXT value in INTEGER column things.amount",
        ),
        (bench.guard("0"), "guard"),
    ];
    for (statement, message) in cases {
        let result = bench.commit(work([statement])).await.unwrap();
        assert_eq!(refusal(&result), message);
    }
    assert_eq!(bench.value("SELECT amount FROM things WHERE scope = :scope").await, Value::from(1));
}
