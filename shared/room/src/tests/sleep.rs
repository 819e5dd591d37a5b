//! Hibernation, and the formats that outlive it.

use super::bench::*;
use crate::*;
use serde_json::json;
use storeroom_domain::Role;

#[test]
fn s2_what_is_kept_comes_before_what_is_sent() {
    let mut bench = Bench::with_log(3);
    bench.join(1, json!({"t": "hello"}));
    let nudge = bench.commit(&["product.created"]);
    let effects = bench.step(nudge);
    assert!(matches!(effects.as_slice(), [Effect::Keep { .. }, Effect::Send { .. }]), "{effects:?}");
}

#[test]
fn s1_a_live_connection_is_not_saved_again() {
    let mut bench = Bench::with_log(3);
    bench.join(1, json!({"t": "hello", "cursor": "1.3"}));
    bench.effects.clear();
    for _ in 0..5 {
        let nudge = bench.commit(&["product.created"]);
        bench.run(nudge);
    }
    assert!(!bench.effects.iter().any(|effect| matches!(effect, Effect::Save { .. })));
}

#[test]
fn s3_a_connection_is_small() {
    let mut bench = Bench::with_log(3);
    let topics = vec!["x".repeat(64); 32];
    bench.join(1, json!({"t": "hello", "topics": topics}));
    bench.say(1, json!({"t": "presence", "state": {"q": "\"".repeat(2_044)}}));
    let saved = bench.effects.iter().filter_map(|effect| match effect {
        Effect::Save { state, .. } => Some(serde_json::to_string(state).unwrap().len()),
        _ => None,
    });
    let largest = saved.max().unwrap();
    assert!((8_000..12 * 1024).contains(&largest), "{largest} bytes");
}

#[test]
fn what_is_kept_format_unchanged() {
    let mut bench = Bench::with_log(3);
    bench.connect(1, "usr_1", Role::Editor);
    bench.say(1, json!({"t": "hello", "cursor": "1.2", "topics": ["product"]}));
    bench.say(1, json!({"t": "presence", "state": {"view": "orders"}}));
    bench.say(1, json!({"t": "share", "key": "page", "value": 3}));
    bench.join(2, json!({"t": "hello"}));
    bench.leave(1);
    let kept: Vec<String> =
        bench.effects.iter().filter_map(kept).filter(|text| !text.contains("usr_2")).collect();
    assert_eq!(
        kept,
        [
            r#"{"member":{"user":"usr_1","role":"editor","session":"ses_1","as_of":"1.3"},"topics":null,"phase":{"Greeting":{"until_ms":10000}},"since_ms":0,"presence":null,"acked":3}"#,
            r#"{"member":{"user":"usr_1","role":"editor","session":"ses_1","as_of":"1.3"},"topics":["product"],"phase":{"Joining":{"cursor":"1.2"}},"since_ms":0,"presence":null,"acked":3}"#,
            r#"log {"epoch":1,"tip":3,"known":3}"#,
            r#"{"member":{"user":"usr_1","role":"editor","session":"ses_1","as_of":"1.3"},"topics":["product"],"phase":"Live","since_ms":0,"presence":null,"acked":2}"#,
            r#"{"member":{"user":"usr_1","role":"editor","session":"ses_1","as_of":"1.3"},"topics":["product"],"phase":"Live","since_ms":0,"presence":"{\"view\":\"orders\"}","acked":2}"#,
            r#"shared/page {"value":"3","by":"usr_1"}"#,
            r#"leaving/usr_1 {"until_ms":10000,"state":"{\"view\":\"orders\"}"}"#,
        ]
    );
    for text in kept.iter().filter(|text| text.contains("phase")) {
        let state: ConnectionState = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&state).unwrap(), *text);
    }
    let behind = r#"{"member":{"user":"u","role":"owner","session":"key_a","as_of":"1.7"},"topics":null,"phase":{"Behind":{"at":7}},"since_ms":0,"presence":null,"acked":0}"#;
    assert!(serde_json::from_str::<ConnectionState>(behind).is_ok());
}

fn kept(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Keep { name, text } => Some(format!("{name} {}", text.as_deref().unwrap_or("forgotten"))),
        Effect::Save { state, .. } => serde_json::to_string(state).ok(),
        _ => None,
    }
}
