//! A running host: started from options, stopped by hand or when it is dropped.
//!
//! Guarantees that a host brings its own threads, so it works under any test runtime and a busy component takes no
//! thread of the test; and that after [`SpinHost::shutdown`] no request runs and no database file is open, unless a
//! statement takes longer than [`STOP_LIMIT`].

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use wasmtime_wasi_http::handler::ProxyHandler;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::application::{Application, ResolvedComponent};
use crate::engine::Compiler;
use crate::error::{HostError, Result};
use crate::guest::{GuestState, Shared};
use crate::key_value::Stores;
use crate::server::Server;
use crate::worker::{Reuse, Workers};

/// How long a shutdown waits for statements that are running: the busy timeout of a statement, and a little more.
const STOP_LIMIT: Duration = Duration::from_secs(6);

/// What a host runs and on what.
#[derive(Debug, Clone)]
pub struct Options {
    /// The `spin.toml`; component files are relative to its folder.
    pub manifest: PathBuf,
    /// Values of application variables; a name that the manifest does not declare is an error.
    pub variables: BTreeMap<String, String>,
    /// The file of the database `default`; made at the first statement, in a folder that exists.
    pub sqlite_path: PathBuf,
    /// How requests are spread over instances.
    pub reuse: Reuse,
    /// Where compiled code is kept between runs; without it every start compiles every component.
    pub cache_dir: Option<PathBuf>,
}

/// A host that listens.
pub struct SpinHost {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    runtime: Option<Runtime>,
}

impl SpinHost {
    /// Starts a host on a free port of 127.0.0.1. Compiles before it returns, which may take seconds without a cache.
    pub fn start(options: Options) -> Result<Self> {
        Self::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), options)
    }

    /// Starts a host on the given address.
    pub fn start_on(address: SocketAddr, options: Options) -> Result<Self> {
        if options.reuse.count == 0 || options.reuse.concurrent == 0 {
            return Err(HostError::setup("reuse", "both numbers must be at least 1"));
        }
        let application = Application::resolve(&options.manifest, &options.variables)?;
        let stopping = Arc::new(AtomicBool::new(false));
        let server = server(application, options, &stopping)?;
        let listener =
            listen(address).map_err(|error| HostError::setup(&format!("listen on {address}"), error))?;
        let runtime = runtime().map_err(|error| HostError::setup("runtime", error))?;
        let address =
            serve(&runtime, listener, server).map_err(|error| HostError::setup("listener", error))?;
        Ok(Self { address, stopping, runtime: Some(runtime) })
    }

    /// The base URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops the host and waits until its instances and database connections are closed.
    pub async fn shutdown(mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        let (done, finished) = oneshot::channel::<()>();
        std::thread::spawn(move || {
            runtime.shutdown_timeout(STOP_LIMIT);
            drop(done);
        });
        // The channel closes without a value when the thread is through.
        let _ = finished.await;
    }
}

impl Drop for SpinHost {
    /// Stops the host without waiting.
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn server(application: Application, options: Options, stopping: &Arc<AtomicBool>) -> Result<Server> {
    let services = compile_all(&application.components, options.cache_dir)?;
    let shared = Arc::new(Shared { database: Arc::new(options.sqlite_path), stores: Stores::default() });
    let handlers = application.components.into_iter().zip(services).map(|((id, component), service)| {
        let workers = Workers {
            service,
            grants: component.grants,
            shared: shared.clone(),
            reuse: options.reuse,
            stopping: stopping.clone(),
        };
        (id, ProxyHandler::new(workers))
    });
    Ok(Server { handlers: handlers.collect(), routes: application.routes })
}

/// Compiles each file once, however many components share it; answers in the order of the components.
fn compile_all(
    components: &BTreeMap<String, ResolvedComponent>,
    cache_dir: Option<PathBuf>,
) -> Result<Vec<ServicePre<GuestState>>> {
    let compiler = Compiler::new(cache_dir.as_deref())?;
    let mut compiled = BTreeMap::new();
    let services = components.iter().map(|(id, component)| {
        if let Some(service) = compiled.get(&component.source) {
            return Ok(Clone::clone(service));
        }
        let service = compiler.compile(id, &component.source)?;
        compiled.insert(&component.source, service.clone());
        Ok(service)
    });
    services.collect()
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .thread_name("spin-host")
        .enable_all()
        .build()
}

fn serve(runtime: &Runtime, listener: TcpListener, server: Server) -> std::io::Result<SocketAddr> {
    let _entered = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let address = listener.local_addr()?;
    runtime.spawn(Arc::new(server).serve(listener));
    Ok(address)
}
