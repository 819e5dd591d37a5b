//! `GET /orders/{id}`.

use storeroom_domain::OrderId;
use storeroom_operations::Problem;
use storeroom_sql::{Args, documents};
use storeroom_web::{Answer, Call};

/// Answers with the order as of now.
pub async fn read(call: &Call<'_>) -> Result<Answer, Problem> {
    let order: OrderId = call.path_id("id", "order")?;
    let found = call.read(documents::ORDER, Args::new().with("order", order.to_string())).await?;
    match (found.rows.text(0, 0), found.rows.integer(0, 1)) {
        (Some(document), Some(version)) => Ok(Answer::json(200, document).version(version)),
        _ => Err(Problem::not_found("order")),
    }
}
