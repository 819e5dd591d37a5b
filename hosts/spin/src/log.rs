//! Log lines.
//!
//! Guarantees: a stream that is closed costs the line, never the request.
//! Relies on: Spin for keeping what a component writes to its output and its error stream.

use std::io::{Write, stderr, stdout};
use storeroom_ports::{Level, Log};

/// Standard output for business as usual, standard error for the rest.
pub struct StandardStreams;

impl Log for StandardStreams {
    fn line(&self, level: Level, json: &str) {
        let written = match level {
            Level::Info => writeln!(stdout(), "{json}"),
            Level::Warn | Level::Error => writeln!(stderr(), "{json}"),
        };
        drop(written);
    }
}
