//! `PUT /inventory/thresholds`.

use crate::{body, steps};
use storeroom_domain::EventType;
use storeroom_operations::Problem;
use storeroom_operations::shapes::inventory::ThresholdsInput;
use storeroom_sql::stock;
use storeroom_web::{Answer, Call};

/// Sets at how many available units levels are low. Whoever shows levels hears of it by `stock.adjusted`.
pub async fn set(call: &Call<'_>) -> Result<Answer, Problem> {
    let input: ThresholdsInput = body::read(call, body::nothing_more)?;
    let mut batch = steps::begin(call, body::print(call, &input.lines)?);
    stock::guard_known(&mut batch);
    stock::guard_distinct(&mut batch);
    stock::make_levels(&mut batch);
    stock::set_thresholds(&mut batch);
    steps::finish(call, batch, EventType::StockAdjusted).await
}
