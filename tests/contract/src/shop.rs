//! A store with a member and products, for the cases on the real schema.

use crate::bench::Bench;
use storeroom_domain::EventType;
use storeroom_sql::events::{append_product_end, append_product_event};
use storeroom_sql::{Args, Batch, FrameResult, Rows, Statement, events};

/// The moment of everything that does not say otherwise: 2026-11-20T09:30:00.000Z.
pub const NOW: i64 = 1_795_167_000_000;

const OPEN: [&str; 4] = [
    "INSERT INTO stores (id, name, currency, timezone, created_at) VALUES (:store, 'Demo', 'EUR', 'UTC', :now)",
    "INSERT INTO users (id, email, name, created_at) VALUES (:user, :user || '@example.com', 'Ada', :now)",
    "INSERT INTO sessions (id, user_id, created_at, expires_at) VALUES (:session, :user, :now, :now + 1000)",
    "INSERT INTO memberships (store_id, user_id, role, created_at) VALUES (:store, :user, 'editor', :now)",
];

const PRODUCT: &str = "INSERT INTO products (store_id, id, handle, title, description, status, tags, attributes, \
    options, publish_at, version, created_at, updated_at) VALUES (:store, :product, :product, 'Tea', 'Green \"tea\"', \
    CASE WHEN :publish_at IS NULL THEN 'draft' ELSE 'scheduled' END, '[\"a\",\"ü\"]', '{\"grams\":\"50\"}', '[]', \
    :publish_at, 1, :now, :now)";

const VARIANT: &str = "INSERT INTO variants (store_id, id, product_id, sku, option_values, price_minor, position) \
    VALUES (:store, 'var_' || :product, :product, :product, '{}', 1999, 0)";

const KEY: [&str; 2] = [
    "INSERT INTO api_keys (store_id, id, name, role, generation, created_at, created_by, version) \
     VALUES (:store, :key, 'Till', 'editor', 1, :now, :user, 1)",
    "INSERT INTO key_generations (key_id, generation) VALUES (:key, 1)",
];

/// A store on a bench.
pub struct Shop<'a> {
    /// The bench.
    pub bench: &'a Bench,
    /// What most statements name; a case sets the rest.
    pub args: Args,
}

impl<'a> Shop<'a> {
    /// Opens a store with a member who is an editor and signed in.
    pub async fn open(bench: &'a Bench) -> Self {
        let shop = Self { bench, args: arguments(bench.scope) };
        let mut batch = Batch::new(shop.args.clone());
        for sql in OPEN {
            batch.run(sql);
        }
        bench.batch(&batch).await.unwrap();
        shop
    }

    /// Adds the API key `:key`, with the role of an editor and its first secret.
    pub async fn add_key(&self) {
        let mut batch = Batch::new(self.args.clone());
        for sql in KEY {
            batch.run(sql);
        }
        self.done(&batch).await;
    }

    /// An empty batch about the product, with an event id of its own.
    pub fn about(&self, product: &str) -> Batch {
        let event_id = format!("evt_{product}");
        Batch::new(self.args.clone().with("product", product).with("event_id", event_id))
    }

    /// Adds a product with a variant and its event; with a schedule when a moment is given.
    pub async fn add(&self, product: &str, publish_at: Option<i64>) {
        let mut batch = self.about(product);
        batch.set("publish_at", publish_at);
        batch.run(PRODUCT);
        batch.run(VARIANT);
        append_product_event(&mut batch, EventType::ProductCreated);
        self.done(&batch).await;
    }

    /// Deletes a product, and tells of it.
    pub async fn delete(&self, product: &str) {
        let mut batch = self.about(product);
        append_product_end(&mut batch);
        batch.run("DELETE FROM products WHERE store_id = :store AND id = :product");
        self.done(&batch).await;
    }

    /// Commits a batch that is not refused; returns what it announced.
    pub async fn done(&self, batch: &Batch) -> Vec<events::Announcement> {
        let frame = batch.frame().unwrap();
        let announces = frame.announces.clone();
        let result = self.bench.commit(frame).await.unwrap();
        assert!(matches!(result, FrameResult::Done(_)), "{result:?}");
        events::announcements(&announces, &result)
    }

    /// The rows of a query.
    pub async fn rows(&self, sql: &str, args: Args) -> Rows {
        let mut all = self.args.clone();
        all.merge(args);
        self.bench.rows(Statement::bind(sql.to_owned(), &all).unwrap()).await
    }

    /// A query's first value as text.
    pub async fn text(&self, sql: &str, args: Args) -> String {
        self.rows(sql, args).await.text(0, 0).unwrap().to_owned()
    }

    /// The `seq` of the store's events, in order.
    pub async fn log(&self) -> Vec<i64> {
        let rows =
            self.rows("SELECT seq FROM events WHERE store_id = :store ORDER BY seq", Args::new()).await;
        (0..rows.0.len()).map(|row| rows.integer(row, 0).unwrap()).collect()
    }

    /// The last `seq` that the store has counted.
    pub async fn head(&self) -> i64 {
        self.rows("SELECT seq FROM stores WHERE id = :store", Args::new()).await.integer(0, 0).unwrap()
    }
}

/// Arguments for every name that the SQL of `storeroom-sql` has.
pub fn arguments(scope: &str) -> Args {
    let settle_ids: Vec<String> = (0..100).map(|number| format!("\"evt_settled_{number:03}\"")).collect();
    Args::new()
        .with("store", format!("str_{scope}"))
        .with("user", format!("usr_{scope}"))
        .with("session", format!("ses_{scope}"))
        .with("product", "prd_x")
        .with("roles", r#"["editor","admin","owner"]"#)
        .with("now", NOW)
        .with("actor", format!("usr_{scope}"))
        .with("request_id", "req_1")
        .with("event_id", "evt_1")
        .with("key", format!("key_{scope}"))
        .with("generation", 1)
        .with("nonce", "a nonce of 16 letters")
        .with("nonce_expires_at", NOW + 361_000)
        .with("day", NOW / 86_400_000)
        .with("audit_action", "products.create")
        .with("audit_subject", "prd_x")
        .with("audit_address", "192.0.2.1")
        .with("audit_hash", "0".repeat(64))
        .with("idempotency_store", format!("str_{scope}"))
        .with("idempotency_actor", format!("usr_{scope}"))
        .with("idempotency_key", "k")
        .with("fingerprint", "f")
        .with("kept_status", 201)
        .with("kept_location", "/there")
        .with("lines", "[]")
        .with("hold", "hld_x")
        .with("order", "ord_x")
        .with("crossing_id", "evt_00000000000000000000000000")
        .with("after", 0)
        .with("since", NOW)
        .with("limit", 2)
        .with("inbox_event", "e-1")
        .with("inbox_found", "{}")
        .with("inbox_type", "order.paid")
        .with("inbox_hash", "0".repeat(64))
        .with("inbox_body", "{}")
        .with("inbox_problem", "{}")
        .with("inbox_subject", "ord_x")
        .with("inbox_action", "paid")
        .with("settle_ids", format!("[{}]", settle_ids.join(",")))
}
