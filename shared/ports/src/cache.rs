//! A place for answers that the public may share, so that not each is made anew.
//!
//! Guarantees: nothing hangs on it: an entry may vanish at any moment, a cache that fails has nothing and says so in the
//! log. Whether an entry is still good is for who keeps it there to find out.

use async_trait::async_trait;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

/// Longest that an entry is kept in seconds, whatever becomes of it.
pub const LIFE_S: u32 = 300;

/// Named texts.
#[async_trait(?Send)]
pub trait Cache {
    /// The entry of that name, if it is there.
    async fn get(&self, name: &str) -> Option<String>;

    /// Keeps the entry in place of what has that name.
    async fn put(&self, name: &str, entry: &str);

    /// Keeps nothing under that name any more.
    async fn forget(&self, name: &str);
}

/// Most entries in memory.
const MAX_ENTRIES: usize = 500;
/// Most bytes in memory: a small part of the 128 MB of an isolate.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Entries in the memory of this process; the one that came first goes first.
#[derive(Default)]
pub struct MemoryCache(RefCell<Kept>);

#[derive(Default)]
struct Kept {
    entries: BTreeMap<String, String>,
    /// The names, that of the oldest entry first.
    order: VecDeque<String>,
    bytes: usize,
}

impl Kept {
    fn remove(&mut self, name: &str) {
        if let Some(entry) = self.entries.remove(name) {
            self.bytes = self.bytes.saturating_sub(name.len() + entry.len());
            self.order.retain(|known| known != name);
        }
    }

    fn insert(&mut self, name: &str, entry: &str) {
        self.remove(name);
        self.bytes += name.len() + entry.len();
        self.entries.insert(name.to_owned(), entry.to_owned());
        self.order.push_back(name.to_owned());
        while self.entries.len() > MAX_ENTRIES || self.bytes > MAX_BYTES {
            let Some(oldest) = self.order.front().cloned() else { return };
            self.remove(&oldest);
        }
    }
}

impl MemoryCache {
    /// The entry of that name.
    pub fn look(&self, name: &str) -> Option<String> {
        self.0.borrow().entries.get(name).cloned()
    }

    /// Keeps the entry.
    pub fn keep(&self, name: &str, entry: &str) {
        self.0.borrow_mut().insert(name, entry);
    }

    /// Keeps nothing under that name any more.
    pub fn remove(&self, name: &str) {
        self.0.borrow_mut().remove(name);
    }
}

#[async_trait(?Send)]
impl Cache for MemoryCache {
    async fn get(&self, name: &str) -> Option<String> {
        self.look(name)
    }

    async fn put(&self, name: &str, entry: &str) {
        self.keep(name, entry);
    }

    async fn forget(&self, name: &str) {
        self.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_a_bound() {
        let cache = MemoryCache::default();
        for n in 0..MAX_ENTRIES + 10 {
            cache.keep(&n.to_string(), "x");
        }
        assert_eq!((cache.look("9"), cache.look("10")), (None, Some("x".to_owned())));
        cache.keep("large", &"x".repeat(MAX_BYTES));
        assert_eq!((cache.look("large"), cache.0.borrow().bytes), (None, 0), "what does not fit is not kept");
        cache.keep("a", "1");
        cache.keep("a", "22");
        assert_eq!((cache.look("a").as_deref(), cache.0.borrow().bytes), (Some("22"), 3));
        cache.remove("a");
        assert_eq!((cache.look("a"), cache.0.borrow().order.len()), (None, 0));
    }
}
