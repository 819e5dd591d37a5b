//! `GET /stores/{store}`.

use storeroom_operations::Problem;
use storeroom_sql::Args;
use storeroom_web::{Answer, Call};

/// The store `:store`: `document`, `version`.
pub const STORE: &str = "SELECT document, version FROM store_documents WHERE id = :store";

/// Answers with the store's settings.
pub async fn read(call: &Call<'_>) -> Result<Answer, Problem> {
    let rows = call.read(STORE, Args::new()).await?.rows;
    match (rows.text(0, 0), rows.integer(0, 1)) {
        (Some(document), Some(version)) => Ok(Answer::json(200, document).version(version)),
        _ => Err(call.fault("a store without a document")),
    }
}
