//! What is left of jobs: files that nobody needs any more, and jobs that ended long ago.
//!
//! Guarantees: a job is forgotten only after its files are gone, so no file is left that nothing names.

use super::entry::part_name;
use super::job::{Job, State};
use storeroom_ports::{DatabaseError, Down, Ports, due};
use storeroom_sql::Batch;

/// How long a job that ended can be read, in milliseconds: 30 days.
pub const KEPT_MS: i64 = 30 * 86_400_000;
/// Most files that are deleted in a run.
const MOST_DELETED: i64 = 100;
/// More parts than a file can have.
const MOST_PARTS: i64 = 1 << 20;

/// Tidies up after a job that does not run: deletes its files, then forgets it or says when to.
pub async fn tidy(ports: &Ports, job: &Job) -> Result<(), DatabaseError> {
    let files = match delete(ports, job).await {
        Ok(left) => left,
        Err(down) => {
            due::log(ports, "files not deleted", ("job", &job.id), &down.0);
            return job.give_back(ports, ports.clock.now().plus_ms(60_000).ms()).await;
        }
    };
    let now = ports.clock.now().ms();
    let forget_at = job.finished_at.map(|at| at.saturating_add(KEPT_MS));
    let mut batch = Batch::new(job.args(now).with("parts", files).with("due_at", forget_at.unwrap_or(now)));
    if files > 0 {
        batch.set("due_at", now);
    }
    match files == 0 && forget_at.is_none_or(|at| at <= now) {
        true => batch.run("DELETE FROM jobs WHERE store_id = :store AND id = :job AND lease = :job_lease"),
        false => batch.run(
            "UPDATE jobs SET lease = NULL, due_at = :due_at, parts = :parts, part = min(part, :parts), tries = 0 \
             WHERE store_id = :store AND id = :job AND lease = :job_lease",
        ),
    }
    due::commit(ports, batch, "job not tidied up", ("job", &job.id)).await.map(drop)
}

/// Deletes files of a job, the last first, so that what is left begins at its first; how many are left.
async fn delete(ports: &Ports, job: &Job) -> Result<i64, Down> {
    let end = match job.state {
        State::Uploading => count(ports, job).await?,
        State::Running | State::Ended => job.parts,
    };
    // Parts that were applied, too: one may be there that could not be deleted.
    let least = end.saturating_sub(MOST_DELETED).max(0);
    for number in (least..end).rev() {
        ports.blobs.delete(&part_name(&job.store, &job.id, number)).await?;
    }
    Ok(least)
}

/// How many parts there are of a file whose upload ended nobody knows where.
async fn count(ports: &Ports, job: &Job) -> Result<i64, Down> {
    let (mut there, mut gone) = (0, 1);
    while gone < MOST_PARTS && exists(ports, job, gone.saturating_sub(1)).await? {
        there = gone;
        gone = gone.saturating_mul(2);
    }
    while gone.saturating_sub(there) > 1 {
        let middle = there.midpoint(gone);
        match exists(ports, job, middle.saturating_sub(1)).await? {
            true => there = middle,
            false => gone = middle,
        }
    }
    Ok(there)
}

async fn exists(ports: &Ports, job: &Job, number: i64) -> Result<bool, Down> {
    let name = part_name(&job.store, &job.id, number);
    Ok(ports.blobs.get(&name, None).await?.is_some())
}
