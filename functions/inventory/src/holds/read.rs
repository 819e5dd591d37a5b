//! `GET /inventory/holds/{id}`.

use storeroom_domain::HoldId;
use storeroom_operations::Problem;
use storeroom_sql::{Args, documents};
use storeroom_web::{Answer, Call};

/// Answers with the hold as of now.
pub async fn read(call: &Call<'_>) -> Result<Answer, Problem> {
    let hold: HoldId = call.path_id("id", "hold")?;
    let found = call.read(documents::HOLD, Args::new().with("hold", hold.to_string())).await?;
    found
        .rows
        .text(0, 0)
        .map(|document| Answer::json(200, document))
        .ok_or_else(|| Problem::not_found("hold"))
}
