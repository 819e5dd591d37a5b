//! The statements that several writes of a product share.
//!
//! Every one names only arguments of `Call::args`, `bind_product` and `Content::bind`.

use crate::refusals::{self, SKU_OF_ANOTHER};
use storeroom_operations::{Code, Problem};
use storeroom_sql::batch::Violation;
use storeroom_sql::documents::{COMMITTED, HELD};
use storeroom_sql::{Batch, documents};
use storeroom_web::{Answer, Call, Shown};

pub use storeroom_web::product::{begin, bind_product};

/// Refuses content that only the database can tell is wrong: variants that are not the product's, prices in
/// another currency, an external id that is taken. Every fault is named.
pub fn guard_content(batch: &mut Batch) {
    for (pointer_and_detail, code) in [
        (
            "SELECT '/variants/' || key || '/id', 'is not a variant of this product.' FROM json_each(:variants) \
             WHERE value ->> 'id' IS NOT NULL AND NOT EXISTS (SELECT 1 FROM variants v WHERE v.store_id = :store \
             AND v.product_id = :product AND v.id = value ->> 'id')",
            "unknown_value",
        ),
        (
            "SELECT p.value ->> 'pointer', 'must be the currency of the store, ' || s.currency || '.' \
             FROM stores s, json_each(:prices) p WHERE s.id = :store AND p.value ->> 'currency' <> s.currency",
            "wrong_currency",
        ),
        (
            "SELECT '/external_id', 'belongs to another product.' WHERE EXISTS (SELECT 1 FROM products \
             WHERE store_id = :store AND external_id = :external_id AND id <> :product)",
            "taken",
        ),
    ] {
        let none = format!("SELECT NOT EXISTS ({pointer_and_detail})");
        batch.guard(&none, Problem::new(Code::ValidationFailed, "The product does not fit: see `errors`."));
        batch.explain_faults(Code::ValidationFailed, code, pointer_and_detail);
    }
}

/// How writing the product's own row can fail.
pub fn product_violations() -> Vec<(Violation, Problem)> {
    let unique = Violation::Unique("products.store_id, products.handle");
    vec![(unique, refusals::handle_taken())]
}

/// How writing a variant can fail.
pub fn variant_violations() -> Vec<(Violation, Problem)> {
    vec![(Violation::Unique("variants.store_id, variants.sku"), refusals::sku_taken())]
}

/// Inserts the variants of `:variants` whose place no variant of the product has yet.
pub fn insert_variants(batch: &mut Batch) {
    batch.run_or(
        "INSERT INTO variants (store_id, id, product_id, sku, barcode, option_values, price_minor, \
         compare_at_price_minor, weight_grams, position) \
         SELECT :store, value ->> 'new_id', :product, value ->> 'sku', value ->> 'barcode', \
         value -> 'option_values', value ->> 'price', value ->> 'compare_at_price', value ->> 'weight_grams', key \
         FROM json_each(:variants) WHERE key NOT IN (SELECT position FROM variants \
            WHERE store_id = :store AND product_id = :product)",
        variant_violations(),
    );
    batch.explain_faults(
        Code::SkuTaken,
        "taken",
        format!(
            "SELECT '/variants/' || key || '/sku', '{SKU_OF_ANOTHER}' FROM json_each(:variants) j \
             JOIN variants v ON v.store_id = :store AND v.sku = j.value ->> 'sku' AND v.product_id <> :product \
             ORDER BY j.key"
        ),
    );
}

/// Writes the product's tags where a filter finds them.
pub fn insert_tags(batch: &mut Batch) {
    batch.run(
        "INSERT INTO product_tags (store_id, tag, product_id) \
         SELECT :store, value, :product FROM json_each(:tags)",
    );
}

/// Refuses to leave a product public, or to let it become so, without a variant or with one that has no price.
/// `unsellable` is the query of the faults, (pointer, detail).
pub fn guard_can_be_sold(batch: &mut Batch, unsellable: &'static str) {
    let detail = "A product is public only with at least one variant and a price on each: see `errors`.";
    let problem = Problem::new(Code::ValidationFailed, detail);
    batch.guard(&format!("SELECT NOT EXISTS ({unsellable})"), problem);
    batch.explain_faults(Code::ValidationFailed, "required", unsellable);
}

/// Refuses when units of variants that are about to go are held or belong to open orders.
pub fn guard_not_in_use(batch: &mut Batch, which: &str) {
    batch.guard(
        &format!(
            "SELECT NOT EXISTS (SELECT 1 FROM variants v JOIN levels l ON l.store_id = v.store_id \
             AND l.variant_id = v.id WHERE v.store_id = :store AND v.product_id = :product AND {which} \
             AND {HELD} + {COMMITTED} > 0)"
        ),
        refusals::in_use(),
    );
}

/// Commits and answers with the product's document.
pub async fn commit_and_show(call: &Call<'_>, batch: Batch) -> Result<Answer, Problem> {
    let shown = Shown { status: call.row.success, document: documents::PRODUCT.into(), location: None };
    call.commit_and_show(batch, shown).await
}
