//! Due work: who applies jobs.
//!
//! Guarantees: idempotent, and safe to run from many places at once: a lease keeps two runners from one job. Jobs take
//! turns, so that a large one keeps no small one waiting; a run ends after a few seconds, so that what else is due comes to
//! its turn, and says that there is more.

use super::job::{Job, State};
use super::run::{Runner, Went};
use super::tidy::tidy;
use std::collections::VecDeque;
use storeroom_domain::Timestamp;
use storeroom_ports::{DatabaseError, Ports, due};
use storeroom_sql::Args;

/// For how long slices begin, in milliseconds.
const RUN_MS: i64 = 5_000;
/// How long a job waits that could not go on for now, in milliseconds.
const PAUSE_MS: i64 = 5_000;

/// As many as have a part of their file in the memory at once.
const DUE: &str =
    "SELECT store_id, id FROM jobs INDEXED BY jobs_due WHERE due_at <= :now ORDER BY due_at LIMIT 5";

/// Applies jobs; returns how many it was at, or the first failure. One job's failure leaves that job to its lease, and the
/// others go on.
pub async fn run(ports: &Ports) -> Result<usize, DatabaseError> {
    let waiting = due::read(ports, DUE, &Args::new().with("now", ports.clock.now().ms())).await?;
    let until = ports.clock.now().plus_ms(RUN_MS);
    let named = |row| Some(Turn::Begins(waiting.text(row, 0)?.to_owned(), waiting.text(row, 1)?.to_owned()));
    let mut turns: VecDeque<Turn<'_>> = (0..waiting.0.len()).filter_map(named).collect();
    let mut result = Ok(waiting.0.len());
    while let Some(turn) = turns.pop_front() {
        match take_turn(ports, turn, until).await {
            Ok(runner) => turns.extend(runner.map(Turn::GoesOn)),
            Err(error) => result = result.and(Err(error)),
        }
    }
    result
}

/// A job's turn.
enum Turn<'a> {
    /// It waits, by its store and its id: it is taken only when its turn comes, so that a lease is one that is used.
    Begins(String, String),
    /// It is at work.
    GoesOn(Runner<'a>),
}

/// Takes a job a slice further, unless the time is over; the runner if there is more to do.
async fn take_turn<'a>(
    ports: &'a Ports,
    turn: Turn<'a>,
    until: Timestamp,
) -> Result<Option<Runner<'a>>, DatabaseError> {
    let is_over = ports.clock.now() >= until;
    let mut runner = match turn {
        Turn::Begins(..) if is_over => return Ok(None),
        Turn::GoesOn(runner) if is_over => {
            return runner.job.give_back(ports, ports.clock.now().ms()).await.map(|()| None);
        }
        Turn::GoesOn(runner) => runner,
        Turn::Begins(store, id) => match Job::take(ports, &store, &id).await? {
            Some(job) if job.state == State::Running => Runner::of(ports, job),
            Some(job) => return tidy(ports, &job).await.map(|()| None),
            None => return Ok(None),
        },
    };
    let went = runner.slice().await?;
    let later = ports.clock.now().plus_ms(PAUSE_MS).ms();
    match went {
        Went::On => return Ok(Some(runner)),
        Went::Nowhere => runner.job.give_back(ports, later).await?,
        Went::Refused => runner.job.put_off(ports, later).await?,
        Went::ToTheEnd => ended(ports, runner.job).await?,
    }
    Ok(None)
}

async fn ended(ports: &Ports, job: Job) -> Result<(), DatabaseError> {
    let ended = Job { state: State::Ended, finished_at: Some(ports.clock.now().ms()), ..job };
    tidy(ports, &ended).await
}
