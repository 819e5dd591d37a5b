//! Access: what a credential may do, looked up in the same trip as the work.
//!
//! Guarantees: a session that has ended, a membership that was removed and a role that lacks the permission refuse
//! the request before a row leaves or changes; a store that the credential does not reach looks like one that does
//! not exist.

use crate::batch::Batch;
use storeroom_operations::{Code, Problem};

const SESSION_ALIVE: &str = "SELECT 1 FROM sessions WHERE id = :session AND user_id = :user AND expires_at > :now AND ended_at IS NULL";
const ROLE: &str = "SELECT role FROM memberships WHERE store_id = :store AND user_id = :user";

/// The refusal of a session that has ended.
pub fn session_ended() -> Problem {
    Problem::new(Code::Unauthenticated, "The session has ended. Sign in again.")
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
    !matches!(problem.code, Code::Unauthenticated | Code::Forbidden) && *problem != no_such_store()
}

/// The first steps of a write. Needs `:session :user :store :now :roles` (a JSON list of the roles that may).
pub fn guard(batch: &mut Batch, permission: &str) {
    batch.guard(SESSION_ALIVE, session_ended());
    batch.guard(&format!("SELECT ({ROLE}) IS NOT NULL"), no_such_store());
    batch.guard(&format!("SELECT ({ROLE}) IN (SELECT value FROM json_each(:roles))"), role_lacks(permission));
}

/// How many columns `read` puts before the query's own.
pub const COLUMNS: usize = 4;

/// A member's read as one statement, so that access, cursor and rows come from one snapshot. Its first columns are
/// whether the session is alive, the role, epoch and seq; the query's own follow, all NULL when it found nothing
/// or access is refused. Needs what `guard` needs.
pub fn read(query: &str) -> String {
    format!(
        "WITH access AS (SELECT ({SESSION_ALIVE}) AS alive, ({ROLE}) AS role, s.epoch, s.seq \
         FROM (SELECT 1) LEFT JOIN stores s ON s.id = :store) \
         SELECT access.alive, access.role, access.epoch, access.seq, answer.* FROM access \
         LEFT JOIN ({query}) AS answer \
         ON access.alive = 1 AND access.role IN (SELECT value FROM json_each(:roles))"
    )
}

/// Access alone, for a request that will be refused anyway.
pub const NOTHING: &str = "SELECT 1 AS present";

/// The store of a credential that names none: the only one it reaches, else NULL. Needs `:user`.
pub const ONLY_STORE: &str =
    "SELECT CASE WHEN count(*) = 1 THEN min(store_id) END FROM memberships WHERE user_id = :user";
