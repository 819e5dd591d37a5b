//! `POST /products/{id}/images`.
//!
//! Three round trips: access, and the answer of the same request before; the note of the files; the image.

use crate::upload::{Sent, sent};
use crate::{files, steps};
use storeroom_domain::id::ImageId;
use storeroom_domain::{EventType, ProductId};
use storeroom_operations::shapes::image::MAX_IMAGES;
use storeroom_operations::{Code, Fault, Problem};
use storeroom_sql::Batch;
use storeroom_web::{Answer, Call, product};

const INSERT: &str = "INSERT INTO images (store_id, id, product_id, sha256, width, height, size_bytes, extension, \
    rendition, alt, position, placeholder, created_at) \
    SELECT :store, :image, :product, :sha256, :width, :height, :size_bytes, :extension, :rendition, \
    coalesce(:alt, ''), (SELECT count(*) FROM images WHERE store_id = :store AND product_id = :product), \
    :placeholder, :now";

/// Adds an image after the others.
pub async fn add(call: &Call<'_>) -> Result<Answer, Problem> {
    let meant = call.precondition()?;
    let product: ProductId = call.path_id("id", "product")?;
    let mut upload = match sent(call).await? {
        Sent::Before(answer) => return Ok(answer),
        Sent::Now(upload) => upload,
    };
    let size_bytes = upload.picture.original.len();
    files::store(call, &mut upload, product, meant, guard_room).await?;
    let image: ImageId = call.new_id();
    let mut batch = call.write();
    product::begin(&mut batch, call, product, meant);
    batch.set("image", image.to_string());
    steps::bind_upload(&mut batch, call, &upload, size_bytes);
    guard_room(&mut batch);
    files::guard_stored(&mut batch);
    batch.run(INSERT);
    steps::end(&mut batch, EventType::ImageAdded);
    files::check_time(call)?;
    let location = format!("/api/pms/products/{product}/images/{image}");
    steps::commit_and_show(call, batch, Some(location)).await
}

/// Refuses one image more than a product may have.
fn guard_room(batch: &mut Batch) {
    let detail = format!("has {MAX_IMAGES} images, as many as there may be. Remove one first.");
    let fault = Fault { pointer: "/images".to_owned(), code: "too_many", detail };
    batch.guard(
        &format!(
            "SELECT count(*) < {MAX_IMAGES} FROM images WHERE store_id = :store AND product_id = :product"
        ),
        Problem::with_faults(Code::ValidationFailed, vec![fault]),
    );
}
