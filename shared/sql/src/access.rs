//! Access: what a credential may do, looked up in the same trip as the work.
//!
//! Guarantees: a session that has ended, an API key that was revoked, a membership that was removed and a role that
//! lacks the permission refuse the request before a row leaves or changes; a store that the credential does not reach
//! looks like one that does not exist; a nonce counts once, whatever becomes of its request.
//! Relies on: a nonce being kept until no request that has it could be taken any more.

use crate::batch::{Batch, Violation};
use storeroom_operations::{Code, Problem};

/// What kind of credential a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A person's session: `:session :user :now`.
    Session,
    /// A secret of an API key: `:key :generation :now`.
    Key,
}

impl Credential {
    fn alive(self) -> &'static str {
        match self {
            Self::Session => {
                "SELECT 1 FROM sessions WHERE id = :session AND user_id = :user AND expires_at > :now \
                 AND ended_at IS NULL"
            }
            Self::Key => {
                "SELECT 1 FROM api_keys k JOIN key_generations g ON g.key_id = k.id AND g.generation = :generation \
                 WHERE k.id = :key AND k.revoked_at IS NULL AND coalesce(k.expires_at > :now, 1) \
                 AND coalesce(g.ends_at > :now, 1)"
            }
        }
    }

    /// The role in `:store` as an SQL query; no row when it has none.
    pub fn role(self) -> &'static str {
        match self {
            Self::Session => "SELECT role FROM memberships WHERE store_id = :store AND user_id = :user",
            Self::Key => "SELECT role FROM api_keys WHERE store_id = :store AND id = :key",
        }
    }

    /// The refusal of one that is good no more.
    pub fn ended(self) -> Problem {
        let detail = match self {
            Self::Session => "The session has ended. Sign in again.",
            Self::Key => {
                "The API key was revoked or has expired, or its secret was replaced. Sign with a secret that is good."
            }
        };
        Problem::new(Code::Unauthenticated, detail)
    }
}

/// The refusal of a store that is not there or not the credential's.
pub fn no_such_store() -> Problem {
    Problem::new(Code::NotFound, "There is no such store, or the credential does not reach it.")
}

/// The refusal of a role without the permission.
pub fn role_lacks(permission: &str) -> Problem {
    Problem::new(Code::Forbidden, format!("Your role in this store lacks the permission {permission}."))
}

/// Whether a refusal tells that access was granted: only then may it say more of the store.
pub fn is_passed(problem: &Problem) -> bool {
    let refused = matches!(problem.code, Code::Unauthenticated | Code::Forbidden | Code::NonceReplayed);
    !refused && *problem != no_such_store()
}

/// The first step of a write about no store: the credential is good.
pub fn guard_alive(batch: &mut Batch, credential: Credential) {
    batch.guard(credential.alive(), credential.ended());
}

/// The first steps of a write. Needs what the credential needs and `:store :roles` (a JSON list of the roles that
/// may).
pub fn guard(batch: &mut Batch, credential: Credential, permission: &str) {
    guard_alive(batch, credential);
    let role = credential.role();
    batch.guard(&format!("SELECT ({role}) IS NOT NULL"), no_such_store());
    batch.guard(&format!("SELECT ({role}) IN (SELECT value FROM json_each(:roles))"), role_lacks(permission));
}

/// Spends the nonce of a signed request and counts the request; both stay whatever becomes of its work. Needs `:key
/// :nonce :nonce_expires_at :now :day` (days since 1970-01-01).
pub fn spend_nonce(batch: &mut Batch) {
    let spent = Problem::new(
        Code::NonceReplayed,
        "This nonce was used before. Sign the request anew, with a nonce of its own.",
    );
    batch.prelude(
        "INSERT INTO nonces (key_id, nonce, expires_at) VALUES (:key, :nonce, :nonce_expires_at)",
        vec![(Violation::Unique("nonces.key_id, nonces.nonce"), spent)],
    );
    // Two go for one that comes, so what has expired does not pile up.
    batch.prelude(
        "DELETE FROM nonces WHERE (key_id, nonce) IN (SELECT key_id, nonce FROM nonces WHERE expires_at < :now \
         ORDER BY expires_at LIMIT 2)",
        Vec::new(),
    );
    batch.prelude(
        "INSERT INTO key_usage (store_id, key_id, day, requests) SELECT store_id, id, :day, 1 FROM api_keys \
         WHERE id = :key ON CONFLICT (store_id, key_id, day) DO UPDATE SET requests = requests + 1",
        Vec::new(),
    );
}

/// How many columns `read` puts before the query's own.
pub const COLUMNS: usize = 4;

/// A member's read as one statement, so that access, cursor and rows come from one snapshot. Its first columns are
/// whether the credential is good, the role, epoch and seq; the query's own follow, all NULL when it found nothing
/// or access is refused. Needs what `guard` needs.
pub fn read(credential: Credential, query: &str) -> String {
    format!(
        "WITH access AS (SELECT ({}) AS alive, ({}) AS role, s.epoch, s.seq \
         FROM (SELECT 1) LEFT JOIN stores s ON s.id = :store) \
         SELECT access.alive, access.role, access.epoch, access.seq, answer.* FROM access \
         LEFT JOIN ({query}) AS answer \
         ON access.alive = 1 AND access.role IN (SELECT value FROM json_each(:roles))",
        credential.alive(),
        credential.role()
    )
}

/// A read about no store, as `read`. Its first column is whether the credential is good.
pub fn read_alive(credential: Credential, query: &str) -> String {
    format!(
        "WITH access AS (SELECT ({}) AS alive) SELECT access.alive, answer.* FROM access \
         LEFT JOIN ({query}) AS answer ON access.alive = 1",
        credential.alive()
    )
}

/// Access alone, for a request that will be refused anyway.
pub const NOTHING: &str = "SELECT 1 AS present";

/// The store of a credential that names none: the only one it reaches, else no row. Needs `:user`.
pub const ONLY_STORE: &str = "SELECT min(store_id) AS store FROM memberships WHERE user_id = :user \
    GROUP BY user_id HAVING count(*) = 1";

/// The sessions that ended, or expired, from `:since` to `:now` with the stores of their users, and the API keys that
/// expired, latest first, at most 500: `store_id`, `session` (the session or the key).
pub const ENDED_SESSIONS_SINCE: &str = "SELECT store_id, session FROM (\
    SELECT m.store_id, s.id AS session, s.ended_at AS at FROM sessions s \
        JOIN memberships m ON m.user_id = s.user_id WHERE s.ended_at >= :since \
    UNION ALL SELECT m.store_id, s.id, s.expires_at FROM sessions s \
        JOIN memberships m ON m.user_id = s.user_id WHERE s.expires_at >= :since AND s.expires_at <= :now \
    UNION ALL SELECT store_id, id, expires_at FROM api_keys WHERE expires_at >= :since AND expires_at <= :now\
    ) ORDER BY at DESC LIMIT 500";
