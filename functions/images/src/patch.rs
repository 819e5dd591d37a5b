//! `PATCH /products/{id}/images/{image}`: what it shows in words, and its place.

use crate::steps;
use storeroom_domain::EventType;
use storeroom_operations::Problem;
use storeroom_operations::shapes::image::ImagePatch;
use storeroom_web::{Answer, Call};

const DESCRIBE: &str = "UPDATE images SET alt = coalesce(:alt, alt) WHERE store_id = :store AND id = :image";

/// Those between the old and the new place go one up or down.
const MOVE: &str = "UPDATE images SET position = CASE WHEN images.id = :image THEN places.new \
        WHEN position > places.old AND position <= places.new THEN position - 1 \
        WHEN position < places.old AND position >= places.new THEN position + 1 ELSE position END \
    FROM (SELECT moved.position AS old, min(:position, (SELECT count(*) - 1 FROM images \
            WHERE store_id = :store AND product_id = :product)) AS new \
        FROM images moved WHERE moved.store_id = :store AND moved.id = :image) AS places \
    WHERE images.store_id = :store AND images.product_id = :product";

/// Describes or moves an image.
pub async fn patch(call: &Call<'_>) -> Result<Answer, Problem> {
    let meant = call.precondition()?;
    let patch: ImagePatch = call.input()?;
    let place = steps::place(call)?;
    let mut batch = call.write();
    steps::begin(&mut batch, call, place, meant);
    batch.set("alt", patch.alt);
    batch.run(DESCRIBE);
    if let Some(position) = patch.position {
        batch.set("position", position);
        batch.run(MOVE);
    }
    steps::end(&mut batch, EventType::ImageUpdated);
    steps::commit_and_show(call, batch, None).await
}
