//! Compiling components, and the clock that lets a busy one be interrupted.
//!
//! Guarantees that a guest in an endless loop yields its thread every [`TICK`], so that other requests are answered
//! meanwhile. Relies on wasmtime checking the epoch at every loop and call, which the setting below makes it do.

use std::path::Path;
use std::time::Duration;

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Cache, CacheConfig, Config, Engine};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::bindings::spin::key_value::key_value;
use crate::bindings::spin::sqlite::sqlite;
use crate::bindings::spin::variables::variables;
use crate::error::{HostError, Result};
use crate::guest::GuestState;

/// How long a guest may compute before others get a turn.
const TICK: Duration = Duration::from_millis(10);

/// An engine and everything that a component can import.
pub struct Compiler {
    engine: Engine,
    linker: Linker<GuestState>,
}

impl Compiler {
    /// An engine whose compiled code is kept in `cache_dir`, if there is one.
    pub fn new(cache_dir: Option<&Path>) -> Result<Self> {
        let engine = engine(cache_dir).map_err(|error| HostError::setup("engine", chain(&error)))?;
        let linker = linker(&engine).map_err(|error| HostError::setup("linker", chain(&error)))?;
        start_ticking(&engine)?;
        Ok(Self { engine, linker })
    }

    /// Compiles the component at `source` and resolves its imports.
    pub fn compile(&self, id: &str, source: &Path) -> Result<ServicePre<GuestState>> {
        let bytes = std::fs::read(source)
            .map_err(|error| HostError::component(id, format!("{}: {error}", source.display())))?;
        let compiled = Component::new(&self.engine, bytes)
            .and_then(|component| self.linker.instantiate_pre(&component))
            .and_then(ServicePre::new);
        compiled.map_err(|error| HostError::component(id, chain(&error)))
    }
}

fn engine(cache_dir: Option<&Path>) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model_async(true).epoch_interruption(true);
    if let Some(directory) = cache_dir {
        let mut settings = CacheConfig::new();
        settings.with_directory(std::path::absolute(directory)?);
        config.cache(Some(Cache::new(settings)?));
    }
    Engine::new(&config)
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    sqlite::add_to_linker::<_, HasSelf<GuestState>>(&mut linker, |guest| guest)?;
    variables::add_to_linker::<_, HasSelf<GuestState>>(&mut linker, |guest| guest)?;
    key_value::add_to_linker::<_, HasSelf<GuestState>>(&mut linker, |guest| guest)?;
    Ok(linker)
}

/// The thread ends by itself when the engine is gone.
#[expect(clippy::disallowed_methods, reason = "a thread of its own has nothing to await")]
fn start_ticking(engine: &Engine) -> Result<()> {
    let engine = engine.weak();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    let thread = std::thread::Builder::new().name("spin-host-epoch".to_owned()).spawn(tick);
    thread.map(drop).map_err(|error| HostError::setup("epoch thread", error))
}

/// An error with its causes, on one line.
pub fn chain(error: &wasmtime::Error) -> String {
    format!("{error:#}")
}
