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
    assert!(matches!(effects.as_slice(), [Effect::Persist(_), Effect::Send { .. }]), "{effects:?}");
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
    let saved = bench.effects.iter().filter_map(|effect| match effect {
        Effect::Save { state, .. } => Some(serde_json::to_string(state).unwrap().len()),
        _ => None,
    });
    assert!(saved.max().unwrap() < 4_096);
}

#[test]
fn snapshot_and_connection_format_unchanged() {
    let mut bench = Bench::with_log(3);
    bench.connect(1, "usr_1", Role::Editor);
    bench.say(1, json!({"t": "hello", "cursor": "1.2", "topics": ["product"]}));
    let kept: Vec<String> = bench.effects.iter().filter_map(kept).collect();
    assert_eq!(
        kept,
        [
            r#"{"member":{"user":"usr_1","role":"editor","session":"ses_1","as_of":"1.3"},"topics":null,"phase":{"Greeting":{"until_ms":10000}}}"#,
            r#"{"member":{"user":"usr_1","role":"editor","session":"ses_1","as_of":"1.3"},"topics":["product"],"phase":{"Joining":{"cursor":"1.2"}}}"#,
            r#"{"log":{"epoch":1,"tip":3,"known":3}}"#,
            r#"{"member":{"user":"usr_1","role":"editor","session":"ses_1","as_of":"1.3"},"topics":["product"],"phase":"Live"}"#,
        ]
    );
    for text in kept.iter().filter(|text| text.contains("phase")) {
        let state: ConnectionState = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&state).unwrap(), *text);
    }
    let behind = r#"{"member":{"user":"u","role":"owner","session":"key_a","as_of":"1.7"},"topics":null,"phase":{"Behind":{"at":7}}}"#;
    assert!(serde_json::from_str::<ConnectionState>(behind).is_ok());
}

fn kept(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Persist(snapshot) => serde_json::to_string(snapshot).ok(),
        Effect::Save { state, .. } => serde_json::to_string(state).ok(),
        _ => None,
    }
}
