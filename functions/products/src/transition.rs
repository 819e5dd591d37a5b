//! A change of status: what publish, unpublish and archive have in common.

use crate::catalog::warm;
use crate::{refusals, steps};
use storeroom_domain::product::STATUSES;
use storeroom_domain::{EventType, ProductId, ProductStatus, Timestamp, Transition};
use storeroom_operations::{Code, Problem};
use storeroom_sql::{Batch, events, states};
use storeroom_web::{Answer, Call};

const UPDATE: &str = "UPDATE products SET status = :status, publish_at = :publish_at, \
    published_at = CASE :status WHEN 'published' THEN :now END, version = version + 1, updated_at = :now \
    WHERE store_id = :store AND id = :product";

/// Faults of a product that cannot be sold, and so not be published.
const UNSELLABLE: &str = "SELECT '/variants/' || position || '/price', 'is needed before the product can be published.' \
    FROM variants WHERE store_id = :store AND product_id = :product AND price_minor IS NULL \
    UNION ALL SELECT '/variants', 'must have at least one variant before the product can be published.' \
    WHERE NOT EXISTS (SELECT 1 FROM variants WHERE store_id = :store AND product_id = :product)";

/// Changes the product's status, if it may. `publish_at` is for `Transition::Schedule`.
pub async fn transition(
    call: &Call<'_>,
    transition: Transition,
    publish_at: Option<Timestamp>,
    event: EventType,
) -> Result<Answer, Problem> {
    let meant = call.precondition()?;
    let product: ProductId = call.path_id("id", "product")?;
    let mut batch = call.write();
    steps::begin(&mut batch, call, product, meant);
    batch.set("status", transition.target().as_str());
    batch.set("publish_at", publish_at.map(Timestamp::ms));
    guard_edge(&mut batch, transition);
    if matches!(transition, Transition::Publish | Transition::Schedule) {
        steps::guard_can_be_sold(&mut batch, UNSELLABLE);
    }
    batch.run_expecting(1, UPDATE, Problem::not_found("product"));
    events::append_product_event(&mut batch, event);
    let answer = steps::commit_and_show(call, batch).await?;
    warm::after(call, &answer).await;
    Ok(answer)
}

fn guard_edge(batch: &mut Batch, transition: Transition) {
    batch.guard(
        &format!(
            "SELECT status IN ({}) FROM products WHERE store_id = :store AND id = :product",
            states::list(transition.sources().into_iter().map(ProductStatus::as_str), '\'')
        ),
        refusals::no_way_to(transition.target()),
    );
    let status = "FROM (SELECT CASE WHEN status = 'scheduled' AND publish_at <= :now THEN 'published' ELSE status END \
        AS state FROM products WHERE store_id = :store AND id = :product)";
    batch.explain(Code::IllegalTransition, "state", format!("SELECT json_quote(state) {status}"));
    let machine =
        STATUSES.map(|from| (from.as_str(), from.allowed().into_iter().map(ProductStatus::as_str).collect()));
    let allowed = format!("SELECT {} {status}", states::allowed(machine));
    batch.explain(Code::IllegalTransition, "allowed", allowed);
}
