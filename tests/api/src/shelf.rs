//! A store with stock, and requests about holds of it.

use crate::product::{mug, publish};
use serde_json::{Value, json};
use std::cell::Cell;
use storeroom_domain::Role;
use storeroom_sql::Args;
use storeroom_sql::documents::HELD;
use storeroom_testbed::{Reply, Testbed};

/// A store with one product of two variants at one location.
pub struct Shelf {
    /// The service.
    pub bed: Testbed,
    /// The variants' ids.
    pub variants: Vec<String>,
    /// The default location's id.
    pub location: String,
    keys: Cell<u32>,
}

/// What a level has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// On hand.
    pub on_hand: i64,
    /// Held as of now.
    pub held: i64,
    /// What is left.
    pub available: i64,
}

/// What there is of a variant.
#[derive(Debug, Clone, Copy)]
pub struct Stocked {
    /// Its level.
    pub level: Level,
    /// What the ledger adds up to, and what open holds have.
    pub folded: [i64; 2],
}

impl Shelf {
    /// A shelf with that many of each variant on hand.
    pub async fn with(on_hand: [i64; 2]) -> Self {
        let bed = Testbed::new().await;
        let variants = variants(&publish(&bed, mug()).await);
        let store = || Args::new().with("store", bed.store.to_string());
        let location = bed.sql("SELECT id FROM locations WHERE store_id = :store", store()).await;
        let storeroom_sql::Value::Text(location) = location[0][0].clone() else { panic!("{location:?}") };
        let shelf = Self { bed, variants, location, keys: Cell::new(0) };
        for (n, on_hand) in on_hand.into_iter().enumerate() {
            shelf.stock(n, on_hand).await;
        }
        shelf
    }

    /// Puts that many of a variant on the shelf, which has none.
    async fn stock(&self, variant: usize, on_hand: i64) {
        let args = || self.args(variant).with("on_hand", on_hand);
        self.bed
            .sql(
                "UPDATE levels SET on_hand = :on_hand WHERE store_id = :store AND variant_id = :variant \
                 AND location_id = :location",
                args(),
            )
            .await;
        self.bed
            .sql(
                "INSERT INTO ledger (store_id, seq, at, actor, request_id, variant_id, location_id, kind, delta, \
                 before, after) SELECT :store, coalesce(max(seq), 0) + 1, 0, 'test', 'test', :variant, :location, \
                 'adjusted', :on_hand, 0, :on_hand FROM ledger WHERE store_id = :store",
                args(),
            )
            .await;
    }

    fn args(&self, variant: usize) -> Args {
        Args::new()
            .with("store", self.bed.store.to_string())
            .with("variant", self.variants[variant].as_str())
            .with("location", self.location.as_str())
            .with("now", self.bed.ports.clock.now().ms())
    }

    /// A line of a request: so many of a variant at the default location.
    pub fn line(&self, variant: usize, quantity: i64) -> Value {
        json!({"variant_id": self.variants[variant], "quantity": quantity})
    }

    /// Sends a `POST` about stock under a key of its own.
    pub async fn post(&self, path: &str, body: Option<Value>) -> Reply {
        self.post_to(&format!("/api/pms/inventory{path}"), body).await
    }

    /// Sends a `POST` under a key of its own.
    pub async fn post_to(&self, path: &str, body: Option<Value>) -> Reply {
        self.keys.set(self.keys.get() + 1);
        let key = format!("shelf-{}", self.keys.get());
        let headers = [("idempotency-key", key.as_str())];
        self.bed.call_with(Role::Fulfilment, "POST", path, body, &headers).await
    }

    /// Asks for a hold of so many of the first variant, for so many seconds.
    pub async fn try_hold(&self, quantity: i64, expires_in: i64) -> Reply {
        let body = json!({"lines": [self.line(0, quantity)], "expires_in": expires_in});
        self.post("/holds", Some(body)).await
    }

    /// Makes that hold and returns its id.
    pub async fn hold(&self, quantity: i64, expires_in: i64) -> String {
        let reply = self.try_hold(quantity, expires_in).await;
        assert_eq!(reply.status(), 201, "{}", reply.text());
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    /// Commits, releases or extends a hold.
    pub async fn change(&self, hold: &str, verb: &str, body: Option<Value>) -> Reply {
        self.post(&format!("/holds/{hold}/{verb}"), body).await
    }

    /// The hold as a viewer reads it now.
    pub async fn read(&self, hold: &str) -> Value {
        let path = format!("/api/pms/inventory/holds/{hold}");
        let reply = self.bed.call(Role::Viewer, "GET", &path, None).await;
        assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
        reply.json()
    }

    /// A variant's level as of now.
    pub async fn level(&self, variant: usize) -> Level {
        self.stocked().await[variant].level
    }

    /// What the ledger's movements of a variant add up to, and how many of it open holds have.
    pub async fn folded(&self, variant: usize) -> [i64; 2] {
        self.stocked().await[variant].folded
    }

    /// What there is of each variant.
    pub async fn stocked(&self) -> Vec<Stocked> {
        let sql = format!(
            "SELECT l.on_hand, {HELD}, (SELECT sum(delta) FROM ledger d WHERE d.store_id = l.store_id \
                AND d.variant_id = l.variant_id AND d.location_id = l.location_id), \
             (SELECT sum(quantity) FROM hold_lines h WHERE h.store_id = l.store_id AND h.variant_id = l.variant_id \
                AND h.location_id = l.location_id AND h.open_until > :now) \
             FROM json_each(:variants) AS j CROSS JOIN levels l ON l.store_id = :store AND l.variant_id = j.value \
                AND l.location_id = :location ORDER BY j.key"
        );
        let args = self.args(0).with("variants", json!(self.variants).to_string());
        let statement = storeroom_sql::Statement::bind(sql, &args).unwrap();
        let rows = self.bed.ports.database.read(statement).await.unwrap();
        let stocked = |row: usize| {
            let [on_hand, held, moved, open] =
                [0, 1, 2, 3].map(|column| rows.integer(row, column).unwrap_or(0));
            Stocked { level: Level { on_hand, held, available: on_hand - held }, folded: [moved, open] }
        };
        (0..rows.0.len()).map(stocked).collect()
    }
}

fn variants(product: &Value) -> Vec<String> {
    let variants = product["variants"].as_array().unwrap().iter();
    variants.map(|variant| variant["id"].as_str().unwrap().to_owned()).collect()
}
