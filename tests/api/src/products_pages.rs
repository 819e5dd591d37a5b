//! Pages of products while others write: random filters, sorts and page sizes, and random writes between the pages.
//!
//! Guarantees: a product whose place does not change is on exactly one page, in its order, whatever comes, goes or changes
//! around it; no product is on two pages unless its place changed. The seed is printed; `PAGES_SEED` repeats it.
#![allow(clippy::disallowed_methods, reason = "the seed of a run is this machine's clock")]

use crate::product::{create, path};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::SystemTime;
use storeroom_domain::Role;
use storeroom_testbed::Testbed;

const SEQUENCES: u32 = 60;
const SORTS: &[&str] =
    &["created_at", "-created_at", "updated_at", "-updated_at", "title", "-title", "price", "-price"];
const FILTERS: &[&str] = &[
    "",
    "&q=mug",
    "&q=r%20mu",
    "&q=S",
    "&price_min=150&price_max=320",
    "&status=published&q=mug",
    "&low_stock=true&q=mug",
];
const TITLES: &[&str] = &["Red mug", "Mug, blue", "Röd mugg", "Cup", "red cup"];
const PRICES: &[Option<i64>] = &[None, Some(100), Some(200), Some(200), Some(300)];

/// What a product is made of; `scheduled_s` seconds from its making on it is public.
#[derive(Debug, Clone)]
struct Made {
    title: &'static str,
    price: Option<i64>,
    scheduled_s: Option<i64>,
    pause_ms: i64,
}

#[derive(Debug, Clone)]
enum Write {
    Make(Made),
    Rename(Index, &'static str),
    Reprice(Index, i64),
    Delete(Index),
    Wait(i64),
}

#[derive(Debug, Clone)]
struct Sequence {
    sort: &'static str,
    filter: &'static str,
    limit: usize,
    made: Vec<Made>,
    writes: Vec<Vec<Write>>,
}

fn made() -> impl Strategy<Value = Made> {
    let scheduled = prop_oneof![2 => Just(None), 1 => (1..20_i64).prop_map(Some)];
    (select(TITLES), select(PRICES), scheduled, 0..3_i64).prop_map(|(title, price, scheduled_s, pause_ms)| {
        Made { title, price, scheduled_s: scheduled_s.filter(|_| price.is_some()), pause_ms }
    })
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        3 => made().prop_map(Write::Make),
        2 => (any::<Index>(), select(TITLES)).prop_map(|(at, title)| Write::Rename(at, title)),
        1 => (any::<Index>(), 1..400_i64).prop_map(|(at, price)| Write::Reprice(at, price)),
        1 => any::<Index>().prop_map(Write::Delete),
        1 => (1..10_000_i64).prop_map(Write::Wait),
    ]
}

fn sequence() -> impl Strategy<Value = Sequence> {
    let writes = prop::collection::vec(prop::collection::vec(write(), 0..4), 12);
    (select(SORTS), select(FILTERS), 1..6_usize, prop::collection::vec(made(), 0..20), writes)
        .prop_map(|(sort, filter, limit, made, writes)| Sequence { sort, filter, limit, made, writes })
}

/// A store whose products are paged through.
struct Shelf {
    bed: Testbed,
    ids: Vec<String>,
}

impl Shelf {
    async fn make(&mut self, made: &Made) {
        self.bed.clock.advance(made.pause_ms);
        let price = made.price.map(|amount| json!({"amount": amount, "currency": "EUR"}));
        let sku = format!("S-{}", self.ids.len());
        let product =
            create(&self.bed, json!({"title": made.title, "variants": [{"sku": sku, "price": price}]})).await;
        if let Some(seconds) = made.scheduled_s {
            let at = self.bed.ports.clock.now().plus_ms(seconds * 1_000).to_string();
            let publish = format!("{}/publish", path(&product));
            self.bed.call(Role::Owner, "POST", &publish, Some(json!({"publish_at": at}))).await;
        }
        self.ids.push(product["id"].as_str().unwrap().to_owned());
    }

    async fn write(&mut self, write: &Write) {
        match write {
            Write::Make(made) => self.make(made).await,
            Write::Rename(at, title) => self.change(*at, "PATCH", Some(json!({"title": title}))).await,
            Write::Reprice(at, price) => {
                let Some(id) = self.pick(*at) else { return };
                let sku = format!("S-{}", self.ids.iter().position(|known| *known == id).unwrap());
                let variant = json!({"sku": sku, "price": {"amount": price, "currency": "EUR"}});
                self.change(*at, "PATCH", Some(json!({"variants": [variant]}))).await;
            }
            Write::Delete(at) => self.change(*at, "DELETE", None).await,
            Write::Wait(ms) => self.bed.clock.advance(*ms),
        }
    }

    fn pick(&self, at: Index) -> Option<String> {
        (!self.ids.is_empty()).then(|| at.get(&self.ids).clone())
    }

    async fn change(&mut self, at: Index, method: &str, body: Option<Value>) {
        let Some(id) = self.pick(at) else { return };
        let path = format!("/api/pms/products/{id}");
        let reply = self.bed.call_with(Role::Owner, method, &path, body, &[("if-match", "*")]).await;
        assert!(matches!(reply.status(), 200 | 204 | 404), "{}", reply.text());
    }

    /// The ids with their versions, and the cursor of the next page.
    async fn page(&self, query: &str) -> (Vec<(String, i64)>, Option<String>) {
        let reply = self.bed.call(Role::Viewer, "GET", &format!("/api/pms/products?{query}"), None).await;
        assert_eq!((reply.status(), reply.round_trips), (200, 1), "{query}: {}", reply.text());
        let page = reply.json();
        let row = |item: &Value| (item["id"].as_str().unwrap().to_owned(), item["version"].as_i64().unwrap());
        let rows = page["items"].as_array().unwrap().iter().map(row).collect();
        (rows, page["next_cursor"].as_str().map(str::to_owned))
    }
}

async fn judge(sequence: &Sequence) {
    let mut shelf = Shelf { bed: Testbed::new().await, ids: Vec::new() };
    for made in &sequence.made {
        shelf.make(made).await;
    }
    let list = format!("sort={}{}", sequence.sort, sequence.filter);
    let before = shelf.page(&format!("{list}&limit=250")).await.0;
    let mut writes = sequence.writes.iter();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let (rows, next) = shelf.page(&format!("{list}&limit={}{cursor}", sequence.limit)).await;
        seen.extend(rows);
        let Some(next) = next else { break };
        cursor = format!("&cursor={next}");
        for write in writes.next().into_iter().flatten() {
            shelf.write(write).await;
        }
    }
    let after: BTreeMap<String, i64> = shelf.page(&format!("{list}&limit=250")).await.0.into_iter().collect();
    // The same version before and after: nothing about it changed, its schedule's moment included.
    let stays = |(id, version): &&(String, i64)| after.get(id) == Some(version);
    let expected: Vec<&String> = before.iter().filter(stays).map(|(id, _)| id).collect();
    let among: Vec<&String> = seen.iter().map(|(id, _)| id).filter(|id| expected.contains(id)).collect();
    assert_eq!(among, expected, "{list}");
    let mut shown = BTreeMap::new();
    let by_creation = sequence.sort.ends_with("created_at");
    for (id, version) in &seen {
        let before = shown.insert(id, version);
        let moved = !by_creation && before.is_some_and(|before| before != version);
        assert!(before.is_none() || moved, "{list}: {id} is on two pages");
    }
}

fn seed() -> u64 {
    let given = std::env::var("PAGES_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| {
        u64::from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos())
    });
    println!("PAGES_SEED={seed}");
    seed
}

#[test]
fn pages_hold_while_others_write() {
    let config = Config {
        cases: SEQUENCES,
        rng_seed: RngSeed::Fixed(seed()),
        failure_persistence: None,
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let played = TestRunner::new(config).run(&sequence(), |sequence| {
        runtime.block_on(judge(&sequence));
        Ok(())
    });
    played.unwrap_or_else(|error| panic!("{error}"));
}
