//! Log lines: one JSON text a line on the console, where `wrangler tail` and Workers Logs pick them up.

use crate::platform::now_ms;
use storeroom_domain::Timestamp;
use storeroom_ports::{Level, Log};
use wasm_bindgen::JsValue;
use worker::web_sys::console;

/// The console.
pub struct ConsoleLog;

impl Log for ConsoleLog {
    fn line(&self, level: Level, json: &str) {
        let line = JsValue::from_str(json);
        match level {
            Level::Info => console::log_1(&line),
            Level::Warn => console::warn_1(&line),
            Level::Error => console::error_1(&line),
        }
    }
}

/// Writes a line of the host's own.
pub fn line(level: Level, message: &str, detail: &str) {
    let time = Timestamp::from_ms(now_ms()).to_string();
    let line =
        serde_json::json!({"time": time, "level": level.as_str(), "message": message, "detail": detail});
    ConsoleLog.line(level, &line.to_string());
}
