//! Images and other files, in Spin's key-value store.
//!
//! Relies on: `spin:key-value` with the store `default`, which `spin.toml` grants to every component.

use async_trait::async_trait;
use spin_sdk::key_value::{Error, Store};
use storeroom_ports::{Blobs, Down};

/// The default key-value store.
pub struct KeyValue;

#[async_trait(?Send)]
impl Blobs for KeyValue {
    async fn check(&self) -> Result<(), Down> {
        // Opening may not reach the store behind it; asking for a key does.
        let store = Store::open_default().await.map_err(|error| down(&error))?;
        store.exists("check").await.map(drop).map_err(|error| down(&error))
    }
}

fn down(error: &Error) -> Down {
    Down(format!("key-value store: {error}"))
}
