//! Answers for the public: in the isolate's memory, and behind it in Cloudflare's cache.
//!
//! Guarantees: a cache that fails, or is not there, has nothing; entries are under an address that nobody can ask for.
//! Relies on: the Cache API (<https://developers.cloudflare.com/workers/runtime-apis/cache/>), whose entries are those of one
//! data centre and which does nothing on `*.workers.dev`; that is why nothing counts on it.

use crate::log;
use crate::platform::now_ms;
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::rc::Rc;
use storeroom_ports::cache::LIFE_S;
use storeroom_ports::{Cache, Level, MemoryCache};
use storeroom_web::answer::hex;
use worker::{Response, Result};

/// How long a cache that failed is left alone, in milliseconds.
const PAUSE_MS: i64 = 60_000;

/// What an isolate keeps of the cache.
#[derive(Default)]
pub struct Kept {
    memory: MemoryCache,
    /// Until when the platform's cache is left alone.
    paused_until_ms: Cell<i64>,
}

/// The two, one behind the other.
pub struct EdgeCache(pub Rc<Kept>);

#[async_trait(?Send)]
impl Cache for EdgeCache {
    async fn get(&self, name: &str) -> Option<String> {
        if let Some(entry) = self.0.memory.look(name) {
            return Some(entry);
        }
        if self.0.is_paused() {
            return None;
        }
        let entry = self.0.checked(read(name).await).flatten()?;
        self.0.memory.keep(name, &entry);
        Some(entry)
    }

    async fn put(&self, name: &str, entry: &str) {
        self.0.memory.keep(name, entry);
        if !self.0.is_paused() {
            self.0.checked(write(name, entry).await);
        }
    }

    async fn forget(&self, name: &str) {
        self.0.memory.remove(name);
        if !self.0.is_paused() {
            self.0.checked(worker::Cache::default().delete(address(name), true).await);
        }
    }
}

impl Kept {
    fn is_paused(&self) -> bool {
        now_ms() < self.paused_until_ms.get()
    }

    /// What the platform's cache answered; when it failed, it is left alone for a while.
    fn checked<T>(&self, result: Result<T>) -> Option<T> {
        let failed = |error: worker::Error| {
            log::line(Level::Warn, "cache failed", &error.to_string());
            self.paused_until_ms.set(now_ms().saturating_add(PAUSE_MS));
        };
        result.map_err(failed).ok()
    }
}

async fn read(name: &str) -> Result<Option<String>> {
    match worker::Cache::default().get(address(name), true).await? {
        Some(mut response) => response.text().await.map(Some),
        None => Ok(None),
    }
}

async fn write(name: &str, entry: &str) -> Result<()> {
    let response = Response::from_bytes(entry.as_bytes().to_vec())?;
    response.headers().set("Cache-Control", &format!("max-age={LIFE_S}"))?;
    worker::Cache::default().put(address(name), response).await
}

/// A name that never resolves (RFC 6761), because an entry is no answer to anybody.
fn address(name: &str) -> String {
    format!("https://catalog.invalid/{}", hex(&Sha256::digest(name)))
}
