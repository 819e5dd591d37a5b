//! The SQL of what clients get to see, as of a moment.
//!
//! Guarantees: a document is the one that the views of the schema build; what is due by `:now` shows as if it were
//! settled already, exactly as settling will write it.

// Literals, so that the constants below are put together by the compiler.
macro_rules! is_due {
    () => {
        "(status = 'scheduled' AND publish_at <= :now)"
    };
}
macro_rules! settled_product {
    () => {
        "json_set(document, '$.status', 'published', '$.publish_at', NULL, \
         '$.published_at', document ->> '$.publish_at', '$.updated_at', document ->> '$.publish_at', \
         '$.version', version + 1)"
    };
}
macro_rules! product_as_of_now {
    () => {
        concat!("CASE WHEN ", is_due!(), " THEN ", settled_product!(), " ELSE document END")
    };
}
macro_rules! held {
    () => {
        "(l.held - coalesce((SELECT sum(due.quantity) FROM hold_lines due WHERE due.store_id = l.store_id \
         AND due.variant_id = l.variant_id AND due.location_id = l.location_id AND due.open_until <= :now), 0))"
    };
}
macro_rules! committed {
    () => {
        "(l.committed - coalesce((SELECT sum(due.committed) FROM order_lines due WHERE due.store_id = l.store_id \
         AND due.variant_id = l.variant_id AND due.location_id = l.location_id AND due.committed > 0 \
         AND due.open_until <= :now), 0))"
    };
}
// What is left of a variant over all locations: none, little, enough.
macro_rules! rank {
    () => {
        concat!(
            "(SELECT CASE WHEN coalesce(sum(available), 0) <= 0 THEN 0 WHEN sum(available) <= sum(threshold) THEN 1 \
             ELSE 2 END FROM (SELECT l.on_hand - ",
            held!(),
            " - ",
            committed!(),
            " AS available, coalesce(l.threshold, s.low_stock_default) AS threshold \
             FROM levels l WHERE l.store_id = v.store_id AND l.variant_id = v.id))"
        )
    };
}
macro_rules! availability {
    ($rank:expr) => {
        concat!("json_extract('[\"out_of_stock\",\"low_stock\",\"in_stock\"]', '$[' || ", $rank, " || ']')")
    };
}
macro_rules! has_expired {
    () => {
        "(state = 'open' AND expires_at <= :now)"
    };
}

macro_rules! order_has_expired {
    () => {
        "(state = 'pending' AND expires_at <= :now)"
    };
}
// The moment of an order's expiry and its timeline with it, over the columns of the row that the prefix names.
macro_rules! expiry {
    ($row:literal) => {
        concat!("strftime('%Y-%m-%dT%H:%M:%fZ', ", $row, "expires_at / 1000.0, 'unixepoch')")
    };
}
macro_rules! expired_timeline {
    ($row:literal) => {
        concat!(
            "json_insert(",
            $row,
            "timeline, '$[#]', json_object('at', ",
            expiry!($row),
            ", 'type', 'order.expired', 'actor', 'system'))"
        )
    };
}
macro_rules! order_as_of_now {
    () => {
        concat!(
            "CASE WHEN ",
            order_has_expired!(),
            " THEN json_set(document, '$.state', 'expired', '$.version', version + 1, '$.updated_at', ",
            expiry!(""),
            ", '$.timeline', json(",
            expired_timeline!(""),
            ")) ELSE document END"
        )
    };
}

/// Whether a product's schedule is due, over the columns of `products` or `product_documents`.
pub const IS_DUE: &str = is_due!();

/// The document of a product once its schedule has been settled, over the columns of `product_documents`.
pub const SETTLED_PRODUCT: &str = settled_product!();

/// The document of a product as of `:now`, over the columns of `product_documents`.
pub const PRODUCT_AS_OF_NOW: &str = product_as_of_now!();

/// One product as of `:now`: `document`, `version`.
pub const PRODUCT: &str = concat!(
    "SELECT ",
    product_as_of_now!(),
    " AS document, version + ",
    is_due!(),
    " AS version FROM product_documents WHERE store_id = :store AND id = :product"
);

/// The image `:image` with its product's version: `document`, `version`.
pub const IMAGE: &str = "SELECT i.document AS document, p.version AS version FROM image_documents i \
    JOIN products p ON p.store_id = i.store_id AND p.id = i.product_id WHERE i.store_id = :store AND i.id = :image";

/// What a level has held as of `:now`, over the columns of `levels l`: an expired hold keeps nothing.
pub const HELD: &str = held!();

/// What of a level is committed to orders as of `:now`, over the columns of `levels l`: an expired order keeps nothing.
pub const COMMITTED: &str = committed!();

/// The documents of products as the public sees them as of `:now`: `store_id`, `id`, `document`. A schedule that is due
/// reads as published since its moment; stock shows as a word.
pub const CATALOG: &str = concat!(
    "(SELECT p.store_id AS store_id, p.id AS id, json_object('id', p.id, 'handle', p.handle, 'title', p.title, \
     'description', p.description, 'category', p.category, 'tags', json(p.tags), 'attributes', json(p.attributes), \
     'options', json(p.options), \
     'variants', (SELECT json_group_array(json(variant)) FROM (\
        SELECT json_object('id', v.id, 'sku', v.sku, 'barcode', v.barcode, 'option_values', json(v.option_values), \
            'price', json_object('amount', v.price_minor, 'currency', s.currency), \
            'compare_at_price', CASE WHEN v.compare_at_price_minor IS NOT NULL \
                THEN json_object('amount', v.compare_at_price_minor, 'currency', s.currency) END, \
            'weight_grams', v.weight_grams, 'position', v.position, \
            'availability', ",
    availability!(rank!()),
    ") AS variant FROM variants v WHERE v.store_id = p.store_id AND v.product_id = p.id ORDER BY v.position)), \
     'images', (SELECT json_group_array(json(document)) FROM (SELECT i.document FROM image_documents i \
        WHERE i.store_id = p.store_id AND i.product_id = p.id ORDER BY i.position)), \
     'published_at', strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(p.published_at, p.publish_at) / 1000.0, 'unixepoch'), \
     'availability', ",
    availability!(concat!(
        "coalesce((SELECT max(",
        rank!(),
        ") FROM variants v WHERE v.store_id = p.store_id AND v.product_id = p.id), 0)"
    )),
    ") AS document FROM products p JOIN stores s ON s.id = p.store_id)"
);

/// Whether a hold has expired, over the columns of `holds` or `hold_documents`.
pub const HAS_EXPIRED: &str = has_expired!();

/// The hold `:hold` as of `:now`: `document`, `version`.
pub const HOLD: &str = concat!(
    "SELECT CASE WHEN ",
    has_expired!(),
    " THEN json_set(document, '$.state', 'expired', '$.version', version + 1) ELSE document END AS document, version + ",
    has_expired!(),
    " AS version FROM hold_documents WHERE store_id = :store AND id = :hold"
);

/// Whether an order has expired, over the columns of `orders` or `order_documents`.
pub const ORDER_HAS_EXPIRED: &str = order_has_expired!();

/// The document of an order as of `:now`, over the columns of `order_documents`.
pub const ORDER_AS_OF_NOW: &str = order_as_of_now!();

/// The order `:order` as of `:now`: `document`, `version`.
pub const ORDER: &str = concat!(
    "SELECT ",
    order_as_of_now!(),
    " AS document, version + ",
    order_has_expired!(),
    " AS version FROM order_documents WHERE store_id = :store AND id = :order"
);

/// What the expiry of an order changes in its document beside its state and its version, as members for `json_object`
/// over the columns of `orders t`.
pub(crate) const EXPIRED_MEMBERS: &str =
    concat!("'updated_at', ", expiry!("t."), ", 'timeline', json(", expired_timeline!("t."), "), ");

/// What the expiry of an order changes in its row, as assignments.
pub(crate) const ORDER_CHANGE: &str = concat!("updated_at = expires_at, timeline = ", expired_timeline!(""));

/// An event as clients see it, over the columns of `events`.
pub const EVENT: &str = "json_object('id', id, 'seq', seq, 'type', type, 'subject', subject, 'version', version, \
    'at', strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch'), 'actor', actor, 'request_id', request_id, \
    'data', json(data))";

/// Most bytes of documents in one answer, give or take the last one. A libSQL server refuses answers over 10 MB,
/// and escaping a document in JSON can double it.
pub const MAX_PAGE_BYTES: usize = 4_500_000;

/// The rows of `query`, which has a column `document`, until they have `MAX_PAGE_BYTES`: the row that crosses the
/// bound is the last one, so there is always one. `order` is the query's own, by its columns.
pub fn bounded(query: &str, order: &str) -> String {
    bounded_to(MAX_PAGE_BYTES, query, order)
}

/// The rows of `query` as `bounded` has them, until they have so many bytes.
pub fn bounded_to(bytes: usize, query: &str, order: &str) -> String {
    format!(
        "SELECT * FROM (SELECT page.*, sum(octet_length(document)) OVER ({order}) - octet_length(document) \
         AS bytes_before FROM ({query}) AS page) WHERE bytes_before < {bytes} {order}"
    )
}

/// The store's events after `:after`, oldest first, at most `:limit`: `document`, `seq`, `type`. `:types` is a JSON
/// list of types or of their beginnings up to a dot, or JSON null for all.
pub fn events_after() -> String {
    let query = format!(
        "SELECT {EVENT} AS document, seq, type FROM events WHERE store_id = :store AND seq > :after \
         AND (json_type(:types) = 'null' OR EXISTS (SELECT 1 FROM json_each(:types) AS wanted \
            WHERE events.type = wanted.value OR substr(events.type, 1, length(wanted.value) + 1) = wanted.value || '.')) \
         ORDER BY seq LIMIT :limit"
    );
    bounded(&query, "ORDER BY seq")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_shows_what_settling_writes() {
        assert!(PRODUCT.contains(SETTLED_PRODUCT) && PRODUCT.contains(IS_DUE));
    }
}
