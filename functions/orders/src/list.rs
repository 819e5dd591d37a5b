//! `GET /orders`.

use crate::selection;
use storeroom_operations::Problem;
use storeroom_sql::documents::ORDER_AS_OF_NOW;
use storeroom_web::{Answer, Call};

/// Answers with a page of orders as of now.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let selection = selection::of(&call.query)?;
    let found = call.read(&selection.sql("order_documents", ORDER_AS_OF_NOW), selection.args()).await?;
    Ok(selection.page(&found.rows))
}
