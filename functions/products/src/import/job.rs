//! A job while a runner is at it.
//!
//! Guarantees: one runner at a time, by a lease in the database that ends by itself when the runner does.

use serde_json::Value as Json;
use storeroom_ports::{DatabaseError, Ports, due};
use storeroom_sql::{Args, Batch, Rows};
use storeroom_web::answer::hex;

/// How long a lease is good after it was renewed, in milliseconds: longer than a slice takes at its slowest.
pub const LEASE_MS: i64 = 30_000;

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its file never came whole.
    Uploading,
    /// There is work.
    Running,
    /// It came to its end.
    Ended,
}

/// Where a job goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The part of the file.
    pub part: i64,
    /// How many of its rows are done.
    pub row: i64,
}

/// A job that is this runner's.
pub struct Job {
    /// Its store.
    pub store: String,
    /// Its id.
    pub id: String,
    /// The lease.
    pub lease: String,
    /// How it stands.
    pub state: State,
    /// Whether nothing is written.
    pub is_dry: bool,
    /// The parts of its file.
    pub parts: i64,
    /// Where it goes on.
    pub place: Place,
    /// The moment that the newest ids name.
    pub ids_at: i64,
    /// How often a runner began since it last got further, and was lost or refused.
    pub tries: i64,
    /// When it came to its end.
    pub finished_at: Option<i64>,
    /// Who asked for it.
    pub actor: String,
    /// By which request.
    pub request_id: String,
}

/// What changes of a job changes with an event, so this changes nothing of one; an upload has another version from then on.
const TAKE: &str = "UPDATE jobs SET lease = :job_lease, due_at = :until, tries = tries + 1, \
    version = version + (state = 'uploading') \
    WHERE store_id = :store AND id = :job AND due_at <= :now";

const TAKEN: &str = "SELECT state, dry_run, parts, part, part_row, ids_at, tries, finished_at, actor, request_id FROM jobs \
    WHERE store_id = :store AND id = :job AND lease = :job_lease";

impl Job {
    /// Takes a job that is due; `None` when another runner was faster.
    pub async fn take(ports: &Ports, store: &str, id: &str) -> Result<Option<Self>, DatabaseError> {
        let mut chance = [0; 12];
        ports.random.fill(&mut chance);
        let lease = hex(&chance);
        let now = ports.clock.now();
        let args = Args::new()
            .with("store", store)
            .with("job", id)
            .with("job_lease", lease.as_str())
            .with("now", now.ms())
            .with("until", now.plus_ms(LEASE_MS).ms());
        let mut batch = Batch::new(args);
        batch.run(TAKE);
        batch.query("job", TAKEN);
        let done = due::commit_and_tell(ports, batch, "job not taken", ("job", id)).await?;
        Ok(done.and_then(|outcome| Self::read(store, id, lease, &outcome.rows("job"))))
    }

    fn read(store: &str, id: &str, lease: String, rows: &Rows) -> Option<Self> {
        let state = match rows.text(0, 0)? {
            "uploading" => State::Uploading,
            "queued" | "running" => State::Running,
            _ => State::Ended,
        };
        Some(Self {
            store: store.to_owned(),
            id: id.to_owned(),
            lease,
            state,
            is_dry: rows.integer(0, 1) == Some(1),
            parts: rows.integer(0, 2)?,
            place: Place { part: rows.integer(0, 3)?, row: rows.integer(0, 4)? },
            ids_at: rows.integer(0, 5)?,
            tries: rows.integer(0, 6)?,
            finished_at: rows.integer(0, 7),
            actor: rows.text(0, 8)?.to_owned(),
            request_id: rows.text(0, 9)?.to_owned(),
        })
    }

    /// The arguments that name it.
    pub fn args(&self, now_ms: i64) -> Args {
        Args::new()
            .with("store", self.store.as_str())
            .with("job", self.id.as_str())
            .with("job_lease", self.lease.as_str())
            .with("now", now_ms)
            .with("actor", self.actor.as_str())
            .with("request_id", self.request_id.as_str())
    }

    /// Gives it back: somebody should look at that moment. A try that ends so does not count.
    pub async fn give_back(&self, ports: &Ports, due_at: i64) -> Result<(), DatabaseError> {
        self.leave(ports, due_at, 1).await
    }

    /// Puts it off to that moment. A try that ends so counts: what is refused for ever must come to an end.
    pub async fn put_off(&self, ports: &Ports, due_at: i64) -> Result<(), DatabaseError> {
        self.leave(ports, due_at, 0).await
    }

    async fn leave(&self, ports: &Ports, due_at: i64, uncounted: i64) -> Result<(), DatabaseError> {
        let args = self.args(ports.clock.now().ms()).with("due_at", due_at).with("uncounted", uncounted);
        let mut batch = Batch::new(args);
        batch.run(
            "UPDATE jobs SET lease = NULL, due_at = :due_at, tries = max(tries - :uncounted, 0) \
             WHERE store_id = :store AND id = :job AND lease = :job_lease",
        );
        due::commit(ports, batch, "job not given back", ("job", &self.id)).await.map(drop)
    }
}

/// JSON as an argument.
pub fn printed(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap_or(Json::Null).to_string()
}
