//! `spin:key-value@3.0.0` in memory.
//!
//! Guarantees that all components and instances of a host share one set of stores, that these end with the host, and
//! that a component opens only stores that its manifest entry lists. Keys are listed in order.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};

use crate::bindings::spin::key_value::key_value::{Error, Host, HostStore, HostStoreWithStore};
use crate::guest::GuestState;

type Outcome<T> = Result<T, Error>;
type Store = BTreeMap<String, Vec<u8>>;

/// Every store of a host, by label.
#[derive(Debug, Default)]
pub struct Stores(Mutex<BTreeMap<String, Store>>);

/// A store that a guest has opened.
#[derive(Debug)]
pub struct OpenStore {
    label: String,
}

impl Stores {
    fn with<R>(&self, label: &str, work: impl FnOnce(&mut Store) -> R) -> R {
        let mut stores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(stores.entry(label.to_owned()).or_default())
    }
}

impl GuestState {
    fn open_store(&mut self, label: String) -> wasmtime::Result<Outcome<Resource<OpenStore>>> {
        if !self.grants.stores.contains(&label) {
            return Ok(Err(Error::AccessDenied));
        }
        Ok(Ok(self.table.push(OpenStore { label })?))
    }

    fn with_store<R>(
        &mut self,
        handle: &Resource<OpenStore>,
        work: impl FnOnce(&mut Store) -> R,
    ) -> wasmtime::Result<R> {
        let label = &self.table.get(handle)?.label;
        Ok(self.shared.stores.with(label, work))
    }
}

fn with_store<T: Send, R>(
    guest: &Accessor<T, HasSelf<GuestState>>,
    handle: &Resource<OpenStore>,
    work: impl FnOnce(&mut Store) -> R,
) -> wasmtime::Result<R> {
    guest.with(|mut access| access.get().with_store(handle, work))
}

impl Host for GuestState {}

impl HostStore for GuestState {
    async fn drop(&mut self, handle: Resource<OpenStore>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl<T: Send> HostStoreWithStore<T> for HasSelf<GuestState> {
    async fn open(
        guest: &Accessor<T, Self>,
        label: String,
    ) -> wasmtime::Result<Outcome<Resource<OpenStore>>> {
        guest.with(|mut access| access.get().open_store(label))
    }

    async fn get(
        guest: &Accessor<T, Self>,
        handle: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Outcome<Option<Vec<u8>>>> {
        Ok(Ok(with_store(guest, &handle, |store| store.get(&key).cloned())?))
    }

    async fn set(
        guest: &Accessor<T, Self>,
        handle: Resource<OpenStore>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Outcome<()>> {
        with_store(guest, &handle, |store| store.insert(key, value))?;
        Ok(Ok(()))
    }

    async fn delete(
        guest: &Accessor<T, Self>,
        handle: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Outcome<()>> {
        with_store(guest, &handle, |store| store.remove(&key))?;
        Ok(Ok(()))
    }

    async fn exists(
        guest: &Accessor<T, Self>,
        handle: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Outcome<bool>> {
        Ok(Ok(with_store(guest, &handle, |store| store.contains_key(&key))?))
    }

    async fn get_keys(
        guest: &Accessor<T, Self>,
        handle: Resource<OpenStore>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Outcome<()>>)> {
        let keys: Vec<String> = with_store(guest, &handle, |store| store.keys().cloned().collect())?;
        guest.with(|mut access| {
            let keys = StreamReader::new(&mut access, keys)?;
            let outcome = FutureReader::new(&mut access, async { wasmtime::error::Ok(Ok(())) })?;
            Ok((keys, outcome))
        })
    }
}
