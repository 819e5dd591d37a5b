//! The files of images that are about to go.
//!
//! Relies on: the triggers of `images`, which let a file that nothing shows any more be removed an hour after it was touched.

use crate::batch::Batch;

/// Notes that the files of some images are shown until now, because who has seen their addresses may still ask for them.
/// `which` is a condition over `images`. Needs `:store :now`, and belongs before the step that takes the images away.
pub fn touch(batch: &mut Batch, which: &str) {
    batch.run(format!(
        "UPDATE image_files SET touched_at = :now WHERE store_id = :store \
         AND sha256 IN (SELECT sha256 FROM images WHERE store_id = :store AND {which})"
    ));
}
