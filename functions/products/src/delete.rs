//! `DELETE /products/{id}`.

use crate::steps;
use storeroom_domain::ProductId;
use storeroom_operations::Problem;
use storeroom_sql::{Batch, events, images};
use storeroom_web::{Answer, Call, Precondition};

/// Deletes the product with its variants, tags and stock; its revisions and events stay.
pub async fn delete(call: &Call<'_>) -> Result<Answer, Problem> {
    let meant = call.precondition()?;
    let product: ProductId = call.path_id("id", "product")?;
    let mut batch = call.write();
    add_steps(&mut batch, call, product, meant);
    call.commit(batch).await?;
    Ok(Answer::empty(204))
}

/// The steps that delete it.
pub fn add_steps(batch: &mut Batch, call: &Call<'_>, product: ProductId, meant: Precondition) {
    steps::begin(batch, call, product, meant);
    steps::guard_not_in_use(batch, "TRUE");
    events::append_product_end(batch);
    images::touch(batch, "product_id = :product");
    batch.run("DELETE FROM products WHERE store_id = :store AND id = :product");
}
