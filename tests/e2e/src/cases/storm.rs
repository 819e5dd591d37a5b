//! A store with 200 clients while much is written, clients drop out and the host is killed.
//!
//! Guarantees: every client ends with every event of the log, each once and in order, and with the products as they are
//! read over HTTP. Relies on: the seed, which is printed, for when clients drop out; the times of kills are the log's.

mod watcher;

use super::writing::Writing;
use super::{Process, count, kill, run_cron};
use crate::shop::{Member, Shop, now};
use futures::future::{join, join_all};
use serde_json::{Map, Value};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};
use storeroom_domain::Role;
use tokio::sync::watch;
use watcher::Watcher;

/// Members with connections, each with as many.
const MEMBERS: usize = 4;
const CLIENTS_A_MEMBER: usize = 50;
/// Writers, whose writes take turns.
const WRITERS: usize = 10;
/// From one write to the next: 50 a second.
const PACE: Duration = Duration::from_millis(20);
/// 60 seconds of them.
const WRITES: usize = 3_000;
/// One write in so many makes a product.
const CREATES_ONE_IN: usize = 10;
/// The host is killed after each such share of the writes.
const KILLS: usize = 2;
/// How long after the last write a client may be without an event: cron makes a lost nudge good once a minute.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);

/// An event as everybody is sent it.
struct Event {
    text: String,
    value: Value,
}

/// A storm under way.
struct Storm {
    writing: Writing,
    /// What was told of each place of the log, by whoever told it first.
    told: RefCell<BTreeMap<u64, Rc<Event>>>,
    counts: Counts,
    /// The end of the log, once nobody writes any more.
    head: watch::Sender<Option<u64>>,
}

/// What the clients went through.
#[derive(Default)]
struct Counts {
    dropped: Cell<usize>,
    refused: Cell<usize>,
    /// Closed by the other end, by code; 1006 is a broken connection.
    closed: RefCell<BTreeMap<u16, usize>>,
}

impl Storm {
    fn brew(shop: Rc<Shop>) -> Rc<Self> {
        let seed = now().ms().unsigned_abs();
        println!("seed of the storm: {seed}");
        let writing = Writing {
            shop,
            seed,
            begun: Instant::now(),
            writers: WRITERS,
            writes: WRITES,
            pace: PACE,
            creates_one_in: CREATES_ONE_IN,
            written: Cell::new(0),
            again: Cell::new(0),
        };
        Rc::new(Self {
            writing,
            told: RefCell::default(),
            counts: Counts::default(),
            head: watch::Sender::new(None),
        })
    }

    /// The event of a place in the log, the same for all who were told of it.
    fn event(&self, seq: u64, text: &str) -> Rc<Event> {
        let mut told = self.told.borrow_mut();
        let parse = || Rc::new(Event { text: text.to_owned(), value: serde_json::from_str(text).unwrap() });
        let event = told.entry(seq).or_insert_with(parse);
        assert_eq!(event.text, text, "two clients were told different things");
        event.clone()
    }

    async fn members(&self) -> Vec<Member> {
        let shop = &self.writing.shop;
        let mut members = vec![shop.owner.clone(), shop.viewer.clone()];
        for role in [Role::Editor, Role::Admin] {
            members.push(shop.new_member(role).await);
        }
        assert_eq!(members.len(), MEMBERS);
        members
    }

    /// Writes all there is to write, then says where the log ends.
    async fn write(&self) {
        self.writing.run().await;
        let shop = &self.writing.shop;
        let feed = shop.call(&shop.owner, "GET", "/api/pms/events?limit=1", None).await;
        let (_, head) = feed.header("store-cursor").unwrap().split_once('.').unwrap();
        self.head.send_replace(Some(head.parse().unwrap()));
        // The kill may have swallowed the last nudge.
        run_cron(shop).await;
    }

    async fn kill_now_and_then(&self) {
        for time in 1..=KILLS {
            while self.writing.written.get() < time * WRITES / (KILLS + 1) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            kill(Process::Host).await;
        }
    }

    /// Every product as it is read over HTTP.
    async fn products(&self, ids: impl Iterator<Item = &str>) -> BTreeMap<String, Value> {
        let mut products = BTreeMap::new();
        for id in ids {
            let shop = &self.writing.shop;
            let read = shop.call(&shop.owner, "GET", &format!("/api/pms/products/{id}"), None).await;
            assert_eq!(read.status, 200, "{}", read.text);
            products.insert(id.to_owned(), read.json());
        }
        products
    }

    async fn check(&self, clients: &[Vec<Rc<Event>>]) {
        let log = self.writing.log().await;
        let expected = fold(&log.iter().collect::<Vec<_>>());
        let products = self.products(expected.keys().copied()).await;
        for events in clients {
            let seen: Vec<&Value> = events.iter().map(|event| &event.value).collect();
            assert!(
                seen.iter().copied().eq(log.iter()),
                "a client has not the whole log, each once, in order"
            );
            for (id, product) in fold(&seen) {
                let own = product.into_iter().map(|(name, value)| (name.clone(), value.clone()));
                assert_eq!(Value::Object(own.collect()), products[id]);
            }
        }
        println!("{} clients with {} events and {} products", clients.len(), log.len(), products.len());
    }
}

/// The products that events tell of: whole when they are created, then the members that have changed.
fn fold<'a>(events: &[&'a Value]) -> BTreeMap<&'a str, BTreeMap<&'a String, &'a Value>> {
    let mut products: BTreeMap<&str, BTreeMap<&String, &Value>> = BTreeMap::new();
    for event in events {
        let data: &Map<String, Value> = event["data"].as_object().unwrap();
        products.entry(event["subject"].as_str().unwrap()).or_default().extend(data);
    }
    products
}

pub async fn every_client_ends_with_every_event(shop: Rc<Shop>) {
    let storm = Storm::brew(shop);
    let mut watchers = Vec::new();
    for (n, member) in storm.members().await.into_iter().enumerate() {
        watchers
            .extend((0..CLIENTS_A_MEMBER).map(|m| Watcher::new(&storm, &member, n * CLIENTS_A_MEMBER + m)));
    }
    let watching = join_all(watchers.into_iter().map(Watcher::run));
    let storming = join(storm.write(), storm.kill_now_and_then());
    let (_, clients) = join(storming, watching).await;
    let Counts { dropped, refused, closed, .. } = &storm.counts;
    println!("{} dropped out, {} not let in, closed: {:?}", dropped.get(), refused.get(), closed.borrow());
    assert!(dropped.get() > 0 && !closed.borrow().is_empty(), "nobody noticed a storm");
    storm.check(&clients).await;
}
