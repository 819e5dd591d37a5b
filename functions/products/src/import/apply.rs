//! Rows of a job become products: looked up together, decided one by one, written in one commit with the job's progress.

use super::entry::Entry;
use super::progress::{self, Step, Tally};
use super::run::Runner;
use crate::many::{self, Change, Effect, Plan, Target, Verdict};
use serde_json::{Map, Value};
use storeroom_domain::{ProductStatus, Timestamp};
use storeroom_ports::{DatabaseError, due};
use storeroom_sql::{Batch, Statement};

/// How often rows are planned anew when somebody else is faster.
const TRIES: usize = 5;

/// What came of an attempt.
enum Attempt {
    /// It was done.
    Done(Step),
    /// What is there of the products is too much for one answer: fewer rows are.
    TooMuch,
    /// Somebody else was faster at a product.
    Raced,
    /// The database refuses it: somebody else is at the job, or something is wrong that nobody foresaw.
    Refused,
}

/// Applies rows of a part, or the first of them; the step that the job made by it, if it was not refused.
pub async fn apply(runner: &Runner<'_>, rows: &[Entry]) -> Result<Option<Step>, DatabaseError> {
    let mut rows = rows;
    let mut races = 0;
    while races < TRIES {
        match attempt(runner, rows).await? {
            Attempt::Done(step) => return Ok(Some(step)),
            Attempt::TooMuch if rows.len() > 1 => {
                rows = rows.get(..rows.len().div_ceil(2)).unwrap_or(rows);
            }
            Attempt::Raced => races = races.saturating_add(1),
            Attempt::TooMuch | Attempt::Refused => return Ok(None),
        }
    }
    Ok(None)
}

async fn attempt(runner: &Runner<'_>, rows: &[Entry]) -> Result<Attempt, DatabaseError> {
    let step = runner.step(rows.len());
    // Ids name the moment of the step, so that products of a later one sort after those of an earlier.
    let now = Timestamp::from_ms(step.ids_at);
    let Some(plan) = plan(runner, rows, now).await? else { return Ok(Attempt::TooMuch) };
    let mut batch = Batch::new(runner.job.args(now.ms()));
    if !runner.job.is_dry {
        plan.add_steps(&mut batch, runner.ports, now);
    }
    progress::add_steps(&mut batch, runner.ports, &runner.job, &tally(rows, plan.verdicts), step);
    let done = due::try_commit(runner.ports, batch, "rows not applied", ("job", &runner.job.id)).await?;
    Ok(match done {
        Ok(_) => Attempt::Done(step),
        Err(problem) if many::is_raced(&problem) => Attempt::Raced,
        Err(_) => Attempt::Refused,
    })
}

/// What the rows come to that are not at fault themselves; `None` where not all could be looked up.
async fn plan(runner: &Runner<'_>, rows: &[Entry], now: Timestamp) -> Result<Option<Plan>, DatabaseError> {
    let good = rows.iter().filter(|row| row.mistakes.is_empty());
    let changes: Vec<Change> = good.map(|row| change(&row.product)).collect();
    let (query, mut args) = many::look_up(&changes);
    args.merge(runner.job.args(now.ms()));
    let statement = Statement::bind(query, &args)
        .map_err(|missing| DatabaseError::Failed(format!("no value for :{}", missing.0)))?;
    let found = runner.ports.database.read(statement).await?;
    let plan = many::plan(&changes, &found, runner.ports, now);
    let is_whole = plan.verdicts.iter().all(|verdict| *verdict != Verdict::Postponed);
    Ok(is_whole.then_some(plan))
}

/// What a file says of a product, as a change.
fn change(said: &Map<String, Value>) -> Change {
    let text = |name| said.get(name).and_then(Value::as_str);
    let target = text("status")
        .and_then(ProductStatus::parse)
        .map(|status| Target { status, publish_at: text("publish_at").and_then(Timestamp::parse) });
    let mut content = said.clone();
    content.remove("status");
    content.remove("publish_at");
    Change::Upsert(Value::Object(content), target)
}

fn tally(rows: &[Entry], verdicts: Vec<Verdict>) -> Tally {
    let mut tally = Tally::default();
    let mut verdicts = verdicts.into_iter();
    for row in rows {
        if !row.mistakes.is_empty() {
            tally.refuse(row.mistakes.clone());
            continue;
        }
        match verdicts.next() {
            Some(Verdict::Done { effect: Effect::Created, .. }) => {
                tally.created = tally.created.saturating_add(1)
            }
            Some(Verdict::Done { effect: Effect::Unchanged, .. }) => {
                tally.unchanged = tally.unchanged.saturating_add(1);
            }
            Some(Verdict::Done { effect: Effect::Updated | Effect::Deleted, .. }) => {
                tally.updated = tally.updated.saturating_add(1);
            }
            Some(Verdict::Refused(problem)) => tally.refuse(row.refused(problem)),
            Some(Verdict::Postponed) | None => tally.refuse(Vec::new()),
        }
    }
    tally
}
