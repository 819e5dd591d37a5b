//! `GET /catalog/products` and `GET /catalog/products/{handle}`: what the public sees.
//!
//! Guarantees: published products only, from their moment on; an answer may be kept for at most a minute, and never
//! past the moment at which the next product of the store becomes public or the next hold expires.

use crate::selection;
use storeroom_domain::Timestamp;
use storeroom_domain::handle::is_handle;
use storeroom_operations::Problem;
use storeroom_sql::Args;
use storeroom_sql::documents::{CATALOG, IS_DUE};
use storeroom_web::{Answer, Call};

/// Longest that a cache may keep an answer, in seconds: stock changes at any time.
const MAX_AGE_S: i64 = 60;

/// Answers with a page of published products.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let mut query = call.query.clone();
    query.insert("status".to_owned(), "published".to_owned());
    let selection = selection::of("catalog", &call.store, &query)?;
    let found = call.read_public(&selection.sql(CATALOG, "document"), selection.args()).await?;
    Ok(cached(call, selection.page(&found.rows), found.next_change))
}

/// Answers with a published product.
pub async fn read(call: &Call<'_>) -> Result<Answer, Problem> {
    let handle = call.path.get("handle").filter(|text| is_handle(text)).cloned();
    let handle = handle.ok_or_else(|| Problem::not_found("published product"))?;
    let sql = format!(
        "SELECT d.document FROM products p JOIN {CATALOG} d ON d.store_id = p.store_id AND d.id = p.id \
         WHERE p.store_id = :store AND p.handle = :handle AND (p.status = 'published' OR {IS_DUE})"
    );
    let found = call.read_public(&sql, Args::new().with("handle", handle)).await?;
    let document = found.rows.text(0, 0).ok_or_else(|| Problem::not_found("published product"))?;
    Ok(cached(call, Answer::json(200, document), found.next_change))
}

fn cached(call: &Call<'_>, answer: Answer, next_change: Option<Timestamp>) -> Answer {
    let until_change = next_change.map_or(MAX_AGE_S, |at| (at.ms() - call.now.ms()).max(0) / 1000);
    answer.hashed().public(until_change.min(MAX_AGE_S))
}
