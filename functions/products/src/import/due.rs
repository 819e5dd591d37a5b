//! Due work: who applies jobs.
//!
//! Guarantees: idempotent, and safe to run from many places at once: a lease keeps two runners from one job. Jobs take
//! turns, so that a large one keeps no small one waiting; a run ends after a few seconds, so that what else is due comes to
//! its turn, and says that there is more.

use super::job::{Job, State};
use super::run::{Runner, Went};
use super::tidy::tidy;
use std::collections::VecDeque;
use storeroom_ports::{DatabaseError, Ports, due};
use storeroom_sql::Args;

/// For how long slices begin, in milliseconds.
const RUN_MS: i64 = 5_000;
/// How long a job waits that could not go on for now, in milliseconds.
const PAUSE_MS: i64 = 5_000;

const DUE: &str =
    "SELECT store_id, id FROM jobs INDEXED BY jobs_due WHERE due_at <= :now ORDER BY due_at LIMIT 20";

/// Applies jobs; returns how many it was at.
pub async fn run(ports: &Ports) -> Result<usize, DatabaseError> {
    let waiting = due::read(ports, DUE, &Args::new().with("now", ports.clock.now().ms())).await?;
    let until = ports.clock.now().plus_ms(RUN_MS);
    let mut runners = VecDeque::new();
    for row in 0..waiting.0.len() {
        let (Some(store), Some(id)) = (waiting.text(row, 0), waiting.text(row, 1)) else { continue };
        match Job::take(ports, store, id).await? {
            Some(job) if job.state == State::Running => {
                runners.push_back(Runner::of(ports, job));
            }
            Some(job) => tidy(ports, &job).await?,
            None => {}
        }
    }
    while let Some(mut runner) = runners.pop_front() {
        if ports.clock.now() >= until {
            runner.job.give_back(ports, ports.clock.now().ms()).await?;
            continue;
        }
        match runner.slice().await? {
            Went::On => runners.push_back(runner),
            Went::Nowhere => runner.job.give_back(ports, ports.clock.now().plus_ms(PAUSE_MS).ms()).await?,
            Went::ToTheEnd => ended(ports, runner.job).await?,
        }
    }
    Ok(waiting.0.len())
}

async fn ended(ports: &Ports, job: Job) -> Result<(), DatabaseError> {
    let ended = Job { state: State::Ended, finished_at: Some(ports.clock.now().ms()), ..job };
    tidy(ports, &ended).await
}
