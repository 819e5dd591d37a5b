//! What a commit that applies rows of a job writes down of the job: the place, the counts, what was wrong, and the event.
//!
//! Guarantees: a row counts in the transaction that applies it, and never twice: the step that moves the place fails
//! where the place is not the one from which the rows were taken.

use super::entry::Mistake;
use super::job::{Job, LEASE_MS, Place, printed};
use storeroom_domain::{EventId, EventType};
use storeroom_operations::{Code, Problem};
use storeroom_ports::Ports;
use storeroom_ports::random::new_id;
use storeroom_sql::{Batch, events};

/// Most mistakes that are kept; all are counted.
const MOST_KEPT: i64 = 10_000;

/// What came of some rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Products that were made.
    pub created: i64,
    /// Products that were changed.
    pub updated: i64,
    /// Products that were as they are to be.
    pub unchanged: i64,
    /// Rows that could not be applied.
    pub failed: i64,
    /// Why not.
    pub mistakes: Vec<Mistake>,
}

impl Tally {
    /// Counts a row that cannot be applied.
    pub fn refuse(&mut self, mistakes: Vec<Mistake>) {
        self.failed = self.failed.saturating_add(1);
        self.mistakes.extend(mistakes);
    }
}

/// The place after some rows.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Where the job goes on.
    pub next: Place,
    /// Whether nothing is left.
    pub is_last: bool,
    /// The newest moment that ids name.
    pub ids_at: i64,
}

const MINE: &str = "SELECT part = :job_part AND part_row = :job_row FROM jobs \
    WHERE store_id = :store AND id = :job AND lease = :job_lease AND state IN ('queued', 'running')";

const NOTE_MISTAKES: &str = "INSERT INTO job_errors (store_id, job_id, number, line, sku, pointer, code, detail) \
    SELECT j.store_id, j.id, j.mistakes + m.key + 1, m.value ->> 'line', m.value ->> 'sku', m.value ->> 'pointer', \
        m.value ->> 'code', m.value ->> 'detail' \
    FROM jobs j, json_each(:job_mistakes) AS m \
    WHERE j.store_id = :store AND j.id = :job AND j.mistakes + m.key < :job_most_kept";

const MOVE_ON: &str = "UPDATE jobs SET part = :job_next_part, part_row = :job_next_row, created = created + :job_created, \
    updated = updated + :job_updated, unchanged = unchanged + :job_unchanged, failed = failed + :job_failed, \
    mistakes = mistakes + json_array_length(:job_mistakes), ids_at = :job_ids_at, tries = 0, due_at = :job_until, \
    state = iif(:job_is_last, 'done', 'running'), finished_at = iif(:job_is_last, :now, NULL), version = version + 1 \
    WHERE store_id = :store AND id = :job";

/// Adds the steps. The batch has the arguments of `Job::args`.
pub fn add_steps(batch: &mut Batch, ports: &Ports, job: &Job, tally: &Tally, step: Step) {
    let now = ports.clock.now();
    let event: EventId = new_id(ports.random.as_ref(), now);
    batch.set("job", job.id.as_str());
    batch.set("job_lease", job.lease.as_str());
    batch.set("job_event_id", event.to_string());
    batch.set("job_part", job.place.part);
    batch.set("job_row", job.place.row);
    batch.set("job_next_part", step.next.part);
    batch.set("job_next_row", step.next.row);
    batch.set("job_created", tally.created);
    batch.set("job_updated", tally.updated);
    batch.set("job_unchanged", tally.unchanged);
    batch.set("job_failed", tally.failed);
    batch.set("job_mistakes", printed(&tally.mistakes));
    batch.set("job_most_kept", MOST_KEPT);
    batch.set("job_ids_at", step.ids_at);
    batch.set("job_until", now.plus_ms(LEASE_MS).ms());
    batch.set("job_is_last", i64::from(step.is_last));
    batch.guard(MINE, Problem::new(Code::Unavailable, "Another runner is at the job."));
    if !tally.mistakes.is_empty() {
        batch.run(NOTE_MISTAKES);
    }
    batch.run(MOVE_ON);
    tell(batch, step.is_last);
}

/// Says why the job cannot go on, and that this is its end.
pub fn fail(batch: &mut Batch, ports: &Ports, why: &'static str) {
    let now = ports.clock.now();
    let event: EventId = new_id(ports.random.as_ref(), now);
    batch.set("job_event_id", event.to_string());
    batch.set("job_problem", why);
    batch.set("job_until", now.plus_ms(LEASE_MS).ms());
    batch.run_expecting(
        1,
        "UPDATE jobs SET state = 'failed', problem = :job_problem, finished_at = :now, due_at = :job_until, \
         version = version + 1 WHERE store_id = :store AND id = :job AND lease = :job_lease \
         AND state IN ('queued', 'running')",
        Problem::new(Code::Unavailable, "Another runner is at the job."),
    );
    tell(batch, true);
}

/// Tells what may differ from the version before: whoever folds it over the job has the job as it is.
fn tell(batch: &mut Batch, is_end: bool) {
    let this = "FROM job_documents WHERE store_id = :store AND id = :job";
    if is_end {
        let told = format!("SELECT id AS subject, version, document AS data {this}");
        return events::append_as(batch, ":job_event_id", EventType::JobFinished, &told);
    }
    let told = format!(
        "SELECT id AS subject, version, json_object('state', document ->> 'state', 'done', document ->> 'done', \
         'created', document ->> 'created', 'updated', document ->> 'updated', \
         'unchanged', document ->> 'unchanged', 'failed', document ->> 'failed', \
         'errors_url', document ->> 'errors_url', 'version', version) AS data {this}"
    );
    events::append_as(batch, ":job_event_id", EventType::JobProgress, &told);
}
