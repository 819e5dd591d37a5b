//! A client that follows the log, drops out now and then, and comes back with its cursor.
//!
//! Guarantees: it takes an event only as the next of its log, and acknowledges as the protocol asks a client to.

use super::{Event, SETTLED_WITHIN, Storm, count};
use crate::shop::Member;
use crate::socket::Socket;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// After so many frames or bytes it acknowledges.
const ACK_FRAMES: usize = 32;
const ACK_BYTES: usize = 32 * 1024;
/// After so long without a frame it acknowledges what came before.
const ACK_AFTER: Duration = Duration::from_secs(5);
/// The shortest and the longest time until a client drops out, in milliseconds.
const STAYS_MS: (u64, u64) = (5_000, 60_000);
/// The longest first wait of a client that is not let in; twice as long each further time, up to the most.
const BACKOFF_MS: (u64, u64) = (100, 3_000);

/// A frame, as far as a watcher reads it.
#[derive(Deserialize)]
struct Frame<'a> {
    t: &'a str,
    #[serde(borrow, default)]
    events: Vec<&'a RawValue>,
    cursor: Option<&'a str>,
}

/// The place of an event.
#[derive(Deserialize)]
struct Place {
    seq: u64,
}

/// How a connection ended.
enum Ending {
    /// The client has everything.
    Complete,
    /// The client dropped it.
    Dropped,
    /// The other side ended it.
    Closed,
    /// It could not be opened.
    Refused,
}

/// What came over a connection.
struct Arrived {
    /// Frames, but for answers to pings.
    frames: usize,
    unacked_frames: usize,
    unacked_bytes: usize,
    last: Instant,
}

/// A client.
pub struct Watcher {
    storm: Rc<Storm>,
    who: Member,
    head: watch::Receiver<Option<u64>>,
    chance: Chance,
    events: Vec<Rc<Event>>,
}

impl Watcher {
    /// The client of that number.
    pub fn new(storm: &Rc<Storm>, who: &Member, number: usize) -> Self {
        let chance = Chance(storm.writing.seed.wrapping_mul(1_000).wrapping_add(number as u64));
        let head = storm.head.subscribe();
        Self { storm: storm.clone(), who: who.clone(), head, chance, events: Vec::new() }
    }

    /// Follows the log until its end is known and reached; all events in the order in which they came.
    pub async fn run(mut self) -> Vec<Rc<Event>> {
        let mut head = self.head.clone();
        let late = async {
            let _ = head.wait_for(Option::is_some).await;
            tokio::time::sleep(SETTLED_WITHIN).await;
        };
        tokio::select! {
            () = self.follow() => {}
            () = late => panic!("a client stands at {} {SETTLED_WITHIN:?} after the last write", self.events.len()),
        }
        self.events
    }

    async fn follow(&mut self) {
        let mut refusals = 0;
        loop {
            let ending = self.connection().await;
            refusals = if matches!(ending, Ending::Refused) { refusals + 1 } else { 0 };
            let wait_ms = match ending {
                Ending::Complete => return,
                // Some are away for seconds.
                Ending::Dropped if self.chance.below(4) == 0 => self.chance.between((1_000, 8_000)),
                Ending::Dropped => self.chance.below(500),
                Ending::Closed | Ending::Refused => self.backoff_ms(refusals),
            };
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
    }

    fn backoff_ms(&mut self, refusals: u32) -> u64 {
        let (first, most) = BACKOFF_MS;
        self.chance.below((first << refusals.min(16)).min(most))
    }

    async fn connection(&mut self) -> Ending {
        let hello = json!({"t": "hello", "cursor": self.cursor()});
        let Some(mut socket) = Socket::try_join(&self.storm.writing.shop, &self.who, &hello).await else {
            count(&self.storm.counts.refused);
            return Ending::Refused;
        };
        let leaves = Instant::now() + Duration::from_millis(self.chance.between(STAYS_MS));
        let mut arrived = Arrived { frames: 0, unacked_frames: 0, unacked_bytes: 0, last: Instant::now() };
        loop {
            let end = *self.head.borrow_and_update();
            if end == Some(self.events.len() as u64) {
                return Ending::Complete;
            }
            tokio::select! {
                text = socket.next_text() => match text {
                    Ok(text) => {
                        arrived.note(&text);
                        self.take(&text);
                    }
                    Err(code) => {
                        *self.storm.counts.closed.borrow_mut().entry(code).or_default() += 1;
                        assert!(may_return(code), "closed with {code}");
                        return Ending::Closed;
                    }
                },
                () = sleep_until(leaves), if end.is_none() => {
                    count(&self.storm.counts.dropped);
                    return Ending::Dropped;
                }
                () = sleep_until(arrived.last + ACK_AFTER), if arrived.unacked_frames > 0 => {}
                _ = self.head.changed() => {}
            }
            if arrived.is_ack_due() {
                let ack = json!({"t": "ack", "cursor": self.cursor(), "received": arrived.frames});
                // A socket that is gone says so when it is read.
                let _ = socket.try_send(&ack).await;
                arrived.acked();
            }
        }
    }

    fn cursor(&self) -> String {
        format!("1.{}", self.events.len())
    }

    fn take(&mut self, text: &str) {
        let frame: Frame = serde_json::from_str(text).unwrap();
        match frame.t {
            "welcome" | "presence" => {}
            "events" => {
                for event in frame.events {
                    let Place { seq } = serde_json::from_str(event.get()).unwrap();
                    assert_eq!(
                        seq,
                        self.events.len() as u64 + 1,
                        "an event came twice, too early or out of order"
                    );
                    self.events.push(self.storm.event(seq, event.get()));
                }
                assert_eq!(frame.cursor, Some(self.cursor().as_str()));
            }
            _ => panic!("a surprise: {text}"),
        }
    }
}

impl Arrived {
    fn note(&mut self, text: &str) {
        self.frames += 1;
        self.unacked_frames += 1;
        self.unacked_bytes += text.len();
        self.last = Instant::now();
    }

    fn is_ack_due(&self) -> bool {
        self.unacked_frames >= ACK_FRAMES
            || self.unacked_bytes >= ACK_BYTES
            || (self.unacked_frames > 0 && self.last.elapsed() >= ACK_AFTER)
    }

    fn acked(&mut self) {
        (self.unacked_frames, self.unacked_bytes) = (0, 0);
    }
}

/// Whether a client may come back by itself with its cursor: a broken connection, a restart, and one that was too slow.
fn may_return(code: u16) -> bool {
    matches!(code, 1001 | 1005 | 1006 | 1011 | 1012 | 4408)
}

/// Chance by a seed: SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn between(&mut self, (low, high): (u64, u64)) -> u64 {
        low + self.below(high - low)
    }
}
