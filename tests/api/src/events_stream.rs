//! `GET /events/stream`: Server-Sent Events, with a room and without one. No test sleeps: the clock is moved by hand.

use crate::events_wait::passing;
use crate::product::{create, mug, path, simple};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_sql::Args;
use storeroom_testbed::{Fault, PlayedRoom, Reply, Testbed, request};
use storeroom_web::Outgoing;

const PATH: &str = "/api/pms/events/stream";

type Body = Box<dyn Outgoing>;

async fn open(bed: &Testbed, role: Role, query: &str, headers: &[(&str, &str)]) -> Body {
    let reply = bed.call_with(role, "GET", &format!("{PATH}{query}"), None, headers).await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
    reply.stream().expect("a stream")
}

async fn next(body: &mut Body) -> String {
    String::from_utf8(body.next().await.expect("not the end")).unwrap()
}

/// The `id`, the type and the data of each event of a chunk; an `id` alone has neither.
fn parsed(chunk: &str) -> Vec<(String, String, Value)> {
    let blocks = chunk.strip_suffix("\n\n").expect("a whole event").split("\n\n");
    let field = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_default().to_owned()
    };
    let event = |block| {
        let data = serde_json::from_str(&field(block, "data")).unwrap_or_default();
        (field(block, "id"), field(block, "event"), data)
    };
    blocks.map(event).collect()
}

fn ids(chunk: &str) -> Vec<String> {
    parsed(chunk).into_iter().map(|(id, _, _)| id).collect()
}

#[tokio::test]
async fn begins_with_its_cursor_and_goes_on_with_events() {
    let bed = Testbed::new().await;
    create(&bed, mug()).await;
    let reply = bed.call(Role::Viewer, "GET", PATH, None).await;
    for (name, value) in
        [("content-type", "text/event-stream"), ("cache-control", "no-store"), ("store-cursor", "1.1")]
    {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    assert_eq!(reply.round_trips, 1);
    let mut body = reply.stream().unwrap();
    assert_eq!(next(&mut body).await, "retry: 2000\nid: 1.1\n\n");
    let product = create(&bed, simple("Next", "N")).await;
    let chunk = next(&mut body).await;
    let log = bed.call(Role::Viewer, "GET", "/api/pms/events?after=1.1", None).await.text();
    let data = chunk.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    assert!(log.contains(data), "the same bytes as in the feed: {data}");
    let [(id, event_type, event)] = parsed(&chunk).try_into().unwrap();
    assert_eq!((id.as_str(), event_type.as_str(), &event["data"]), ("1.2", "product.created", &product));
}

#[tokio::test]
async fn goes_on_after_the_last_event_that_came() {
    let bed = Testbed::new().await;
    for n in 0..5 {
        create(&bed, simple(&format!("P{n}"), &format!("S{n}"))).await;
    }
    for (query, headers, expected) in [
        ("?after=1.3", &[][..], vec!["1.4", "1.5"]),
        ("", &[("last-event-id", "1.2")], vec!["1.3", "1.4", "1.5"]),
        ("?after=1.0", &[("last-event-id", "1.4")], vec!["1.5"]),
        ("?after=1.4", &[("last-event-id", "")], vec!["1.5"]),
        ("?after=1.0", &[], vec!["1.1", "1.2", "1.3", "1.4", "1.5"]),
    ] {
        let mut body = open(&bed, Role::Viewer, query, headers).await;
        next(&mut body).await;
        assert_eq!(ids(&next(&mut body).await), expected, "{query} {headers:?}");
    }
}

/// However often the client is cut off, and wherever.
#[tokio::test]
async fn every_event_comes_once_over_many_connections() {
    let bed = Testbed::new().await;
    let (mut seen, mut last) = (Vec::new(), "1.0".to_owned());
    for n in 0..12 {
        let mut body = open(&bed, Role::Viewer, "", &[("last-event-id", &last)]).await;
        next(&mut body).await;
        for m in 0..n % 4 {
            create(&bed, simple(&format!("P{n}-{m}"), &format!("S{n}-{m}"))).await;
        }
        if n % 4 > 0 {
            let events = parsed(&next(&mut body).await);
            // It broke off after so many events.
            let taken = events.into_iter().take(2);
            for (id, _, event) in taken {
                seen.push(event["seq"].as_i64().unwrap());
                last = id;
            }
        }
    }
    let mut body = open(&bed, Role::Viewer, "", &[("last-event-id", &last)]).await;
    next(&mut body).await;
    let rest = parsed(&next(&mut body).await);
    seen.extend(rest.iter().map(|(_, _, event)| event["seq"].as_i64().unwrap()));
    assert_eq!(seen, (1..=18).collect::<Vec<_>>());
}

#[tokio::test]
async fn types_and_roles_narrow_what_is_sent() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    bed.call(Role::Owner, "POST", &format!("{}/publish", path(&product)), None).await;
    let mut body = open(&bed, Role::Viewer, "?after=1.0&types=product.published", &[]).await;
    next(&mut body).await;
    assert_eq!(ids(&next(&mut body).await), ["1.2"]);
    let args = Args::new().with("store", bed.store.to_string());
    bed.sql("UPDATE events SET type = 'order.created' WHERE store_id = :store AND seq = 2", args).await;
    let mut viewer = open(&bed, Role::Viewer, "?after=1.0", &[]).await;
    next(&mut viewer).await;
    let seen = parsed(&next(&mut viewer).await);
    assert_eq!(
        (seen[0].1.as_str(), &seen[1]),
        ("product.created", &("1.2".into(), String::new(), json!(null)))
    );
    assert_eq!(seen.len(), 2, "the cursor goes on past what is hidden");
    let mut owner = open(&bed, Role::Owner, "?after=1.0", &[]).await;
    next(&mut owner).await;
    assert_eq!(ids(&next(&mut owner).await), ["1.1", "1.2"]);
}

#[tokio::test]
async fn something_is_sent_every_fifteen_seconds() {
    let bed = Testbed::new().await;
    let mut body = open(&bed, Role::Viewer, "", &[]).await;
    next(&mut body).await;
    for _ in 0..3 {
        let (chunk, passed_ms) = passing(&bed, next(&mut body)).await;
        assert_eq!((chunk.as_str(), passed_ms), (":\n\n", 15_000));
    }
}

#[tokio::test]
async fn many_events_come_in_several_reads() {
    let bed = Testbed::new().await;
    create(&bed, mug()).await;
    let args = Args::new().with("store", bed.store.to_string());
    bed.sql(
        "INSERT INTO events (store_id, seq, id, type, subject, version, at, actor, request_id, data) \
         SELECT e.store_id, n.value, e.id || n.value, e.type, e.subject, 1, e.at, e.actor, e.request_id, '{}' \
         FROM events e, (WITH RECURSIVE n(value) AS (SELECT 2 UNION ALL SELECT value + 1 FROM n WHERE value < 700) \
            SELECT value FROM n) AS n WHERE e.store_id = :store",
        args.clone(),
    )
    .await;
    bed.sql("UPDATE stores SET seq = 700 WHERE id = :store", args).await;
    let mut body = open(&bed, Role::Viewer, "?after=1.0", &[]).await;
    next(&mut body).await;
    let mut seen = Vec::new();
    while seen.len() < 700 {
        // Nobody waits between them.
        seen.extend(ids(&next(&mut body).await));
        assert_eq!(bed.clock.sleepers(), 0);
    }
    assert_eq!(seen, (1..=700).map(|seq| format!("1.{seq}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_database_that_was_restored_resets_the_stream() {
    let bed = Testbed::new().await;
    for n in 0..3 {
        create(&bed, simple(&format!("P{n}"), &format!("S{n}"))).await;
    }
    let mut body = open(&bed, Role::Viewer, "", &[]).await;
    next(&mut body).await;
    let args = Args::new().with("store", bed.store.to_string());
    bed.sql("DELETE FROM events WHERE store_id = :store AND seq > 1", args.clone()).await;
    bed.sql("UPDATE stores SET epoch = 2, seq = 1 WHERE id = :store", args.clone()).await;
    let reset = next(&mut body).await;
    assert_eq!(
        parsed(&reset),
        [("2.1".into(), "reset".into(), json!({"cursor": "2.1", "reason": "epoch"}))],
        "{reset}"
    );
    create(&bed, mug()).await;
    let (chunk, _) = passing(&bed, next(&mut body)).await;
    assert_eq!(ids(&chunk), ["2.2"], "and goes on from there");
    bed.sql("DELETE FROM events WHERE store_id = :store AND seq > 1", args.clone()).await;
    bed.sql("UPDATE stores SET seq = 1 WHERE id = :store", args).await;
    let (reset, _) = passing(&bed, next(&mut body)).await;
    assert_eq!(parsed(&reset)[0].2, json!({"cursor": "2.1", "reason": "unknown"}));
}

#[tokio::test]
async fn ends_when_access_does() {
    for sql in [
        "DELETE FROM memberships WHERE store_id = :store AND user_id = :user",
        "UPDATE sessions SET ended_at = 1 WHERE user_id = :user AND :store = :store",
        "UPDATE sessions SET expires_at = 1 WHERE user_id = :user AND :store = :store",
    ] {
        let bed = Testbed::new().await;
        let mut body = open(&bed, Role::Viewer, "", &[]).await;
        next(&mut body).await;
        let user = bed.member(Role::Viewer).identity.user.to_string();
        let args = Args::new().with("store", bed.store.to_string()).with("user", user);
        bed.sql(sql, args).await;
        create(&bed, mug()).await;
        let (chunk, passed_ms) = passing(&bed, body.next()).await;
        assert!(chunk.is_none() && passed_ms <= 1_000, "{sql}");
    }
}

#[tokio::test]
async fn a_revoked_key_ends_its_stream() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Viewer).await;
    let mut body = bed.signed(&key, "GET", PATH, None, &[]).await.stream().unwrap();
    next(&mut body).await;
    create(&bed, mug()).await;
    assert_eq!(ids(&next(&mut body).await), ["1.1"], "its nonce is spent once");
    let args = Args::new().with("key", key.id.to_string());
    bed.sql("UPDATE api_keys SET revoked_at = 1 WHERE id = :key", args).await;
    let (chunk, _) = passing(&bed, body.next()).await;
    assert!(chunk.is_none());
}

#[tokio::test]
async fn ends_after_a_while_and_when_the_database_fails() {
    let bed = Testbed::new().await;
    let mut body = open(&bed, Role::Viewer, "", &[]).await;
    let (mut passed_ms, mut chunks) = (0, 0);
    while let (Some(_), ms) = passing(&bed, body.next()).await {
        (passed_ms, chunks) = (passed_ms + ms, chunks + 1);
    }
    assert!((284_000..=300_000).contains(&passed_ms) && chunks > 15, "{passed_ms} {chunks}");
    let mut body = open(&bed, Role::Viewer, "", &[]).await;
    next(&mut body).await;
    bed.database.fault.set(Fault::Down);
    assert_eq!(body.next().await, None);
    let lines = bed.recorded.lines.borrow();
    assert!(lines.iter().any(|(_, line)| line.contains("stream ended")), "{lines:?}");
}

fn cannot_follow(reply: &Reply, what: &str) {
    assert_eq!((reply.status(), reply.code().as_str()), (400, "cursor-invalid"), "{what}");
}

#[tokio::test]
async fn a_cursor_that_is_none_is_refused_before_it_begins() {
    let bed = Testbed::new().await;
    create(&bed, mug()).await;
    let huge = "1".repeat(2_000_000);
    for cursor in ["2.0", "1.2", "1.x", "0.1", "abc", "1.-1", "1.1.1", &huge, "1.99999999999999999999"] {
        let headers = [("last-event-id", cursor)];
        let what = cursor.get(..20).unwrap_or(cursor);
        cannot_follow(&bed.call_with(Role::Viewer, "GET", PATH, None, &headers).await, what);
        let headers = [("last-event-id", "1.1")];
        if cursor.len() < 50 && cursor.len() > 2 {
            let path = format!("{PATH}?after={cursor}");
            cannot_follow(&bed.call(Role::Viewer, "GET", &path, None).await, what);
            // One that another takes precedence of still has to be one.
            let is_cursor = ["2.0", "1.2", "0.1"].contains(&cursor);
            let reply = bed.call_with(Role::Viewer, "GET", &path, None, &headers).await;
            assert_eq!(reply.status() == 200, is_cursor, "{cursor}");
        }
    }
    let token = format!("Bearer {}", bed.stranger.token);
    let store = bed.store.to_string();
    let headers = [("authorization", token.as_str()), ("x-store-id", &store), ("last-event-id", "9.9")];
    let stranger = bed.send(request("GET", PATH, None, &headers)).await;
    assert_eq!(stranger.status(), 404, "a stranger learns nothing of the cursor");
    let nobody = bed.send(request("GET", PATH, None, &[("last-event-id", "9.9")])).await;
    assert_eq!(nobody.status(), 401);
}

#[tokio::test]
async fn other_bad_input_is_refused() {
    let bed = Testbed::new().await;
    for query in ["?types=Product", "?types=a,,b", "?wait=5", "?limit=5", "?types=a&types=b"] {
        let reply = bed.call(Role::Viewer, "GET", &format!("{PATH}{query}"), None).await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "malformed-request"), "{query}");
    }
    for (accept, status) in
        [("text/event-stream", 200), ("*/*", 200), ("text/*", 200), ("application/json", 406)]
    {
        let reply = bed.call_with(Role::Viewer, "GET", PATH, None, &[("accept", accept)]).await;
        assert_eq!(reply.status(), status, "{accept}");
    }
    let post = bed.call(Role::Owner, "POST", PATH, None).await;
    assert_eq!(post.status(), 405);
}

#[tokio::test]
async fn is_compressed_where_the_client_takes_it() {
    let bed = Testbed::new().await;
    let reply = bed.call_with(Role::Viewer, "GET", PATH, None, &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    assert!(reply.response.headers.contains(&("Vary", "Accept-Encoding".to_owned())));
    let plain = bed.call(Role::Viewer, "GET", PATH, None).await;
    assert_eq!(plain.header("content-encoding"), None);
    assert!(plain.response.headers.contains(&("Vary", "Accept-Encoding".to_owned())));
}

async fn welcomed(bed: &Testbed, room: &PlayedRoom, query: &str) -> Body {
    room.say(&json!({"t": "welcome", "cursor": "1.0"}));
    let mut body = open(bed, Role::Viewer, query, &[]).await;
    assert!(next(&mut body).await.starts_with("retry: "));
    body
}

fn events(seqs: &[u64], cursor: u64) -> Value {
    let events: Vec<Value> =
        seqs.iter().map(|seq| json!({"seq": seq, "type": "product.created", "data": {}})).collect();
    json!({"t": "events", "events": events, "cursor": format!("1.{cursor}")})
}

#[tokio::test]
async fn a_room_is_followed_without_asking_the_database() {
    let bed = Testbed::new().await;
    let room = bed.recorded.play_room();
    let mut body = welcomed(&bed, &room, "?types=product").await;
    assert_eq!(room.heard(), [json!({"t": "hello", "cursor": "1.0", "topics": ["product"]})]);
    let calls = bed.database.calls.get();
    room.say(&events(&[1, 2], 2));
    assert_eq!(ids(&next(&mut body).await), ["1.1", "1.2"]);
    room.say(&json!({"t": "presence", "joined": [], "changed": [], "left": ["usr_1"]}));
    room.say(&json!({"t": "shared", "key": "page", "value": 2, "by": "usr_1"}));
    room.say(&events(&[], 7));
    assert_eq!(next(&mut body).await, "id: 1.7\n\n");
    room.say(&json!({"t": "reset", "cursor": "2.1", "reason": "epoch"}));
    assert_eq!(parsed(&next(&mut body).await)[0].1, "reset");
    let (chunk, passed_ms) = passing(&bed, next(&mut body)).await;
    assert_eq!((chunk.as_str(), passed_ms), (":\n\n", 15_000));
    assert_eq!(bed.database.calls.get(), calls);
    drop(body);
    assert!(room.is_left(), "the connection ends with the stream");
}

#[tokio::test]
async fn what_was_taken_is_acknowledged() {
    let bed = Testbed::new().await;
    let room = bed.recorded.play_room();
    let mut body = welcomed(&bed, &room, "").await;
    room.heard();
    for seq in 1..=70 {
        room.say(&events(&[seq], seq));
    }
    for taken in 1..=70 {
        assert_eq!(ids(&next(&mut body).await), [format!("1.{taken}")]);
        // The welcome was the first frame.
        let due = (taken == 60)
            .then(|| json!({"t": "ack", "cursor": format!("1.{}", taken - 1), "received": taken}));
        assert_eq!(room.heard(), Vec::from_iter(due), "after {taken}");
    }
    let mut large = events(&[71], 71);
    large["events"][0]["data"] = json!("x".repeat(32 * 1024));
    room.say(&json!({"t": "shared", "key": "page", "value": 2, "by": "usr_1"}));
    room.say(&large);
    next(&mut body).await;
    assert_eq!(room.heard(), [] as [Value; 0], "until the next is asked for");
    let (_, _) = passing(&bed, next(&mut body)).await;
    assert_eq!(room.heard(), [json!({"t": "ack", "cursor": "1.71", "received": 73})]);
}

#[tokio::test]
async fn the_stream_ends_when_the_room_closes() {
    for code in [4401, 4403, 4408, 1006] {
        let bed = Testbed::new().await;
        let room = bed.recorded.play_room();
        let mut body = welcomed(&bed, &room, "").await;
        room.say(&events(&[1], 1));
        room.close(code);
        assert_eq!(ids(&next(&mut body).await), ["1.1"], "what came before is sent");
        assert_eq!(body.next().await, None, "{code}");
    }
}

#[tokio::test]
async fn a_room_that_lets_nobody_in_is_a_problem() {
    for (code, status, slug) in [
        (4503, 503, "unavailable"),
        (1006, 503, "unavailable"),
        (4401, 401, "unauthenticated"),
        (4403, 404, "not-found"),
    ] {
        let bed = Testbed::new().await;
        bed.recorded.play_room().close(code);
        let reply = bed.call(Role::Viewer, "GET", PATH, None).await;
        assert_eq!((reply.status(), reply.code().as_str()), (status, slug), "{code}");
        assert_eq!(reply.header("retry-after").is_some(), status == 503);
    }
    let bed = Testbed::new().await;
    let room = bed.recorded.play_room();
    let (silent, passed_ms) = passing(&bed, bed.call(Role::Viewer, "GET", PATH, None)).await;
    assert_eq!((silent.status(), passed_ms), (503, 10_000));
    assert!(room.is_left());
    bed.recorded.down.set(true);
    let down = bed.call(Role::Viewer, "GET", PATH, None).await;
    assert_eq!((down.status(), down.header("retry-after")), (503, Some("1")));
}

#[tokio::test]
async fn head_leaves_the_room() {
    let bed = Testbed::new().await;
    let room = bed.recorded.play_room();
    room.say(&json!({"t": "welcome", "cursor": "1.0"}));
    let head = bed.call(Role::Viewer, "HEAD", PATH, None).await;
    assert_eq!((head.status(), head.header("content-type")), (200, Some("text/event-stream")));
    assert!(head.stream().is_none() && room.is_left());
}
