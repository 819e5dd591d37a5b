//! `PUT /products/{id}`.

use crate::content::Content;
use crate::steps;
use storeroom_domain::{EventType, ProductId};
use storeroom_operations::Problem;
use storeroom_sql::{Batch, events};
use storeroom_web::{Answer, Call, Precondition};

// A handle that is left out stays: an address must not change unseen.
const UPDATE: &str = "UPDATE products SET handle = coalesce(:handle, handle), external_id = :external_id, \
    title = :title, description = :description, category = :category, tags = :tags, attributes = :attributes, \
    options = :options, version = version + 1, updated_at = :now WHERE store_id = :store AND id = :product";

/// Says which place of `:variants` each variant of the product takes, by id, else by SKU; -1 for none.
const MATCH_VARIANTS: &str = "UPDATE variants SET position = coalesce( \
    (SELECT key FROM json_each(:variants) WHERE value ->> 'id' = variants.id), \
    (SELECT key FROM json_each(:variants) WHERE value ->> 'id' IS NULL AND value ->> 'sku' = variants.sku), -1) \
    WHERE store_id = :store AND product_id = :product";

const DELETE_UNMATCHED: &str =
    "DELETE FROM variants WHERE store_id = :store AND product_id = :product AND position = -1";

/// Lets variants exchange their SKUs: a UNIQUE index is checked row by row.
const FREE_SKUS: &str =
    "UPDATE variants SET sku = char(10) || id WHERE store_id = :store AND product_id = :product";

const UPDATE_MATCHED: &str = "UPDATE variants SET sku = j.value ->> 'sku', barcode = j.value ->> 'barcode', \
    option_values = j.value -> 'option_values', price_minor = j.value ->> 'price', \
    compare_at_price_minor = j.value ->> 'compare_at_price', weight_grams = j.value ->> 'weight_grams' \
    FROM json_each(:variants) AS j \
    WHERE variants.store_id = :store AND variants.product_id = :product AND j.key = variants.position";

/// Faults of content that would take a public product's price away.
const UNSELLABLE: &str = "SELECT '/variants/' || j.key || '/price', 'is needed while the product is public.' \
    FROM json_each(:variants) j, products p WHERE p.store_id = :store AND p.id = :product \
    AND p.status IN ('published', 'scheduled') AND j.value ->> 'price' IS NULL \
    UNION ALL SELECT '/variants', 'must not be empty while the product is public.' FROM products p \
    WHERE p.store_id = :store AND p.id = :product AND p.status IN ('published', 'scheduled') \
    AND json_array_length(:variants) = 0";

/// Replaces the product's content.
pub async fn replace(call: &Call<'_>) -> Result<Answer, Problem> {
    let meant = call.precondition()?;
    let content = Content::of(call.input()?)?;
    let product: ProductId = call.path_id("id", "product")?;
    put(call, product, meant, &content).await
}

/// Writes the content over the version that is meant.
pub async fn put(
    call: &Call<'_>,
    product: ProductId,
    meant: Precondition,
    content: &Content,
) -> Result<Answer, Problem> {
    let mut batch = call.write();
    add_steps(&mut batch, call, product, meant, content);
    steps::commit_and_show(call, batch).await
}

/// The steps that write the content over the version that is meant.
pub fn add_steps(
    batch: &mut Batch,
    call: &Call<'_>,
    product: ProductId,
    meant: Precondition,
    content: &Content,
) {
    steps::begin(batch, call, product, meant);
    content.bind(batch, call);
    steps::guard_content(batch);
    steps::guard_can_be_sold(batch, UNSELLABLE);
    batch.run_or(UPDATE, steps::product_violations());
    batch.run(MATCH_VARIANTS);
    steps::guard_not_in_use(batch, "v.position = -1");
    batch.run(DELETE_UNMATCHED);
    batch.run(FREE_SKUS);
    batch.run_or(UPDATE_MATCHED, steps::variant_violations());
    steps::insert_variants(batch);
    batch.run("DELETE FROM product_tags WHERE store_id = :store AND product_id = :product");
    steps::insert_tags(batch);
    events::append_product_event(batch, EventType::ProductUpdated);
}
