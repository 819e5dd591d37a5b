//! Images and other files, in Spin's key-value store.
//!
//! Relies on: `spin:key-value` with the store `default`, which `spin.toml` grants to every component. A value is read
//! whole, also for a part of it: the store knows no other way.

use async_trait::async_trait;
use spin_sdk::key_value::{Error, Store};
use storeroom_ports::{Blob, Blobs, Down, Part};

/// The default key-value store.
pub struct KeyValue;

#[async_trait(?Send)]
impl Blobs for KeyValue {
    async fn check(&self) -> Result<(), Down> {
        // Opening may not reach the store behind it; asking for a key does.
        opened().await?.exists("check").await.map(drop).map_err(|error| down(&error))
    }

    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Down> {
        opened().await?.set(name, bytes).await.map_err(|error| down(&error))
    }

    async fn get(&self, name: &str, part: Option<Part>) -> Result<Option<Blob>, Down> {
        let value = opened().await?.get(name).await.map_err(|error| down(&error))?;
        Ok(value.map(|bytes| Blob::in_memory(bytes, part)))
    }

    async fn delete(&self, name: &str) -> Result<(), Down> {
        opened().await?.delete(name).await.map_err(|error| down(&error))
    }
}

async fn opened() -> Result<Store, Down> {
    Store::open_default().await.map_err(|error| down(&error))
}

fn down(error: &Error) -> Down {
    Down(format!("key-value store: {error}"))
}
