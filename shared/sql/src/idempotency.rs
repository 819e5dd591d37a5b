//! Answers that are kept under the keys of the requests they were given to, and found again.
//!
//! Guarantees: an answer is kept in the transaction of what it tells of, so there is one exactly when the work was
//! done; two requests of one key do the work once, because the database has one writer at a time; a key means its
//! actor's in its store only; a document is evaluated once for the table and for the client.
//! Relies on: `:idempotency_store` (empty for what is about no store), which no handler sets, unlike `:store`.

use crate::batch::Batch;
use crate::value::{Args, Rows};

/// How long an answer is kept: 72 h.
pub const KEPT_FOR_MS: i64 = 72 * 3_600_000;

/// What is kept of a key: `fingerprint`, `status`, `etag`, `location`, `body`; no row when nothing is or its time has
/// passed. Needs `:idempotency_store :idempotency_actor :idempotency_key :now`.
pub const KEPT: &str = "SELECT fingerprint, status, etag, location, body FROM idempotency_keys \
    WHERE store_id = :idempotency_store AND actor = :idempotency_actor AND key = :idempotency_key \
    AND expires_at > :now";

// Two go for one that comes, so what has expired does not pile up.
const SWEEP: &str = "DELETE FROM idempotency_keys WHERE (store_id, actor, key) IN (SELECT store_id, actor, key \
    FROM idempotency_keys WHERE expires_at <= :now ORDER BY expires_at LIMIT 2)";

/// An answer as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Of the request that got it.
    pub fingerprint: String,
    /// Its status.
    pub status: u16,
    /// Its entity tag, with the quotes.
    pub etag: Option<String>,
    /// The path of what was made.
    pub location: Option<String>,
    /// Its body, JSON; none for an answer without one.
    pub body: Option<String>,
}

impl Kept {
    /// Reads the first row of `KEPT`; `None` without one.
    pub fn of(rows: &Rows) -> Option<Self> {
        let text = |column| rows.text(0, column).map(str::to_owned);
        Some(Self {
            fingerprint: text(0)?,
            status: rows.integer(0, 1)?.try_into().ok()?,
            etag: text(2),
            location: text(3),
            body: text(4),
        })
    }
}

/// The arguments that name a key.
pub fn args(store: &str, actor: &str, key: &str) -> Args {
    Args::new().with("idempotency_store", store).with("idempotency_actor", actor).with("idempotency_key", key)
}

/// Refuses the work when an answer is kept: its row is `Refused::kept`. Belongs right after the steps of access. Needs
/// what `KEPT` needs.
pub fn look_up(batch: &mut Batch) {
    batch.unless_kept(KEPT);
}

/// The query of an answer without keeping it: `body`, `etag`. `document` is a query of one row, the JSON or NULL and
/// the version or NULL.
pub fn shown(document: &str) -> String {
    format!("WITH shown (document, version) AS ({document}) {SHOWN} FROM shown")
}

const SHOWN: &str = "SELECT document, '\"' || version || '\"'";

/// Keeps the answer and yields, under `name`, what `shown` yields. Belongs after every step that changes the document.
/// Needs what `KEPT` and `document` need and `:fingerprint :kept_status :kept_location`.
pub fn keep(batch: &mut Batch, name: &'static str, document: &str) {
    batch.run(SWEEP);
    // The sweep may have had older ones to take, so the key's own may still be there.
    batch.query(
        name,
        format!(
            "WITH shown (document, version) AS ({document}) INSERT INTO idempotency_keys \
             (body, etag, store_id, actor, key, fingerprint, status, location, expires_at) \
             {SHOWN}, :idempotency_store, :idempotency_actor, :idempotency_key, :fingerprint, :kept_status, \
             :kept_location, :now + {KEPT_FOR_MS} FROM shown WHERE TRUE \
             ON CONFLICT (store_id, actor, key) DO UPDATE SET fingerprint = excluded.fingerprint, \
             status = excluded.status, etag = excluded.etag, location = excluded.location, body = excluded.body, \
             expires_at = excluded.expires_at RETURNING body, etag"
        ),
    );
}
