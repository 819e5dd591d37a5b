//! A sale with more customers than stock.
//!
//! Guarantees: exactly the stock is sold, whatever is sent twice and whatever is killed meanwhile; nobody who was told
//! that the order was placed finds it gone, and nothing is done twice.

use super::{PIDS, Process, kill};
use crate::shop::{Reply, Shop, now};
use futures::future::{join, join_all};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use storeroom_sql::Args;

/// Products of the sale, each with one variant.
const PRODUCTS: usize = 10;
/// How long a client waits before it tries again what was not answered.
const PATIENCE: Duration = Duration::from_millis(50);
/// A client that is not answered for so long has waited forever.
const FOREVER: Duration = Duration::from_secs(120);

/// How large the sale is.
#[derive(Clone, Copy)]
struct Size {
    clients: usize,
    orders: usize,
    units_each: i64,
}

/// A database server with a writer before it takes the whole sale; SQLite's own file takes a smaller one.
fn size() -> Size {
    match PIDS.get() {
        Some(_) => Size { clients: 64, orders: 5_000, units_each: 100 },
        None => Size { clients: 16, orders: 400, units_each: 10 },
    }
}

/// What a sale was answered.
#[derive(Default)]
struct Answers {
    /// Bodies of orders that were placed, by their id.
    placed: RefCell<BTreeMap<String, Value>>,
    refused: Cell<usize>,
    /// Requests that had no final answer and were sent again.
    again: Cell<usize>,
}

/// A sale under way.
struct Sale {
    shop: Rc<Shop>,
    variants: Vec<String>,
    size: Size,
    next: Cell<usize>,
    answers: Answers,
    seed: u64,
}

impl Sale {
    async fn open(shop: Rc<Shop>, size: Size) -> Rc<Self> {
        let mut variants = Vec::new();
        for n in 0..PRODUCTS {
            variants.push(shop.stocked(&format!("P{n}"), size.units_each).await);
        }
        let seed = now().ms().unsigned_abs();
        println!("seed of the sale: {seed}");
        Rc::new(Self { shop, variants, size, next: Cell::new(0), answers: Answers::default(), seed })
    }

    /// The order of that number: one unit each of one to three products.
    fn order(&self, number: usize) -> Value {
        let mixed =
            (self.seed ^ (number as u64)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29) as usize;
        let line = |n: usize| json!({"variant_id": self.variants[(mixed + 3 * n) % PRODUCTS], "quantity": 1});
        let lines: Vec<Value> = (0..1 + mixed / PRODUCTS % 3).map(line).collect();
        json!({"lines": lines, "customer": {"email": format!("c{number}@example.org")}})
    }

    fn take_number(&self) -> Option<usize> {
        let number = self.next.get();
        self.next.set(number + 1);
        (number < self.size.orders).then_some(number)
    }

    /// Sends the order until it has an answer that is final.
    async fn send(&self, number: usize) -> Reply {
        let (shop, body) = (&self.shop, self.order(number).to_string().into_bytes());
        let (token, store) = (format!("Bearer {}", shop.owner.token), shop.store.to_string());
        let key = format!("{}-{number}", self.seed);
        let headers = [("authorization", token.as_str()), ("x-store-id", &store), ("idempotency-key", &key)];
        let tries = async {
            loop {
                match shop.try_send("POST", "/api/pms/orders", Some(body.clone()), &headers).await {
                    Ok(reply) if reply.status < 500 => return reply,
                    _ => self.answers.again.set(self.answers.again.get() + 1),
                }
                tokio::time::sleep(PATIENCE).await;
            }
        };
        tokio::time::timeout(FOREVER, tries).await.expect("somebody waits forever")
    }

    fn note(&self, reply: &Reply) {
        if reply.status == 201 {
            let order = reply.json();
            self.answers.placed.borrow_mut().insert(order["id"].as_str().unwrap().to_owned(), order);
        } else {
            assert_eq!((reply.status, reply.code().as_str()), (409, "insufficient-stock"), "{}", reply.text);
            self.answers.refused.set(self.answers.refused.get() + 1);
        }
    }

    fn answered(&self) -> usize {
        self.answers.placed.borrow().len() + self.answers.refused.get()
    }

    /// A client that buys until the sale is over.
    async fn buy(&self) {
        while let Some(number) = self.take_number() {
            self.note(&self.send(number).await);
        }
    }

    /// A client that sends everything twice at once.
    async fn buy_twice(&self) {
        while let Some(number) = self.take_number() {
            let (first, second) = join(self.send(number), self.send(number)).await;
            let answer = |reply: &Reply| match reply.status {
                201 => (201, reply.text.clone()),
                // Each refusal has a request id of its own, and is not kept.
                status => (status, reply.code()),
            };
            assert_eq!(answer(&first), answer(&second), "one key, one answer");
            self.note(&first);
        }
    }

    /// Nothing was sold twice, nothing was lost, and what is left adds up.
    async fn check(&self) {
        let placed = self.answers.placed.take();
        assert_eq!(placed.len() + self.answers.refused.get(), self.size.orders);
        let sold: usize = placed.values().map(|order| order["lines"].as_array().unwrap().len()).sum();
        let stock = PRODUCTS as i64 * self.size.units_each;
        println!(
            "{} orders placed, {} refused, {} sent again",
            placed.len(),
            self.answers.refused.get(),
            self.answers.again.get()
        );
        assert_eq!(sold as i64, stock, "exactly the stock is sold");
        let each = self.size.units_each;
        assert_eq!(self.shop.levels().await, vec![[each, 0, each, 0]; PRODUCTS]);
        let mut numbers: Vec<i64> = placed.values().map(|order| order["number"].as_i64().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=placed.len() as i64).collect::<Vec<_>>(), "numbers have no holes");
        self.check_stored(placed.len()).await;
        for order in placed.values().step_by(50) {
            let path = format!("/api/pms/orders/{}", order["id"].as_str().unwrap());
            assert_eq!(self.shop.call(&self.shop.owner, "GET", &path, None).await.json(), *order);
        }
        let reconciled = self.shop.done("/api/pms/inventory/reconcile", Some(json!({}))).await;
        assert_eq!(reconciled["drift"], json!([]));
    }

    /// What is stored is what was answered, and the log has an event for each, without holes.
    async fn check_stored(&self, placed: usize) {
        let sql = "SELECT (SELECT count(*) FROM orders WHERE store_id = :store), \
            (SELECT count(*) FROM events WHERE store_id = :store AND type = 'order.created'), \
            (SELECT max(seq) - count(*) FROM events WHERE store_id = :store)";
        let args = Args::new().with("store", self.shop.store.to_string());
        let stored = self.shop.sql(&[sql], &args).await;
        let count = storeroom_sql::Value::Integer(placed as i64);
        assert_eq!(stored, [[count.clone(), count, storeroom_sql::Value::Integer(0)]]);
    }
}

/// Runs so many clients at once.
async fn all<F: Future<Output = ()>>(sale: &Rc<Sale>, client: impl Fn(Rc<Sale>) -> F) {
    join_all((0..sale.size.clients).map(|_| client(sale.clone()))).await;
}

pub async fn sells_exactly_the_stock(shop: Rc<Shop>) {
    let sale = Sale::open(shop, size()).await;
    all(&sale, |sale| async move { sale.buy().await }).await;
    sale.check().await;
}

pub async fn sells_it_once_when_all_is_sent_twice(shop: Rc<Shop>) {
    let sale = Sale::open(shop, size()).await;
    all(&sale, |sale| async move { sale.buy_twice().await }).await;
    sale.check().await;
}

/// Kills the process each time another share of the sale was answered.
async fn kill_now_and_then(sale: Rc<Sale>, process: Process, times: usize) {
    for time in 1..=times {
        let due = time * sale.size.orders / (times + 1);
        while sale.answered() < due {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        kill(process).await;
    }
}

async fn sale_with_kills(shop: Rc<Shop>, process: Process, times: usize) {
    let sale = Sale::open(shop, size()).await;
    let clients = all(&sale, |sale| async move { sale.buy().await });
    join(clients, kill_now_and_then(sale.clone(), process, times)).await;
    assert!(sale.answers.again.get() > 0, "nobody noticed that anything was killed");
    sale.check().await;
}

pub async fn with_a_host_that_is_killed(shop: Rc<Shop>) {
    sale_with_kills(shop, Process::Host, 10).await;
}

pub async fn with_a_database_that_is_killed(shop: Rc<Shop>) {
    sale_with_kills(shop, Process::Database, 5).await;
}
