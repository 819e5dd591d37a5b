//! `GET /jobs`.

use storeroom_operations::Problem;
use storeroom_sql::documents::bounded;
use storeroom_web::page::Page;
use storeroom_web::{Answer, Call};

/// Answers with a page of jobs, newest first.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let page = Page::of("jobs", &call.query)?;
    let jobs = "SELECT document, id AS key FROM job_documents WHERE store_id = :store \
        AND id < coalesce(:after, '~') ORDER BY id DESC LIMIT :limit";
    let found = call.read(&bounded(jobs, "ORDER BY key DESC"), page.args()).await?;
    Ok(page.answer(&found.rows))
}
