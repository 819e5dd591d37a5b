//! What the host keeps for one instance of a component.
//!
//! Guarantees that an instance reaches nothing but what its grants name: no files, no sockets, no environment of the
//! host. Its standard output and error are those of the host, so that its log lines show in a test's output.

use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::application::Grants;
use crate::key_value::Stores;
use crate::outbound::Outbound;

/// What all instances of a host share.
pub struct Shared {
    /// The file of the database `default`.
    pub database: Arc<PathBuf>,
    /// The key-value stores.
    pub stores: Stores,
}

/// The state of one instance.
pub struct GuestState {
    /// What the component may use.
    pub grants: Arc<Grants>,
    /// What it shares with all others.
    pub shared: Arc<Shared>,
    /// The resources it holds.
    pub table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
}

impl GuestState {
    /// The state of a new instance.
    pub fn new(grants: Arc<Grants>, shared: Arc<Shared>) -> Self {
        let mut wasi = WasiCtx::builder();
        wasi.inherit_stdout().inherit_stderr().envs(&grants.environment);
        let wasi = wasi.allow_tcp(false).allow_udp(false).build();
        let outbound = Outbound(grants.outbound.clone());
        Self { grants, shared, table: ResourceTable::new(), wasi, http: WasiHttpCtx::new(), outbound }
    }
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for GuestState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.outbound, table: &mut self.table, ctx: &mut self.http }
    }
}
