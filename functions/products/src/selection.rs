//! What lists of products may be filtered and sorted by.

use storeroom_domain::Timestamp;
use storeroom_operations::Problem;
use storeroom_sql::documents::IS_DUE;
use storeroom_web::query::Query;
use storeroom_web::selection::{Kind, Listing, Selection, Sort};

static PRODUCTS: Listing = Listing {
    table: "products",
    // Found by its moment, never by walking a category or a status.
    due_index: "INDEXED BY products_scheduled_by_store",
    is_due: IS_DUE,
    sorts: &[
        Sort { name: "updated_at", key: "t.updated_at", due_key: "t.publish_at", kind: Kind::Integer },
        Sort { name: "title", key: "t.title", due_key: "t.title", kind: Kind::Text },
    ],
};

/// The products that a query string asks for, in the list of that name.
pub fn of(list: &str, query: &Query) -> Result<Selection, Problem> {
    let mut selection = Selection::of(&PRODUCTS, list, query)?;
    selection.narrow_by(query, "category", "t.category = :category");
    selection.narrow_by(
        query,
        "tag",
        "t.id IN (SELECT product_id FROM product_tags WHERE store_id = :store AND tag = :tag)",
    );
    selection.narrow_by(
        query,
        "sku",
        "t.id IN (SELECT product_id FROM variants WHERE store_id = :store AND sku = :sku)",
    );
    if let Some(status) = query.get("status") {
        selection.set("status", status.as_str());
        selection.narrow("t.status = :status", "'published' = :status");
    }
    if let Some(after) = query.get("updated_after").and_then(|text| Timestamp::parse(text)) {
        selection.set("updated_after", after.ms());
        selection.narrow("t.updated_at > :updated_after", "t.publish_at > :updated_after");
    }
    Ok(selection)
}
