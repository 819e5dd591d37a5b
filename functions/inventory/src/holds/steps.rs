//! The statements that several writes of a hold share.
//!
//! Every one names only arguments of `Call::args`, `crate::steps::bind` and `:hold`.

use storeroom_domain::{EventType, HoldId};
use storeroom_operations::{Code, Problem};
use storeroom_sql::{Batch, documents, events, settle, stock};
use storeroom_web::{Answer, Call, Shown};

/// A batch that begins as every write to a hold: it is there, and it is open.
pub fn begin(call: &Call<'_>) -> Result<Batch, Problem> {
    let hold: HoldId = call.path_id("id", "hold")?;
    let mut batch = call.write();
    crate::steps::bind(&mut batch, call);
    batch.set("hold", hold.to_string());
    settle::settle_hold(&mut batch);
    batch.guard("SELECT 1 FROM holds WHERE store_id = :store AND id = :hold", Problem::not_found("hold"));
    for (state, code, detail) in [
        ("committed", Code::HoldAlreadyCommitted, "The hold was committed; a hold resolves once."),
        ("released", Code::HoldAlreadyReleased, "The hold was released; a hold resolves once."),
        ("expired", Code::HoldExpired, EXPIRED),
    ] {
        batch.guard(
            &format!("SELECT state <> '{state}' FROM holds WHERE store_id = :store AND id = :hold"),
            Problem::new(code, detail),
        );
    }
    // A clock that is ahead of this one may have given the stock back already.
    batch.guard(
        "SELECT NOT EXISTS (SELECT 1 FROM hold_lines WHERE store_id = :store AND hold_id = :hold \
         AND open_until IS NULL)",
        Problem::new(Code::HoldExpired, EXPIRED),
    );
    Ok(batch)
}

const EXPIRED: &str = "The hold has expired, and its stock is available again. Hold anew.";

/// Resolves the hold; the lines that are open still give back what they have.
pub fn resolve(batch: &mut Batch, state: &str) {
    batch.run_expecting(
        1,
        format!(
            "UPDATE holds SET state = '{state}', resolved_at = :now, version = version + 1 \
             WHERE store_id = :store AND id = :hold AND state = 'open'"
        ),
        Problem::not_found("hold"),
    );
}

/// Appends the event that tells of the hold as it is now; `data` is an expression over the columns of
/// `hold_documents`.
pub fn tell(batch: &mut Batch, event: EventType, data: &str) {
    let told = format!(
        "SELECT id AS subject, version, {data} AS data FROM hold_documents WHERE store_id = :store AND id = :hold"
    );
    events::append(batch, event, &told);
}

/// Tells of the levels that are low or have enough again; commits, and answers with the hold's document. A hold has no
/// `ETag`, so the document's version is left out.
pub async fn finish(call: &Call<'_>, mut batch: Batch, location: Option<String>) -> Result<Answer, Problem> {
    stock::tell_crossings(&mut batch);
    let document = format!("SELECT document, NULL AS version FROM ({})", documents::HOLD).into();
    call.commit_and_show(batch, Shown { status: call.row.success, document, location }).await
}
