//! What all members share.

use super::bench::*;
use super::presence::exhaust;
use serde_json::{Value, json};

fn bench() -> Bench {
    let mut bench = Bench::with_log(1);
    bench.join(1, json!({"t": "hello"}));
    bench.join(2, json!({"t": "hello"}));
    bench.sent.clear();
    bench.news.clear();
    bench
}

fn share(key: &str, value: Value) -> Value {
    json!({"t": "share", "key": key, "value": value})
}

fn told(key: &str, value: Value, by: &str) -> Value {
    json!({"t": "shared", "key": key, "value": value, "by": by})
}

#[test]
fn v1_everybody_is_told_in_one_order() {
    let mut bench = bench();
    bench.say(1, share("table.page", json!(2)));
    bench.say(2, share("table.page", json!({"page": 3})));
    let expected = [told("table.page", json!(2), "usr_1"), told("table.page", json!({"page": 3}), "usr_2")];
    assert_eq!(bench.take_news(1), expected);
    assert_eq!(bench.take_news(2), expected, "whoever set it, too");
}

#[test]
fn v2_a_newcomer_gets_the_last_values_also_after_sleep_and_an_empty_room() {
    let mut bench = bench();
    bench.say(1, share("b", json!([1, "ü"])));
    bench.say(2, share("a", json!(1)));
    bench.say(2, share("gone", json!(true)));
    bench.say(1, share("gone", Value::Null));
    assert_eq!(bench.take_news(2).last(), Some(&told("gone", Value::Null, "usr_1")));
    bench.leave(1);
    bench.leave(2);
    bench.wait(20_000);
    bench.sleep();
    bench.join(3, json!({"t": "hello"}));
    let shared = bench.take(3).remove(0)["shared"].clone();
    assert_eq!(
        shared,
        json!([{"key": "a", "value": 1, "by": "usr_2"}, {"key": "b", "value": [1, "ü"], "by": "usr_1"}])
    );
}

#[test]
fn v3_values_and_keys_are_limited() {
    let mut bench = bench();
    bench.say(1, share("a", json!("x".repeat(8_191))));
    assert_eq!(bench.take(1)[0]["code"], "value-too-large");
    bench.say(1, share("a", json!("x".repeat(8_190))));
    (1..64).for_each(|number| {
        bench.now_ms += 1_000;
        bench.say(1, share(&format!("k{number}"), json!(number)));
    });
    assert_eq!((bench.take(1).len(), bench.take_news(2).len()), (0, 64));
    bench.say(1, share("one.more", json!(1)));
    assert_eq!(bench.take(1)[0]["code"], "shared-full");
    bench.say(1, share("k1", json!("another")));
    bench.say(1, share("k2", Value::Null));
    bench.say(1, share("one.more", json!(1)));
    assert_eq!((bench.take(1).len(), bench.take_news(2).len(), bench.closed.len()), (0, 3, 0));
}

#[test]
fn v4_of_a_burst_the_last_value_is_told() {
    let mut bench = bench();
    exhaust(&mut bench);
    for page in 1..=20 {
        bench.say(1, share("page", json!(page)));
        bench.say(2, share("size", json!(page)));
    }
    assert_eq!(bench.news, []);
    bench.wait(50);
    assert_eq!(bench.take_news(1), [told("page", json!(20), "usr_1"), told("size", json!(20), "usr_2")]);
}
