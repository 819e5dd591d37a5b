//! `GET /audit/verify`.
//!
//! Guarantees: every row up to the count of one snapshot is looked at: its content, its place, its seal; then the
//! anchor, the count, and that nothing stands behind them. Rows that are written meanwhile are for the next time. Who
//! has only the database cannot change, copy or make up a row without its showing here, nor drop or move one that is
//! sealed and stays so. Taking off all seals and the anchor, or putting back earlier ones, and dropping rows then is
//! another matter: the log lines of the sealer, which stand outside the database, say which `seq` had which hash.

use super::due::seal;
use super::seals::End;
use super::walk::{COLUMNS, Walk};
use storeroom_domain::Timestamp;
use storeroom_operations::Problem;
use storeroom_operations::shapes::audit::AuditVerdict;
use storeroom_ports::DatabaseError;
use storeroom_sql::{Args, access};
use storeroom_web::call::unavailable;
use storeroom_web::{Answer, Call};

/// Rows a trip, about 1 MB of answer. A row costs two HMACs of some 200 bytes: a log of a million rows takes 500 trips
/// and two million HMACs, seconds of work, and no more memory than a page.
const PAGE: i64 = 2_000;

/// The end of the log in one snapshot: the count, the anchor's four columns, and the first row that must not be
/// there: one past the count, or one behind the anchor that has a seal.
const END: &str = "SELECT s.audit_count, a.count, a.seal, a.at, a.mac, \
        (SELECT min(r.seq) FROM audit r WHERE r.store_id = s.id AND r.seq > coalesce(a.count, 0) \
            AND (r.seal IS NOT NULL OR r.seq > s.audit_count)) AS stray \
    FROM stores s LEFT JOIN audit_anchors a ON a.store_id = s.id WHERE s.id = :store";

/// Seals what is not sealed yet and checks the whole log.
pub async fn verify(call: &Call<'_>) -> Result<Answer, Problem> {
    call.read(access::NOTHING, Args::new()).await?;
    // A chain that is broken cannot go on, which is what the check is about to find.
    seal(call.ports, &call.secrets.master, &call.store).await.map_err(|error| not_sealed(call, error))?;
    let verdict = verdict(call).await?;
    let json = serde_json::to_string(&verdict).map_err(|error| call.fault(&error.to_string()))?;
    Ok(Answer::json(200, json))
}

fn not_sealed(call: &Call<'_>, error: DatabaseError) -> Problem {
    match error {
        DatabaseError::Failed(detail) => call.fault(&detail),
        DatabaseError::Unavailable(_) | DatabaseError::OutcomeUnknown(_) => {
            unavailable("The database does not answer right now. Ask again.")
        }
    }
}

async fn verdict(call: &Call<'_>) -> Result<AuditVerdict, Problem> {
    let rows = call.read(END, Args::new()).await?.rows;
    let count = rows.integer(0, 0).unwrap_or_default();
    let anchor = End::of_anchor(&call.secrets.master, &call.store, &rows, 1);
    let mut walk = Walk::new(&call.secrets.master, &call.store, anchor.as_ref());
    walk_to(call, &mut walk, count).await?;
    let claimed = rows.integer(0, 1).unwrap_or_default();
    let of_anchor = match &anchor {
        // Nothing past what the anchor claims can be taken for granted.
        None => Some(claimed.clamp(0, count).saturating_add(1)),
        Some(end) if end.count > count => Some(count.saturating_add(1)),
        Some(_) => None,
    };
    let first_bad = [walk.first_bad(), of_anchor, rows.integer(0, 5)].into_iter().flatten().min();
    let sealed_to =
        anchor.as_ref().filter(|end| end.count > 0).map(|end| Timestamp::from_ms(end.at_ms).to_string());
    Ok(AuditVerdict { valid: first_bad.is_none(), checked: walk.checked(), sealed_to, first_bad })
}

/// Walks the rows from the first to `count`, up to the first that does not fit.
async fn walk_to(call: &Call<'_>, walk: &mut Walk<'_>, count: i64) -> Result<(), Problem> {
    let sql = format!(
        "SELECT {COLUMNS} FROM audit r WHERE r.store_id = :store AND r.seq > :seen AND r.seq <= :count \
         ORDER BY r.seq LIMIT :limit"
    );
    while walk.seen() < count && walk.first_bad().is_none() {
        let args = Args::new().with("seen", walk.seen()).with("count", count).with("limit", PAGE);
        let rows = call.read(&sql, args).await?.rows;
        if rows.0.is_empty() {
            walk.miss();
        }
        walk.page(&rows);
    }
    Ok(())
}
