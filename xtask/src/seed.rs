//! The demo store's products, with stock.
//!
//! Guarantees: running it again adds what is missing and doubles nothing. Relies on: the API for products (so that
//! events and revisions are written as for anybody), and SQL for stock, so that a shop opens without a log of its filling.

use crate::demo::Demo;
use crate::hrana::Database;
use crate::interrupt;
use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const PRODUCTS: &str = include_str!("../seed/products.json");
const LIMIT: Duration = Duration::from_secs(30);

/// Writes down how the stock of every SKU that has a variant gets there.
const LEDGER: &str = "
INSERT INTO ledger (store_id, seq, at, actor, request_id, variant_id, location_id, kind, delta, before, after, reason)
SELECT v.store_id, (SELECT coalesce(max(seq), 0) FROM ledger WHERE store_id = ?1) + row_number() OVER (ORDER BY v.id),
    CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), 'system', 'demo', v.id, ?2, 'set',
    stock.value - coalesce(l.on_hand, 0), coalesce(l.on_hand, 0), stock.value, 'opening'
FROM json_each(?3) AS stock JOIN variants v ON v.store_id = ?1 AND v.sku = stock.key
    LEFT JOIN levels l ON l.store_id = v.store_id AND l.variant_id = v.id AND l.location_id = ?2
WHERE stock.value <> coalesce(l.on_hand, 0)";

/// Sets the stock of every SKU that has a variant.
const STOCK: &str = "
INSERT INTO levels (store_id, variant_id, location_id, on_hand)
SELECT v.store_id, v.id, ?2, stock.value
FROM json_each(?3) AS stock JOIN variants v ON v.store_id = ?1 AND v.sku = stock.key
WHERE TRUE
ON CONFLICT (store_id, variant_id, location_id) DO UPDATE SET on_hand = excluded.on_hand";

/// A product of seed/products.json.
#[derive(Deserialize)]
struct Entry {
    /// The body of `POST /products`.
    product: Value,
    /// What becomes of it.
    publish: Publish,
    /// Pieces on hand by SKU.
    stock: BTreeMap<String, i64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Publish {
    /// Now, or not at all.
    Now(bool),
    /// At that time.
    At(String),
}

/// The API as the owner of the demo store.
struct Shop<'a> {
    agent: ureq::Agent,
    url: &'a str,
    store: &'a str,
    token: &'a str,
}

/// Creates and publishes the products, then sets their stock; returns how many there are.
pub fn run(url: &str, token: &str, demo: &Demo, database: &Database) -> Result<usize> {
    let entries: Vec<Entry> = serde_json::from_str(PRODUCTS).context("seed/products.json cannot be read")?;
    let config =
        ureq::Agent::config_builder().timeout_global(Some(LIMIT)).http_status_as_error(false).build();
    let shop = Shop { agent: ureq::Agent::new_with_config(config), url, store: &demo.store, token };
    let mut stock = BTreeMap::new();
    for entry in &entries {
        interrupt::check()?;
        shop.add(entry)?;
        stock.extend(&entry.stock);
    }
    let stock = serde_json::to_string(&stock)?;
    for sql in [LEDGER, STOCK] {
        database.query(sql, &[&demo.store, &demo.location, &stock]).context("the stock cannot be written")?;
    }
    Ok(entries.len())
}

impl Shop<'_> {
    fn add(&self, entry: &Entry) -> Result<()> {
        let Some(created) = self.post("/products", &entry.product)? else { return Ok(()) };
        let id = created.get("id").and_then(Value::as_str).context("a created product has no id")?;
        let body = match &entry.publish {
            Publish::Now(false) => return Ok(()),
            Publish::Now(true) => json!({}),
            Publish::At(time) => json!({ "publish_at": time }),
        };
        self.post(&format!("/products/{id}/publish"), &body).map(|_| ())
    }

    /// The answer's body; nothing when an earlier run did the same already.
    fn post(&self, path: &str, body: &Value) -> Result<Option<Value>> {
        let request = self.agent.post(format!("{}/api/pms{path}", self.url));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        let request = request.header("x-store-id", self.store).header("content-type", "application/json");
        let mut response =
            request.send(body.to_string()).map_err(|error| anyhow!("POST {path} failed: {error}."))?;
        let text = response.body_mut().read_to_string()?;
        match response.status().as_u16() {
            200..300 => Ok(Some(serde_json::from_str(&text)?)),
            409 => Ok(None),
            status => bail!("POST {path} answers {status}: {text}"),
        }
    }
}
