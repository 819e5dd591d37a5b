//! `POST /products/import`: a file of products becomes a job.
//!
//! Guarantees: a file is taken whole or not at all: one that cannot be read leaves nothing. What is wrong with single
//! products keeps no other from being taken; it is noted beside them. The memory that it takes does not grow with the file.
//! Relies on: `storeroom-sheet` for the formats, and on `due` for whoever applies the job.

mod apply;
pub mod due;
mod entry;
mod job;
mod progress;
mod run;
mod tidy;
mod upload;

use storeroom_domain::JobId;
use storeroom_operations::{Code, Problem};
use storeroom_sheet::Format;
use storeroom_sql::Batch;
use storeroom_web::{Answer, Call, Shown};
use upload::{Taken, Upload};

/// How long an upload may take before what came of it is deleted, in milliseconds.
const UPLOAD_MS: i64 = 86_400_000;

/// Takes a file, and answers with the job that will apply it.
pub async fn import(call: &Call<'_>) -> Result<Answer, Problem> {
    let job: JobId = call.new_id();
    call.about(job);
    let currency = begin(call, job).await?;
    let mut upload = Upload::of(call, job);
    let result = match upload.take(format(call), &currency).await {
        Ok(taken) => queue(call, job, &taken).await,
        Err(problem) => Err(problem),
    };
    if result.as_ref().is_err_and(|problem| is_refused(call, problem)) {
        upload.undo().await;
    }
    result
}

/// The gateway has let only the content types of the row in.
fn format(call: &Call<'_>) -> Format {
    let sent = call.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_csv = sent.trim_start().get(..8).is_some_and(|name| name.eq_ignore_ascii_case("text/csv"));
    if is_csv { Format::Csv } else { Format::Ndjson }
}

/// Checks access and notes that a file is coming, so that one that never comes whole is deleted; the store's currency.
async fn begin(call: &Call<'_>, job: JobId) -> Result<String, Problem> {
    let mut batch = call.write();
    batch.set("job", job.to_string());
    batch.set("dry_run", i64::from(call.query.get("dry_run").is_some_and(|value| value == "true")));
    batch.set("due_at", call.now.ms().saturating_add(UPLOAD_MS));
    batch.run(
        "INSERT INTO jobs (store_id, id, kind, state, dry_run, due_at, actor, request_id, created_at) \
         VALUES (:store, :job, 'import', 'uploading', :dry_run, :due_at, :actor, :request_id, :now)",
    );
    batch.query("currency", "SELECT currency FROM stores WHERE id = :store");
    let outcome = call.commit_ahead(batch).await?;
    Ok(outcome.rows("currency").text(0, 0).unwrap_or_default().to_owned())
}

/// Makes the upload a job, which is due at once.
async fn queue(call: &Call<'_>, job: JobId, taken: &Taken) -> Result<Answer, Problem> {
    let mut batch = call.write();
    batch.set("job", job.to_string());
    batch.set("total", taken.rows);
    batch.set("parts", taken.parts);
    // Who tidies up uploads that are late gives them another version.
    let late = "The file took longer than a day to arrive, and was deleted meanwhile. Send it again.";
    batch.run_expecting(
        1,
        "UPDATE jobs SET state = 'queued', total = :total, parts = :parts, due_at = :now \
         WHERE store_id = :store AND id = :job AND state = 'uploading' AND version = 1",
        Problem::new(Code::Unavailable, late),
    );
    let document = "SELECT document, version FROM job_documents WHERE store_id = :store AND id = :job".into();
    let location = Some(format!("/api/pms/jobs/{job}"));
    call.commit_and_show(batch, Shown { status: call.row.success, document, location }).await
}

/// Whether it is certain that there is no job, so that what came may be deleted at once. Else due work finds out.
fn is_refused(call: &Call<'_>, problem: &Problem) -> bool {
    call.is_replayed() || !matches!(problem.code, Code::Internal | Code::OutcomeUnknown)
}

/// Deletes the note of an upload. Access was checked when it was made.
async fn forget(call: &Call<'_>, job: JobId) {
    let mut batch = Batch::new(call.args());
    batch.set("job", job.to_string());
    batch.run("DELETE FROM jobs WHERE store_id = :store AND id = :job AND state = 'uploading'");
    // What is left is deleted by due work.
    let _ = call.commit_ahead(batch).await;
}
