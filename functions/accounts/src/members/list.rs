//! `GET /stores/{store}/members`.

use super::document;
use storeroom_operations::Problem;
use storeroom_web::page::Page;
use storeroom_web::{Answer, Call};

/// Answers with a page of the store's members, the newest account first.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let page = Page::of("members", &call.query)?;
    // `~` sorts after every id.
    let after = "m.user_id < coalesce(:after, '~') ORDER BY m.user_id DESC LIMIT :limit";
    let found = call.read(&format!("{} AND {after}", document::members()), page.args()).await?;
    Ok(page.answer(&found.rows))
}
