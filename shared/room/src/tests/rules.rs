//! Hello, cursors, events, nudges, looks.

use super::bench::*;
use crate::*;
use serde_json::{Value, json};
use storeroom_domain::Role;

fn hello() -> Value {
    json!({"t": "hello"})
}

fn hello_at(cursor: &str) -> Value {
    json!({"t": "hello", "cursor": cursor})
}

#[test]
fn h3_without_a_cursor_it_starts_at_the_head() {
    let mut bench = Bench::with_log(7);
    bench.join(1, hello());
    let frames = bench.take(1);
    let welcome = json!({"t": "welcome", "protocol": "storeroom.v1", "member": {"user": "usr_1", "role": "viewer"},
        "cursor": "1.7", "members": [{"user": "usr_1", "connections": 1, "states": []}], "shared": [], "heartbeat_ms": 30_000});
    assert_eq!(frames, [welcome]);
    let nudge = bench.commit(&["product.created"]);
    bench.run(nudge);
    assert_eq!(bench.events(1), (vec![8], "1.8".to_owned()));
    assert_eq!(bench.looks, 1);
}

#[test]
fn h4_c5_with_a_cursor_everything_after_it_follows() {
    let mut bench = Bench::with_log(7);
    bench.join(1, hello_at("1.4"));
    let frames = bench.take(1);
    assert_eq!((&frames[0]["t"], &frames[0]["cursor"]), (&json!("welcome"), &json!("1.4")));
    assert_eq!((seqs(&frames[1]), &frames[1]["cursor"], frames.len()), (vec![5, 6, 7], &json!("1.7"), 2));
    assert_eq!(bench.looks, 1, "a catch-up of one page is one look");
}

#[test]
fn h4_a_client_that_missed_nothing_costs_no_look() {
    let mut bench = Bench::with_log(7);
    bench.join(1, hello());
    bench.join(2, hello_at("1.7"));
    bench.join(3, hello());
    assert_eq!((bench.looks, bench.take(2).len(), bench.take(3).len()), (1, 1, 1));
}

#[test]
fn h5_a_second_hello_changes_nothing() {
    let mut bench = Bench::with_log(1);
    bench.join(1, hello());
    bench.take(1);
    bench.say(1, json!({"t": "hello", "cursor": "1.0", "topics": ["stock"]}));
    assert_eq!(bench.take(1)[0]["code"], "hello-repeated");
    let nudge = bench.commit(&["product.created"]);
    bench.run(nudge);
    assert_eq!(bench.events(1).0, [2]);
}

#[test]
fn h6_welcome_lists_who_is_here() {
    let mut bench = Bench::with_log(0);
    for (number, user) in [(1, "usr_b"), (2, "usr_a"), (3, "usr_b"), (4, "usr_c")] {
        bench.connect(number, user, Role::Viewer);
    }
    for number in [1, 2, 3] {
        bench.say(number, hello());
    }
    let members = json!([
        {"user": "usr_a", "connections": 1, "states": []},
        {"user": "usr_b", "connections": 2, "states": []},
    ]);
    assert_eq!(bench.take(3)[0]["members"], members);
}

#[test]
fn c1_another_epoch_is_reset() {
    let mut bench = Bench::with_log(7);
    bench.join(1, hello_at("9.3"));
    let frames = bench.take(1);
    assert_eq!((&frames[0]["t"], &frames[0]["cursor"]), (&json!("welcome"), &json!("1.7")));
    assert_eq!(frames[1], json!({"t": "reset", "cursor": "1.7", "reason": "epoch"}));
}

#[test]
fn c2_a_cursor_from_the_future_is_reset() {
    let mut bench = Bench::with_log(7);
    bench.join(1, hello_at("1.8"));
    assert_eq!(bench.take(1)[1], json!({"t": "reset", "cursor": "1.7", "reason": "unknown"}));
}

#[test]
fn c2_a_look_from_before_the_hello_does_not_decide() {
    let mut bench = Bench::with_log(7);
    bench.connect(1, "usr_1", Role::Viewer);
    bench.connect(2, "usr_2", Role::Viewer);
    let (number, after, limit) = fetch(&bench.step(text(1, r#"{"t":"hello"}"#))).unwrap();
    let old = bench.page(after, limit);
    bench.commit(&["product.created"]);
    bench.step(text(2, r#"{"t":"hello","cursor":"1.8"}"#));
    let effects = bench.step(Input::Backfill { number, page: old });
    assert_eq!((bench.take(1).len(), bench.take(2).len()), (1, 0));
    let (number, after, limit) = fetch(&effects).unwrap();
    let page = bench.page(after, limit);
    bench.step(Input::Backfill { number, page });
    let frames = bench.take(2);
    assert_eq!((frames.len(), &frames[0]["cursor"]), (1, &json!("1.8")));
}

#[test]
fn c3_a_cursor_before_what_is_kept_is_reset() {
    let mut bench = Bench { first: 5, ..Bench::with_log(7) };
    bench.join(1, hello_at("1.3"));
    assert_eq!(bench.take(1)[1], json!({"t": "reset", "cursor": "1.7", "reason": "too_old"}));
    bench.join(2, hello_at("1.4"));
    assert_eq!(bench.events(2), (vec![5, 6, 7], "1.7".to_owned()));
    bench.first = 8;
    bench.join(3, hello_at("1.6"));
    assert_eq!(bench.take(3)[1]["reason"], "too_old", "nothing is kept at all");
}

#[test]
fn c4_n4_a_restored_database_resets_everybody() {
    let mut bench = Bench::with_log(7);
    bench.join(1, hello());
    bench.join(2, hello_at("1.5"));
    bench.run(Input::Nudge { epoch: 9, events: vec![event(3, "product.created")] });
    assert_eq!((bench.take(1).len(), bench.looks), (1, 3), "a nudge of another epoch is looked up, no more");
    bench.take(2);
    (bench.epoch, bench.log) = (2, vec![event(1, "product.created"), event(2, "product.created")]);
    bench.run(Input::Head { epoch: 2, head: 2 });
    for number in [1, 2] {
        assert_eq!(bench.take(number), [json!({"t": "reset", "cursor": "2.2", "reason": "epoch"})]);
    }
    assert_eq!(bench.closed, [(id(1), CloseCode::Unauthenticated), (id(2), CloseCode::Unauthenticated)]);
    bench.join(3, hello_at("1.7"));
    assert_eq!(
        bench.take(3)[1],
        json!({"t": "reset", "cursor": "2.2", "reason": "epoch"}),
        "with a new ticket"
    );
}

#[test]
fn e2_e4_what_a_role_may_not_read_moves_the_cursor_only() {
    let mut bench = Bench::with_log(0);
    bench.join(1, hello());
    bench.connect(2, "usr_owner", Role::Owner);
    bench.say(2, json!({"t": "hello", "topics": ["order", "key"]}));
    bench.sent.clear();
    let nudge = bench.commit(&["order.created", "product.created", "key.created"]);
    bench.run(nudge);
    assert_eq!((bench.events(1), bench.events(2)), ((vec![2], "1.3".into()), (vec![1, 3], "1.3".into())));
    let nudge = bench.commit(&["order.paid"]);
    bench.run(nudge);
    assert_eq!(bench.take(1), [json!({"t": "events", "events": [], "cursor": "1.4"})]);
}

#[test]
fn e3_e5_topics_are_beginnings_and_can_change() {
    let mut bench = Bench::with_log(0);
    bench.join(1, json!({"t": "hello", "topics": ["stock.low", "product", "stock.adj"]}));
    let types = ["stock.low", "stock.adjusted", "product.created"];
    let seen = |bench: &mut Bench| {
        let nudge = bench.commit(&types);
        bench.run(nudge);
        bench.events(1).0
    };
    assert_eq!(seen(&mut bench), [1, 3]);
    bench.say(1, json!({"t": "subscribe", "topics": ["stock"]}));
    assert_eq!(seen(&mut bench), [4, 5]);
    bench.say(1, json!({"t": "subscribe", "topics": []}));
    assert_eq!(seen(&mut bench), [0; 0]);
    bench.say(1, json!({"t": "subscribe", "topics": null}));
    assert_eq!(seen(&mut bench), [10, 11, 12]);
}

#[test]
fn e6_frames_are_bounded() {
    let mut bench = Bench::with_log(600);
    bench.log[300].document = format!("{{\"seq\":301,\"x\":\"{}\"}}", "x".repeat(600 * 1024));
    bench.join(1, hello_at("1.0"));
    let frames: Vec<Value> = bench.take(1).split_off(1);
    let sizes: Vec<usize> = frames.iter().map(|frame| seqs(frame).len()).collect();
    assert_eq!(sizes, [256, 44, 1, 256, 43]);
    let cursors: Vec<&str> = frames.iter().map(|frame| frame["cursor"].as_str().unwrap()).collect();
    assert_eq!(cursors, ["1.256", "1.300", "1.301", "1.557", "1.600"]);
}

#[test]
fn e7_e8_one_frame_for_all_who_are_sent_the_same() {
    let mut bench = Bench::with_log(0);
    for number in 1..=20 {
        let topics = if number % 2 == 0 { json!(["product"]) } else { Value::Null };
        bench.join(number, json!({"t": "hello", "topics": topics}));
    }
    let mut nudge = bench.commit(&["product.created"]);
    if let Input::Nudge { events, .. } = &mut nudge {
        events[0].document = r#"{ "seq": 1e0 }"#.to_owned();
    }
    let effects = bench.room.step(nudge, 0);
    let sends: Vec<_> = effects.iter().filter(|effect| matches!(effect, Effect::Send { .. })).collect();
    let [Effect::Send { to, frame }] = sends.as_slice() else { panic!("{sends:?}") };
    assert_eq!((to.len(), &**frame), (20, r#"{"t":"events","events":[{ "seq": 1e0 }],"cursor":"1.1"}"#));
}

#[test]
fn n1_n2_old_events_are_dropped_and_holes_are_filled() {
    let mut bench = Bench::with_log(0);
    bench.join(1, hello());
    bench.take(1);
    let again = || Input::Nudge { epoch: 1, events: vec![event(1, "product.updated")] };
    let first = bench.commit(&["product.updated"]);
    bench.run(first);
    bench.run(again());
    bench.commit(&["product.updated", "product.updated"]);
    let late = bench.commit(&["product.updated"]);
    bench.run(late);
    bench.run(again());
    assert_eq!((bench.events(1), bench.looks), ((vec![1, 2, 3, 4], "1.4".to_owned()), 2));
    bench.commit(&["product.updated"]);
    bench.run(Input::Head { epoch: 1, head: 5 });
    bench.run(Input::Head { epoch: 1, head: 2 });
    assert_eq!((bench.events(1), bench.looks), ((vec![5], "1.5".to_owned()), 3));
}

#[test]
fn n5_a_room_without_clients_is_at_rest() {
    let mut bench = Bench::with_log(3);
    bench.connect(1, "usr_1", Role::Viewer);
    bench.effects.clear();
    let nudge = bench.commit(&["product.created"]);
    bench.run(nudge);
    bench.run(Input::Head { epoch: 1, head: 9 });
    assert_eq!(bench.effects, []);
    bench.say(1, hello());
    bench.run(Input::Disconnected { connection: id(1) });
    let forgotten = Effect::Keep { name: "log".to_owned(), text: None };
    assert!(bench.effects.contains(&forgotten), "{:?}", bench.effects);
}

#[test]
fn b1_b2_one_look_serves_everybody() {
    let mut bench = Bench::with_log(2_500);
    for (number, cursor) in [(1, "1.100"), (2, "1.900"), (3, "1.2400")] {
        bench.connect(number, "usr_a", Role::Viewer);
        let hello = text(number, &hello_at(cursor).to_string());
        if number == 1 { drop(bench.step(hello)) } else { assert_eq!(fetch(&bench.step(hello)), None) }
    }
    let page = bench.page(100, 1_000);
    let mut effects = bench.step(Input::Backfill { number: 1, page });
    let mut looks = 1;
    while let Some((number, after, limit)) = fetch(&effects) {
        looks += 1;
        let page = bench.page(after, limit);
        effects = bench.step(Input::Backfill { number, page });
    }
    assert!(looks <= 5, "{looks} looks");
    for (number, from) in [(1, 101), (2, 901), (3, 2_401)] {
        assert_eq!(bench.events(number), ((from..=2_500).collect(), "1.2500".to_owned()));
    }
}

#[test]
fn b3_b5_a_failed_look_is_made_again_later() {
    let mut bench = Bench::with_log(3);
    bench.connect(1, "usr_1", Role::Viewer);
    let (number, after, _) = fetch(&bench.step(text(1, r#"{"t":"hello"}"#))).unwrap();
    assert_eq!(after, 3);
    let effects = bench.step(Input::BackfillFailed { number });
    assert_eq!(effects, [Effect::Alarm { at_ms: 1_000 }]);
    bench.now_ms = 999;
    assert_eq!(fetch(&bench.step(Input::Alarm)), None);
    bench.now_ms = 1_000;
    let (again, after, limit) = fetch(&bench.step(Input::Alarm)).unwrap();
    let wrong = LogPage { epoch: 5, head: 5, events: Vec::new() };
    assert_eq!(bench.step(Input::Backfill { number, page: wrong }), []);
    let page = bench.page(after, limit);
    bench.step(Input::Backfill { number: again, page });
    assert_eq!(bench.take(1)[0]["cursor"], "1.3");
}

#[test]
fn b4_a_head_that_is_not_there_is_forgotten() {
    let mut bench = Bench::with_log(3);
    bench.join(1, hello());
    bench.run(Input::Head { epoch: 1, head: 99 });
    assert_eq!(bench.looks, 2);
    let nudge = bench.commit(&["product.created"]);
    bench.run(nudge);
    assert_eq!((bench.events(1).0, bench.looks), (vec![4], 2));
}
