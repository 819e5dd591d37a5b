//! What a batch of changes must know of what is there, as one query.

use super::Change;
use serde_json::{Value as Json, json};
use storeroom_domain::handle;
use storeroom_sql::documents::{COMMITTED, HELD, MAX_PAGE_BYTES, PRODUCT_AS_OF_NOW};
use storeroom_sql::{Args, batch::Sql};

/// The query of what `plan` decides by, and its arguments besides `:store` and `:now`. Its rows are (kind, key, value,
/// version, stored version).
pub fn look_up(changes: &[Change]) -> (Sql, Args) {
    let mut names = Names::default();
    for change in changes {
        names.add(change);
    }
    let list = |texts: Vec<String>| json!(texts).to_string();
    let args = Args::new()
        .with("many_ids", list(names.ids))
        .with("many_owned", list(names.owned))
        .with("many_skus", list(names.skus))
        .with("many_handles", list(names.handles))
        .with("many_external_ids", list(names.external_ids));
    (query().into(), args)
}

fn query() -> String {
    // Documents count towards the bound in the order of the ids; those beyond it are NULL.
    format!(
        "WITH touched (id) AS MATERIALIZED (SELECT value FROM json_each(:many_ids) UNION SELECT v.product_id \
            FROM json_each(:many_owned) j CROSS JOIN variants v ON v.store_id = :store AND v.sku = j.value), \
         documents AS (SELECT d.id AS id, {PRODUCT_AS_OF_NOW} AS document, d.version AS stored \
            FROM touched CROSS JOIN product_documents d ON d.store_id = :store AND d.id = touched.id) \
         SELECT 'currency' AS kind, currency AS key, NULL AS value, 0 AS version, 0 AS stored \
            FROM stores WHERE id = :store \
         UNION ALL SELECT 'sku', v.sku, v.product_id, 0, 0 FROM json_each(:many_skus) j \
            CROSS JOIN variants v ON v.store_id = :store AND v.sku = j.value \
         UNION ALL SELECT 'handle', p.handle, p.id, 0, 0 FROM json_each(:many_handles) j \
            CROSS JOIN products p ON p.store_id = :store AND p.handle = j.value \
         UNION ALL SELECT 'external_id', p.external_id, p.id, 0, 0 FROM json_each(:many_external_ids) j \
            CROSS JOIN products p ON p.store_id = :store AND p.external_id = j.value \
         UNION ALL SELECT 'in_use', v.id, NULL, 0, 0 FROM touched CROSS JOIN variants v ON v.store_id = :store \
            AND v.product_id = touched.id WHERE EXISTS (SELECT 1 FROM levels l WHERE l.store_id = v.store_id \
            AND l.variant_id = v.id AND {HELD} + {COMMITTED} > 0) \
         UNION ALL SELECT 'product', id, CASE WHEN bytes_before < {MAX_PAGE_BYTES} THEN document END, \
            document ->> '$.version', stored FROM (SELECT id, document, stored, sum(octet_length(document)) \
            OVER (ORDER BY id) - octet_length(document) AS bytes_before FROM documents)"
    )
}

/// What the changes name.
#[derive(Default)]
struct Names {
    ids: Vec<String>,
    /// SKUs by which a product is found.
    owned: Vec<String>,
    skus: Vec<String>,
    handles: Vec<String>,
    external_ids: Vec<String>,
}

impl Names {
    fn add(&mut self, change: &Change) {
        match change {
            Change::Create(product) => self.add_body(product),
            Change::Upsert(patch, _) => {
                self.owned.extend(skus(patch).map(str::to_owned));
                self.add_body(patch);
            }
            Change::Update(meant, patch) => {
                self.ids.push(meant.product.to_string());
                self.add_body(patch);
            }
            Change::Delete(meant) | Change::Publish(meant) => self.ids.push(meant.product.to_string()),
        }
    }

    fn add_body(&mut self, body: &Json) {
        let text = |name| body.get(name).and_then(Json::as_str);
        self.skus.extend(skus(body).map(str::to_owned));
        self.external_ids.extend(text("external_id").map(str::to_owned));
        let made = text("title").map(handle::from_title);
        self.handles.extend(text("handle").map(str::to_owned).or(made));
    }
}

/// The SKUs of a body's variants.
pub fn skus(body: &Json) -> impl Iterator<Item = &str> {
    let variants = body.get("variants").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    variants.iter().filter_map(|variant| variant.get("sku").and_then(Json::as_str))
}
