//! The room.

use super::run_cron;
use crate::delays::Delays;
use crate::shop::{Member, Shop, new_id, now, path};
use crate::socket::{Received, Socket};
use serde_json::{Value, json};
use std::rc::Rc;
use std::time::{Duration, Instant};
use storeroom_domain::{EventId, ProductId};
use storeroom_sql::Args;

/// How soon after the answer an event must be there.
const SOON: Duration = Duration::from_millis(500);

fn seqs(events: &[Value]) -> Vec<u64> {
    events.iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

pub async fn a_member_sees_every_event_in_order(shop: Rc<Shop>) {
    let (mut socket, welcome) = Socket::join(&shop, &shop.viewer, json!({})).await;
    assert_eq!(welcome["protocol"], "storeroom.v1");
    assert_eq!(welcome["cursor"], "1.0");
    assert!(welcome["heartbeat_ms"].is_u64() && welcome["shared"] == json!([]), "{welcome}");
    let mut delays = Delays::default();
    for n in 1..=20_u64 {
        let product = shop.create(&format!("P{n}")).await;
        let answered = Instant::now();
        let events = socket.events(1).await;
        delays.since(answered);
        assert_eq!((seqs(&events), &events[0]["data"]), (vec![n], &product));
    }
    delays.assert_most_below(SOON);
    assert_eq!(shop.log().await[0]["type"], "product.created");
    socket.send(&json!({"t": "ping"})).await;
    assert_eq!(socket.frame().await, json!({"t": "pong"}));
}

pub async fn a_cursor_brings_what_was_missed(shop: Rc<Shop>) {
    for n in 0..30 {
        shop.create(&format!("P{n}")).await;
    }
    let (mut socket, welcome) = Socket::join(&shop, &shop.viewer, json!({"cursor": "1.10"})).await;
    assert!(welcome["cursor"].is_string());
    assert_eq!(seqs(&socket.events(20).await), (11..=30).collect::<Vec<_>>());
    shop.create("Next").await;
    assert_eq!(seqs(&socket.events(1).await), [31]);
    let mut lost = Socket::connect(&shop, &shop.viewer).await;
    lost.send(&json!({"t": "hello", "cursor": "7.1"})).await;
    let mut frames = vec![lost.frame().await, lost.frame().await];
    frames.sort_by_key(|frame| frame["t"].as_str().unwrap().to_owned());
    assert_eq!((&frames[0]["t"], &frames[0]["cursor"]), (&json!("reset"), &json!("1.31")), "{frames:?}");
}

pub async fn topics_narrow_what_is_sent(shop: Rc<Shop>) {
    let (mut socket, _) = Socket::join(&shop, &shop.viewer, json!({"topics": ["product.published"]})).await;
    let product = shop.create("Kerze").await;
    shop.call(&shop.owner, "POST", &format!("{}/publish", path(&product)), None).await;
    let events = socket.events(1).await;
    assert_eq!((seqs(&events), &events[0]["type"]), (vec![2], &json!("product.published")));
}

pub async fn a_ticket_works_once(shop: Rc<Shop>) {
    let ticket = shop.call(&shop.viewer, "POST", "/api/pms/room/ticket", None).await.json();
    let url = ticket["url"].as_str().unwrap();
    let mut first = Socket::open(url).await;
    let mut second = Socket::open(url).await;
    assert_eq!(second.receive().await, Received::Closed(4401));
    let mut nobody = Socket::open(&url.replace("ticket=", "ticket=x")).await;
    assert_eq!(nobody.receive().await, Received::Closed(4401));
    first.send(&json!({"t": "hello"})).await;
    assert_eq!(first.frame().await["t"], "welcome", "the first is not harmed");
    let stranger = shop.call(&shop.stranger, "POST", "/api/pms/room/ticket", None).await;
    assert_eq!(stranger.status, 404);
}

pub async fn bad_frames_close_with_their_code(shop: Rc<Shop>) {
    let (mut witness, _) = Socket::join(&shop, &shop.viewer, json!({})).await;
    for (text, code) in [
        ("not json".to_owned(), 4400),
        (json!({"t": "dance"}).to_string(), 4400),
        ("[]".to_owned(), 4400),
        (format!("\"{}\"", "x".repeat(64 * 1024)), 4413),
    ] {
        let (mut socket, _) = Socket::join(&shop, &shop.viewer, json!({})).await;
        socket.send_text(&text).await;
        assert_eq!(closing(&mut socket).await, code, "{}", text.get(..20).unwrap_or(&text));
    }
    let (mut binary, _) = Socket::join(&shop, &shop.viewer, json!({})).await;
    binary.send_bytes(vec![0, 1, 2]).await;
    assert_eq!(closing(&mut binary).await, 4400);
    let mut early = Socket::connect(&shop, &shop.viewer).await;
    early.send(&json!({"t": "subscribe", "topics": []})).await;
    assert_eq!(closing(&mut early).await, 4400, "hello comes first");
    let (mut fast, _) = Socket::join(&shop, &shop.viewer, json!({})).await;
    // More than it takes: the second that is counted may end between them, and the room closes before the last.
    for _ in 0..300 {
        if !fast.try_send(&json!({"t": "subscribe", "topics": ["product"]})).await {
            break;
        }
    }
    assert_eq!(closing(&mut fast).await, 4429);
    shop.create("Still here").await;
    assert_eq!(witness.events(1).await.len(), 1, "the room is unharmed");
}

async fn closing(socket: &mut Socket) -> u16 {
    loop {
        if let Received::Closed(code) = socket.receive().await {
            return code;
        }
    }
}

pub async fn a_hello_that_never_comes(shop: Rc<Shop>) {
    let begun = Instant::now();
    let mut socket = Socket::connect(&shop, &shop.viewer).await;
    assert_eq!(closing(&mut socket).await, 4408);
    assert!((9..15).contains(&begun.elapsed().as_secs()), "after 10 s, not {:?}", begun.elapsed());
}

/// Nobody touches the product, and its event comes all the same.
pub async fn due_work_runs_by_itself(shop: Rc<Shop>) {
    let product = shop.create("Bald").await;
    let (mut socket, _) = Socket::join(&shop, &shop.viewer, json!({"topics": ["product.published"]})).await;
    let at = now().plus_ms(3_000);
    let body = json!({"publish_at": at.to_string()});
    shop.call(&shop.owner, "POST", &format!("{}/publish", path(&product)), Some(body)).await;
    let event = socket.events(1).await.remove(0);
    assert!(now().ms() - at.ms() < 3_000, "{} ms late", now().ms() - at.ms());
    assert_eq!((&event["actor"], &event["at"]), (&json!("system"), &json!(at.to_string())));
}

/// The writer's alarm stands at the first moment; what is due then is gone, and the second must not go with it.
pub async fn a_second_schedule_is_not_forgotten(shop: Rc<Shop>) {
    let (first, second) = (shop.create("Erst").await, shop.create("Dann").await);
    let (mut socket, _) = Socket::join(&shop, &shop.viewer, json!({"topics": ["product.published"]})).await;
    let begun = now();
    let moments = [(&first, begun.plus_ms(4_000)), (&second, begun.plus_ms(6_000))];
    for (product, at) in moments {
        let body = json!({"publish_at": at.to_string()});
        shop.call(&shop.owner, "POST", &format!("{}/publish", path(product)), Some(body)).await;
    }
    let taken_back = shop.call(&shop.owner, "POST", &format!("{}/unpublish", path(&first)), None).await;
    assert_eq!((taken_back.status, &taken_back.json()["version"]), (200, &json!(3)), "{}", taken_back.text);
    let event = socket.events(1).await.remove(0);
    let at = moments[1].1;
    assert!(now().ms() - at.ms() < 3_000, "{} ms late", now().ms() - at.ms());
    assert_eq!((&event["subject"], &event["at"]), (&second["id"], &json!(at.to_string())));
}

/// How soon after the answer a connection is closed that may stay no longer.
const CLOSED_WITHIN: Duration = Duration::from_secs(2);

async fn closed_in_time(socket: &mut Socket) -> u16 {
    tokio::time::timeout(CLOSED_WITHIN, closing(socket)).await.expect("closed within 2 s of the answer")
}

async fn ticket_url(shop: &Shop, who: &Member) -> String {
    let ticket = shop.call(who, "POST", "/api/pms/room/ticket", None).await;
    assert_eq!(ticket.status, 201, "{}", ticket.text);
    ticket.json()["url"].as_str().unwrap().to_owned()
}

pub async fn a_removed_member_is_closed_with_4403(shop: Rc<Shop>) {
    let (mut first, _) = Socket::join(&shop, &shop.viewer, json!({})).await;
    let (mut second, _) = Socket::join(&shop, &shop.viewer, json!({"topics": ["product"]})).await;
    let mut greeting = Socket::connect(&shop, &shop.viewer).await;
    let unused = ticket_url(&shop, &shop.viewer).await;
    let (mut owner, _) = Socket::join(&shop, &shop.owner, json!({})).await;
    let member = format!("/api/pms/stores/{}/members/{}", shop.store, shop.viewer.identity.user);
    let removed = shop.call(&shop.owner, "DELETE", &member, None).await;
    assert_eq!(removed.status, 204, "{}", removed.text);
    for socket in [&mut first, &mut second, &mut greeting] {
        assert_eq!(closed_in_time(socket).await, 4403);
    }
    let event = owner.events(1).await.remove(0);
    assert_eq!((&event["type"], &event["seq"]), (&json!("member.removed"), &json!(1)));
    shop.create("Danach").await;
    assert_eq!(seqs(&owner.events(1).await), [2], "whoever stays loses nothing");
    let mut late = Socket::open(&unused).await;
    late.send(&json!({"t": "hello", "cursor": "1.0"})).await;
    assert_eq!(late.receive().await, Received::Closed(4403), "before it is sent anything");
}

pub async fn a_logout_closes_its_sockets(shop: Rc<Shop>) {
    let (mut welcome, _) = Socket::join(&shop, &shop.viewer, json!({})).await;
    let mut greeting = Socket::connect(&shop, &shop.viewer).await;
    let unused = ticket_url(&shop, &shop.viewer).await;
    let (mut owner, _) = Socket::join(&shop, &shop.owner, json!({})).await;
    let logout = shop.call(&shop.viewer, "POST", "/api/pms/auth/logout", None).await;
    assert_eq!(logout.status, 204, "{}", logout.text);
    for socket in [&mut welcome, &mut greeting] {
        assert_eq!(closed_in_time(socket).await, 4401);
    }
    let mut late = Socket::open(&unused).await;
    assert_eq!(late.receive().await, Received::Closed(4401), "its ticket is good no more");
    shop.create("Danach").await;
    assert_eq!(seqs(&owner.events(1).await), [1], "nobody else is closed");
}

/// A session that ended while nobody could tell the room: cron shuts it out.
pub async fn a_swallowed_logout_is_made_good(shop: Rc<Shop>) {
    let (mut viewer, _) = Socket::join(&shop, &shop.viewer, json!({})).await;
    let (mut owner, _) = Socket::join(&shop, &shop.owner, json!({})).await;
    let args = Args::new().with("session", shop.viewer.identity.session.to_string()).with("now", now().ms());
    shop.sql(&["UPDATE sessions SET ended_at = :now WHERE id = :session"], &args).await;
    viewer.send(&json!({"t": "ping"})).await;
    assert_eq!(viewer.frame().await, json!({"t": "pong"}), "nobody has told the room");
    run_cron(&shop).await;
    assert_eq!(closed_in_time(&mut viewer).await, 4401);
    shop.create("Danach").await;
    assert_eq!(seqs(&owner.events(1).await), [1], "nobody else is closed");
}

/// An event that was committed while nobody could tell the room: cron tells it how far the log has come.
pub async fn a_swallowed_nudge_is_made_good(shop: Rc<Shop>) {
    let (mut socket, _) = Socket::join(&shop, &shop.viewer, json!({})).await;
    let (id, product): (EventId, ProductId) = (new_id(), new_id());
    let args = Args::new()
        .with("store", shop.store.to_string())
        .with("event_id", id.to_string())
        .with("product", product.to_string())
        .with("now", now().ms());
    shop.sql(
        &[
            "UPDATE stores SET seq = seq + 1, head_at = :now WHERE id = :store",
            "INSERT INTO events (store_id, seq, id, type, subject, version, at, actor, request_id, data) \
             SELECT id, seq, :event_id, 'product.created', :product, 1, :now, 'system', 'by hand', '{}' \
             FROM stores WHERE id = :store",
        ],
        &args,
    )
    .await;
    socket.send(&json!({"t": "ping"})).await;
    assert_eq!(socket.frame().await, json!({"t": "pong"}), "nobody has told the room");
    run_cron(&shop).await;
    let event = socket.events(1).await.remove(0);
    assert_eq!((&event["seq"], &event["id"]), (&json!(1), &json!(id.to_string())));
    shop.create("Kerze").await;
    assert_eq!(seqs(&socket.events(1).await), [2], "and the room goes on from there");
}

/// How long a room is left alone until it has surely slept: the alarm of its last hello's deadline comes 10 s after
/// the connection, and workerd takes an object with nothing but sockets out of memory 10 s after its last event.
const IDLE: Duration = Duration::from_secs(23);

pub async fn an_idle_room_sleeps_and_wakes(shop: Rc<Shop>) {
    let (mut socket, _) = Socket::join(&shop, &shop.viewer, json!({})).await;
    socket.send(&json!({"t": "subscribe", "topics": ["product.created"]})).await;
    socket.send(&json!({"t": "presence", "state": {"view": "products"}})).await;
    socket.send(&json!({"t": "share", "key": "products.page", "value": 3})).await;
    let shared = json!({"key": "products.page", "value": 3, "by": shop.viewer.identity.user.to_string()});
    let own = json!([present(&shop.viewer, 1, &json!([{"view": "products"}]))]);
    assert_eq!(socket.next_news().await["changed"], own);
    assert_eq!(socket.next_news().await["key"], "products.page");
    shop.create("Vorher").await;
    assert_eq!(seqs(&socket.events(1).await), [1]);
    // Idleness itself is what is waited for: nothing tells a client that the room has gone to sleep.
    tokio::time::sleep(IDLE).await;
    let product = shop.create("Nachher").await;
    let answered = Instant::now();
    let event = socket.events(1).await.remove(0);
    assert!(answered.elapsed() < Duration::from_secs(2), "{:?} after the answer", answered.elapsed());
    assert_eq!((&event["seq"], &event["data"]), (&json!(2), &product));
    shop.call(&shop.owner, "POST", &format!("{}/publish", path(&product)), None).await;
    shop.create("Zuletzt").await;
    assert_eq!(seqs(&socket.events(1).await), [4], "each once, in order, and the topics are still those");
    let (_newcomer, welcome) = Socket::join(&shop, &shop.owner, json!({})).await;
    let members = welcome["members"].as_array().unwrap();
    let sleeper = present(&shop.viewer, 1, &json!([{"view": "products"}]));
    assert!(members.len() == 2 && members.contains(&sleeper), "{welcome}");
    assert_eq!(welcome["shared"], json!([shared]));
    assert_eq!(socket.next_news().await["joined"], json!([present(&shop.owner, 1, &json!([]))]));
    socket.send(&json!({"t": "ping"})).await;
    assert_eq!(socket.frame().await, json!({"t": "pong"}), "nothing came twice");
}

fn present(who: &Member, connections: u64, states: &Value) -> Value {
    json!({"user": who.identity.user.to_string(), "connections": connections, "states": states})
}

pub async fn members_see_where_the_others_are(shop: Rc<Shop>) {
    let (mut owner, _) = Socket::join(&shop, &shop.owner, json!({})).await;
    let (mut first, _) = Socket::join(&shop, &shop.viewer, json!({})).await;
    assert_eq!(owner.next_news().await["joined"], json!([present(&shop.viewer, 1, &json!([]))]));
    let at = json!({"view": "product", "record": "prd_1", "field": "title"});
    first.send(&json!({"t": "presence", "state": at})).await;
    assert_eq!(owner.next_news().await["changed"], json!([present(&shop.viewer, 1, &json!([at]))]));
    let (second, welcome) = Socket::join(&shop, &shop.viewer, json!({})).await;
    assert!(welcome["members"].as_array().unwrap().contains(&present(&shop.viewer, 2, &json!([at]))));
    assert_eq!(owner.next_news().await["changed"], json!([present(&shop.viewer, 2, &json!([at]))]));
    drop(second);
    assert_eq!(owner.next_news().await["changed"], json!([present(&shop.viewer, 1, &json!([at]))]));
    drop(first);
    let dropped = Instant::now();
    let left = owner.next_news().await;
    assert_eq!(left["left"], json!([shop.viewer.identity.user.to_string()]), "{left}");
    assert!((9..20).contains(&dropped.elapsed().as_secs()), "after 10 s, not {:?}", dropped.elapsed());
    owner.send(&json!({"t": "presence", "state": {"x": "x".repeat(5_000)}})).await;
    assert_eq!(owner.frame().await["code"], "state-too-large");
}

pub async fn members_share_values(shop: Rc<Shop>) {
    let (mut first, _) = Socket::join(&shop, &shop.owner, json!({})).await;
    let (mut second, _) = Socket::join(&shop, &shop.viewer, json!({})).await;
    first.next_news().await;
    let value = json!({"page": 2, "size": 50, "filter": "état", "sort": "-title"});
    second.send(&json!({"t": "share", "key": "products.table", "value": value})).await;
    let by = shop.viewer.identity.user.to_string();
    for socket in [&mut first, &mut second] {
        let told = socket.next_news().await;
        assert_eq!(told, json!({"t": "shared", "key": "products.table", "value": value, "by": by}));
    }
    first.send(&json!({"t": "share", "key": "products.table", "value": null})).await;
    assert_eq!(second.next_news().await["value"], Value::Null);
    let (_third, welcome) = Socket::join(&shop, &shop.owner, json!({})).await;
    assert_eq!(welcome["shared"], json!([]));
}

pub async fn the_101st_connection_replaces_the_oldest(shop: Rc<Shop>) {
    let mut sockets = Vec::new();
    for _ in 0..101 {
        sockets.push(Socket::join(&shop, &shop.viewer, json!({})).await.0);
    }
    assert_eq!(closing(&mut sockets[0]).await, 4409);
    let (_, welcome) = Socket::join(&shop, &shop.owner, json!({})).await;
    assert!(welcome["members"].as_array().unwrap().contains(&present(&shop.viewer, 100, &json!([]))));
}

/// A client that never reads is closed, and its neighbour loses nothing.
pub async fn a_reader_that_never_acknowledges_is_closed(shop: Rc<Shop>) {
    let (mut reader, _) = Socket::join(&shop, &shop.owner, json!({})).await;
    let (mut sleeper, _) = Socket::join(&shop, &shop.viewer, json!({})).await;
    let description = "x".repeat(18_000);
    for n in 1..=70_u64 {
        let body = json!({"title": format!("P{n}"), "description": description, "variants": [{"sku": format!("S{n}"),
            "price": {"amount": 100, "currency": "EUR"}}]});
        let made = shop.call(&shop.owner, "POST", "/api/pms/products", Some(body)).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let events = reader.events(1).await;
        assert_eq!(seqs(&events), [n]);
        reader.send(&json!({"t": "ack", "cursor": format!("1.{n}")})).await;
    }
    let mut seen = 0;
    let code = loop {
        match sleeper.receive().await {
            Received::Frame(frame) if frame["t"] == "events" => seen += 1,
            Received::Frame(_) => {}
            Received::Closed(code) => break code,
        }
    };
    assert_eq!(code, 4408);
    assert!((50..64).contains(&seen), "{seen} frames of some 18 KiB");
    let cursor = format!("1.{seen}");
    let (mut again, _) = Socket::join(&shop, &shop.viewer, json!({"cursor": cursor})).await;
    assert_eq!(seqs(&again.events(70 - seen).await), (seen as u64 + 1..=70).collect::<Vec<_>>());
}

pub async fn is_not_offered(shop: Rc<Shop>) {
    let reply = shop.call(&shop.viewer, "POST", "/api/pms/room/ticket", None).await;
    assert_eq!(reply.status, 404);
    assert!(reply.json()["detail"].as_str().unwrap().contains("GET /api/pms/events"), "{}", reply.text);
    let join = shop.send("GET", &format!("/api/pms/room?store={}", shop.store), None, &[]).await;
    assert_eq!(join.status, 404);
}
