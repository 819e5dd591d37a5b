//! The AsyncAPI 3 document of the room, made from the types of the protocol
//! (<https://www.asyncapi.com/docs/reference/specification/v3.0.0>).
//!
//! Guarantees: every frame and every close code is in it and nothing else; the same types give the same bytes, so the
//! checked-in `asyncapi.json` is a reviewed diff. Relies on: `openapi.json` beside it, which describes an event.

use crate::protocol::{ClientFrame, CloseCode, PROTOCOL, ServerFrame};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// An event of the log, which the HTTP API describes.
pub(crate) struct Event;

impl JsonSchema for Event {
    fn schema_name() -> Cow<'static, str> {
        "Event".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"$ref": "./openapi.json#/components/schemas/Event"})
    }
}

/// The whole document.
pub fn document() -> Value {
    let mut schemas = Map::new();
    let said = frames::<ClientFrame>("Client", &mut schemas);
    let told = frames::<ServerFrame<'_>>("Room", &mut schemas);
    let messages: Map<String, Value> =
        said.iter().chain(&told).map(|(name, message)| (name.clone(), message.clone())).collect();
    let links = |names: &Map<String, Value>, to: &str| -> Vec<Value> {
        names.keys().map(|name| json!({"$ref": format!("{to}/{name}")})).collect()
    };
    let on_channel: Map<String, Value> = messages
        .keys()
        .map(|name| (name.clone(), json!({"$ref": format!("#/components/messages/{name}")})))
        .collect();
    let of_channel = "#/channels/room/messages";
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Storeroom: the room",
            "version": PROTOCOL,
            "description": "A store's room: its events as they happen, who is here, and what members share. \
                Frames are JSON texts with `t` for their type. `shared/room/SPEC.md` has the rules.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {"room": channel(&on_channel)},
        "operations": {
            "say": {"action": "receive", "channel": {"$ref": "#/channels/room"}, "messages": links(&said, of_channel),
                "summary": "What a client says."},
            "tell": {"action": "send", "channel": {"$ref": "#/channels/room"}, "messages": links(&told, of_channel),
                "summary": "What the room tells."},
        },
        "components": {"messages": messages, "schemas": schemas},
    })
}

fn channel(messages: &Map<String, Value>) -> Value {
    json!({
        "address": "/api/pms/room",
        "description": "A WebSocket with the subprotocol `storeroom.v1`. `POST /api/pms/room/ticket` gives out its whole \
            address, with a ticket that works once, for 30 seconds.",
        "messages": messages,
        "bindings": {"ws": {"method": "GET", "query": {
            "type": "object",
            "properties": {
                "store": {"type": "string", "description": "The store's id."},
                "ticket": {"type": "string", "description": "The ticket."},
            },
            "required": ["store", "ticket"],
        }}},
        "x-close-codes": CloseCode::ALL.map(|code| json!({"code": code.number(), "reason": code.reason()})),
    })
}

/// The messages of one side's frames, by name; the schemas that they are made of go to `schemas`.
fn frames<T: JsonSchema>(side: &str, schemas: &mut Map<String, Value>) -> Map<String, Value> {
    let mut settings = SchemaSettings::draft07();
    settings.definitions_path = "/components/schemas".into();
    let root = settings.into_generator().into_root_schema_for::<T>().to_value();
    let definitions = root.pointer("/components/schemas").and_then(Value::as_object).cloned();
    schemas.extend(definitions.unwrap_or_default());
    let frames = root.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    frames.into_iter().filter_map(|frame| message(side, frame, schemas)).collect()
}

/// A frame's name and message; its schema goes to `schemas`.
fn message(side: &str, mut frame: Value, schemas: &mut Map<String, Value>) -> Option<(String, Value)> {
    let kind = frame.pointer("/properties/t/const")?.as_str()?.to_owned();
    let name = format!("{side}{}{}", kind.get(..1)?.to_uppercase(), kind.get(1..)?);
    let summary = frame.as_object_mut()?.remove("description").unwrap_or_default();
    schemas.insert(name.clone(), frame);
    let payload = json!({"$ref": format!("#/components/schemas/{name}")});
    Some((name, json!({"name": kind, "summary": summary, "payload": payload})))
}
