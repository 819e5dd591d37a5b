//! `PUT /inventory/thresholds`.

use crate::steps;
use storeroom_domain::EventType;
use storeroom_operations::Problem;
use storeroom_operations::shapes::inventory::ThresholdsInput;
use storeroom_sql::stock;
use storeroom_web::{Answer, Call, body_lines};

/// Sets at how many available units levels are low. Whoever shows levels hears of it by `stock.adjusted`.
pub async fn set(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: ThresholdsInput = body_lines::read(call, body_lines::nothing_more)?;
    let mut batch = steps::begin(call, body_lines::print(call, &input.lines)?);
    stock::guard_known(&mut batch);
    stock::guard_distinct(&mut batch);
    stock::make_levels(&mut batch);
    stock::set_thresholds(&mut batch);
    steps::finish(call, batch, EventType::StockAdjusted).await
}
