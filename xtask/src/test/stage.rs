//! A stage of the test run: a command or a task of this program, and what it counted.
//!
//! Guarantees: output is shown as it comes; a stage that fails without naming a failed test counts as one failure.
//! Relies on: the line "test result: ok. 12 passed; 0 failed; …" of Rust's test programs, and the lines "ℹ pass 12" and
//! "ℹ fail 0" of Node's.

use crate::black_box::Host;
use crate::interrupt;
use crate::process::Group;
use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;

/// What a stage does.
enum Work<'a> {
    Command(Box<Command>),
    Task(Box<dyn FnOnce() -> Result<()> + 'a>),
    Hosted(Prepare<'a>),
}

/// Starts a host and says which command is to run against it.
type Prepare<'a> = Box<dyn FnOnce() -> Result<(Host, Command)> + 'a>;

/// Looks at what a successful stage left: the note for the end, or why that is a failure.
type Review<'a> = Box<dyn FnOnce() -> Result<String> + 'a>;

/// One part of the test run.
pub struct Stage<'a> {
    /// What the developer sees.
    pub name: String,
    work: Work<'a>,
    review: Option<Review<'a>>,
}

/// How many tests and checks passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests, or stages without tests.
    pub passed: usize,
    /// The same.
    pub failed: usize,
}

/// What came of a stage.
pub struct Outcome {
    /// What it counted.
    pub counts: Counts,
    /// What to say at the end of the run.
    pub note: Option<String>,
}

impl Counts {
    const ONE_PASSED: Self = Self { passed: 1, failed: 0 };
    const ONE_FAILED: Self = Self { passed: 0, failed: 1 };

    /// Adds what another stage counted.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl<'a> Stage<'a> {
    /// A stage that runs a command.
    pub fn command(name: &str, command: Command) -> Self {
        Self { name: name.to_owned(), work: Work::Command(Box::new(command)), review: None }
    }

    /// A stage that this program does itself.
    pub fn task(name: &str, task: impl FnOnce() -> Result<()> + 'a) -> Self {
        Self { name: name.to_owned(), work: Work::Task(Box::new(task)), review: None }
    }

    /// A stage that runs a command against a host, which is stopped after it.
    pub fn hosted(name: &str, prepare: impl FnOnce() -> Result<(Host, Command)> + 'a) -> Self {
        Self { name: name.to_owned(), work: Work::Hosted(Box::new(prepare)), review: None }
    }

    /// The same stage with a review of what it left, counted as one check more.
    pub fn with_review(mut self, review: impl FnOnce() -> Result<String> + 'a) -> Self {
        self.review = Some(Box::new(review));
        self
    }

    /// Does it. Fails only when the run as a whole cannot go on.
    pub fn run(self) -> Result<Outcome> {
        let mut counts = match self.work {
            Work::Command(command) => run_command(*command)?,
            Work::Task(task) => count_task(&self.name, task()),
            Work::Hosted(prepare) => match prepare() {
                Ok((_host, command)) => run_command(command)?,
                Err(error) => count_task(&self.name, Err(error)),
            },
        };
        interrupt::check()?;
        let mut note = None;
        if let Some(review) = self.review.filter(|_| counts.failed == 0) {
            let outcome = review();
            note = Some(outcome.as_ref().map_or_else(|error| format!("FAILED: {error:#}"), Clone::clone));
            counts.add(if outcome.is_ok() { Counts::ONE_PASSED } else { Counts::ONE_FAILED });
        }
        if counts.failed > 0 && note.is_none() {
            note = Some(format!("FAILED: {}", self.name));
        }
        Ok(Outcome { counts, note })
    }
}

fn count_task(name: &str, outcome: Result<()>) -> Counts {
    let Err(error) = outcome else { return Counts::ONE_PASSED };
    eprintln!("{name}: {error:#}");
    Counts::ONE_FAILED
}

fn run_command(mut command: Command) -> Result<Counts> {
    let mut group = Group::start(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let output = group.child().stdout.take().context("the command has no output")?;
    let reader = thread::spawn(move || show_and_count(output));
    let status = loop {
        match group.ended()? {
            Some(status) => break status,
            None => interrupt::pause(20)?,
        }
    };
    let counted = reader.join().unwrap_or_default();
    Ok(match (status.success(), counted) {
        (true, Counts { passed: 0, failed: 0 }) => Counts::ONE_PASSED,
        (false, Counts { passed, failed: 0 }) => Counts { passed, failed: 1 },
        (_, counted) => counted,
    })
}

fn show_and_count(output: impl Read) -> Counts {
    let mut counts = Counts::default();
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        println!("{line}");
        if let Some(result) = line.strip_prefix("test result:") {
            counts.add(parse(result));
        } else if let Some(result) = line.strip_prefix("ℹ ") {
            counts.add(parse_of_node(result));
        }
    }
    counts
}

/// Node's runner says one number a line. A test that it cancelled is one that did not pass.
fn parse_of_node(result: &str) -> Counts {
    let number_after = |word: &str| result.strip_prefix(word).and_then(|number| number.trim().parse().ok());
    let failed = number_after("fail ").or_else(|| number_after("cancelled ")).unwrap_or(0);
    Counts { passed: number_after("pass ").unwrap_or(0), failed }
}

fn parse(result: &str) -> Counts {
    let number_before = |word: &str| {
        let (before, _) = result.split_once(word)?;
        before.trim().rsplit([' ', ';']).next()?.parse().ok()
    };
    Counts { passed: number_before("passed").unwrap_or(0), failed: number_before("failed").unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Stage, parse, show_and_count};
    use std::process::Command;

    #[test]
    fn results_of_all_test_programs_are_summed() {
        let output = "running 3 tests\ntest result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                      test result: FAILED. 10 passed; 2 failed; 0 ignored; finished in 0.01s\n";
        assert_eq!(show_and_count(output.as_bytes()), Counts { passed: 13, failed: 2 });
        assert_eq!(parse("nothing that is known"), Counts::default());
    }

    #[test]
    fn results_of_node_are_counted_with_what_was_cancelled() {
        let output = "✔ it works (1.2ms)\nℹ tests 6\nℹ pass 3\nℹ fail 2\nℹ cancelled 1\nℹ skipped 0\nℹ duration_ms 7.5\n";
        assert_eq!(show_and_count(output.as_bytes()), Counts { passed: 3, failed: 3 });
    }

    #[test]
    fn a_stage_without_tests_counts_as_one() {
        let counts = |program: &str| Stage::command("a", Command::new(program)).run().unwrap().counts;
        assert_eq!(counts("true"), Counts::ONE_PASSED);
        assert_eq!(counts("false"), Counts::ONE_FAILED);
    }

    #[test]
    fn a_review_is_a_check_of_its_own() {
        let outcome = Stage::task("a", || Ok(())).with_review(|| anyhow::bail!("too few")).run().unwrap();
        assert_eq!(outcome.counts, Counts { passed: 1, failed: 1 });
        assert_eq!(outcome.note.as_deref(), Some("FAILED: too few"));
    }
}
