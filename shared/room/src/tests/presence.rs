//! Who is here, and where.

use super::bench::*;
use crate::protocol::{MAX_CONNECTIONS_A_USER, SENDS_A_SECOND};
use crate::*;
use serde_json::{Value, json};
use storeroom_domain::Role;

fn hello() -> Value {
    json!({"t": "hello"})
}

fn at(view: &str) -> Value {
    json!({"t": "presence", "state": {"view": view}})
}

fn member(user: &str, connections: usize, states: &[&str]) -> Value {
    let states: Vec<Value> = states.iter().map(|view| json!({"view": view})).collect();
    json!({"user": user, "connections": connections, "states": states})
}

fn told(joined: &[Value], changed: &[Value], left: &[&str]) -> Value {
    json!({"t": "presence", "joined": joined, "changed": changed, "left": left})
}

/// A bench with a witness, connection 9 of `usr_9`.
fn bench() -> Bench {
    let mut bench = Bench::with_log(1);
    bench.join(9, hello());
    bench
}

impl Bench {
    fn enter(&mut self, number: u64, user: &str) {
        self.connect(number, user, Role::Viewer);
        self.say(number, hello());
    }
}

#[test]
fn p1_everybody_else_is_told_who_comes() {
    let mut bench = bench();
    bench.join(1, hello());
    assert_eq!(bench.take_news(9), [told(&[member("usr_1", 1, &[])], &[], &[])]);
    assert_eq!(bench.take_news(1), [] as [Value; 0], "the newcomer knows it from its welcome");
    assert_eq!(bench.take(1)[0]["members"], json!([member("usr_1", 1, &[]), member("usr_9", 1, &[])]));
}

#[test]
fn p1_who_has_not_said_hello_is_not_here() {
    let mut bench = bench();
    bench.connect(1, "usr_1", Role::Viewer);
    bench.leave(1);
    bench.wait(20_000);
    assert_eq!(bench.news, []);
}

#[test]
fn p2_several_tabs_are_one_member() {
    let mut bench = bench();
    bench.enter(1, "usr_a");
    bench.say(1, at("orders"));
    bench.enter(2, "usr_a");
    bench.say(2, at("stock"));
    bench.leave(1);
    let expected = [
        told(&[member("usr_a", 1, &[])], &[], &[]),
        told(&[], &[member("usr_a", 1, &["orders"])], &[]),
        told(&[], &[member("usr_a", 2, &["orders"])], &[]),
        told(&[], &[member("usr_a", 2, &["orders", "stock"])], &[]),
        told(&[], &[member("usr_a", 1, &["stock"])], &[]),
    ];
    assert_eq!(bench.take_news(9), expected);
}

#[test]
fn p3_whoever_dropped_stays_for_10_s() {
    let mut bench = bench();
    bench.enter(1, "usr_a");
    bench.say(1, at("orders"));
    bench.news.clear();
    bench.leave(1);
    bench.wait(9_999);
    assert_eq!(bench.news, []);
    bench.join(2, hello());
    let welcome = bench.take(2).remove(0);
    assert_eq!(welcome["members"][1], member("usr_9", 1, &[]));
    assert_eq!(welcome["members"][2], member("usr_a", 1, &["orders"]), "a newcomer sees what the others see");
    bench.news.clear();
    bench.wait(1);
    assert_eq!(bench.take_news(9), [told(&[], &[], &["usr_a"])]);
}

#[test]
fn p3_whoever_is_back_in_time_was_never_away() {
    let mut bench = bench();
    bench.enter(1, "usr_a");
    bench.say(1, at("orders"));
    bench.news.clear();
    bench.leave(1);
    bench.sleep();
    bench.wait(9_000);
    bench.enter(2, "usr_a");
    bench.wait(9_000);
    bench.sleep();
    bench.wait(20_000);
    assert_eq!(bench.take_news(9), [told(&[], &[member("usr_a", 1, &[])], &[])]);
}

#[test]
fn p3_the_grace_outlasts_sleep() {
    let mut bench = bench();
    bench.enter(1, "usr_a");
    bench.news.clear();
    bench.leave(1);
    bench.sleep();
    assert!(bench.effects.contains(&Effect::Alarm { at_ms: 10_000 }));
    bench.wait(10_000);
    assert_eq!(bench.take_news(9), [told(&[], &[], &["usr_a"])]);
    bench.sleep();
    bench.join(3, hello());
    assert_eq!(bench.take(3)[0]["members"].as_array().unwrap().len(), 2, "and is forgotten");
}

#[test]
fn p4_whoever_may_not_come_back_is_gone_at_once() {
    let mut bench = bench();
    bench.enter(1, "usr_a");
    bench.news.clear();
    bench.run(Input::Expel { sessions: vec!["ses_1".to_owned()] });
    assert_eq!(bench.take_news(9), [told(&[], &[], &["usr_a"])]);
    bench.enter(2, "usr_a");
    bench.leave(2);
    bench.news.clear();
    let seq = bench.head() + 1;
    let document = json!({"seq": seq, "subject": "usr_a", "data": {}}).to_string();
    bench.log.push(LogEvent { seq, event_type: "member.removed".to_owned(), document });
    bench.run(Input::Head { epoch: 1, head: seq });
    assert_eq!(bench.take_news(9), [told(&[], &[], &["usr_a"])], "the grace ends with the membership");
}

#[test]
fn p5_a_state_is_small_and_can_be_taken_back() {
    let mut bench = bench();
    bench.join(1, hello());
    bench.news.clear();
    bench.take(1);
    let state = |bytes: usize| json!({"t": "presence", "state": {"x": "x".repeat(bytes - 8)}});
    bench.say(1, state(4_097));
    assert_eq!(bench.take(1)[0]["code"], "state-too-large");
    assert_eq!(bench.news, []);
    bench.say(1, state(4_096));
    bench.say(1, json!({"t": "presence", "state": null}));
    let news = bench.take_news(9);
    assert_eq!((news.len(), &news[1]), (2, &told(&[], &[member("usr_1", 1, &[])], &[])));
    bench.say(1, at("later"));
    bench.sleep();
    bench.join(2, hello());
    assert_eq!(bench.take(2)[0]["members"][0], member("usr_1", 1, &["later"]), "kept with the connection");
}

/// Spends what a room sends at once.
pub fn exhaust(bench: &mut Bench) {
    bench.room.pace.spend(usize::try_from(SENDS_A_SECOND / 10).unwrap());
}

#[test]
fn p6_a_burst_of_people_is_one_frame() {
    let mut bench = bench();
    exhaust(&mut bench);
    (11..=40).for_each(|number| bench.join(number, hello()));
    (11..=20).for_each(|number| bench.leave(number));
    bench.say(40, at("orders"));
    assert_eq!(bench.news, []);
    bench.sleep();
    bench.room.pace.spend(1_000_000);
    bench.wait(0);
    bench.wait(50);
    let news = bench.take_news(9);
    assert_eq!((news.len(), news[0]["joined"].as_array().unwrap().len()), (1, 30), "sleep forgets nobody");
    let ids: Vec<&str> =
        news[0]["joined"].as_array().unwrap().iter().map(|one| one["user"].as_str().unwrap()).collect();
    assert!(ids.contains(&"usr_11"), "who dropped is still here");
}

#[test]
fn l8_the_101st_connection_of_a_user_replaces_the_oldest() {
    let mut bench = bench();
    for number in 100..100 + MAX_CONNECTIONS_A_USER as u64 {
        bench.now_ms += 1;
        bench.enter(number, "usr_a");
    }
    assert_eq!(bench.closed, []);
    bench.enter(1, "usr_a");
    assert_eq!(bench.closed, [(id(100), CloseCode::Replaced)]);
    bench.join(2, hello());
    let members = bench.take(2).remove(0)["members"].clone();
    assert_eq!(members[2]["connections"], 100, "{members}");
}
