//! `PUT /products/{id}/images/{image}`: another content, the same image.

use crate::upload::{Sent, sent};
use crate::{files, steps};
use storeroom_domain::EventType;
use storeroom_operations::Problem;
use storeroom_sql::images;
use storeroom_web::{Answer, Call};

const UPDATE: &str = "UPDATE images SET sha256 = :sha256, width = :width, height = :height, size_bytes = :size_bytes, \
    extension = :extension, rendition = :rendition, alt = coalesce(:alt, alt), placeholder = :placeholder \
    WHERE store_id = :store AND id = :image";

/// Replaces what an image shows.
pub async fn replace(call: &Call<'_>) -> Result<Answer, Problem> {
    let meant = call.precondition()?;
    let place = steps::place(call)?;
    let mut upload = match sent(call).await? {
        Sent::Before(answer) => return Ok(answer),
        Sent::Now(upload) => upload,
    };
    let size_bytes = upload.picture.original.len();
    let is_there = |batch: &mut _| steps::guard_there(batch, place.image);
    files::store(call, &mut upload, place.product, meant, is_there).await?;
    let mut batch = call.write();
    steps::begin(&mut batch, call, place, meant);
    steps::bind_upload(&mut batch, call, &upload, size_bytes);
    files::guard_stored(&mut batch);
    images::touch(&mut batch, "id = :image");
    batch.run(UPDATE);
    steps::end(&mut batch, EventType::ImageUpdated);
    files::check_time(call)?;
    steps::commit_and_show(call, batch, None).await
}
