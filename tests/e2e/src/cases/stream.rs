//! The event stream and the long poll.

use crate::delays::Delays;
use crate::shop::{Shop, path};
use crate::socket::Socket;
use crate::sse::{Block, Stream};
use flate2::write::GzDecoder;
use serde_json::{Value, json};
use std::io::Write;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How soon after the answer an event must be there: where there is no room, the log is asked once a second.
fn soon(shop: &Shop) -> Duration {
    Duration::from_millis(if shop.websockets { 500 } else { 2_500 })
}

/// How soon after a removal a stream has ended.
fn ended_within(shop: &Shop) -> Duration {
    Duration::from_millis(if shop.websockets { 2_000 } else { 3_500 })
}

fn seqs(events: &[Value]) -> Vec<u64> {
    events.iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

pub async fn every_event_comes_soon_and_in_order(shop: Rc<Shop>) {
    let mut stream = Stream::open(&shop, &shop.viewer, "", &[]).await;
    assert_eq!(stream.last_id, "1.0");
    let mut delays = Delays::default();
    for n in 1..=8_u64 {
        let product = shop.create(&format!("P{n}")).await;
        let answered = Instant::now();
        let event = stream.events(1).await.remove(0);
        delays.since(answered);
        assert_eq!((event["seq"].as_u64(), &event["data"]), (Some(n), &product));
        assert_eq!(stream.last_id, format!("1.{n}"));
    }
    delays.assert_most_below(soon(&shop));
}

/// A client that is cut off again and again while others write gets every event once.
pub async fn reconnects_lose_and_double_nothing(shop: Rc<Shop>) {
    const COUNT: usize = 40;
    let write = async {
        for n in 0..COUNT {
            shop.create(&format!("P{n}")).await;
        }
    };
    let follow = async {
        let (mut seen, mut last_id) = (Vec::new(), "1.0".to_owned());
        while seen.len() < COUNT {
            let mut stream =
                Stream::open(&shop, &shop.viewer, "?after=1.0", &[("last-event-id", &last_id)]).await;
            seen.extend(stream.events((COUNT - seen.len()).min(7)).await);
            last_id = stream.last_id.clone();
        }
        seen
    };
    let ((), seen) = futures::join!(write, follow);
    assert_eq!(seqs(&seen), (1..=COUNT as u64).collect::<Vec<_>>());
    assert_eq!(seen, shop.log().await, "the same as in the feed");
}

pub async fn types_and_roles_narrow_what_is_sent(shop: Rc<Shop>) {
    let mut published = Stream::open(&shop, &shop.viewer, "?types=product.published", &[]).await;
    let mut owner = Stream::open(&shop, &shop.owner, "?types=member,product.published", &[]).await;
    let body = json!({"email": crate::shop::new_email(), "role": "viewer"});
    let members = format!("/api/pms/stores/{}/members", shop.store);
    assert_eq!(shop.call(&shop.owner, "POST", &members, Some(body)).await.status, 201);
    let product = shop.create("Kerze").await;
    shop.call(&shop.owner, "POST", &format!("{}/publish", path(&product)), None).await;
    for stream in [&mut published, &mut owner] {
        let event = stream.events(1).await.remove(0);
        assert_eq!((&event["type"], &event["seq"]), (&json!("product.published"), &json!(2)));
    }
}

pub async fn ends_for_whoever_is_removed(shop: Rc<Shop>) {
    let mut stream = Stream::open(&shop, &shop.viewer, "", &[]).await;
    let mut owner = Stream::open(&shop, &shop.owner, "", &[]).await;
    let member = format!("/api/pms/stores/{}/members/{}", shop.store, shop.viewer.identity.user);
    let removed = shop.call(&shop.owner, "DELETE", &member, None).await;
    assert_eq!(removed.status, 204, "{}", removed.text);
    tokio::time::timeout(ended_within(&shop), stream.ended()).await.expect("ended in time");
    assert_eq!(owner.events(1).await[0]["type"], "member.removed", "whoever stays loses nothing");
}

pub async fn ends_with_its_session(shop: Rc<Shop>) {
    let mut stream = Stream::open(&shop, &shop.viewer, "", &[]).await;
    let logout = shop.call(&shop.viewer, "POST", "/api/pms/auth/logout", None).await;
    assert_eq!(logout.status, 204, "{}", logout.text);
    tokio::time::timeout(ended_within(&shop), stream.ended()).await.expect("ended in time");
}

/// Each event can be read when it comes, not when the stream ends; and less comes over the wire.
pub async fn is_compressed_event_by_event(shop: Rc<Shop>) {
    let mut stream = Stream::open(&shop, &shop.viewer, "", &[("accept-encoding", "gzip")]).await;
    assert!(stream.is_gzipped());
    let (mut plain, mut delays) = (0, Delays::default());
    for n in 1..=10_u64 {
        shop.create(&format!("P{n}")).await;
        let answered = Instant::now();
        let event = stream.events(1).await.remove(0);
        delays.since(answered);
        plain += event.to_string().len();
    }
    delays.assert_most_below(soon(&shop));
    assert!(stream.received * 2 < plain, "{} bytes of {plain}", stream.received);
    let bare = Stream::open(&shop, &shop.viewer, "", &[]).await;
    assert!(!bare.is_gzipped());
}

pub async fn the_feed_is_compressed(shop: Rc<Shop>) {
    for n in 0..5 {
        shop.create(&format!("P{n}")).await;
    }
    let token = format!("Bearer {}", shop.viewer.token);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .get(format!("{}/api/pms/events", shop.url))
        .header("authorization", token)
        .header("x-store-id", shop.store.to_string())
        .header("accept-encoding", "gzip");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let bytes = response.bytes().await.unwrap();
    let mut decoder = GzDecoder::new(Vec::new());
    decoder.write_all(&bytes).unwrap();
    let text = decoder.finish().unwrap();
    let feed: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(*feed["events"].as_array().unwrap(), shop.log().await);
    assert!(bytes.len() * 2 < text.len());
}

/// Silence itself is what is waited for.
pub async fn an_idle_stream_sends_a_comment(shop: Rc<Shop>) {
    let mut stream = Stream::open(&shop, &shop.viewer, "", &[("accept-encoding", "gzip")]).await;
    let begun = Instant::now();
    assert_eq!(stream.block().await, Some(Block::Comment));
    assert!((13..30).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    shop.create("Nachher").await;
    assert_eq!(seqs(&stream.events(1).await), [1]);
}

pub async fn a_long_poll_returns_when_something_happens(shop: Rc<Shop>) {
    let (mut cursor, mut delays) = ("1.0".to_owned(), Delays::default());
    for n in 1..=4_u64 {
        let query = format!("/api/pms/events?wait=25&types=product&after={cursor}");
        let poll = async {
            let reply = shop.call(&shop.viewer, "GET", &query, None).await;
            (reply, Instant::now())
        };
        let write = async {
            // Nothing tells a client that its request waits by now.
            tokio::time::sleep(Duration::from_millis(400)).await;
            shop.create(&format!("P{n}")).await;
            Instant::now()
        };
        let ((reply, polled), written) = futures::join!(poll, write);
        delays.push(polled.saturating_duration_since(written));
        assert_eq!(reply.status, 200, "{}", reply.text);
        let feed = reply.json();
        assert_eq!(seqs(feed["events"].as_array().unwrap()), [n]);
        feed["cursor"].as_str().unwrap().clone_into(&mut cursor);
        assert_eq!(reply.header("store-cursor"), Some(cursor.as_str()));
    }
    delays.assert_most_below(soon(&shop));
}

pub async fn a_long_poll_is_empty_at_its_end(shop: Rc<Shop>) {
    let begun = Instant::now();
    let reply = shop.call(&shop.viewer, "GET", "/api/pms/events?after=1.0&wait=2", None).await;
    assert_eq!(reply.json(), json!({"events": [], "cursor": "1.0", "more": false}));
    let (took, ms) = (begun.elapsed(), Duration::from_millis);
    assert!(took >= ms(1_990) && took < ms(10_000), "{took:?}");
}

pub async fn a_long_poll_of_whoever_is_removed_is_refused(shop: Rc<Shop>) {
    let poll = shop.call(&shop.viewer, "GET", "/api/pms/events?after=1.0&wait=20", None);
    let remove = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let member = format!("/api/pms/stores/{}/members/{}", shop.store, shop.viewer.identity.user);
        assert_eq!(shop.call(&shop.owner, "DELETE", &member, None).await.status, 204);
        Instant::now()
    };
    let poll = async { (poll.await, Instant::now()) };
    let ((reply, polled), removed) = futures::join!(poll, remove);
    assert_eq!(reply.status, 404, "{}", reply.text);
    assert!(polled.saturating_duration_since(removed) < ended_within(&shop));
}

pub async fn what_cannot_be_followed_is_a_problem(shop: Rc<Shop>) {
    shop.create("Kerze").await;
    let stream = "/api/pms/events/stream";
    for cursor in ["2.0", "1.2", "x", &"1".repeat(8_000)] {
        let headers = [("last-event-id", cursor)];
        let reply = shop.call_with(&shop.viewer, "GET", stream, None, &headers).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "cursor-invalid"), "{}", reply.text);
    }
    for query in ["types=Product", "types=a,,b", "wait=5"] {
        let reply = shop.call(&shop.viewer, "GET", &format!("{stream}?{query}"), None).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "malformed-request"), "{query}");
    }
    for wait in ["0", "26", "x"] {
        let reply = shop.call(&shop.viewer, "GET", &format!("/api/pms/events?wait={wait}"), None).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "malformed-request"), "{wait}");
    }
    // A head of two megabytes is the platform's to refuse, whichever way it does.
    let huge = "1".repeat(2_000_000);
    let token = format!("Bearer {}", shop.viewer.token);
    let headers = [("last-event-id", huge.as_str()), ("authorization", &token)];
    if let Ok(reply) = shop.try_send("GET", stream, None, &headers).await {
        assert!((400..500).contains(&reply.status), "{} {}", reply.status, reply.text);
    }
    let stranger = shop.call(&shop.stranger, "GET", stream, None).await;
    assert_eq!(stranger.status, 404);
    assert_eq!(shop.send("GET", stream, None, &[]).await.status, 401);
    let head = shop.call(&shop.viewer, "HEAD", stream, None).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

/// workerd itself sees at once that a client has gone; behind the proxy of `wrangler dev` it is seen when the second comment
/// cannot be sent. Presence lasts 10 s more.
const GONE_WITHIN: Duration = Duration::from_secs(60);

/// Whoever goes away without a word is a member that has gone, so nothing of the stream is left behind.
pub async fn a_client_that_leaves_leaves_the_room(shop: Rc<Shop>) {
    let viewer = json!(shop.viewer.identity.user.to_string());
    let is_there = async || {
        let (_socket, welcome) = Socket::join(&shop, &shop.owner, json!({})).await;
        welcome["members"].as_array().unwrap().iter().any(|member| member["user"] == viewer)
    };
    let mut streams = Vec::new();
    for encoding in ["identity", "gzip"] {
        streams.push(Stream::open(&shop, &shop.viewer, "", &[("accept-encoding", encoding)]).await);
    }
    assert!(is_there().await);
    shop.create("Kerze").await;
    for stream in &mut streams {
        assert_eq!(seqs(&stream.events(1).await), [1]);
    }
    drop(streams);
    let begun = Instant::now();
    while is_there().await {
        assert!(begun.elapsed() < GONE_WITHIN, "still there");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
