//! What lists of products may be filtered and sorted by.

use crate::words;
use storeroom_domain::Timestamp;
use storeroom_operations::{Code, Fault, Problem};
use storeroom_sql::documents::IS_DUE;
use storeroom_sql::stock;
use storeroom_web::query::Query;
use storeroom_web::selection::{Kind, Listing, Selection, Sort, Texts};

/// Without a price it comes last, whichever way prices go.
const PRICE: &str = "coalesce(t.lowest_price_minor, 9223372036854775807)";
const PRICE_DESCENDING: &str = "coalesce(t.lowest_price_minor, -1)";

static PRODUCTS: Listing = Listing {
    table: "products",
    // Found by its moment, never by walking a category or a status.
    due_index: "INDEXED BY products_scheduled_by_store",
    is_due: IS_DUE,
    sorts: &[
        Sort { name: "updated_at", key: "t.updated_at", due_key: "t.publish_at", kind: Kind::Integer },
        Sort { name: "title", key: "t.title", due_key: "t.title", kind: Kind::Text },
        Sort { name: "price", key: PRICE, due_key: PRICE, kind: Kind::Integer },
        Sort { name: "-price", key: PRICE_DESCENDING, due_key: PRICE_DESCENDING, kind: Kind::Integer },
    ],
    texts: Some(Texts {
        table: "product_search",
        by_creation: Sort {
            name: "created_at",
            key: "t.search_id",
            due_key: "t.search_id",
            kind: Kind::Integer,
        },
    }),
};

const HAS_PRICE: &str = "(t.lowest_price_minor <= :price_max AND EXISTS (SELECT 1 FROM variants v \
    WHERE v.store_id = :store AND v.product_id = t.id AND v.price_minor BETWEEN :price_min AND :price_max))";

/// The products of a store that a query string asks for, in the list of that name.
pub fn of(list: &str, store: &str, query: &Query) -> Result<Selection, Problem> {
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
    if let Some(text) = query.get("q") {
        selection.search(words::matching(store, text));
    }
    narrow_by_price(&mut selection, query)?;
    narrow_by_stock(&mut selection, query);
    Ok(selection)
}

/// Shows only products of which a variant's price lies within the bounds.
fn narrow_by_price(selection: &mut Selection, query: &Query) -> Result<(), Problem> {
    let bound = |name| query.get(name).and_then(|text| text.parse::<i64>().ok());
    let (min, max) = (bound("price_min"), bound("price_max"));
    if min.is_none() && max.is_none() {
        return Ok(());
    }
    let (min, max) = (min.unwrap_or(0), max.unwrap_or(i64::MAX));
    if min > max {
        let detail = "must not be below `price_min`.".to_owned();
        let fault = Fault { pointer: "price_max".to_owned(), code: "out_of_range", detail };
        return Err(Problem::with_faults(Code::MalformedRequest, vec![fault]));
    }
    selection.set("price_min", min);
    selection.set("price_max", max);
    selection.narrow(HAS_PRICE, HAS_PRICE);
    Ok(())
}

/// Shows only products of which a level is low as of now, as `GET /inventory/status` shows it, or only the others.
fn narrow_by_stock(selection: &mut Selection, query: &Query) {
    let Some(wanted) = query.get("low_stock") else { return };
    let not = if wanted == "true" { "" } else { "NOT " };
    let condition = format!("{not}{}", has_low_level());
    selection.narrow(condition.clone(), condition);
}

/// Levels that may be low up to which all of them are looked at.
const FEW: u32 = 1_000;

/// Whether a level of the product `t` is low as of `:now`. While few levels may be low, the products that have them are
/// gathered once; when many may be, each product is looked at, because the next one that has one is near.
fn has_low_level() -> String {
    let is_low = stock::is_low();
    // As of now at least as much is available as by what is stored, where what has expired still is kept.
    let may_be_low = "l.store_id = :store AND l.on_hand - l.held - l.committed <= (SELECT max(low_stock_default, \
        coalesce((SELECT max(threshold) FROM levels WHERE store_id = :store AND threshold > 0), 0)) \
        FROM stores WHERE id = :store)";
    let from = "FROM levels l INDEXED BY levels_by_available";
    format!(
        "CASE WHEN (SELECT count(*) FROM (SELECT 1 {from} WHERE {may_be_low} LIMIT {FEW} + 1)) <= {FEW} \
         THEN t.id IN (SELECT v.product_id {from} CROSS JOIN variants v ON v.store_id = l.store_id AND v.id = l.variant_id \
            WHERE {may_be_low} AND {is_low}) \
         ELSE EXISTS (SELECT 1 FROM variants v CROSS JOIN levels l ON l.store_id = v.store_id AND l.variant_id = v.id \
            WHERE v.store_id = :store AND v.product_id = t.id AND {is_low}) END"
    )
}
