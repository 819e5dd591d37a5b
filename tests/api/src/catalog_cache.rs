//! What is kept of the catalogue: hit, asked about, made anew; and what makes it so.

use crate::product::{create, mug, path, publish, simple};
use crate::shelf::Shelf;
use async_trait::async_trait;
use serde_json::{Value, json};
use std::rc::Rc;
use storeroom_domain::Role;
use storeroom_ports::{Cache, MemoryCache, Ports};
use storeroom_sql::Args;
use storeroom_testbed::{Fault, Reply, Testbed, request};

const HIT: &str = "storeroom; hit";
const REVALIDATED: &str = "storeroom; fwd=stale; fwd-status=304";
const CHANGED: &str = "storeroom; fwd=stale";
const MISS: &str = "storeroom; fwd=uri-miss";
const BYPASS: &str = "storeroom; fwd=bypass";

async fn get(bed: &Testbed, query: &str) -> Reply {
    let path = format!("/api/pms/catalog/products?store={}{query}", bed.store);
    bed.send(request("GET", &path, None, &[])).await
}

async fn one(bed: &Testbed, handle: &str) -> Reply {
    let path = format!("/api/pms/catalog/products/{handle}?store={}", bed.store);
    bed.send(request("GET", &path, None, &[])).await
}

fn how(reply: &Reply) -> (String, u32) {
    (reply.header("cache-status").unwrap_or_default().to_owned(), reply.round_trips)
}

fn is(status: &str, round_trips: u32) -> (String, u32) {
    (status.to_owned(), round_trips)
}

fn titles(reply: &Reply) -> Vec<String> {
    let page = reply.json();
    page["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

async fn owners(bed: &Testbed, method: &str, path: &str, body: Option<Value>) -> Value {
    let reply = bed.call_with(Role::Owner, method, path, body, &[("if-match", "*")]).await;
    assert!(reply.status() < 300, "{method} {path}: {}", reply.text());
    reply.json()
}

#[tokio::test]
async fn an_answer_is_shown_for_two_seconds_and_then_asked_about() {
    let bed = Testbed::new().await;
    publish(&bed, mug()).await;
    let first = get(&bed, "&tag=blue").await;
    assert_eq!(how(&first), is(MISS, 1));
    bed.clock.advance(1_999);
    let hit = get(&bed, "&tag=blue").await;
    assert_eq!((how(&hit), hit.text(), hit.header("etag")), (is(HIT, 0), first.text(), first.header("etag")));
    bed.clock.advance(1);
    let asked = get(&bed, "&tag=blue").await;
    assert_eq!(
        (how(&asked), asked.text(), asked.header("etag")),
        (is(REVALIDATED, 1), first.text(), first.header("etag"))
    );
    bed.clock.advance(1_999);
    assert_eq!(
        how(&get(&bed, "&tag=blue").await),
        is(HIT, 0),
        "what was asked about is good for as long again"
    );
    let etag = first.header("etag").unwrap();
    let path = format!("/api/pms/catalog/products?store={}&tag=blue", bed.store);
    let unchanged = bed.send(request("GET", &path, None, &[("if-none-match", etag)])).await;
    assert_eq!((unchanged.status(), how(&unchanged)), (304, is(HIT, 0)));
}

#[tokio::test]
async fn the_same_page_spelt_otherwise_is_the_same() {
    let bed = Testbed::new().await;
    publish(&bed, mug()).await;
    assert_eq!(how(&get(&bed, "&tag=blue&category=Mugs").await), is(MISS, 1));
    for query in ["&category=Mugs&tag=blue", "&tag=bl%75e&category=Mugs", "&limit=25&category=Mugs&tag=blue"]
    {
        assert_eq!(how(&get(&bed, query).await), is(HIT, 0), "{query}");
    }
    assert_eq!(how(&get(&bed, "&tag=blue&category=Mugs&limit=24").await), is(MISS, 1));
}

#[tokio::test]
async fn publishing_makes_the_pages_that_everybody_reads() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let handle = product["handle"].as_str().unwrap();
    for (verb, count, status) in
        [("publish", 1, 200), ("unpublish", 0, 404), ("publish", 1, 200), ("archive", 0, 404)]
    {
        owners(&bed, "POST", &format!("{}/{verb}", path(&product)), None).await;
        let list = get(&bed, "").await;
        assert_eq!((titles(&list).len(), one(&bed, handle).await.status()), (count, status), "{verb}");
        if count > 0 {
            assert_eq!((how(&list), how(&one(&bed, handle).await)), (is(HIT, 0), is(HIT, 0)), "{verb}");
        }
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_made_is_a_line_in_the_log() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    bed.recorded.lines.borrow_mut().clear();
    bed.database.fault.set(Fault::ReadsDown);
    owners(&bed, "POST", &format!("{}/publish", path(&product)), None).await;
    bed.database.fault.set(Fault::None);
    let lines = bed.recorded.lines.borrow().clone();
    assert_eq!(lines.iter().filter(|(_, line)| line.contains("catalogue not warmed")).count(), 2);
    assert_eq!(how(&get(&bed, "").await), is(MISS, 1));
}

/// Each change that the public can see makes the answer anew at the latest after two seconds; others do not.
#[tokio::test]
async fn what_touches_the_catalogue_makes_it_anew() {
    let bed = Testbed::new().await;
    let product = publish(&bed, mug()).await;
    let variant = product["variants"][0]["id"].clone();
    let own = path(&product);
    let line = |member: &str, value: i64| json!({"variant_id": variant, member: value});
    let stock = json!({"lines": [{"variant_id": variant, "delta": 20, "reason": "found"}]});
    let hold = json!({"lines": [line("quantity", 1)], "expires_in": 86_000});
    let order = json!({"lines": [line("quantity", 1)], "customer": {"email": "ann@example.org"}});
    let touch = async |method: &str, path: &str, body: Option<Value>, expected: &str| {
        get(&bed, "").await;
        let key = storeroom_bad_input::new_key();
        let headers = [("idempotency-key", key.as_str()), ("if-match", "*")];
        let reply = bed.call_with(Role::Owner, method, path, body, &headers).await;
        assert!(reply.status() < 300, "{method} {path}: {}", reply.text());
        bed.clock.advance(2_000);
        assert_eq!(how(&get(&bed, "").await).0, expected, "{method} {path}");
        reply.json()
    };
    touch("PATCH", &own, Some(json!({"title": "Tasse"})), CHANGED).await;
    touch("POST", "/api/pms/products", Some(simple("Draft", "DRAFT")), CHANGED).await;
    touch("POST", "/api/pms/inventory/adjust", Some(stock), CHANGED).await;
    let thresholds = json!({"lines": [line("threshold", 3)]});
    touch("PUT", "/api/pms/inventory/thresholds", Some(thresholds), CHANGED).await;
    let hold = touch("POST", "/api/pms/inventory/holds", Some(hold), CHANGED).await;
    let release = format!("/api/pms/inventory/holds/{}/release", hold["id"].as_str().unwrap());
    touch("POST", &release, None, CHANGED).await;
    let placed = touch("POST", "/api/pms/orders", Some(order.clone()), CHANGED).await;
    let order_path =
        |placed: &Value, verb: &str| format!("/api/pms/orders/{}/{verb}", placed["id"].as_str().unwrap());
    touch("POST", &order_path(&placed, "pay"), Some(json!({"payment_reference": "p"})), REVALIDATED).await;
    touch("POST", &order_path(&placed, "fulfil"), Some(json!({})), REVALIDATED).await;
    let returned = json!({"restock": true});
    touch("POST", &order_path(&placed, "return"), Some(returned), CHANGED).await;
    let placed = touch("POST", "/api/pms/orders", Some(order), CHANGED).await;
    touch("POST", &order_path(&placed, "cancel"), Some(json!({"reason": "changed mind"})), CHANGED).await;
    let store = format!("/api/pms/stores/{}", bed.store);
    touch("PATCH", &store, Some(json!({"low_stock_default": 100})), CHANGED).await;
    touch("PATCH", "/api/pms/dashboard/targets", Some(json!({})), REVALIDATED).await;
    touch("POST", "/api/pms/keys", Some(json!({"name": "Till", "role": "viewer"})), REVALIDATED).await;
    touch("DELETE", &own, None, CHANGED).await;
    assert_eq!(titles(&get(&bed, "").await), [""; 0]);
}

#[tokio::test]
async fn what_is_due_is_shown_from_its_moment() {
    let bed = Testbed::new().await;
    publish(&bed, simple("Now", "NOW")).await;
    bed.clock.advance(1);
    let later = create(&bed, simple("Later", "LATER")).await;
    let at = json!({"publish_at": "2026-11-20T09:30:05Z"});
    owners(&bed, "POST", &format!("{}/publish", path(&later)), Some(at)).await;
    bed.clock.advance(3_999);
    let before = get(&bed, "").await;
    assert_eq!((titles(&before).len(), before.header("cache-control")), (1, Some("public, max-age=1")));
    bed.clock.advance(999);
    assert_eq!((how(&get(&bed, "").await), titles(&get(&bed, "").await).len()), (is(HIT, 0), 1));
    bed.clock.advance(1);
    let due = get(&bed, "").await;
    assert_eq!((how(&due), titles(&due)), (is(MISS, 1), vec!["Later".to_owned(), "Now".to_owned()]));
    assert_eq!(one(&bed, "later").await.status(), 200);
}

#[tokio::test]
async fn a_schedule_ends_pages_that_may_be_kept_for_longer() {
    let bed = Testbed::new().await;
    publish(&bed, simple("Now", "NOW")).await;
    let max_age_s = async || -> u32 {
        let reply = get(&bed, "").await;
        let value = reply.header("cache-control").unwrap().strip_prefix("public, max-age=").unwrap().parse();
        value.unwrap()
    };
    assert_eq!(max_age_s().await, 60);
    let later = create(&bed, simple("Later", "LATER")).await;
    let at = json!({"publish_at": "2026-11-20T09:30:10Z"});
    owners(&bed, "POST", &format!("{}/publish", path(&later)), Some(at)).await;
    assert!((1..=10).contains(&max_age_s().await));
}

#[tokio::test]
async fn an_expiry_is_shown_from_its_moment() {
    let shelf = Shelf::with([6, 0]).await;
    shelf.hold(6, 20).await;
    shelf.bed.clock.advance(2_000);
    let word = async || get(&shelf.bed, "").await.json()["items"][0]["availability"].clone();
    assert_eq!(word().await, "out_of_stock");
    shelf.bed.clock.advance(17_999);
    assert_eq!(word().await, "out_of_stock");
    shelf.bed.clock.advance(1);
    assert_eq!(word().await, "in_stock");
}

#[tokio::test]
async fn what_is_not_there_is_not_kept() {
    let bed = Testbed::new().await;
    let product = publish(&bed, mug()).await;
    let handle = product["handle"].as_str().unwrap();
    for _ in 0..2 {
        let unknown = one(&bed, "nothing").await;
        assert_eq!(
            (unknown.status(), unknown.round_trips, unknown.header("cache-control")),
            (404, 1, Some("no-store"))
        );
        assert_eq!(how(&get(&bed, "&tag=unheard-of").await), is(MISS, 1), "a list of nothing");
        assert_eq!(how(&get(&bed, "&q=becher").await), is(BYPASS, 1), "a search");
    }
    // Deleted: there is no page that publishing could have made anew.
    assert_eq!(how(&one(&bed, handle).await), is(HIT, 0));
    owners(&bed, "DELETE", &path(&product), None).await;
    bed.clock.advance(2_000);
    assert_eq!((one(&bed, handle).await.status(), one(&bed, handle).await.round_trips), (404, 1));
    // It comes back under the same handle.
    publish(&bed, mug()).await;
    assert_eq!(one(&bed, handle).await.status(), 200);
}

#[tokio::test]
async fn stores_and_lives_of_a_database_are_kept_apart() {
    let bed = Testbed::new().await;
    publish(&bed, mug()).await;
    assert_eq!(how(&get(&bed, "").await), is(HIT, 0));
    let theirs = format!("/api/pms/catalog/products?store={}", bed.other_store);
    let theirs = bed.send(request("GET", &theirs, None, &[])).await;
    assert_eq!((how(&theirs), titles(&theirs).len()), (is(MISS, 1), 0));
    let args = Args::new().with("store", bed.store.to_string());
    bed.sql("UPDATE stores SET epoch = epoch + 1 WHERE id = :store", args).await;
    bed.clock.advance(2_000);
    assert_eq!(how(&get(&bed, "").await), is(CHANGED, 2));
}

#[tokio::test]
async fn the_log_says_how_the_cache_stood() {
    let bed = Testbed::new().await;
    publish(&bed, mug()).await;
    bed.recorded.lines.borrow_mut().clear();
    get(&bed, "").await;
    get(&bed, "&limit=3").await;
    bed.call(Role::Owner, "GET", "/api/pms/products", None).await;
    let lines = bed.recorded.lines.borrow().clone();
    let line = |n: usize| serde_json::from_str::<Value>(&lines[n].1).unwrap()["cache"].clone();
    assert_eq!((line(0), line(1), line(2)), (json!("hit"), json!("miss"), Value::Null));
}

/// A cache that has nothing, or nonsense.
struct Broken(Option<&'static str>);

#[async_trait(?Send)]
impl Cache for Broken {
    async fn get(&self, _: &str) -> Option<String> {
        self.0.map(str::to_owned)
    }

    async fn put(&self, _: &str, _: &str) {}

    async fn forget(&self, _: &str) {}
}

#[tokio::test]
async fn a_cache_that_is_down_is_only_slower() {
    let mut bed = Testbed::new().await;
    let expected = titles(&{
        publish(&bed, mug()).await;
        get(&bed, "").await
    });
    for cache in [None, Some("storeroom-catalog-1 nonsense"), Some("")] {
        bed.ports = Ports { cache: Some(Rc::new(Broken(cache))), ..bed.ports.clone() };
        for _ in 0..2 {
            let reply = get(&bed, "").await;
            assert_eq!((how(&reply), titles(&reply)), (is(MISS, 1), expected.clone()));
        }
    }
    bed.ports = Ports { cache: None, ..bed.ports.clone() };
    assert_eq!((how(&get(&bed, "").await), titles(&get(&bed, "").await)), (is(BYPASS, 1), expected.clone()));
    bed.ports = Ports { cache: Some(Rc::new(MemoryCache::default())), later: None, ..bed.ports.clone() };
    let second = publish(&bed, simple("Second", "SECOND")).await;
    assert_eq!(how(&get(&bed, "").await), is(MISS, 1), "nobody made it before");
    assert_eq!(one(&bed, second["handle"].as_str().unwrap()).await.status(), 200);
}
