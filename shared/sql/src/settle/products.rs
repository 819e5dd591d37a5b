//! Schedules of products: a product is public from its moment on.
//!
//! Relies on: `documents` for what a product whose schedule is due looks like.

use crate::batch::Batch;
use crate::documents::{IS_DUE, SETTLED_PRODUCT};
use crate::events::{difference, returning};
use crate::settle::MAX_SETTLED;

/// Settles the schedule of the product `:product`. Needs `:store :product :now :request_id :settle_ids` (a JSON
/// list with one new event id).
pub fn settle_product(batch: &mut Batch) {
    let is_due = format!("SELECT 1 FROM products WHERE store_id = :store AND id = :product AND {IS_DUE}");
    batch.only_if(&is_due, |batch| settle(batch, "id = :product", 1));
}

/// Settles the schedules that are due of the products of the query `ids`, which has at most `count` rows. Needs `:store
/// :now :request_id :settle_ids` (a JSON list of a new event id for each) and what the query needs.
pub fn settle_products(batch: &mut Batch, ids: &str, count: usize) {
    settle(batch, &format!("id IN ({ids})"), count);
}

/// Settles the store's schedules that are due, at most `MAX_SETTLED`, earliest first. Needs `:store :now
/// :request_id :settle_ids` (a JSON list of `MAX_SETTLED` new event ids).
pub fn settle_store(batch: &mut Batch) {
    settle(batch, "TRUE", MAX_SETTLED);
}

fn settle(batch: &mut Batch, scope: &str, limit: usize) {
    let due = format!(
        "SELECT id FROM products WHERE store_id = :store AND {IS_DUE} AND {scope} \
         ORDER BY publish_at, id LIMIT {limit}"
    );
    batch.run(format!(
        "INSERT INTO revisions (store_id, subject, version, at, actor, request_id, document) \
         SELECT store_id, id, version + 1, publish_at, 'system', :request_id, {SETTLED_PRODUCT} \
         FROM product_documents WHERE store_id = :store AND id IN ({due})"
    ));
    batch.announce(announcement(&due));
    batch.run(format!(
        "UPDATE stores SET seq = seq + settled.number, head_at = :now \
         FROM (SELECT count(*) AS number FROM ({due})) AS settled WHERE stores.id = :store AND settled.number > 0"
    ));
    batch.run(format!(
        "UPDATE products SET status = 'published', published_at = publish_at, updated_at = publish_at, \
         publish_at = NULL, version = version + 1 WHERE store_id = :store AND id IN ({due})"
    ));
}

fn announcement(due: &str) -> String {
    let data = difference("r.document", "before.document");
    let returning = returning();
    format!(
        "INSERT INTO events (store_id, seq, id, type, subject, version, at, actor, request_id, data) \
         SELECT d.store_id, s.seq + d.number, \
            (SELECT value FROM json_each(:settle_ids) WHERE key = d.number - 1), \
            'product.published', d.id, r.version, d.publish_at, 'system', :request_id, {data} \
         FROM (SELECT store_id, id, version, publish_at, row_number() OVER (ORDER BY publish_at, id) AS number \
            FROM products WHERE store_id = :store AND id IN ({due})) AS d \
         JOIN stores s ON s.id = d.store_id \
         JOIN revisions r ON r.store_id = d.store_id AND r.subject = d.id AND r.version = d.version + 1 \
         LEFT JOIN revisions before ON before.store_id = d.store_id AND before.subject = d.id \
            AND before.version = d.version \
         WHERE TRUE {returning}"
    )
}

/// The stores that have schedules due by `:now`, at most 100. The index is named, because for DISTINCT alone SQLite
/// would walk through all that is scheduled.
pub const STORES_WITH_DUE: &str = "SELECT DISTINCT store_id FROM products INDEXED BY products_scheduled \
    WHERE status = 'scheduled' AND publish_at <= :now LIMIT 100";
