//! One log line a request.
//!
//! Guarantees: never a token, a body, an address or anything else of a person.

use crate::Exchange;
use storeroom_ports::{Level, Ports};
use storeroom_web::Response;

/// Writes the line.
pub fn write(ports: &Ports, exchange: &Exchange, response: &Response, duration_ms: i64) {
    let level = if response.status >= 500 { Level::Error } else { Level::Info };
    let mut line = serde_json::json!({
        "time": exchange.now.to_string(),
        "level": level.as_str(),
        "message": "request",
        "request_id": exchange.request_id,
        "route": exchange.row.map(|row| row.name),
        "status": response.status,
        "duration_ms": duration_ms,
        "round_trips": exchange.round_trips,
        "store": exchange.store,
    });
    if let (Some(cache), Some(members)) = (exchange.cache, line.as_object_mut()) {
        members.insert("cache".to_owned(), cache.word().into());
    }
    ports.log.line(level, &line.to_string());
}
