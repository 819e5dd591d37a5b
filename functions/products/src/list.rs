//! `GET /products`.

use crate::selection;
use storeroom_operations::Problem;
use storeroom_sql::documents::PRODUCT_AS_OF_NOW;
use storeroom_web::{Answer, Call};

/// Answers with a page of products.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let selection = selection::of("products", &call.store, &call.query)?;
    let sql = selection.sql("product_documents", PRODUCT_AS_OF_NOW);
    let found = call.read(&sql, selection.args()).await?;
    Ok(selection.page(&found.rows))
}
