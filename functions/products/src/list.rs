//! `GET /products`.

use crate::selection::Selection;
use storeroom_operations::Problem;
use storeroom_sql::documents::{IS_DUE, SETTLED_PRODUCT};
use storeroom_web::{Answer, Call};

/// Answers with a page of products.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let selection = Selection::of("products", &call.query)?;
    let document = format!("CASE WHEN {IS_DUE} THEN {SETTLED_PRODUCT} ELSE document END");
    let sql = selection.sql("product_documents", &document);
    let found = call.read(&sql, selection.args()).await?;
    Ok(selection.page(&found.rows))
}
