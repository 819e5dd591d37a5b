//! `GET /stores`.

use storeroom_operations::Problem;
use storeroom_web::page::Page;
use storeroom_web::{Answer, Call};

// `~` sorts after every id.
const LIST: &str = "SELECT d.document, m.store_id AS key FROM memberships m JOIN store_documents d ON d.id = m.store_id \
    WHERE m.user_id = :user AND m.store_id < coalesce(:after, '~') ORDER BY m.store_id DESC LIMIT :limit";

/// Answers with a page of the stores that the user is a member of, the newest store first.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let page = Page::of("stores", &call.query)?;
    let rows = call.read_account(LIST, page.args()).await?;
    Ok(page.answer(&rows))
}
