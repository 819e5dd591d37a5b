//! The statements that several writes of an image share.

use crate::files;
use crate::upload::Upload;
use storeroom_domain::id::ImageId;
use storeroom_domain::{EventType, ProductId};
use storeroom_operations::Problem;
use storeroom_sql::{Batch, documents, events};
use storeroom_web::{Answer, Call, Precondition, Shown, product};

/// The beginning of every write to an image that is there: the product's beginning, and that the image is the product's.
pub fn begin(batch: &mut Batch, call: &Call<'_>, place: Place, meant: Precondition) {
    product::begin(batch, call, place.product, meant);
    guard_there(batch, place.image);
}

/// Refuses an image that is not the product's.
pub fn guard_there(batch: &mut Batch, image: ImageId) {
    batch.set("image", image.to_string());
    batch.guard(
        "SELECT 1 FROM images WHERE store_id = :store AND id = :image AND product_id = :product",
        Problem::not_found("image"),
    );
}

/// An image of a product.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The product.
    pub product: ProductId,
    /// The image.
    pub image: ImageId,
}

/// The image that the path names.
pub fn place(call: &Call<'_>) -> Result<Place, Problem> {
    Ok(Place { product: call.path_id("id", "product")?, image: call.path_id("image", "image")? })
}

/// Sets what the statements name of an image that was sent.
pub fn bind_upload(batch: &mut Batch, call: &Call<'_>, upload: &Upload<'_>, size_bytes: usize) {
    files::bind(batch, call, upload);
    let picture = &upload.picture;
    batch.set("width", i64::from(picture.width));
    batch.set("height", i64::from(picture.height));
    batch.set("size_bytes", i64::try_from(size_bytes).unwrap_or(i64::MAX));
    batch.set("placeholder", picture.placeholder.as_str());
    batch.set("alt", upload.alt.clone());
}

/// The end of every write to an image: the product's new version with its revision, and the event.
pub fn end(batch: &mut Batch, event_type: EventType) {
    batch.run(
        "UPDATE products SET version = version + 1, updated_at = :now WHERE store_id = :store AND id = :product",
    );
    events::append_product_event(batch, event_type);
}

/// Commits and answers with the image and the product's version.
pub async fn commit_and_show(
    call: &Call<'_>,
    batch: Batch,
    location: Option<String>,
) -> Result<Answer, Problem> {
    let shown = Shown { status: call.row.success, document: documents::IMAGE.into(), location };
    call.commit_and_show(batch, shown).await
}
