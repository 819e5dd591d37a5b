//! `GET /locations`.

use super::DOCUMENT;
use storeroom_operations::Problem;
use storeroom_web::page::Page;
use storeroom_web::{Answer, Call};

/// Answers with a page of locations, the newest first.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let page = Page::of("locations", &call.query)?;
    // A tilde comes after every character of an id.
    let sql = format!(
        "SELECT {DOCUMENT} AS document, o.id AS key FROM locations o WHERE o.store_id = :store \
         AND o.id < coalesce(:after, '~') ORDER BY o.id DESC LIMIT :limit"
    );
    let found = call.read(&sql, page.args()).await?;
    Ok(page.answer(&found.rows))
}
