//! A server that takes webhooks, remembers every request, and behaves badly when a test says so.
//!
//! Guarantees: real sockets on a loopback port of its own, served by a thread of its own, so that tests with and without a
//! runtime can use it; a request is remembered before anything is answered; each connection carries one request; it ends
//! with its value.
//! Relies on: tokio, for a current-thread runtime that takes its connections along when it is dropped.

mod behaviour;
mod request;
mod signature;

pub use behaviour::Behaviour;
pub use request::Received;
pub use signature::verify;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// A server that takes webhooks. What it has no behaviour for is answered with 404.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    running: Mutex<Option<Running>>,
}

struct Running {
    /// The thread ends when it is dropped.
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    arrival: Condvar,
}

#[derive(Default)]
struct State {
    /// What is done with the next requests to a path; the last one stays.
    behaviours: BTreeMap<String, VecDeque<Behaviour>>,
    requests: Vec<Received>,
}

impl Receiver {
    /// Starts one.
    pub fn start() -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::<Shared>::default();
        let running = Mutex::new(Some(run(listener, shared.clone())?));
        Ok(Self { address, shared, running })
    }

    /// The address of a path, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The same by https, at which no TLS is spoken: the handshake fails.
    pub fn url_without_tls(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }

    /// What is done with requests to a path from now on.
    pub fn on(&self, path: &str, behaviour: Behaviour) {
        self.script(path, [behaviour]);
    }

    /// What is done with the next requests to a path, one after another; the last goes for all that follow.
    pub fn script(&self, path: &str, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.shared.state().behaviours.insert(path.to_owned(), behaviours.into_iter().collect());
    }

    /// All requests so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.state().requests.clone()
    }

    /// The requests so far to a path.
    pub fn requests_to(&self, path: &str) -> Vec<Received> {
        let requests = self.requests().into_iter();
        requests.filter(|request| request.path_only() == path).collect()
    }

    /// All requests so far, once there are as many; a sentence when they have not come in time. Blocks the thread.
    pub fn wait_for(&self, count: usize, limit: Duration) -> Result<Vec<Received>, String> {
        let few = |state: &mut State| state.requests.len() < count;
        let waited = self.shared.arrival.wait_timeout_while(self.shared.state(), limit, few);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return Err(format!("{} requests of {count} came within {limit:?}", state.requests.len()));
        }
        Ok(state.requests.clone())
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.shared.state().requests.clear();
    }

    /// Ends every connection and listens no more: whoever connects is refused.
    pub fn stop(&self) {
        if let Some(Running { stop, thread }) = lock(&self.running).take() {
            drop(stop);
            // A thread that panicked has said so.
            drop(thread.join());
        }
    }

    /// Listens again, on the same port.
    pub fn resume(&self) -> io::Result<()> {
        self.stop();
        let listener = std::net::TcpListener::bind(self.address)?;
        lock(&self.running).replace(run(listener, self.shared.clone())?);
        Ok(())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Remembers a request and says what is to be done with it.
    fn take(&self, request: Received) -> Behaviour {
        let mut state = self.state();
        let queue = state.behaviours.get_mut(request.path_only());
        let behaviour =
            queue.and_then(|queue| if queue.len() > 1 { queue.pop_front() } else { queue.front().cloned() });
        state.requests.push(request);
        self.arrival.notify_all();
        behaviour.unwrap_or(Behaviour::Status(404))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(listener: std::net::TcpListener, shared: Arc<Shared>) -> io::Result<Running> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = stopped => {}
                _ = serve(listener, shared) => {}
            }
        });
    });
    Ok(Running { stop, thread })
}

async fn serve(listener: std::net::TcpListener, shared: Arc<Shared>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(connection(stream, shared.clone()));
    }
}

async fn connection(mut stream: TcpStream, shared: Arc<Shared>) {
    if let Some(request) = request::read(&mut stream).await {
        let path = request.path.clone();
        // Whoever sent the request may have gone by now, which is no matter.
        drop(shared.take(request).play(stream, &path).await);
    }
}

#[cfg(test)]
mod tests;
