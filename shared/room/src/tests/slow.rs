//! Acknowledgements, and those who do not read.

use super::bench::*;
use crate::protocol::{ACK_WITHIN_MS, MAX_BACKLOG_BYTES, MAX_UNACKED_BYTES, MAX_UNACKED_FRAMES};
use crate::*;
use serde_json::{Value, json};
use storeroom_domain::Role;

/// Events of so many bytes each.
fn large(bench: &mut Bench, events: i64, bytes: usize) -> Input {
    let first = bench.head() + 1;
    let event = |seq: i64| {
        let document = json!({"seq": seq, "x": "x".repeat(bytes - 30)}).to_string();
        LogEvent { seq, event_type: "product.updated".to_owned(), document }
    };
    let events: Vec<LogEvent> = (first..first + events).map(event).collect();
    bench.log.extend(events.clone());
    Input::Nudge { epoch: bench.epoch, events }
}

fn hello() -> Value {
    json!({"t": "hello"})
}

fn ack(seq: i64) -> Value {
    json!({"t": "ack", "cursor": format!("1.{seq}")})
}

/// A bench with a reader that acknowledges nothing and one, number 2, whose place is 0.
fn bench() -> Bench {
    let mut bench = Bench::with_log(0);
    bench.join(1, hello());
    bench.join(2, hello());
    bench.sent.clear();
    bench.news.clear();
    bench
}

#[test]
fn k1_a_mebibyte_is_on_its_way_at_most() {
    let mut bench = bench();
    let nudge = large(&mut bench, 40, 64 * 1024);
    bench.run(nudge);
    let sent: usize = bench.take(1).iter().map(|frame| frame.to_string().len()).sum();
    assert!((MAX_UNACKED_BYTES - 1_000..MAX_UNACKED_BYTES + 520 * 1024).contains(&sent), "{sent}");
    let looks = bench.looks;
    for _ in 0..5 {
        let nudge = large(&mut bench, 1, 1_000);
        bench.run(nudge);
    }
    assert_eq!((bench.take(1).len(), bench.looks), (0, looks), "it is neither sent more nor looked up for");
}

#[test]
fn k2_an_ack_brings_the_rest_in_order_each_once() {
    let mut bench = bench();
    let nudge = large(&mut bench, 100, 64 * 1024);
    bench.run(nudge);
    let mut seen = bench.events(2);
    while seen.0.len() < 100 {
        let at = seen.1.strip_prefix("1.").unwrap().parse().unwrap();
        bench.say(2, ack(at));
        let (more, cursor) = bench.events(2);
        assert!(!more.is_empty(), "after {at}");
        seen = ([seen.0, more].concat(), cursor);
    }
    assert_eq!(seen, ((1..=100).collect(), "1.100".to_owned()));
    assert!(bench.looks <= 3, "what a look brought is kept while somebody needs it: {} looks", bench.looks);
    let nudge = bench.commit(&["product.created"]);
    bench.say(2, ack(100));
    bench.run(nudge);
    assert_eq!(bench.events(2).0, [101], "and it is live again");
}

#[test]
fn k3_without_an_ack_within_10_s_it_is_closed() {
    let mut bench = bench();
    let nudge = large(&mut bench, 40, 64 * 1024);
    bench.run(nudge);
    bench.wait(5_000);
    let at = bench.events(2).1.strip_prefix("1.").unwrap().parse().unwrap();
    bench.say(2, ack(at));
    bench.wait(ACK_WITHIN_MS - 5_001);
    assert_eq!(bench.closed, []);
    bench.wait(1);
    assert_eq!(bench.closed, [(id(1), CloseCode::TooSlow)]);
    bench.join(3, json!({"t": "hello", "cursor": "1.5"}));
    assert_eq!(bench.events(3).0[0], 6, "it comes back with its cursor");
}

#[test]
fn k3_many_small_frames_count_too() {
    let mut bench = bench();
    for seq in 1..=300 {
        let nudge = bench.commit(&["product.updated"]);
        bench.run(nudge);
        if seq % 64 == 0 {
            bench.say(2, ack(seq));
        }
    }
    let sent = bench.take(1).len();
    assert!((MAX_UNACKED_FRAMES - 3..=MAX_UNACKED_FRAMES).contains(&sent), "{sent}");
    assert_eq!(bench.events(2).0.len(), 300);
    bench.wait(ACK_WITHIN_MS);
    assert_eq!(bench.closed, [(id(1), CloseCode::TooSlow)]);
}

#[test]
fn k4_news_are_bounded_too() {
    let mut bench = bench();
    for number in 0..300 {
        bench.now_ms += 1_000;
        bench.say(2, json!({"t": "share", "key": "k", "value": "x".repeat(8_000)}));
        bench.say(2, json!({"t": "ack", "cursor": "1.0", "received": number + 3}));
    }
    assert_eq!(bench.closed, [(id(1), CloseCode::TooSlow)]);
    let told: usize = bench.take_news(1).iter().map(|frame| frame.to_string().len()).sum();
    assert!(told <= MAX_BACKLOG_BYTES + 10_000, "{told}");
    let shared = bench.take_news(2).iter().filter(|frame| frame["t"] == "shared").count();
    assert_eq!(shared, 300, "who says how much it has received is not closed");
}

#[test]
fn k5_the_whole_room_is_bounded() {
    let mut bench = Bench::with_log(0);
    (1..=80).for_each(|number| bench.join(number, hello()));
    let nudge = large(&mut bench, 16, 60 * 1024);
    bench.run(nudge);
    assert_eq!(bench.closed, [], "80 times 960 KiB are more than 64 MiB, but nobody had a moment to read");
    bench.run(Input::Tick);
    let closed = bench.closed.len();
    assert!((11..=13).contains(&closed), "{closed} of 80");
    assert!(bench.closed.iter().all(|(_, code)| *code == CloseCode::TooSlow));
}

#[test]
fn k6_after_sleep_what_is_not_acknowledged_is_not_forgotten() {
    let mut bench = Bench::with_log(0);
    bench.join(1, hello());
    for round in 0..20 {
        let nudge = bench.commit(&["product.updated"; 250]);
        bench.run(nudge);
        bench.sleep();
        bench.now_ms += 20_000;
        if !bench.closed.is_empty() {
            break;
        }
        assert!(round < 19, "never closed");
        bench.run(Input::Tick);
        bench.wait(ACK_WITHIN_MS);
    }
    assert_eq!(bench.closed, [(id(1), CloseCode::TooSlow)]);
}

#[test]
fn k6_the_count_of_frames_outlasts_sleep() {
    let mut bench = bench();
    for seq in 1..=MAX_UNACKED_FRAMES as i64 {
        let nudge = bench.commit(&["product.updated"]);
        bench.run(nudge);
        bench.say(2, json!({"t": "ack", "cursor": format!("1.{seq}"), "received": seq + 1}));
    }
    bench.leave(1);
    bench.sleep();
    let nudge = large(&mut bench, 40, 64 * 1024);
    bench.run(nudge);
    bench.sent.clear();
    bench.say(2, json!({"t": "ack", "cursor": "1.256", "received": 257}));
    assert_eq!(bench.take(2).len(), 0, "nothing of what came after sleep has arrived");
}

#[test]
fn k2_a_reset_is_a_frame_that_is_received() {
    let mut bench = Bench::with_log(5);
    bench.join(1, json!({"t": "hello", "cursor": "1.9"}));
    bench.connect(2, "usr_2", Role::Viewer);
    bench.say(2, hello());
    let frames = 1 + bench.take(1).len() + bench.take_news(1).len();
    let nudge = large(&mut bench, 2, 600 * 1024);
    bench.run(nudge);
    assert_eq!(bench.take(1).len(), 2);
    bench.say(1, json!({"t": "ack", "cursor": "1.6", "received": frames}));
    let nudge = large(&mut bench, 1, 600 * 1024);
    bench.run(nudge);
    assert_eq!(bench.take(1).len(), 1);
    let nudge = large(&mut bench, 1, 1_000);
    bench.run(nudge);
    assert_eq!(bench.take(1).len(), 0, "the second of the large ones is on its way, too");
}

#[test]
fn l7_an_ack_of_what_was_not_sent_is_an_error() {
    let mut bench = bench();
    bench.connect(3, "usr_3", Role::Viewer);
    bench.commit(&["product.created"]);
    for cursor in ["1.1", "2.0"] {
        bench.say(1, json!({"t": "ack", "cursor": cursor}));
        assert_eq!(bench.take(1)[0]["code"], "cursor-unknown");
    }
    assert_eq!(bench.closed, []);
}

#[test]
fn k3_l7_errors_that_nobody_reads_count_too() {
    let mut bench = bench();
    for _ in 0..MAX_UNACKED_FRAMES {
        bench.now_ms += 20;
        bench.say(1, ack(99));
    }
    bench.wait(ACK_WITHIN_MS);
    assert_eq!(bench.closed, [(id(1), CloseCode::TooSlow)]);
}
