//! A script, step by step, on a connection that knows single statements only.
//!
//! Guarantees: each step runs exactly when its condition holds; whether the connection is inside a transaction is
//! known and never guessed: where a failure may have ended the transaction the database is asked, and where even
//! that does not tell, nothing more is done and nothing committed. A COMMIT that fails for no known reason is an
//! unknown outcome.
//! Relies on: SQLite's rule that a failed constraint and `RAISE(ABORT)` end the statement but not the transaction
//! (<https://sqlite.org/lang_conflict.html>), and on scripts that open transactions with BEGIN only.

use async_trait::async_trait;
use storeroom_ports::DatabaseError;
use storeroom_sql::{Rows, Script, Statement, StepResult};

const BEGIN: Statement = Statement::plain("BEGIN");
const ROLLBACK: Statement = Statement::plain("ROLLBACK");

/// A connection that nobody else uses.
#[async_trait(?Send)]
pub trait Session {
    /// Runs one statement; fails with SQLite's message.
    async fn execute(&self, statement: &Statement) -> Result<Rows, String>;
}

/// Runs the script; one result a step. A transaction that it leaves open is rolled back.
pub async fn run(session: &dyn Session, script: &Script) -> Result<Vec<StepResult>, DatabaseError> {
    let mut results = Vec::with_capacity(script.steps.len());
    let mut autocommit = true;
    for step in &script.steps {
        let runs = step.condition.as_ref().is_none_or(|condition| condition.holds(&results, autocommit));
        if runs {
            let result = session.execute(&step.statement).await;
            autocommit = autocommit_after(session, &step.statement.sql, &result, autocommit).await?;
            results.push(result.map_or_else(StepResult::Failed, StepResult::Done));
        } else {
            results.push(StepResult::Skipped);
        }
    }
    if !autocommit {
        // Should it fail, the end of the connection rolls back as well.
        drop(session.execute(&ROLLBACK).await);
    }
    Ok(results)
}

async fn autocommit_after(
    session: &dyn Session,
    sql: &str,
    result: &Result<Rows, String>,
    before: bool,
) -> Result<bool, DatabaseError> {
    match (Verb::of(sql), result) {
        (Verb::Begin, Ok(_)) => Ok(false),
        (Verb::Commit | Verb::Rollback, Ok(_)) => Ok(true),
        (Verb::Other, Ok(_)) => Ok(before),
        (Verb::Commit, Err(message)) if !leaves_no_doubt(message) => {
            Err(DatabaseError::OutcomeUnknown(message.clone()))
        }
        (_, Err(message)) if is_constraint(message) => Ok(before),
        (_, Err(_)) => Ok(before || is_outside(session).await),
    }
}

/// Whether the connection is outside a transaction: BEGIN fails inside one and changes nothing there.
async fn is_outside(session: &dyn Session) -> bool {
    match session.execute(&BEGIN).await {
        Ok(_) => {
            drop(session.execute(&ROLLBACK).await);
            true
        }
        Err(message) => !message.contains("within a transaction"),
    }
}

fn is_constraint(message: &str) -> bool {
    message.contains("constraint failed") || message.trim_end().ends_with("guard")
}

/// Failures of COMMIT after which nothing was committed.
fn leaves_no_doubt(message: &str) -> bool {
    is_constraint(message)
        || ["database is locked", "database is busy", "no transaction is active"]
            .iter()
            .any(|known| message.contains(known))
}

/// What a statement does to the transaction when it succeeds.
#[derive(Debug, PartialEq, Eq)]
enum Verb {
    Begin,
    Commit,
    Rollback,
    Other,
}

impl Verb {
    fn of(sql: &str) -> Self {
        let mut words = sql.split_whitespace().map(|word| word.trim_end_matches(';'));
        let first = words.next().unwrap_or_default().to_ascii_uppercase();
        let to_savepoint = words.any(|word| word.eq_ignore_ascii_case("to"));
        match first.as_str() {
            "BEGIN" => Self::Begin,
            "COMMIT" | "END" => Self::Commit,
            "ROLLBACK" if !to_savepoint => Self::Rollback,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use std::cell::{Cell, RefCell};
    use storeroom_sql::script::Condition;

    /// A connection in memory: some statements fail, and some failures end the transaction.
    #[derive(Default)]
    struct Fake {
        fails: Vec<(&'static str, &'static str, bool)>,
        inside: Cell<bool>,
        seen: RefCell<Vec<String>>,
    }

    #[async_trait(?Send)]
    impl Session for Fake {
        async fn execute(&self, statement: &Statement) -> Result<Rows, String> {
            let sql = statement.sql.as_ref();
            self.seen.borrow_mut().push(sql.to_owned());
            if let Some((_, message, ends)) = self.fails.iter().find(|(failing, ..)| *failing == sql) {
                self.inside.set(self.inside.get() && !ends);
                return Err((*message).to_owned());
            }
            match Verb::of(sql) {
                Verb::Begin if self.inside.get() => {
                    return Err("cannot start a transaction within a transaction".to_owned());
                }
                Verb::Begin => self.inside.set(true),
                Verb::Commit | Verb::Rollback => self.inside.set(false),
                Verb::Other => {}
            }
            Ok(Rows::default())
        }
    }

    /// Begins, works, and commits when it is still inside; whether it committed, and every statement that ran.
    fn outcome(fails: &[(&'static str, &'static str, bool)]) -> (Result<bool, DatabaseError>, String) {
        let mut script = Script::default();
        script.push(Statement::plain("BEGIN IMMEDIATE"), None);
        script.push(Statement::plain("WORK"), None);
        script.push(Statement::plain("COMMIT"), Some(Condition::Autocommit.negated()));
        let fake = Fake { fails: fails.to_vec(), ..Fake::default() };
        let results = block_on(run(&fake, &script));
        let committed = results.map(|all| matches!(all.last(), Some(StepResult::Done(_))));
        (committed, fake.seen.borrow().join(", "))
    }

    #[test]
    fn a_failed_constraint_leaves_the_transaction_open() {
        for message in ["UNIQUE constraint failed: a.b", "guard"] {
            let (committed, seen) = outcome(&[("WORK", message, false)]);
            assert_eq!((committed, seen.as_str()), (Ok(true), "BEGIN IMMEDIATE, WORK, COMMIT"));
        }
    }

    #[test]
    fn after_any_other_failure_the_database_is_asked() {
        let (committed, seen) = outcome(&[("WORK", "no such table: x", false)]);
        assert_eq!((committed, seen.as_str()), (Ok(true), "BEGIN IMMEDIATE, WORK, BEGIN, COMMIT"));
        let (committed, seen) = outcome(&[("WORK", "disk I/O error", true)]);
        assert_eq!((committed, seen.as_str()), (Ok(false), "BEGIN IMMEDIATE, WORK, BEGIN, ROLLBACK"));
    }

    #[test]
    fn a_database_that_does_not_tell_commits_nothing() {
        let (committed, _) = outcome(&[("WORK", "line cut", false), ("BEGIN", "line cut", false)]);
        assert_eq!(committed, Ok(false));
    }

    #[test]
    fn a_commit_that_fails_is_rolled_back_or_unknown() {
        let (committed, seen) = outcome(&[("COMMIT", "database is locked", false)]);
        assert_eq!(committed, Ok(false));
        assert!(seen.ends_with("BEGIN, ROLLBACK"), "{seen}");
        let (committed, _) = outcome(&[("COMMIT", "line cut", false)]);
        assert_eq!(committed, Err(DatabaseError::OutcomeUnknown("line cut".to_owned())));
    }

    #[test]
    fn a_transaction_that_did_not_begin_is_not_committed() {
        let (committed, seen) = outcome(&[("BEGIN IMMEDIATE", "database is locked", false)]);
        assert_eq!((committed, seen.as_str()), (Ok(false), "BEGIN IMMEDIATE, WORK"));
    }

    #[test]
    fn verbs_are_read_off_the_first_word() {
        for (sql, verb) in [
            ("begin immediate", Verb::Begin),
            (" COMMIT;", Verb::Commit),
            ("END TRANSACTION", Verb::Commit),
            ("ROLLBACK", Verb::Rollback),
            ("ROLLBACK TO work", Verb::Other),
            ("ROLLBACK TRANSACTION TO work", Verb::Other),
            ("RELEASE work", Verb::Other),
            ("", Verb::Other),
        ] {
            assert_eq!(Verb::of(sql), verb, "{sql}");
        }
    }
}
