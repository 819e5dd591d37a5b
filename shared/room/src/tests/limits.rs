//! What clients do wrong, and formats.

use super::bench::*;
use crate::protocol::{ClientFrame, PING, PONG};
use crate::*;
use proptest::prelude::*;
use serde_json::json;
use storeroom_domain::Role;

/// A bench with one client that is to be looked at and one that must not notice.
fn bench() -> Bench {
    let mut bench = Bench::with_log(1);
    bench.join(1, json!({"t": "hello"}));
    bench.join(2, json!({"t": "hello"}));
    bench.sent.clear();
    bench
}

#[test]
fn h1_hello_comes_first() {
    for frame in [json!({"t": "subscribe", "topics": []}), json!({"t": "ack", "cursor": "1.0"})] {
        let mut bench = bench();
        bench.connect(3, "usr_3", Role::Viewer);
        bench.say(3, frame);
        assert_eq!(bench.closed, [(id(3), CloseCode::BadFrame)]);
    }
}

#[test]
fn h2_hello_comes_within_10_s() {
    let mut bench = Bench::with_log(1);
    bench.connect(1, "usr_1", Role::Viewer);
    assert!(bench.effects.contains(&Effect::Alarm { at_ms: 10_000 }));
    bench.now_ms = 9_999;
    assert_eq!(bench.step(Input::Alarm), [Effect::Alarm { at_ms: 10_000 }]);
    bench.now_ms = 10_000;
    bench.run(Input::Alarm);
    assert_eq!(bench.closed, [(id(1), CloseCode::NoHello)]);
}

#[test]
fn h7_a_bad_ticket_is_turned_away() {
    let mut bench = bench();
    bench.run(Input::Connected { connection: id(3), member: None });
    assert_eq!(bench.closed, [(id(3), CloseCode::Unauthenticated)]);
    bench.say(3, json!({"t": "hello"}));
    assert_eq!(bench.take(3).len(), 0);
}

#[test]
fn l1_l5_bad_frames_close_their_connection_only() {
    let long = "a".repeat(65);
    let many = vec!["a"; 33];
    let frames = [
        "".to_owned(),
        "x".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "{}".to_owned(),
        "{\"t\":\"hello\"".to_owned(),
        json!({"t": "dance"}).to_string(),
        json!({"t": "welcome"}).to_string(),
        json!({"t": "ping", "x": 1}).to_string(),
        json!({"t": "hello", "cursor": "x"}).to_string(),
        json!({"t": "hello", "cursor": 7}).to_string(),
        json!({"t": "hello", "topics": "a"}).to_string(),
        json!({"t": "subscribe", "topics": [""]}).to_string(),
        json!({"t": "subscribe", "topics": ["Ä"]}).to_string(),
        json!({"t": "subscribe", "topics": [long]}).to_string(),
        json!({"t": "subscribe", "topics": many}).to_string(),
        json!({"t": "ack", "cursor": null}).to_string(),
        json!({"t": "ack", "cursor": "1.1", "received": -1}).to_string(),
        json!({"t": "presence", "state": "here"}).to_string(),
        json!({"t": "presence", "state": [1]}).to_string(),
        json!({"t": "share", "value": 1}).to_string(),
        json!({"t": "share", "key": "a"}).to_string(),
        json!({"t": "share", "key": "", "value": 1}).to_string(),
        json!({"t": "share", "key": "a b", "value": 1}).to_string(),
        json!({"t": "share", "key": long, "value": 1}).to_string(),
    ];
    for frame in frames {
        let mut bench = bench();
        bench.run(text(1, &frame));
        assert_eq!(bench.closed, [(id(1), CloseCode::BadFrame)], "{frame}");
        let nudge = bench.commit(&["product.created"]);
        bench.run(nudge);
        assert_eq!((bench.take(1).len(), bench.events(2).0), (0, vec![2]), "{frame}");
    }
}

#[test]
fn l1_bytes_are_no_frame() {
    let mut bench = bench();
    for (number, length) in [(1, 10), (2, 65_537)] {
        bench.run(Input::Received { connection: id(number), message: Message::Binary(length) });
    }
    assert_eq!(bench.closed, [(id(1), CloseCode::BadFrame), (id(2), CloseCode::TooLarge)]);
}

#[test]
fn l2_large_frames_close() {
    let mut bench = bench();
    let ping = |length: usize| format!("{PING}{}", " ".repeat(length - PING.len()));
    bench.run(text(1, &ping(65_536)));
    bench.run(text(1, &ping(65_537)));
    assert_eq!(bench.closed, [(id(1), CloseCode::TooLarge)]);
}

#[test]
fn l3_too_many_frames_close() {
    let mut bench = bench();
    for second in 0..3 {
        bench.now_ms = second * 1_000;
        (0..99).for_each(|_| bench.run(text(1, PING)));
    }
    assert_eq!(bench.closed, []);
    (0..2).for_each(|_| bench.run(text(1, PING)));
    assert_eq!(bench.closed, [(id(1), CloseCode::TooFast)]);
}

#[test]
fn l4_a_full_room_turns_away() {
    let mut bench = Bench::with_log(1);
    (1..=1_001).for_each(|number| bench.connect(number, &format!("usr_{number}"), Role::Viewer));
    assert_eq!(bench.closed, [(id(1_001), CloseCode::RoomFull)]);
    bench.run(Input::Disconnected { connection: id(5) });
    bench.connect(1_002, "usr_a", Role::Viewer);
    assert_eq!(bench.closed.len(), 1);
}

#[test]
fn l6_l7_ping_and_ack() {
    let mut bench = bench();
    bench.connect(3, "usr_3", Role::Viewer);
    for number in [1, 3] {
        bench.run(text(number, PING));
        assert_eq!(bench.take(number), [serde_json::from_str::<serde_json::Value>(PONG).unwrap()]);
    }
    bench.say(1, json!({"t": "ack", "cursor": "1.1"}));
    assert_eq!(bench.take(1).len(), 0);
    bench.say(1, json!({"t": "ack", "cursor": "1.2"}));
    assert_eq!(bench.take(1)[0]["code"], "cursor-unknown");
    assert_eq!(bench.closed, []);
}

#[test]
fn close_codes_format_unchanged() {
    let codes = CloseCode::ALL;
    assert_eq!(codes.map(CloseCode::number), [4400, 4401, 4401, 4403, 4408, 4408, 4409, 4413, 4429, 4503]);
    assert!(codes.iter().all(|code| code.reason().len() <= 123));
}

#[test]
fn nudge_format_unchanged() {
    let event = LogEvent { seq: 1, event_type: "product.created".into(), document: "{}".into() };
    let json = r#"{"seq":1,"type":"product.created","document":"{}"}"#;
    assert_eq!(serde_json::to_string(&event).unwrap(), json);
}

proptest! {
    #[test]
    fn l1_any_text_is_a_frame_or_none(text in ".{0,200}") {
        let _ = ClientFrame::parse(&text);
    }

    #[test]
    fn l1_any_frame_leaves_the_room_whole(frames in proptest::collection::vec(
        (1u64..4, prop_oneof![
            ".{0,20}",
            r#"\{"t":"(hello|ack|subscribe|ping|presence|share)"(,"cursor":"[0-2]\.[0-9]{1,3}")?(,"topics":\["[a-z.]{0,9}"\])?(,"state":\{"a":[0-9]\})?(,"key":"[a-c]","value":(null|[0-9]))?\}"#,
        ]), 0..30)) {
        let mut bench = Bench::with_log(5);
        (1..=3).for_each(|number| bench.connect(number, "usr_a", Role::Viewer));
        bench.join(9, json!({"t": "hello"}));
        for (number, frame) in frames {
            bench.run(text(number, &frame));
        }
        let nudge = bench.commit(&["product.created"]);
        bench.run(nudge);
        prop_assert_eq!(bench.events(9), (vec![6], "1.6".to_owned()));
    }
}
