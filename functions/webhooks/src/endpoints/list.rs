//! `GET /webhooks`.

use storeroom_operations::Problem;
use storeroom_web::page::Page;
use storeroom_web::{Answer, Call};

/// Answers with a page of endpoints, the newest first; those that are stopped too.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let page = Page::of("webhooks", &call.query)?;
    // A tilde comes after every character of an id.
    let sql = "SELECT document, id FROM webhook_documents WHERE store_id = :store AND id < coalesce(:after, '~') \
        ORDER BY id DESC LIMIT :limit";
    let found = call.read(sql, page.args()).await?;
    Ok(page.answer(&found.rows))
}
