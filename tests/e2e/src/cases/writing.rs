//! Writers at a steady pace: they create products and change their own.
//!
//! Guarantees: a write that has no final answer is sent again until it has one, and is done once: a new product by its
//! idempotency key, a change by the version that it names. A product has one writer, who waits for each answer, so what
//! happens to it happens in the order of the writes.

use super::count;
use crate::shop::{Reply, Shop, path};
use futures::future::join_all;
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How long it waits before it sends again what was not answered.
const PATIENCE: Duration = Duration::from_millis(50);
/// A writer that is not answered for so long has waited forever.
const FOREVER: Duration = Duration::from_secs(120);

/// What is written, each write one event.
pub struct Writing {
    /// Where.
    pub shop: Rc<Shop>,
    /// Makes the idempotency keys differ from those of other runs.
    pub seed: u64,
    /// Since when.
    pub begun: Instant,
    /// How many writers take turns.
    pub writers: usize,
    /// How many writes there are.
    pub writes: usize,
    /// From one write to the next.
    pub pace: Duration,
    /// One write of a writer in so many makes a product, the first among them.
    pub creates_one_in: usize,
    /// Writes that were answered.
    pub written: Cell<usize>,
    /// Writes that were sent again.
    pub again: Cell<usize>,
}

/// A writer.
struct Writer<'a> {
    writing: &'a Writing,
    number: usize,
    products: Vec<Value>,
}

impl Writing {
    /// Writes it all.
    pub async fn run(&self) {
        join_all((0..self.writers).map(|n| Writer::new(self, n).run())).await;
        let took = self.begun.elapsed().as_secs_f64();
        println!("{} writes in {took:.1} s, {} sent again", self.writes, self.again.get());
    }

    /// The whole log over HTTP, which has an event for each write.
    pub async fn log(&self) -> Vec<Value> {
        let (mut log, mut cursor) = (Vec::new(), "1.0".to_owned());
        loop {
            let path = format!("/api/pms/events?limit=1000&after={cursor}");
            let page = self.shop.call(&self.shop.owner, "GET", &path, None).await.json();
            log.extend(page["events"].as_array().unwrap().iter().cloned());
            if page["more"] == false {
                break;
            }
            cursor = page["cursor"].as_str().unwrap().to_owned();
        }
        assert_eq!(log.len(), self.writes, "a write has one event");
        log
    }
}

impl<'a> Writer<'a> {
    fn new(writing: &'a Writing, number: usize) -> Self {
        Self { writing, number, products: Vec::new() }
    }

    /// Makes its share of the writes, each at its time or as soon as the one before was answered.
    async fn run(mut self) {
        let Writing { begun, writers, writes, pace, creates_one_in, .. } = *self.writing;
        for n in (self.number..writes).step_by(writers) {
            tokio::time::sleep_until((begun + pace * u32::try_from(n).unwrap()).into()).await;
            match n / writers % creates_one_in {
                0 => self.create(n).await,
                _ => self.change(n).await,
            }
            count(&self.writing.written);
        }
    }

    async fn create(&mut self, n: usize) {
        let variants = json!([{"sku": format!("S{n}"), "price": {"amount": 100 + n, "currency": "EUR"}}]);
        let body = json!({"title": format!("Product {n}"), "tags": ["storm"], "variants": variants});
        let key = format!("{}-{n}", self.writing.seed);
        let (made, _) = self.send("POST", "/api/pms/products", &body, ("idempotency-key", &key)).await;
        assert_eq!(made.status, 201, "{}", made.text);
        self.products.push(made.json());
    }

    async fn change(&mut self, n: usize) {
        let place = n / self.writing.writers % self.products.len();
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
        let shop = &self.writing.shop;
        let (token, store) = (format!("Bearer {}", shop.owner.token), shop.store.to_string());
        let headers = [("authorization", token.as_str()), ("x-store-id", &store), header];
        let tries = async {
            for tries in 1.. {
                match shop.try_send(method, path, Some(body.to_string().into_bytes()), &headers).await {
                    Ok(reply) if reply.status < 500 => return (reply, tries),
                    _ => count(&self.writing.again),
                }
                tokio::time::sleep(PATIENCE).await;
            }
            unreachable!("the tries do not end")
        };
        tokio::time::timeout(FOREVER, tries).await.expect("a writer waits forever")
    }
}
