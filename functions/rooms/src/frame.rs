//! The frames of `storeroom.v1` that tell of the log.
//!
//! Guarantees: an event stays the bytes that the room sent; frames about anything else are passed over.

use crate::page::Event;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use storeroom_domain::LogCursor;

/// What a room tells of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Events, and how far the log is known now.
    Events {
        /// In order; there may be none.
        events: Vec<Told<'a>>,
        /// The place after them.
        cursor: LogCursor,
    },
    /// The log cannot be followed from where the client stood.
    Reset {
        /// Where to go on from.
        cursor: LogCursor,
        /// Why.
        reason: Cow<'a, str>,
    },
}

/// An event as a frame has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told<'a> {
    seq: i64,
    event_type: Cow<'a, str>,
    json: &'a str,
}

impl Told<'_> {
    /// The event.
    pub fn event(&self) -> Event<'_> {
        Event { seq: self.seq, event_type: &self.event_type, json: self.json }
    }
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    t: Cow<'a, str>,
    #[serde(borrow, default)]
    cursor: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    events: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Head<'a> {
    seq: i64,
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
}

impl<'a> Frame<'a> {
    /// The frame that `text` spells, if it is about the log.
    pub fn parse(text: &'a str) -> Option<Self> {
        let Raw { t, cursor, events, reason } = serde_json::from_str(text).ok()?;
        let cursor = cursor.and_then(|cursor| LogCursor::parse(&cursor));
        match t.as_ref() {
            "events" => {
                let events = events.into_iter().map(told).collect::<Option<_>>()?;
                Some(Self::Events { events, cursor: cursor? })
            }
            "reset" => Some(Self::Reset { cursor: cursor?, reason: reason.unwrap_or_default() }),
            _ => None,
        }
    }
}

fn told(json: &RawValue) -> Option<Told<'_>> {
    let Head { seq, event_type } = serde_json::from_str(json.get()).ok()?;
    Some(Told { seq, event_type, json: json.get() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_stays_as_it_is_written() {
        let event = r#"{"id": "evt_1",  "seq":7,"type":"product.created","data":{"n":1.50,"é":"\u00e9"}}"#;
        let text = format!(r#"{{"t":"events","events":[{event}],"cursor":"1.9"}}"#);
        let Some(Frame::Events { events, cursor }) = Frame::parse(&text) else { panic!("{text}") };
        assert_eq!(cursor, LogCursor { epoch: 1, seq: 9 });
        let told: Vec<_> = events.iter().map(Told::event).collect();
        assert_eq!(told, [Event { seq: 7, event_type: "product.created", json: event }]);
    }

    #[test]
    fn only_the_log_counts() {
        let reset = r#"{"t":"reset","cursor":"2.3","reason":"epoch"}"#;
        let cursor = LogCursor { epoch: 2, seq: 3 };
        assert_eq!(Frame::parse(reset), Some(Frame::Reset { cursor, reason: "epoch".into() }));
        let nothing = r#"{"t":"events","events":[],"cursor":"2.3"}"#;
        assert_eq!(Frame::parse(nothing), Some(Frame::Events { events: Vec::new(), cursor }));
        for text in [
            r#"{"t":"welcome","protocol":"storeroom.v1","cursor":"1.1","members":[{"user":"usr_1"}]}"#,
            r#"{"t":"presence","joined":[],"changed":[],"left":["usr_1"]}"#,
            r#"{"t":"shared","key":"a","value":{"events":1},"by":"usr_1"}"#,
            r#"{"t":"pong"}"#,
            r#"{"t":"events","events":[{}],"cursor":"1.1"}"#,
            r#"{"t":"events","events":[],"cursor":"x"}"#,
            r#"{"t":"reset"}"#,
            "[]",
            "",
            "{",
        ] {
            assert_eq!(Frame::parse(text), None, "{text}");
        }
    }
}
