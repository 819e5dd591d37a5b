//! `GET /jobs/{id}`.

use storeroom_domain::JobId;
use storeroom_operations::Problem;
use storeroom_sql::Args;
use storeroom_web::{Answer, Call};

/// Answers with the job.
pub async fn read(call: &Call<'_>) -> Result<Answer, Problem> {
    let job: JobId = call.path_id("id", "job")?;
    let sql = "SELECT document, version FROM job_documents WHERE store_id = :store AND id = :job";
    let found = call.read(sql, Args::new().with("job", job.to_string())).await?;
    match (found.rows.text(0, 0), found.rows.integer(0, 1)) {
        (Some(document), Some(version)) => Ok(Answer::json(200, document).version(version)),
        _ => Err(Problem::not_found("job")),
    }
}
