//! Many sockets, read by a thread of their own.
//!
//! Guarantees: an event that does not follow the one before it ends the bench, and so does a socket that is closed.

use super::arrivals::Arrivals;
use super::socket::{Socket, Told};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const HELLO: &str = r#"{"t":"hello"}"#;
/// How long something may take that all sockets have to see.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked whether they have.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A crowd, which stays until the program ends.
pub struct Crowd {
    /// What came.
    pub arrivals: Arc<Arrivals>,
    /// How many sockets it has.
    pub sockets: u64,
    urls: UnboundedSender<String>,
}

impl Crowd {
    /// A crowd without sockets. Those of a room say hello and acknowledge; `at` is the place in the log that the others
    /// stand at.
    pub fn new(at: Option<u64>) -> Self {
        let arrivals = Arc::new(Arrivals::default());
        arrivals.acknowledges.store(at.is_none(), Ordering::Relaxed);
        let (urls, more) = unbounded_channel();
        let crowd = Self { arrivals: arrivals.clone(), sockets: 0, urls };
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(tokio::task::LocalSet::new().run_until(open(more, at, arrivals)));
        });
        crowd
    }

    /// Opens a socket to each address and waits until they are let in.
    pub async fn add(&mut self, urls: Vec<String>) {
        self.sockets += urls.len() as u64;
        for url in urls {
            self.urls.send(url).unwrap();
        }
        let all = self.sockets;
        self.wait(|arrivals| arrivals.welcomed.load(Ordering::Relaxed) == all).await;
    }

    /// Waits until every socket has had so many events in all.
    pub async fn wait_for_events(&self, each: u64) {
        let all = each * self.sockets;
        self.wait(|arrivals| arrivals.counts().1 >= all).await;
        assert_eq!(self.arrivals.counts().1, all, "more events than were written");
    }

    async fn wait(&self, is_done: impl Fn(&Arrivals) -> bool) {
        let begun = Instant::now();
        while !is_done(&self.arrivals) {
            assert!(
                begun.elapsed() < PATIENCE,
                "{} sockets wait: {:?}",
                self.sockets,
                self.arrivals.counts()
            );
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

async fn open(mut urls: UnboundedReceiver<String>, at: Option<u64>, arrivals: Arc<Arrivals>) {
    let mut is_first = true;
    while let Some(url) = urls.recv().await {
        let socket = match at {
            None => Socket::join(&url, HELLO, "").await,
            Some(_) => Socket::open(&url, "").await,
        };
        if at.is_some() {
            arrivals.welcomed.fetch_add(1, Ordering::Relaxed);
        }
        let following = follow(socket, is_first, at.unwrap_or(0), arrivals.clone());
        tokio::task::spawn_local(following);
        is_first = false;
    }
}

async fn follow(mut socket: Socket, is_first: bool, mut at: u64, arrivals: Arc<Arrivals>) {
    let reader = arrivals.clone();
    let mut look = |payload: &[u8]| {
        if is_first && payload.starts_with(br#"{"t":"events"#) {
            reader.read(payload);
        }
    };
    loop {
        match socket.next(&mut look).await {
            Told::Welcome(place) => {
                at = place;
                arrivals.welcomed.fetch_add(1, Ordering::Relaxed);
            }
            Told::Events(last) => {
                assert!(last > at, "events up to {last} came to a socket that stood at {at}");
                arrivals.note(at + 1, last);
                at = last;
            }
            Told::Deflated | Told::Other => {}
        }
        if arrivals.acknowledges.load(Ordering::Relaxed) {
            socket.acknowledge().await;
        }
    }
}
