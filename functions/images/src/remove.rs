//! `DELETE /products/{id}/images/{image}`. Its files go later, when nothing shows them any more.

use crate::steps;
use storeroom_domain::EventType;
use storeroom_operations::Problem;
use storeroom_sql::images;
use storeroom_web::{Answer, Call, Shown};

const CLOSE_RANKS: &str = "UPDATE images SET position = position - 1 WHERE store_id = :store \
    AND product_id = :product AND position > (SELECT position FROM images WHERE store_id = :store AND id = :image)";

const VERSION: &str =
    "SELECT NULL AS document, version FROM products WHERE store_id = :store AND id = :product";

/// Takes an image from its product.
pub async fn remove(call: &Call<'_>) -> Result<Answer, Problem> {
    let meant = call.precondition()?;
    let mut batch = call.write();
    steps::begin(&mut batch, call, steps::place(call)?, meant);
    batch.run(CLOSE_RANKS);
    images::touch(&mut batch, "id = :image");
    batch.run("DELETE FROM images WHERE store_id = :store AND id = :image");
    steps::end(&mut batch, EventType::ImageRemoved);
    call.commit_and_show(batch, Shown { status: 204, document: VERSION.into(), location: None }).await
}
