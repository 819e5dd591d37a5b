//! What came to a crowd of sockets, and when.

use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// A frame of events at one socket.
#[derive(Clone, Copy)]
pub struct Arrival {
    /// The place of its first event.
    pub first: u64,
    /// And of its last.
    pub last: u64,
    /// When it had been read.
    pub at: Instant,
}

/// What all sockets of a crowd write down.
#[derive(Default)]
pub struct Arrivals {
    /// Sockets that the room has let in.
    pub welcomed: AtomicU64,
    /// Frames of events, one to one socket each.
    pub frames: AtomicU64,
    /// Events, one to one socket each.
    pub events: AtomicU64,
    /// Whether the sockets acknowledge.
    pub acknowledges: AtomicBool,
    /// Every frame of events, while it is wanted.
    pub all: Mutex<Option<Vec<Arrival>>>,
    /// The place of each event, by its subject and version, as the first socket reads it.
    pub places: Mutex<HashMap<(String, u64), u64>>,
}

#[derive(Deserialize)]
struct Events {
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    seq: u64,
    subject: String,
    version: u64,
}

impl Arrivals {
    /// Writes down a frame of events.
    pub fn note(&self, first: u64, last: u64) {
        let at = Instant::now();
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.events.fetch_add(last - first + 1, Ordering::Relaxed);
        if let Some(all) = self.all.lock().unwrap().as_mut() {
            all.push(Arrival { first, last, at });
        }
    }

    /// Reads a frame of events for their subjects and versions.
    pub fn read(&self, payload: &[u8]) {
        let frame: Events = serde_json::from_slice(payload).unwrap();
        let mut places = self.places.lock().unwrap();
        places.extend(frame.events.into_iter().map(|event| ((event.subject, event.version), event.seq)));
    }

    /// Frames and events so far.
    pub fn counts(&self) -> (u64, u64) {
        (self.frames.load(Ordering::Relaxed), self.events.load(Ordering::Relaxed))
    }
}
