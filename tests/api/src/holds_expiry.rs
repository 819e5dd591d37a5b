//! Expiry of holds: it counts from its moment on, whether or not anybody wrote it down.

use crate::product::{log, log_types};
use crate::shelf::{Level, Shelf};
use serde_json::{Value, json};
use storeroom_domain::{EventId, Role};
use storeroom_sql::settle::MAX_SETTLED;
use storeroom_sql::{Args, Value as Cell};
use storeroom_testbed::request;

fn level(on_hand: i64, held: i64) -> Level {
    Level { on_hand, held, available: on_hand - held }
}

async fn due(shelf: &Shelf) -> usize {
    storeroom_inventory::due::run(&shelf.bed.ports).await.unwrap()
}

/// The events of expiry in the store's log.
async fn expiries(shelf: &Shelf) -> Vec<Value> {
    log_types(&shelf.bed).await;
    let events = log(&shelf.bed, Role::Owner).await;
    events.into_iter().filter(|event| event["type"] == "hold.expired").collect()
}

#[tokio::test]
async fn it_counts_until_its_moment_and_not_from_then_on() {
    let shelf = Shelf::with([5, 3]).await;
    let hold = shelf.hold(5, 60).await;
    shelf.bed.clock.advance(59_999);
    assert_eq!((&shelf.read(&hold).await["state"], shelf.level(0).await), (&json!("open"), level(5, 5)));
    assert_eq!(shelf.try_hold(1, 60).await.code(), "insufficient-stock");
    shelf.bed.clock.advance(1);
    let read = shelf.read(&hold).await;
    assert_eq!(
        (&read["state"], &read["version"], shelf.level(0).await),
        (&json!("expired"), &json!(2), level(5, 0))
    );
    assert_eq!(expiries(&shelf).await, [] as [Value; 0], "nobody wrote it down");
    let next = shelf.hold(5, 60).await;
    assert_eq!((shelf.read(&hold).await, shelf.level(0).await), (read, level(5, 5)));
    assert_eq!(shelf.read(&next).await["state"], "open");
}

#[tokio::test]
async fn a_write_tells_of_it_with_its_moment() {
    let shelf = Shelf::with([5, 3]).await;
    let body = json!({"lines": [shelf.line(0, 5), shelf.line(1, 3)], "expires_in": 60});
    let hold = shelf.post("/holds", Some(body)).await.json();
    shelf.bed.clock.advance(61_500);
    shelf.hold(5, 60).await;
    assert_eq!((shelf.level(0).await, shelf.level(1).await), (level(5, 5), level(3, 0)));
    let events = log(&shelf.bed, Role::Owner).await;
    let [told, next] = &events[events.len() - 2..] else { panic!("{events:?}") };
    assert_eq!((&told["type"], &next["type"]), (&json!("hold.expired"), &json!("hold.created")));
    assert_eq!(
        (&told["subject"], &told["actor"], &told["version"]),
        (&hold["id"], &json!("system"), &json!(2))
    );
    assert_eq!(told["at"], "2026-11-20T09:31:00.000Z");
    assert_eq!(told["data"], json!({"state": "expired", "version": 2}));
    let stored = shelf.bed.sql("SELECT held FROM levels ORDER BY held", Args::new()).await;
    assert_eq!(stored, [[Cell::Integer(0)], [Cell::Integer(5)]], "the whole hold was settled");
}

#[tokio::test]
async fn an_id_of_its_event_has_its_moment() {
    let shelf = Shelf::with([5, 3]).await;
    let hold = shelf.hold(5, 60).await;
    shelf.bed.clock.advance(90_000);
    assert_eq!(due(&shelf).await, 1);
    let id = expiries(&shelf).await[0]["id"].as_str().unwrap().to_owned();
    let at_moment = EventId::new(1_795_167_060_000, [0; 10]).to_string();
    assert_eq!((&id[..14], &id[14..]), (&at_moment[..14], &hold[14..]));
    assert!(EventId::parse(&id).is_some());
}

#[tokio::test]
async fn due_work_writes_it_down_once() {
    let shelf = Shelf::with([5, 3]).await;
    let next_due = || async {
        shelf.bed.sql("SELECT min(expires_at) FROM holds WHERE state = 'open'", Args::new()).await[0][0]
            .clone()
    };
    let (first, second) = (shelf.hold(2, 60).await, shelf.hold(1, 61).await);
    assert_eq!(next_due().await, Cell::Integer(1_795_167_060_000));
    assert_eq!(due(&shelf).await, 0);
    shelf.bed.clock.advance(60_000);
    let shown = shelf.read(&first).await;
    let (a, b) = futures::join!(due(&shelf), due(&shelf));
    assert!(a + b >= 1);
    assert_eq!((expiries(&shelf).await.len(), shelf.read(&first).await), (1, shown));
    assert_eq!((due(&shelf).await, shelf.level(0).await), (0, level(5, 1)));
    assert_eq!(next_due().await, Cell::Integer(1_795_167_061_000));
    assert_eq!(shelf.read(&second).await["state"], "open");
}

#[tokio::test]
async fn the_next_expiry_is_the_next_due_moment() {
    let shelf = Shelf::with([5, 3]).await;
    shelf.hold(2, 5).await;
    let at = shelf.bed.sql("SELECT at FROM next_due", Args::new()).await[0][0].clone();
    assert_eq!(at, Cell::Integer(1_795_167_005_000));
}

#[tokio::test]
async fn it_blocks_no_movement_in_its_own_millisecond() {
    let shelf = Shelf::with([5, 3]).await;
    shelf.hold(5, 60).await;
    let line = json!({"variant_id": shelf.variants[0], "delta": -5, "reason": "sold"});
    let take = || shelf.post("/adjust", Some(json!({"lines": [line]})));
    shelf.bed.clock.advance(59_999);
    assert_eq!(take().await.code(), "insufficient-stock");
    shelf.bed.clock.advance(1);
    let reply = take().await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    assert_eq!((shelf.level(0).await, expiries(&shelf).await.len()), (level(0, 0), 1));
}

/// More holds than one batch settles, of which none may stand in a write's way.
#[tokio::test]
async fn a_backlog_blocks_nobody() {
    let shelf = Shelf::with([300, 3]).await;
    for _ in 0..MAX_SETTLED + 20 {
        shelf.hold(2, 60).await;
    }
    shelf.bed.clock.advance(60_000);
    assert_eq!(shelf.level(0).await, level(300, 0));
    let last = shelf.hold(300, 600).await;
    assert_eq!((shelf.level(0).await, shelf.folded(0).await), (level(300, 300), [300, 300]));
    assert_eq!(expiries(&shelf).await.len(), MAX_SETTLED);
    assert_eq!((due(&shelf).await, expiries(&shelf).await.len()), (1, MAX_SETTLED + 20));
    assert_eq!((due(&shelf).await, shelf.level(0).await), (0, level(300, 300)));
    assert_eq!(shelf.read(&last).await["state"], "open");
}

#[tokio::test]
async fn the_catalogue_shows_it_and_is_kept_no_longer() {
    let shelf = Shelf::with([6, 0]).await;
    let catalog = format!("/api/pms/catalog/products?store={}", shelf.bed.store);
    let get = || async {
        let reply = shelf.bed.send(request("GET", &catalog, None, &[])).await;
        let (items, age) = (reply.json()["items"].clone(), reply.header("cache-control").unwrap().to_owned());
        (items[0]["variants"][0]["availability"].clone(), items[0]["availability"].clone(), age)
    };
    shelf.hold(6, 20).await;
    // What was kept of the time before the hold.
    shelf.bed.clock.advance(2_000);
    let (variant, product, age) = get().await;
    assert_eq!(
        (variant, product, age.as_str()),
        (json!("out_of_stock"), json!("out_of_stock"), "public, max-age=18")
    );
    shelf.bed.clock.advance(18_000);
    let (variant, product, age) = get().await;
    assert_eq!(
        (variant, product, age.as_str()),
        (json!("in_stock"), json!("in_stock"), "public, max-age=60")
    );
}

#[tokio::test]
async fn a_product_with_expired_holds_can_go() {
    let shelf = Shelf::with([6, 0]).await;
    let product =
        shelf.bed.call(Role::Owner, "GET", "/api/pms/products", None).await.json()["items"][0]["id"].clone();
    let path = format!("/api/pms/products/{}", product.as_str().unwrap());
    let hold = shelf.hold(6, 20).await;
    let delete = || shelf.bed.call_with(Role::Owner, "DELETE", &path, None, &[("if-match", "*")]);
    assert_eq!(delete().await.code(), "product-in-use");
    shelf.bed.clock.advance(20_000);
    assert_eq!(delete().await.status(), 204);
    assert_eq!((due(&shelf).await, due(&shelf).await), (1, 0));
    assert_eq!(shelf.read(&hold).await["state"], "expired");
}
