//! The text of Server-Sent Events.
//!
//! Guarantees: an event's data is one line; whoever stops reading after any event and comes back with the last `id`
//! gets what follows it, each once.
//! Relies on: the HTML standard, section 9.2 (<https://html.spec.whatwg.org/multipage/server-sent-events.html>): an `id`
//! without data dispatches nothing and is still the last one.

use crate::frame::{Frame, Told};
use crate::page::{Event, Page};
use std::fmt::Write;
use storeroom_domain::LogCursor;

/// How long a client waits before it comes back, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// What is sent when there is nothing to say, so that nobody in between takes the connection for dead.
pub const COMMENT: &str = ":\n\n";

/// The beginning of a stream that goes on from there.
pub fn beginning(from: LogCursor) -> String {
    format!("retry: {RETRY_MS}\nid: {from}\n\n")
}

/// What a page of the log tells to whoever stands at `from`; nothing when there is nothing new.
pub fn page(page: &Page<'_>, from: LogCursor) -> String {
    events(page.events.iter().cloned(), page.cursor, from)
}

/// The same of a room's frame.
pub fn frame(frame: &Frame<'_>, from: LogCursor) -> String {
    match frame {
        Frame::Events { events: told, cursor } => events(told.iter().map(Told::event), *cursor, from),
        Frame::Reset { cursor, reason } => reset(*cursor, reason),
    }
}

/// The log cannot be followed: the client reads the store anew and goes on from that cursor.
pub fn reset(cursor: LogCursor, reason: &str) -> String {
    let data = serde_json::json!({"cursor": cursor.to_string(), "reason": reason});
    format!("id: {cursor}\nevent: reset\ndata: {data}\n\n")
}

fn events<'a>(events: impl Iterator<Item = Event<'a>>, cursor: LogCursor, from: LogCursor) -> String {
    let (mut text, mut last) = (String::new(), from);
    for event in events {
        last = LogCursor { epoch: cursor.epoch, seq: event.seq };
        // Writing to memory does not fail.
        let _ = write!(text, "id: {last}\nevent: {}\ndata: ", event.event_type);
        push_line(&mut text, event.json);
        text.push_str("\n\n");
    }
    if last != cursor {
        let _ = write!(text, "id: {cursor}\n\n");
    }
    text
}

/// In JSON a line break can stand only between tokens, where a space is as good.
fn push_line(text: &mut String, json: &str) {
    let mut lines = json.split(['\n', '\r']);
    text.push_str(lines.next().unwrap_or_default());
    for line in lines {
        text.push(' ');
        text.push_str(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seq: i64) -> LogCursor {
        LogCursor { epoch: 1, seq }
    }

    fn told(events: &[&str], cursor: &str, from: i64) -> String {
        let text = format!(r#"{{"t":"events","events":[{}],"cursor":"{cursor}"}}"#, events.join(","));
        frame(&Frame::parse(&text).unwrap(), at(from))
    }

    #[test]
    fn events_have_their_cursor_type_and_bytes() {
        let (first, second) =
            (r#"{"seq":3,"type":"product.created","data":{}}"#, r#"{"seq":5,"type":"stock.low"}"#);
        let text = told(&[first, second], "1.5", 2);
        let expected = format!(
            "id: 1.3\nevent: product.created\ndata: {first}\n\nid: 1.5\nevent: stock.low\ndata: {second}\n\n"
        );
        assert_eq!(text, expected);
        assert_eq!(told(&[first], "1.9", 2).lines().last(), told(&[], "1.9", 3).lines().last());
    }

    #[test]
    fn an_id_alone_moves_the_cursor_on() {
        assert_eq!(told(&[], "1.9", 3), "id: 1.9\n\n");
        assert_eq!(told(&[], "1.3", 3), "", "nothing is new");
    }

    #[test]
    fn data_is_one_line() {
        let text = told(&["{\n\"seq\": 1,\r\n \"type\":\"product.created\"\r}"], "1.1", 0);
        assert_eq!(text.lines().count(), 4, "{text:?}");
        assert!(text.contains("data: { \"seq\": 1,   \"type\":\"product.created\" }\n\n"), "{text:?}");
    }

    #[test]
    fn a_reset_says_where_to_go_on() {
        let text = frame(&Frame::parse(r#"{"t":"reset","cursor":"2.8","reason":"epoch"}"#).unwrap(), at(3));
        assert_eq!(text, "id: 2.8\nevent: reset\ndata: {\"cursor\":\"2.8\",\"reason\":\"epoch\"}\n\n");
        assert_eq!(beginning(at(4)), "retry: 2000\nid: 1.4\n\n");
    }
}
