//! How every write to a product begins, whichever family makes it.
//!
//! Guarantees: what is due on the product is settled first, so that a write finds what every read shows; a stale version
//! is refused with the product as it is now.

use crate::{Call, Precondition};
use storeroom_domain::{EventId, ProductId};
use storeroom_operations::Problem;
use storeroom_sql::{Batch, documents, settle};

/// Sets which product it is, and the ids of the events that may come of it.
pub fn bind_product(batch: &mut Batch, call: &Call<'_>, product: ProductId) {
    call.about(product);
    batch.set("product", product.to_string());
    let (event, settled): (EventId, EventId) = (call.new_id(), call.new_id());
    batch.set("event_id", event.to_string());
    batch.set("settle_ids", format!("[\"{settled}\"]"));
}

/// The beginning of every write to a product that is there: what is due is settled, it exists, and its version is
/// the one that is meant.
pub fn begin(batch: &mut Batch, call: &Call<'_>, product: ProductId, meant: Precondition) {
    bind_product(batch, call, product);
    settle::settle_product(batch);
    batch.guard(
        "SELECT 1 FROM products WHERE store_id = :store AND id = :product",
        Problem::not_found("product"),
    );
    let current = format!("SELECT document FROM ({})", documents::PRODUCT);
    meant.guard(batch, "product", "products WHERE store_id = :store AND id = :product", current);
}
