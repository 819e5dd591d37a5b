//! A writer of the storm: creates products and changes its own.
//!
//! Guarantees: a write that has no final answer is sent again until it has one, and is done once: a new product by its
//! idempotency key, a change by the version that it names.

use super::{PACE, Storm, WRITERS, WRITES, count};
use crate::shop::{Reply, path};
use serde_json::{Value, json};
use std::time::Duration;

/// One write in so many makes a product.
const CREATES_ONE_IN: usize = 10;
/// How long it waits before it sends again what was not answered.
const PATIENCE: Duration = Duration::from_millis(50);
/// A writer that is not answered for so long has waited forever.
const FOREVER: Duration = Duration::from_secs(120);

/// A writer.
pub struct Writer<'a> {
    storm: &'a Storm,
    number: usize,
    products: Vec<Value>,
}

impl<'a> Writer<'a> {
    /// The writer of that number.
    pub fn new(storm: &'a Storm, number: usize) -> Self {
        Self { storm, number, products: Vec::new() }
    }

    /// Makes its share of the writes, each at its time or as soon as the one before was answered.
    pub async fn run(mut self) {
        for n in (self.number..WRITES).step_by(WRITERS) {
            let due = self.storm.begun + PACE * u32::try_from(n).unwrap();
            tokio::time::sleep_until(due.into()).await;
            match n / WRITERS % CREATES_ONE_IN {
                0 => self.create(n).await,
                _ => self.change(n).await,
            }
            count(&self.storm.written);
        }
    }

    async fn create(&mut self, n: usize) {
        let variants = json!([{"sku": format!("S{n}"), "price": {"amount": 100 + n, "currency": "EUR"}}]);
        let body = json!({"title": format!("Product {n}"), "tags": ["storm"], "variants": variants});
        let key = format!("{}-{n}", self.storm.seed);
        let (made, _) = self.send("POST", "/api/pms/products", &body, ("idempotency-key", &key)).await;
        assert_eq!(made.status, 201, "{}", made.text);
        self.products.push(made.json());
    }

    async fn change(&mut self, n: usize) {
        let place = n / WRITERS % self.products.len();
        let (path, version) =
            (path(&self.products[place]), self.products[place]["version"].as_u64().unwrap());
        let body = match n % 3 {
            0 => json!({"title": format!("Changed by write {n}")}),
            1 => json!({"description": format!("As of write {n}: {}", "wind ".repeat(n % 40))}),
            _ => json!({"attributes": {"write": n.to_string()}, "category": format!("c{}", n % 7)}),
        };
        let (answer, tries) = self.send("PATCH", &path, &body, ("if-match", &format!("\"{version}\""))).await;
        self.products[place] = match answer.status {
            200 => answer.json(),
            // Nobody else changes it, so an earlier try was done and its answer lost.
            412 if tries > 1 => answer.json()["current"].clone(),
            status => panic!("{status}: {}", answer.text),
        };
        assert_eq!(self.products[place]["version"], version + 1);
    }

    /// The final answer, and how many tries it took.
    async fn send(&self, method: &str, path: &str, body: &Value, header: (&str, &str)) -> (Reply, usize) {
        let shop = &self.storm.shop;
        let (token, store) = (format!("Bearer {}", shop.owner.token), shop.store.to_string());
        let headers = [("authorization", token.as_str()), ("x-store-id", &store), header];
        let tries = async {
            for tries in 1.. {
                match shop.try_send(method, path, Some(body.to_string().into_bytes()), &headers).await {
                    Ok(reply) if reply.status < 500 => return (reply, tries),
                    _ => count(&self.storm.counts.again),
                }
                tokio::time::sleep(PATIENCE).await;
            }
            unreachable!("the tries do not end")
        };
        tokio::time::timeout(FOREVER, tries).await.expect("a writer waits forever")
    }
}
