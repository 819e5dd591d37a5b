//! Due work: removing files that nothing shows.
//!
//! Guarantees: idempotent, and safe to run from many places at once: a lease keeps two runners from one file, and whoever
//! sends the same image waits for its end. A file that an image shows is never removed: what is taken is due, which the
//! triggers of the schema say, and the foreign key of `images` keeps its note.
//! Relies on: a runner that stops deleting long before its lease ends (`RUN_MS` of `LEASE_MS`), and on `Blobs::delete`
//! answering within the rest.

use crate::names;
use futures::stream::{self, TryStreamExt};
use serde_json::json;
use storeroom_domain::Timestamp;
use storeroom_pictures::Format;
use storeroom_ports::{DatabaseError, Level, Ports, due};
use storeroom_sql::{Args, Batch};

/// For how long a runner has files for itself, in milliseconds.
pub const LEASE_MS: i64 = 300_000;
/// For how long it begins to delete, in milliseconds.
const RUN_MS: i64 = 60_000;
/// Most requests at once: an invocation has six connections.
const AT_ONCE: usize = 5;

/// Files that are due. Those that are being removed are due again only when their lease has ended.
const DUE: &str = "SELECT store_id, sha256 FROM image_files INDEXED BY image_files_due WHERE due_at <= :now \
    ORDER BY due_at LIMIT 40";

const TAKE: &str = "UPDATE image_files SET lease_until = :until, due_at = :until WHERE store_id = :store \
    AND sha256 IN (SELECT value FROM json_each(:files)) AND due_at <= :now \
    AND NOT EXISTS (SELECT 1 FROM images WHERE images.store_id = image_files.store_id \
        AND images.sha256 = image_files.sha256) RETURNING sha256, extension";

const FORGET: &str = "DELETE FROM image_files WHERE store_id = :store \
    AND sha256 IN (SELECT value FROM json_each(:files)) AND lease_until = :until AND due_at = :until";

/// A file that was taken.
struct Taken {
    sha256: String,
    extension: String,
}

/// Removes what is due; returns how many pictures are gone.
pub async fn run(ports: &Ports) -> Result<usize, DatabaseError> {
    let now = ports.clock.now();
    let rows = due::read(ports, DUE, &Args::new().with("now", now.ms())).await?;
    let mut count = 0_usize;
    for (store, files) in rows.by_first() {
        // A lease that nobody uses would only keep uploads waiting.
        if ports.clock.now() >= now.plus_ms(RUN_MS) {
            break;
        }
        count = count.saturating_add(remove(ports, &store, &json!(files).to_string(), now).await?);
    }
    Ok(count)
}

async fn remove(ports: &Ports, store: &str, files: &str, now: Timestamp) -> Result<usize, DatabaseError> {
    let until = now.plus_ms(LEASE_MS).ms();
    let args = Args::new().with("store", store).with("now", now.ms()).with("until", until);
    let mut batch = Batch::new(args.clone().with("files", files));
    batch.query("taken", TAKE);
    let outcome = due::commit_and_tell(ports, batch, "taking files failed", ("store", store)).await?;
    let rows = outcome.map(|outcome| outcome.rows("taken")).unwrap_or_default();
    let taken = (0..rows.0.len()).filter_map(|row| {
        Some(Taken { sha256: rows.text(row, 0)?.to_owned(), extension: rows.text(row, 1)?.to_owned() })
    });
    let mut gone = Vec::new();
    for file in taken {
        if ports.clock.now() < now.plus_ms(RUN_MS) && delete(ports, store, &file).await {
            gone.push(file.sha256);
        }
    }
    if gone.is_empty() {
        return Ok(0);
    }
    let mut batch = Batch::new(args.with("files", json!(gone).to_string()));
    batch.run(FORGET);
    due::commit(ports, batch, "forgetting files failed", ("store", store)).await?;
    Ok(gone.len())
}

/// Deletes all files of a picture; whether they are gone.
async fn delete(ports: &Ports, store: &str, file: &Taken) -> bool {
    let Some(format) = Format::by_extension(&file.extension) else { return false };
    let names = names::all_of(store, &file.sha256, format);
    let deletes = names.iter().map(|name| ports.blobs.delete(name));
    let deleted = stream::iter(deletes.map(Ok)).try_for_each_concurrent(AT_ONCE, |delete| delete).await;
    if let Err(down) = &deleted {
        let line = json!({"time": ports.clock.now().to_string(), "level": "warn", "message": "image store down",
            "detail": down.0, "store": store});
        ports.log.line(Level::Warn, &line.to_string());
    }
    deleted.is_ok()
}
