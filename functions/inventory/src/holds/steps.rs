//! The statements that several writes of a hold share.
//!
//! Every one names only arguments of `Call::args`, `crate::steps::bind` and `:hold`.

use storeroom_domain::HoldId;
use storeroom_operations::Problem;
use storeroom_sql::{Batch, documents, holds, settle, stock};
use storeroom_web::{Answer, Call, Shown};

/// A batch that begins as every write to a hold: it is there, and it is open.
pub fn begin(call: &Call<'_>) -> Result<Batch, Problem> {
    let hold: HoldId = call.path_id("id", "hold")?;
    let mut batch = call.write();
    crate::steps::bind(&mut batch, call);
    batch.set("hold", hold.to_string());
    settle::settle_hold(&mut batch);
    batch.guard("SELECT 1 FROM holds WHERE store_id = :store AND id = :hold", Problem::not_found("hold"));
    holds::guard_open(&mut batch);
    Ok(batch)
}

/// Tells of the levels that are low or have enough again; commits, and answers with the hold's document. A hold has no
/// `ETag`, so the document's version is left out.
pub async fn finish(call: &Call<'_>, mut batch: Batch, location: Option<String>) -> Result<Answer, Problem> {
    stock::tell_crossings(&mut batch);
    let document = format!("SELECT document, NULL AS version FROM ({})", documents::HOLD).into();
    call.commit_and_show(batch, Shown { status: call.row.success, document, location }).await
}
