//! `DELETE /products/{id}`.

use crate::steps;
use storeroom_domain::ProductId;
use storeroom_operations::Problem;
use storeroom_sql::events;
use storeroom_web::{Answer, Call};

/// Deletes the product with its variants, tags and stock; its revisions and events stay.
pub async fn delete(call: &Call<'_>) -> Result<Answer, Problem> {
    let meant = call.precondition()?;
    let product: ProductId = call.path_id("id", "product")?;
    let mut batch = call.write();
    steps::begin(&mut batch, call, product, meant);
    steps::guard_not_in_use(&mut batch, "TRUE");
    events::append_product_end(&mut batch);
    batch.run("DELETE FROM products WHERE store_id = :store AND id = :product");
    call.commit(batch).await?;
    Ok(Answer::empty(204))
}
