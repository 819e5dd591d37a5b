//! `GET /keys`.

use super::steps::DOCUMENT;
use storeroom_operations::Problem;
use storeroom_web::page::Page;
use storeroom_web::{Answer, Call};

/// Answers with a page of keys, the newest first; those that are good no more too.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let page = Page::of("keys", &call.query)?;
    // A tilde comes after every character of an id.
    let sql = format!(
        "SELECT {DOCUMENT} AS document, k.id FROM api_keys k WHERE k.store_id = :store \
         AND k.id < coalesce(:after, '~') ORDER BY k.id DESC LIMIT :limit"
    );
    let found = call.read(&sql, page.args()).await?;
    Ok(page.answer(&found.rows))
}
