//! `GET /stores/{store}`.

use storeroom_operations::Problem;
use storeroom_sql::{Args, Batch, Rows};
use storeroom_web::{Answer, Call};

/// The store `:store`: `document`, `version`.
pub const STORE: &str = "SELECT document, version FROM store_documents WHERE id = :store";

/// Answers with the store's settings.
pub async fn read(call: &Call<'_>) -> Result<Answer, Problem> {
    let found = call.read(STORE, Args::new()).await?;
    show(call, &found.rows, 200)
}

/// Commits and answers with the document of `:store`.
pub async fn commit_and_show(call: &Call<'_>, mut batch: Batch, status: u16) -> Result<Answer, Problem> {
    batch.query("document", STORE);
    let rows = call.commit(batch).await?.rows("document");
    show(call, &rows, status)
}

fn show(call: &Call<'_>, rows: &Rows, status: u16) -> Result<Answer, Problem> {
    match (rows.text(0, 0), rows.integer(0, 1)) {
        (Some(document), Some(version)) => Ok(Answer::json(status, document).version(version)),
        _ => Err(call.fault("a store without a document")),
    }
}
