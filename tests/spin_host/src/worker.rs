//! Instances of a component: how they are made, how many requests each takes, when they end.
//!
//! Guarantees that an instance takes at most `count` requests and `concurrent` of them at once, that a request whose
//! answer has not begun after [`REQUEST_LIMIT`] fails, and that a trap ends only its own instance. A stream may run on
//! for as long as its client reads. Relies on wasmtime's `ProxyHandler`, which Spin uses too.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;
use wasmtime::component::GuestTaskId;
use wasmtime::{Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, Proxy, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::application::Grants;
use crate::engine::chain;
use crate::guest::{GuestState, Shared};

/// How long a guest may take until it answers: a long poll of 25 s, a wait of 5 s for a database lock, and as much
/// again for a slow machine.
const REQUEST_LIMIT: Duration = Duration::from_secs(60);

/// How long an instance without a request lives, as in Spin.
const IDLE_LIMIT: Duration = Duration::from_secs(1);

/// Epochs that a guest runs before it yields.
const TICKS: u64 = 1;

/// How requests are spread over instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reuse {
    /// Requests that one instance answers in its life, at least 1.
    pub count: usize,
    /// Requests that one instance answers at the same time, at least 1.
    pub concurrent: usize,
}

impl Reuse {
    /// A new instance for every request.
    pub const FRESH: Self = Self { count: 1, concurrent: 1 };
    /// What Spin does when nothing else is said.
    pub const SPIN_DEFAULT: Self = Self { count: 128, concurrent: 16 };
}

impl Default for Reuse {
    fn default() -> Self {
        Self::SPIN_DEFAULT
    }
}

/// Makes the instances of one component.
pub struct Workers {
    /// The compiled component.
    pub service: ServicePre<GuestState>,
    /// What its instances may use.
    pub grants: Arc<Grants>,
    /// What all instances of the host share.
    pub shared: Arc<Shared>,
    /// How requests are spread over instances.
    pub reuse: Reuse,
    /// Whether the host is being stopped, so that cut-off instances are not worth a word.
    pub stopping: Arc<AtomicBool>,
}

impl HandlerState for Workers {
    type StoreData = GuestState;
    type WorkerExpiration = Limits;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<GuestState, Limits, Worker>> {
        let state = GuestState::new(self.grants.clone(), self.shared.clone());
        let mut store = Store::new(self.service.engine(), state);
        store.set_epoch_deadline(TICKS);
        store.epoch_deadline_async_yield_and_update(TICKS);
        let service = self.service.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: GuestState::http,
            expiration: Limits(Box::pin(tokio::time::sleep(REQUEST_LIMIT))),
            state: Worker { reuse: self.reuse, stopping: self.stopping.clone() },
        })
    }
}

/// Decides what one instance accepts.
pub struct Worker {
    reuse: Reuse,
    stopping: Arc<AtomicBool>,
}

impl WorkerState for Worker {
    type StoreData = GuestState;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.reuse.count {
            ShouldAccept::Never
        } else if concurrent >= self.reuse.concurrent {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, GuestState>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        Box::pin(tokio::time::sleep(REQUEST_LIMIT))
    }

    fn drop(&self, store: Store<GuestState>, result: wasmtime::Result<()>) {
        drop(store);
        if let Err(error) = result
            && !self.stopping.load(Ordering::Relaxed)
        {
            eprintln!("spin-host: an instance failed: {}", chain(&error));
        }
    }
}

/// Ends an instance that is idle, or stuck in a loop that never returns to its other requests.
pub struct Limits(Pin<Box<Sleep>>);

impl WorkerExpiration for Limits {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
        let limit = match status {
            WorkerStatus::Idle => IDLE_LIMIT,
            WorkerStatus::Requests => REQUEST_LIMIT,
            WorkerStatus::PostReturn => return Poll::Pending,
        };
        let deadline = tokio::time::Instant::from_std(since + limit);
        if self.0.deadline() != deadline {
            self.0.as_mut().reset(deadline);
        }
        self.0.as_mut().poll(context)
    }
}
