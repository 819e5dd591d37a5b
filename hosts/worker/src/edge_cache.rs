//! Answers for the public: in the isolate's memory, and behind it in Cloudflare's cache.
//!
//! Guarantees: a cache that fails, or is not there, has nothing; entries are under an address that nobody can ask for.
//! Relies on: the Cache API (<https://developers.cloudflare.com/workers/runtime-apis/cache/>), whose entries are those of one
//! data centre and which does nothing on `*.workers.dev`; that is why nothing counts on it.

use crate::log;
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use std::rc::Rc;
use storeroom_ports::cache::LIFE_S;
use storeroom_ports::{Cache, Level, MemoryCache};
use storeroom_web::answer::hex;
use worker::{Response, Result};

/// The two, one behind the other.
pub struct EdgeCache(pub Rc<MemoryCache>);

#[async_trait(?Send)]
impl Cache for EdgeCache {
    async fn get(&self, name: &str) -> Option<String> {
        if let Some(entry) = self.0.look(name) {
            return Some(entry);
        }
        let entry = logged("read", read(name).await).flatten()?;
        self.0.keep(name, &entry);
        Some(entry)
    }

    async fn put(&self, name: &str, entry: &str) {
        self.0.keep(name, entry);
        logged("written", write(name, entry).await);
    }

    async fn forget(&self, name: &str) {
        self.0.remove(name);
        logged("emptied", worker::Cache::default().delete(address(name), true).await);
    }
}

fn logged<T>(what: &str, result: Result<T>) -> Option<T> {
    result.map_err(|error| log::line(Level::Warn, &format!("cache not {what}"), &error.to_string())).ok()
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
