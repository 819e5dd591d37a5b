//! The small ports of the test bed.

use crate::played::PlayedSocket;
use async_trait::async_trait;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use storeroom_domain::Timestamp;
use storeroom_ports::{
    Admission, Blob, Blobs, Clock, Down, Later, Level, Log, Part, Random, RoomSocket, Rooms,
};
use storeroom_sql::events::Announcement;
use tokio::sync::Notify;

/// A clock that moves only when it is told to.
pub struct ManualClock {
    now_ms: Cell<i64>,
    moved: Notify,
    /// Until when each who sleeps does so.
    sleepers: RefCell<Vec<i64>>,
    asleep: Notify,
}

impl ManualClock {
    /// A clock that stands at that moment.
    pub fn at(ms: i64) -> Self {
        Self {
            now_ms: Cell::new(ms),
            moved: Notify::new(),
            sleepers: RefCell::default(),
            asleep: Notify::new(),
        }
    }

    /// Moves it on.
    pub fn advance(&self, ms: i64) {
        self.now_ms.set(self.now_ms.get() + ms);
        self.moved.notify_waiters();
    }

    /// Waits until somebody sleeps, and moves the clock to when the first wakes; by how much.
    pub async fn wake_next(&self) -> i64 {
        loop {
            let first = self.sleepers.borrow().iter().min().copied();
            if let Some(until) = first {
                let left_ms = (until - self.now_ms.get()).max(0);
                self.advance(left_ms);
                // Whoever wakes leaves the list before somebody else is woken.
                while self.sleepers.borrow().contains(&until) {
                    tokio::task::yield_now().await;
                }
                return left_ms;
            }
            self.asleep.notified().await;
        }
    }

    /// How many sleep now.
    pub fn sleepers(&self) -> usize {
        self.sleepers.borrow().len()
    }
}

/// Takes one who sleeps off the list, also when the sleep is given up.
struct Sleeper<'a>(&'a ManualClock, i64);

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        let mut sleepers = self.0.sleepers.borrow_mut();
        if let Some(at) = sleepers.iter().position(|until| *until == self.1) {
            sleepers.swap_remove(at);
        }
    }
}

#[async_trait(?Send)]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now_ms.get())
    }

    async fn sleep(&self, ms: i64) {
        let until = self.now_ms.get() + ms;
        let sleeper = Sleeper(self, until);
        self.sleepers.borrow_mut().push(until);
        self.asleep.notify_one();
        while self.now_ms.get() < sleeper.1 {
            self.moved.notified().await;
        }
    }
}

/// Work after an answer, which waits until somebody has it done.
#[derive(Default)]
pub struct Afterwards(RefCell<Vec<Pin<Box<dyn Future<Output = ()>>>>>);

impl Afterwards {
    /// Does what waits.
    pub async fn finish(&self) {
        for work in self.0.take() {
            work.await;
        }
    }
}

impl Later for Afterwards {
    fn run(&self, work: Pin<Box<dyn Future<Output = ()>>>) {
        self.0.borrow_mut().push(work);
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
    /// Files by name.
    pub files: RefCell<BTreeMap<String, Vec<u8>>>,
    /// Log lines.
    pub lines: RefCell<Vec<(Level, String)>>,
    /// When set, rooms and blobs are down.
    pub down: Cell<bool>,
    /// The rooms that a test plays, for whoever follows next; while there are none, there is no room to follow.
    pub played: RefCell<VecDeque<PlayedSocket>>,
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

    async fn follow(&self, store: &str, admission: Admission) -> Result<Option<Box<dyn RoomSocket>>, Down> {
        self.answers()?;
        let Some(socket) = self.played.borrow_mut().pop_front() else { return Ok(None) };
        self.admissions.borrow_mut().push((store.to_owned(), admission));
        Ok(Some(Box::new(socket)))
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

    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Down> {
        self.answers()?;
        self.files.borrow_mut().insert(name.to_owned(), bytes);
        Ok(())
    }

    async fn get(&self, name: &str, part: Option<Part>) -> Result<Option<Blob>, Down> {
        self.answers()?;
        Ok(self.files.borrow().get(name).map(|bytes| Blob::in_memory(bytes.clone(), part)))
    }

    async fn delete(&self, name: &str) -> Result<(), Down> {
        self.answers()?;
        self.files.borrow_mut().remove(name);
        Ok(())
    }
}

impl Log for Recorded {
    fn line(&self, level: Level, json: &str) {
        self.lines.borrow_mut().push((level, json.to_owned()));
    }
}
