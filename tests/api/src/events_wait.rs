//! `GET /events?wait=`: the feed as a long poll, with a room and without one. No test sleeps: the clock is moved by hand.

use crate::product::{create, mug, simple};
use futures::future::{Either, select};
use serde_json::{Value, json};
use std::pin::pin;
use storeroom_domain::Role;
use storeroom_sql::Args;
use storeroom_testbed::{Reply, Testbed};

/// More turns than a request without a sleep takes: the database gives one away a call.
const TURNS: u32 = 20;

/// Sends the request and lets time pass whenever somebody sleeps; the answer, and how long it took by the clock.
pub async fn passing<T>(bed: &Testbed, request: impl Future<Output = T>) -> (T, i64) {
    let begun_ms = bed.ports.clock.now().ms();
    let mut request = pin!(request);
    loop {
        match select(request, pin!(time_passes(bed))).await {
            Either::Left((reply, _)) => return (reply, bed.ports.clock.now().ms() - begun_ms),
            Either::Right((_, waiting)) => request = waiting,
        }
    }
}

/// Moves the clock once everybody has done what can be done without.
async fn time_passes(bed: &Testbed) {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
    bed.clock.wake_next().await;
}

async fn wait(bed: &Testbed, role: Role, query: &str) -> Reply {
    bed.call(role, "GET", &format!("/api/pms/events?{query}"), None).await
}

fn seqs(reply: &Reply) -> Vec<i64> {
    let events = reply.json()["events"].as_array().cloned().unwrap_or_default();
    events.iter().map(|event| event["seq"].as_i64().unwrap()).collect()
}

fn cursor(reply: &Reply) -> Value {
    reply.json()["cursor"].clone()
}

#[tokio::test]
async fn what_is_there_is_answered_at_once() {
    let bed = Testbed::new().await;
    create(&bed, mug()).await;
    let reply = wait(&bed, Role::Viewer, "after=1.0&wait=25").await;
    assert_eq!((seqs(&reply), reply.round_trips), (vec![1], 1));
    create(&bed, simple("P", "S")).await;
    let first = wait(&bed, Role::Viewer, "after=1.0&wait=25&limit=1").await;
    assert_eq!((seqs(&first), &first.json()["more"]), (vec![1], &json!(true)));
}

#[tokio::test]
async fn without_a_room_the_log_is_asked_every_second() {
    let bed = Testbed::new().await;
    let commit = async {
        assert_eq!(bed.clock.wake_next().await, 1_000);
        create(&bed, mug()).await;
        assert_eq!(bed.clock.wake_next().await, 1_000);
    };
    let (reply, ()) = futures::join!(wait(&bed, Role::Viewer, "after=1.0&wait=25"), commit);
    assert_eq!((reply.status(), seqs(&reply), cursor(&reply)), (200, vec![1], json!("1.1")));
    assert_eq!(reply.header("store-cursor"), Some("1.1"));
}

#[tokio::test]
async fn at_the_end_it_is_empty() {
    let bed = Testbed::new().await;
    let (reply, passed_ms) = passing(&bed, wait(&bed, Role::Viewer, "after=1.0&wait=3")).await;
    assert_eq!((reply.status(), passed_ms, reply.round_trips), (200, 3_000, 4));
    assert_eq!(reply.json(), json!({"events": [], "cursor": "1.0", "more": false}));
}

#[tokio::test]
async fn only_what_is_asked_for_and_may_be_read_is_waited_for() {
    for (query, role) in [("after=1.0&wait=2&types=order", Role::Owner), ("after=1.0&wait=2", Role::Viewer)] {
        let bed = Testbed::new().await;
        let commit = async {
            bed.clock.wake_next().await;
            create(&bed, mug()).await;
            if role == Role::Viewer {
                let args = Args::new().with("store", bed.store.to_string());
                bed.sql("UPDATE events SET type = 'order.created' WHERE store_id = :store", args).await;
            }
            bed.clock.wake_next().await;
        };
        let (reply, ()) = futures::join!(wait(&bed, role, query), commit);
        assert_eq!((seqs(&reply), cursor(&reply)), (vec![], json!("1.1")), "{query}");
    }
}

/// Access is looked up by the read that answers.
#[tokio::test]
async fn whoever_is_removed_meanwhile_gets_nothing() {
    for (sql, status) in [
        ("DELETE FROM memberships WHERE store_id = :store AND user_id = :user", 404),
        ("UPDATE sessions SET ended_at = 1 WHERE user_id = :user AND :store = :store", 401),
        ("UPDATE sessions SET expires_at = :expires WHERE user_id = :user AND :store = :store", 401),
    ] {
        let bed = Testbed::new().await;
        let expires = bed.ports.clock.now().ms() + 500;
        let user = bed.member(Role::Viewer).identity.user.to_string();
        let args = Args::new().with("store", bed.store.to_string()).with("user", user);
        let args = args.with("expires", expires);
        let removal = async {
            bed.clock.wake_next().await;
            bed.sql(sql, args).await;
            create(&bed, mug()).await;
            bed.clock.wake_next().await;
        };
        let (reply, ()) = futures::join!(wait(&bed, Role::Viewer, "after=1.0&wait=25"), removal);
        assert_eq!(reply.status(), status, "{sql}: {}", reply.text());
    }
}

#[tokio::test]
async fn a_signed_request_waits_with_one_nonce() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Viewer).await;
    let path = "/api/pms/events?after=1.0&wait=2";
    let (reply, passed_ms) = passing(&bed, bed.signed(&key, "GET", path, None, &[])).await;
    assert_eq!((reply.status(), passed_ms), (200, 2_000), "{}", reply.text());
}

#[tokio::test]
async fn a_room_wakes_whoever_waits() {
    let bed = Testbed::new().await;
    let room = bed.recorded.play_room();
    let commit = async {
        room.say(&json!({"t": "welcome", "cursor": "1.0"}));
        room.say(&json!({"t": "events", "events": [], "cursor": "1.0"}));
        let product = create(&bed, mug()).await;
        room.say(&json!({"t": "presence", "joined": [], "changed": [], "left": []}));
        let event = json!({"seq": 1, "type": "product.created", "data": product});
        room.say(&json!({"t": "events", "events": [event], "cursor": "1.1"}));
    };
    let (reply, ()) =
        futures::join!(wait(&bed, Role::Viewer, "after=1.0&wait=25&types=product,stock.low"), commit);
    assert_eq!((seqs(&reply), cursor(&reply)), (vec![1], json!("1.1")));
    assert_eq!(reply.round_trips, 3, "two of its own and the product's");
    let hello = json!({"t": "hello", "cursor": "1.0", "topics": ["product", "stock.low"]});
    assert_eq!(room.heard(), [hello]);
    assert!(room.is_left() && bed.clock.sleepers() == 0);
    let admissions = bed.recorded.admissions.borrow();
    let (store, admission) = &admissions[0];
    assert_eq!((store, admission.role.as_str()), (&bed.store.to_string(), "viewer"));
    assert_eq!(admission.as_of, "1.0");
}

#[tokio::test]
async fn a_room_that_takes_nobody_is_waited_out() {
    let bed = Testbed::new().await;
    bed.recorded.play_room().close(4503);
    let (full, passed_ms) = passing(&bed, wait(&bed, Role::Viewer, "after=1.0&wait=20")).await;
    assert_eq!((full.status(), passed_ms, full.round_trips), (200, 20_000, 3));
    let room = bed.recorded.play_room();
    bed.recorded.down.set(true);
    let (down, passed_ms) = passing(&bed, wait(&bed, Role::Viewer, "after=1.0&wait=20")).await;
    assert_eq!((down.status(), passed_ms, down.round_trips), (200, 20_000, 2));
    assert!(room.heard().is_empty());
}

#[tokio::test]
async fn a_session_that_the_room_ends_is_told_at_once() {
    let bed = Testbed::new().await;
    let room = bed.recorded.play_room();
    let logout = async {
        let reply = bed.call(Role::Viewer, "POST", "/api/pms/auth/logout", None).await;
        assert_eq!(reply.status(), 204);
        room.close(4401);
    };
    let (reply, ()) = futures::join!(wait(&bed, Role::Viewer, "after=1.0&wait=25"), logout);
    assert_eq!((reply.status(), reply.code().as_str()), (401, "unauthenticated"));
}

#[tokio::test]
async fn a_wait_or_types_that_are_none_are_refused() {
    let bed = Testbed::new().await;
    let many = vec!["a"; 33].join(",");
    for query in [
        "wait=0",
        "wait=26",
        "wait=x",
        "wait=",
        "wait=1&wait=2",
        "wait=1.5",
        "wait=-1",
        "types=",
        "types=product,",
        "types=Product",
        "types=product%00",
        "types=%22",
        &format!("types={}", "a".repeat(65)),
        &format!("types={many}"),
        &format!("types={}", vec!["product.created"; 40].join(",")),
    ] {
        let reply = wait(&bed, Role::Viewer, &format!("after=1.0&{query}")).await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "malformed-request"), "{query}");
        let pointer = reply.json()["errors"][0]["pointer"].clone();
        assert_eq!(pointer, query.split('=').next().unwrap(), "{query}");
    }
    let thousand = vec!["product.created"; 1_000].join(",");
    let reply = wait(&bed, Role::Viewer, &format!("types={thousand}")).await;
    assert_eq!((reply.status(), reply.code().as_str()), (400, "malformed-request"));
    let unknown = wait(&bed, Role::Viewer, "types=no.such_type,prod").await;
    assert_eq!((unknown.status(), seqs(&unknown)), (200, vec![]));
}

#[tokio::test]
async fn the_feed_says_that_its_encoding_varies() {
    let bed = Testbed::new().await;
    let small =
        bed.call_with(Role::Viewer, "GET", "/api/pms/events", None, &[("accept-encoding", "gzip")]).await;
    let vary = |reply: &Reply| {
        let values = reply.response.headers.iter().filter(|(name, _)| *name == "Vary");
        values.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    assert!(vary(&small).contains(&"Accept-Encoding".to_owned()));
    assert!(!small.response.is_gzipped(), "not worth it");
    for n in 0..5 {
        create(&bed, simple(&format!("P{n}"), &format!("S{n}"))).await;
    }
    for (sent, is_gzipped) in [("gzip", true), ("br, gzip;q=0.5", true), ("gzip;q=0", false), ("br", false)] {
        let headers = [("accept-encoding", sent)];
        let reply = bed.call_with(Role::Viewer, "GET", "/api/pms/events", None, &headers).await;
        assert_eq!(reply.response.is_gzipped(), is_gzipped, "{sent}");
        assert_eq!(seqs(&reply), [1, 2, 3, 4, 5]);
    }
    let product =
        bed.call_with(Role::Viewer, "GET", "/api/pms/products", None, &[("accept-encoding", "gzip")]).await;
    assert!(!product.response.is_gzipped() && product.text().len() > 1_024);
}
