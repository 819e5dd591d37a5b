//! The small ports of the test bed.

use async_trait::async_trait;
use std::cell::{Cell, RefCell};
use storeroom_domain::Timestamp;
use storeroom_ports::{Admission, Blobs, Clock, Down, Level, Log, Random, Rooms};
use storeroom_sql::events::Announcement;

/// A clock that moves only when it is told to.
pub struct ManualClock(Cell<i64>);

impl ManualClock {
    /// A clock that stands at that moment.
    pub fn at(ms: i64) -> Self {
        Self(Cell::new(ms))
    }

    /// Moves it on.
    pub fn advance(&self, ms: i64) {
        self.0.set(self.0.get() + ms);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.get())
    }
}

/// Chance that is the same for the same seed (SplitMix64).
pub struct SeededRandom(Cell<u64>);

impl SeededRandom {
    /// Chance of that seed.
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
            self.0.set(state);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed >> 56) as u8;
        }
    }
}

/// What the functions told the rooms and the log, and whether rooms and blobs answer.
#[derive(Default)]
pub struct Recorded {
    /// Tickets by store.
    pub admissions: RefCell<Vec<(String, Admission)>>,
    /// Announcements in order.
    pub announcements: RefCell<Vec<Announcement>>,
    /// Sessions that were shut out, by store.
    pub expelled: RefCell<Vec<(String, Vec<String>)>>,
    /// Log lines.
    pub lines: RefCell<Vec<(Level, String)>>,
    /// When set, rooms and blobs are down.
    pub down: Cell<bool>,
}

impl Recorded {
    fn answers(&self) -> Result<(), Down> {
        if self.down.get() { Err(Down("switched off by the test".to_owned())) } else { Ok(()) }
    }
}

#[async_trait(?Send)]
impl Rooms for Recorded {
    async fn admit(&self, store: &str, admission: Admission) -> Result<(), Down> {
        self.answers()?;
        self.admissions.borrow_mut().push((store.to_owned(), admission));
        Ok(())
    }

    async fn nudge(&self, announcement: Announcement) {
        self.announcements.borrow_mut().push(announcement);
    }

    async fn expel(&self, store: &str, sessions: &[String]) {
        self.expelled.borrow_mut().push((store.to_owned(), sessions.to_vec()));
    }

    async fn check(&self) -> Result<(), Down> {
        self.answers()
    }
}

#[async_trait(?Send)]
impl Blobs for Recorded {
    async fn check(&self) -> Result<(), Down> {
        self.answers()
    }
}

impl Log for Recorded {
    fn line(&self, level: Level, json: &str) {
        self.lines.borrow_mut().push((level, json.to_owned()));
    }
}
