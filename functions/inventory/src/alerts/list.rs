//! `GET /inventory/alerts`.

use super::{DOCUMENT, SKU};
use storeroom_operations::Problem;
use storeroom_web::page::Page;
use storeroom_web::{Answer, Call};

/// Answers with a page of alerts, the newest first: those that are open, unless the query asks for all.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let all = call.query.get("state").is_some_and(|state| state == "all");
    let (name, source, condition) = match all {
        true => ("alerts/all", "alerts a", "TRUE"),
        false => ("alerts/open", "alerts a INDEXED BY alerts_open_by_id", "a.closed_at IS NULL"),
    };
    let page = Page::of(name, &call.query)?;
    // A tilde comes after every character of an id.
    let sql = format!(
        "SELECT {DOCUMENT} AS document, a.id AS key FROM {source} {SKU} WHERE a.store_id = :store AND {condition} \
         AND a.id < coalesce(:after, '~') ORDER BY a.id DESC LIMIT :limit"
    );
    let found = call.read(&sql, page.args()).await?;
    Ok(page.answer(&found.rows))
}
