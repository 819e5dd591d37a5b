//! The requests of a shop, as the load takes them: reads of products and orders, adjustments, orders of five lines.
//!
//! Guarantees: each is of the store's owner; a write has an idempotency key of its own; an order says which prices it
//! expects, as a checkout does. What is asked for is picked from a list, so that it is another each time.
//! Relies on: the name of a run being another in each plan of one database, because its keys begin with it.

use super::Bench;
use crate::hrana::Database;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::{Value, json};

/// Lines of an order.
const LINES: usize = 5;

/// A run as `tests/bench` reads it.
#[derive(Serialize)]
pub struct Run {
    name: String,
    method: &'static str,
    url: String,
    headers: Vec<[String; 2]>,
    body: &'static str,
    picks: Vec<String>,
    straight: bool,
    clients: usize,
    status: u16,
    contains: String,
}

/// The requests of the owner to one host.
pub struct Traffic<'a> {
    /// The bench, for its owner and store.
    pub bench: &'a Bench<'a>,
    /// Where the host answers.
    pub url: &'a str,
    /// Put before each run's name, to tell hosts apart.
    pub host: &'a str,
}

impl Traffic<'_> {
    /// Orders of five lines each, `{pick}` being lines of `baskets`.
    pub fn place(&self, clients: usize, baskets: &[String]) -> Run {
        let body = r#"{"lines":{pick},"customer":{"email":"load-{n}@shop.example","name":"Lena Brandt"}}"#;
        self.run("order of 5 lines", clients, "/orders", r#""state":"pending""#, baskets).posting(body, 201)
    }

    /// Adjustments of one variant each.
    pub fn adjust(&self, clients: usize, variants: &[String]) -> Run {
        let body = r#"{"lines":[{"variant_id":"{pick}","delta":1,"reason":"found"}]}"#;
        self.run("adjust stock", clients, "/inventory/adjust", "{pick}", variants).posting(body, 200)
    }

    /// Reads of one product each.
    pub fn read_product(&self, clients: usize, products: &[String]) -> Run {
        self.run("product read", clients, "/products/{pick}", "{pick}", products)
    }

    /// Reads of one order each.
    pub fn read_order(&self, clients: usize, orders: &[String]) -> Run {
        self.run("order read", clients, "/orders/{pick}", "{pick}", orders)
    }

    /// The first page of a list, which is not empty.
    pub fn list(&self, clients: usize, list: &str) -> Run {
        self.list_by(clients, &format!("{list}, first page"), list)
    }

    /// The same with a query after the list's name.
    pub fn list_by(&self, clients: usize, name: &str, list: &str) -> Run {
        self.run(name, clients, &format!("/{list}"), r#""items":[{"#, &[])
    }

    /// A page of a list after each of these cursors.
    pub fn list_after(&self, clients: usize, list: &str, cursors: &[String]) -> Run {
        let path = format!("/{list}?cursor={{pick}}");
        self.run(&format!("{list}, a page inside"), clients, &path, r#""items":[{"#, cursors)
    }

    /// Reads of the public catalogue: of the product that a path begins with a slash for, else of the list.
    pub fn catalog(&self, clients: usize, name: &str, path: &str, picks: &[String]) -> Run {
        let (path, query, contains) = match path.strip_prefix('/') {
            Some(_) => (path, "", "\"availability\":"),
            None => ("", path, "\"items\":[{"),
        };
        let path = format!("/catalog/products{path}?store={}{query}", self.bench.demo.store);
        Run { headers: Vec::new(), ..self.run(name, clients, &path, contains, picks) }
    }

    fn run(&self, name: &str, clients: usize, path: &str, contains: &str, picks: &[String]) -> Run {
        let headers = vec![
            ["authorization".to_owned(), format!("Bearer {}", self.bench.tokens.owner)],
            ["x-store-id".to_owned(), self.bench.demo.store.clone()],
        ];
        Run {
            name: format!("{}{name}", self.host),
            method: "GET",
            url: format!("{}/api/pms{path}", self.url),
            headers,
            body: "",
            picks: picks.to_vec(),
            straight: false,
            clients,
            status: 200,
            contains: contains.to_owned(),
        }
    }
}

impl Run {
    /// The same without a Worker: its batches go straight to the database.
    pub fn straight(self) -> Self {
        Self { straight: true, ..self }
    }

    fn posting(mut self, body: &'static str, status: u16) -> Self {
        let key = format!("{}-{{n}}", self.name);
        let more = [("content-type", "application/json"), ("idempotency-key", &key)];
        self.headers.extend(more.map(|(name, value)| [name.to_owned(), value.to_owned()]));
        Self { method: "POST", body, status, ..self }
    }
}

/// The lines of an order for each of the variants (id, price): it and four others from all over the list.
pub fn baskets(sold: &[Vec<String>], currency: &str) -> Result<Vec<String>> {
    ensure!(sold.len() >= LINES, "too few variants are sold for an order of {LINES} lines");
    let line = |row: &Vec<String>| {
        let [id, price] = row.as_slice() else { return None };
        let amount: i64 = price.parse().ok()?;
        let price = json!({ "amount": amount, "currency": currency });
        Some(json!({ "variant_id": id, "quantity": 1, "expected_unit_price": price }))
    };
    let lines: Vec<Value> = sold.iter().map(line).collect::<Option<_>>().context("a variant has no price")?;
    let step = (lines.len() / LINES).max(1);
    let basket = |first| {
        let basket: Vec<&Value> = lines.iter().cycle().skip(first).step_by(step).take(LINES).collect();
        serde_json::to_string(&basket)
    };
    Ok((0..lines.len()).map(basket).collect::<Result<_, _>>()?)
}

/// What is sold of the demo store: id and price of each variant.
pub fn sold(database: &Database) -> Result<Vec<Vec<String>>> {
    database.query(
        "SELECT v.id, v.price_minor FROM products p JOIN variants v ON v.store_id = p.store_id \
         AND v.product_id = p.id WHERE p.status = 'published' AND v.price_minor IS NOT NULL ORDER BY v.id",
        &[],
    )
}
