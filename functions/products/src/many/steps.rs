//! The statements that write what was decided: as many for a thousand products as for one.
//!
//! Guarantees: they fail with `raced`, and leave nothing, unless every product is at the version that was looked at and
//! no name that was free has been taken since.

use super::staged::Staged;
use serde_json::json;
use storeroom_domain::{EventId, Timestamp};
use storeroom_operations::Problem;
use storeroom_ports::Ports;
use storeroom_ports::random::new_id;
use storeroom_sql::batch::Violation;
use storeroom_sql::documents::{COMMITTED, HELD, IS_DUE};
use storeroom_sql::{Batch, events, images, settle};
use storeroom_web::call::unavailable;

const RACED: &str = "Others are changing the same products; nothing was done.";

const STAGE: &str = "INSERT INTO staged_products (store_id, number, id, is_deleted, version, event_id, event_type, product) \
    SELECT :store, key, value ->> 'id', value ->> 'is_deleted', value ->> 'version', value ->> 'event_id', \
    value ->> 'event_type', value -> 'product' FROM json_each(:staged)";

const IDS: &str = "SELECT id FROM staged_products WHERE store_id = :store";

const IS_AS_LOOKED_AT: &str = "SELECT NOT EXISTS (SELECT 1 FROM staged_products s \
    LEFT JOIN products p ON p.store_id = s.store_id AND p.id = s.id \
    WHERE s.store_id = :store AND s.version <> coalesce(p.version, 0) + 1)";

const DELETE_GONE: &str = "DELETE FROM variants WHERE store_id = :store AND id IN (SELECT gone.value \
    FROM staged_products s, json_each(s.product, '$.gone') AS gone WHERE s.store_id = :store)";

/// Lets variants exchange their SKUs: a UNIQUE index is checked row by row.
const FREE_SKUS: &str = "UPDATE variants SET sku = char(10) || id WHERE store_id = :store AND id IN (SELECT respelt.value \
    FROM staged_products s, json_each(s.product, '$.respelt') AS respelt WHERE s.store_id = :store)";

const DELETE_PRODUCTS: &str = "DELETE FROM products WHERE store_id = :store \
    AND id IN (SELECT id FROM staged_products WHERE store_id = :store AND is_deleted)";

const LAST_REVISIONS: &str = "INSERT INTO revisions (store_id, subject, version, at, actor, request_id, document) \
    SELECT store_id, id, version, :now, :actor, :request_id, NULL FROM staged_products \
    WHERE store_id = :store AND is_deleted";

const WRITE_PRODUCTS: &str = "INSERT INTO products (store_id, id, handle, external_id, title, description, status, category, \
    tags, attributes, options, publish_at, published_at, version, created_at, updated_at) \
    SELECT store_id, id, product ->> 'handle', product ->> 'external_id', product ->> 'title', product ->> 'description', \
    product ->> 'status', product ->> 'category', product -> 'tags', product -> 'attributes', product -> 'options', \
    product ->> 'publish_at', product ->> 'published_at', version, :now, :now \
    FROM staged_products WHERE store_id = :store AND NOT is_deleted ORDER BY number \
    ON CONFLICT (store_id, id) DO UPDATE SET handle = excluded.handle, external_id = excluded.external_id, \
    title = excluded.title, description = excluded.description, status = excluded.status, \
    category = excluded.category, tags = excluded.tags, attributes = excluded.attributes, options = excluded.options, \
    publish_at = excluded.publish_at, published_at = excluded.published_at, version = excluded.version, \
    updated_at = excluded.updated_at";

const WRITE_VARIANTS: &str = "INSERT INTO variants (store_id, id, product_id, sku, barcode, option_values, price_minor, \
    compare_at_price_minor, weight_grams, position) \
    SELECT s.store_id, v.value ->> 'id', s.id, v.value ->> 'sku', v.value ->> 'barcode', v.value -> 'option_values', \
    v.value ->> 'price', v.value ->> 'compare_at_price', v.value ->> 'weight_grams', v.key \
    FROM staged_products s, json_each(s.product, '$.variants') AS v WHERE s.store_id = :store AND NOT s.is_deleted \
    ON CONFLICT (store_id, id) DO UPDATE SET sku = excluded.sku, barcode = excluded.barcode, \
    option_values = excluded.option_values, price_minor = excluded.price_minor, \
    compare_at_price_minor = excluded.compare_at_price_minor, weight_grams = excluded.weight_grams, \
    position = excluded.position";

const DELETE_TAGS: &str = "DELETE FROM product_tags WHERE store_id = :store \
    AND product_id IN (SELECT id FROM staged_products WHERE store_id = :store AND version > 1)";

const WRITE_TAGS: &str = "INSERT INTO product_tags (store_id, tag, product_id) \
    SELECT s.store_id, tag.value, s.id FROM staged_products s, json_each(s.product, '$.tags') AS tag \
    WHERE s.store_id = :store AND NOT s.is_deleted";

const REVISIONS: &str = "INSERT INTO revisions (store_id, subject, version, at, actor, request_id, document) \
    SELECT d.store_id, d.id, d.version, :now, :actor, :request_id, d.document FROM staged_products s \
    CROSS JOIN product_documents d ON d.store_id = s.store_id AND d.id = s.id WHERE s.store_id = :store AND NOT s.is_deleted";

const COUNT_EVENTS: &str = "UPDATE stores SET head_at = :now, \
    seq = seq + (SELECT count(*) FROM staged_products WHERE store_id = :store) WHERE id = :store";

const CLEAR: &str = "DELETE FROM staged_products WHERE store_id = :store";

/// Appends the steps. `settle_ids` is a JSON list of an event's id for each of the products whose schedule is due.
pub fn add(batch: &mut Batch, staged: &[Staged], settle_ids: String) {
    let rows: Vec<_> = staged.iter().map(Staged::to_json).collect();
    batch.set("staged", json!(rows).to_string());
    batch.set("settle_ids", settle_ids);
    batch.run(STAGE);
    let is_due = format!(
        "SELECT EXISTS (SELECT 1 FROM products WHERE store_id = :store AND {IS_DUE} AND id IN ({IDS}))"
    );
    batch.only_if(&is_due, |batch| settle::settle_products(batch, IDS, staged.len()));
    guards(batch);
    if staged.iter().any(|row| row.is_deleted) {
        batch.run(LAST_REVISIONS);
        let deleted = "product_id IN (SELECT id FROM staged_products WHERE store_id = :store AND is_deleted)";
        images::touch(batch, deleted);
        batch.run(DELETE_PRODUCTS);
    }
    batch.run(DELETE_GONE);
    batch.run(FREE_SKUS);
    batch.run_or(
        WRITE_PRODUCTS,
        taken(&["products.store_id, products.handle", "products.store_id, products.external_id"]),
    );
    batch.run_or(WRITE_VARIANTS, taken(&["variants.store_id, variants.sku"]));
    batch.run(DELETE_TAGS);
    batch.run(WRITE_TAGS);
    batch.run(REVISIONS);
    batch.run(COUNT_EVENTS);
    batch.announce(announcement());
    batch.run(CLEAR);
}

/// Whether a batch was refused because somebody else was faster.
pub fn is_raced(problem: &Problem) -> bool {
    problem.detail == RACED
}

/// Ids for the events of so many schedules.
pub fn settle_ids(ports: &Ports, now: Timestamp, count: usize) -> String {
    let ids = (0..count).map(|_| -> EventId { new_id(ports.random.as_ref(), now) });
    json!(ids.map(|id| id.to_string()).collect::<Vec<_>>()).to_string()
}

fn guards(batch: &mut Batch) {
    batch.guard(IS_AS_LOOKED_AT, raced());
    let is_free = format!(
        "SELECT NOT EXISTS (SELECT 1 FROM staged_products s, json_each(s.product, '$.gone') AS gone \
         JOIN levels l ON l.store_id = s.store_id AND l.variant_id = gone.value \
         WHERE s.store_id = :store AND {HELD} + {COMMITTED} > 0)"
    );
    batch.guard(&is_free, raced());
}

fn raced() -> Problem {
    unavailable(RACED)
}

fn taken(columns: &[&'static str]) -> Vec<(Violation, Problem)> {
    columns.iter().map(|columns| (Violation::Unique(columns), raced())).collect()
}

fn announcement() -> String {
    let data = events::difference("r.document", "before.document");
    let returning = events::returning();
    format!(
        "INSERT INTO events (store_id, seq, id, type, subject, version, at, actor, request_id, data) \
         SELECT s.store_id, st.seq - s.later, s.event_id, s.event_type, s.id, s.version, :now, :actor, :request_id, \
            CASE WHEN s.is_deleted THEN '{{}}' ELSE {data} END \
         FROM (SELECT *, row_number() OVER (ORDER BY number DESC) - 1 AS later FROM staged_products \
            WHERE store_id = :store) AS s \
         JOIN stores st ON st.id = s.store_id \
         JOIN revisions r ON r.store_id = s.store_id AND r.subject = s.id AND r.version = s.version \
         LEFT JOIN revisions before ON before.store_id = s.store_id AND before.subject = s.id \
            AND before.version = s.version - 1 \
         WHERE TRUE ORDER BY s.later DESC {returning}"
    )
}
