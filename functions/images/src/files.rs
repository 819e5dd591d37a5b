//! Putting an image's files where they stay.
//!
//! Guarantees: between the note and the image that shows it no file is removed (`GRACE_MS`), and no file is sent while it
//! is being removed; so an image that a product shows has all its files. What a crash leaves is a note without an image,
//! which due work clears away with its files. The same content in a store is stored once.
//! Relies on: an upload taking less than half of `GRACE_MS` from its note to its end, which `check_time` sees to.

use crate::names::{self, File};
use crate::upload::Upload;
use futures::future::try_join_all;
use storeroom_domain::ProductId;
use storeroom_operations::{Code, Problem};
use storeroom_ports::{Down, Level};
use storeroom_web::call::unavailable;
use storeroom_web::{Call, Precondition};

/// For how long a file that was noted stays, whether or not an image shows it. The triggers of the schema know it, too.
pub const GRACE_MS: i64 = 3_600_000;

const NOTE: &str = "INSERT INTO image_files (store_id, sha256, extension, touched_at, due_at, lease_until) \
    VALUES (:store, :sha256, :extension, :now, :due_at, 0) ON CONFLICT (store_id, sha256) DO UPDATE \
    SET touched_at = :now, due_at = iif(due_at IS NULL, NULL, :due_at)";

/// Whether an image shows these very files already.
const IS_STORED: &str = "SELECT EXISTS (SELECT 1 FROM images WHERE store_id = :store AND sha256 = :sha256 \
    AND rendition = :rendition)";

/// Notes the files and stores them, unless they are there. The product's version is looked at here, too, so that nothing
/// is stored for a request that is refused anyway. `guard` adds what else may refuse it.
pub async fn store(
    call: &Call<'_>,
    upload: &mut Upload<'_>,
    product: ProductId,
    meant: Precondition,
    guard: impl FnOnce(&mut storeroom_sql::Batch),
) -> Result<(), Problem> {
    let mut batch = call.write();
    storeroom_web::product::begin(&mut batch, call, product, meant);
    guard(&mut batch);
    bind(&mut batch, call, upload);
    guard_not_leaving(&mut batch);
    batch.run(NOTE);
    batch.query("is_stored", IS_STORED);
    let outcome = call.commit_ahead(batch).await?;
    if outcome.rows("is_stored").integer(0, 0) == Some(1) {
        return Ok(());
    }
    put(call, upload).await.map_err(|down| {
        call.log(Level::Warn, "image store down", &down.0);
        unavailable("The image store does not answer right now; nothing was changed.")
    })
}

/// Sets what the statements about a file name.
pub fn bind(batch: &mut storeroom_sql::Batch, call: &Call<'_>, upload: &Upload<'_>) {
    batch.set("sha256", upload.sha256.as_str());
    batch.set("extension", upload.picture.format.extension());
    batch.set("rendition", upload.picture.rendition_format.extension());
    batch.set("due_at", call.now.plus_ms(GRACE_MS).ms());
}

/// Refuses a file that is being removed or was.
pub fn guard_stored(batch: &mut storeroom_sql::Batch) {
    batch.guard(
        "SELECT EXISTS (SELECT 1 FROM image_files WHERE store_id = :store AND sha256 = :sha256 AND lease_until <= :now)",
        leaving(),
    );
}

fn guard_not_leaving(batch: &mut storeroom_sql::Batch) {
    batch.guard(
        "SELECT NOT EXISTS (SELECT 1 FROM image_files WHERE store_id = :store AND sha256 = :sha256 AND lease_until > :now)",
        leaving(),
    );
}

fn leaving() -> Problem {
    let detail = "The same image is just being removed from the store; nothing was done. Send it again in some minutes.";
    Problem::new(Code::Unavailable, detail).header("Retry-After", "60")
}

/// Refuses to show what was noted too long ago.
pub fn check_time(call: &Call<'_>) -> Result<(), Problem> {
    let took_ms = call.ports.clock.now().ms().saturating_sub(call.now.ms());
    if took_ms < GRACE_MS / 2 {
        return Ok(());
    }
    Err(unavailable("Storing the image took too long; nothing was changed. Send it again."))
}

/// Stores all files at once.
async fn put(call: &Call<'_>, upload: &mut Upload<'_>) -> Result<(), Down> {
    let (store, sha256) = (call.store.as_str(), upload.sha256.as_str());
    let picture = &mut upload.picture;
    let original = (File::Original(picture.format), std::mem::take(&mut picture.original));
    let format = picture.rendition_format;
    let renditions = std::mem::take(&mut picture.renditions).into_iter();
    let files = renditions.map(|made| (File::Rendition(made.preset, format), made.bytes)).chain([original]);
    let puts = files.map(|(file, bytes)| async move {
        call.ports.blobs.put(&names::stored(store, sha256, file), bytes).await
    });
    try_join_all(puts).await.map(drop)
}
