//! What is published of the protocol.

use crate::asyncapi::document;
use crate::protocol::{ClientFrame, PING, PONG, ServerFrame, events_frame};
use serde_json::{Value, json};
use storeroom_domain::LogCursor;

#[test]
fn the_checked_in_document_has_not_drifted() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../asyncapi.json");
    let checked_in: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(checked_in == document(), "asyncapi.json is not what the frames are: run `cargo xtask openapi`");
}

fn links(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| match value.as_str() {
            Some(link) if name == "$ref" => found.push(link.to_owned()),
            _ => links(value, found),
        }),
        Value::Array(values) => values.iter().for_each(|value| links(value, found)),
        _ => {}
    }
}

#[test]
fn every_link_leads_somewhere() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
    let openapi: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (document, mut found) = (document(), Vec::new());
    links(&document, &mut found);
    for link in found {
        let (file, pointer) = link.split_once('#').unwrap();
        let target = if file.is_empty() { &document } else { &openapi };
        assert!(target.pointer(pointer).is_some(), "{link}");
    }
}

#[test]
fn every_frame_is_a_message() {
    let document = document();
    let messages = document["components"]["messages"].as_object().unwrap();
    let names: Vec<&str> = messages.values().map(|message| message["name"].as_str().unwrap()).collect();
    let frames = [
        "ack",
        "hello",
        "ping",
        "presence",
        "share",
        "subscribe",
        "error",
        "events",
        "pong",
        "presence",
        "reset",
        "shared",
        "welcome",
    ];
    assert_eq!(names, frames);
    for frame in [PING, r#"{"t":"hello"}"#, r#"{"t":"presence"}"#] {
        assert!(ClientFrame::parse(frame).is_some());
    }
}

#[test]
fn what_is_written_by_hand_is_what_the_types_say() {
    let cursor = LogCursor { epoch: 1, seq: 7 };
    let documents = [r#"{"seq":6}"#, r#"{"seq":7}"#];
    let events = ServerFrame::Events { events: documents.to_vec(), cursor };
    assert_eq!(events_frame(documents.into_iter(), cursor), events.to_json());
    assert_eq!(PONG, ServerFrame::Pong {}.to_json());
    let error = ServerFrame::Error { code: "a", detail: "b" }.to_json();
    assert_eq!(
        serde_json::from_str::<Value>(&error).unwrap(),
        json!({"t": "error", "code": "a", "detail": "b"})
    );
}
