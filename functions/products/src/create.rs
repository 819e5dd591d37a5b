//! `POST /products`.

use crate::content::Content;
use crate::steps;
use storeroom_domain::{EventType, ProductId};
use storeroom_operations::Problem;
use storeroom_sql::{Batch, documents, events};
use storeroom_web::{Answer, Call, Shown};

const INSERT: &str = "INSERT INTO products (store_id, id, handle, external_id, title, description, status, category, \
    tags, attributes, options, version, created_at, updated_at) \
    SELECT :store, :product, CASE WHEN :handle IS NOT NULL THEN :handle \
        WHEN EXISTS (SELECT 1 FROM products WHERE store_id = :store AND handle = :made_handle) \
        THEN :made_handle || '-' || :suffix ELSE :made_handle END, \
    :external_id, :title, :description, 'draft', :category, :tags, :attributes, :options, 1, :now, :now";

/// Makes a draft.
pub async fn create(call: &Call<'_>) -> Result<Answer, Problem> {
    let content = Content::of(call.input()?)?;
    let product: ProductId = call.new_id();
    let mut batch = call.write();
    add_steps(&mut batch, call, product, &content);
    let location = Some(format!("/api/pms/products/{product}"));
    call.commit_and_show(batch, Shown { status: 201, document: documents::PRODUCT.into(), location }).await
}

/// The steps that make a draft of that id.
pub fn add_steps(batch: &mut Batch, call: &Call<'_>, product: ProductId, content: &Content) {
    steps::bind_product(batch, call, product);
    content.bind(batch, call);
    let id = product.to_string();
    let suffix = id.get(id.len().saturating_sub(6)..).unwrap_or_default();
    batch.set("suffix", suffix);
    batch.set("made_handle", Content::made_handle(content.title(), suffix));
    steps::guard_content(batch);
    batch.run_or(INSERT, steps::product_violations());
    steps::insert_variants(batch);
    steps::insert_tags(batch);
    events::append_product_event(batch, EventType::ProductCreated);
}
