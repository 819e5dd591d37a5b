//! A server that answers every delivery with 200 at once.
//!
//! Guarantees: it runs on a thread of its own, so that writing does not delay the note of an arrival; connections stay
//! open as long as the other end likes.

use serde::Deserialize;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use storeroom_domain::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// A delivery that arrived.
pub struct Arrival {
    /// The path, which tells the endpoint.
    pub path: String,
    /// The thing and the version of it that the event tells of.
    pub change: (String, u64),
    /// When it was there.
    pub at: Instant,
    /// Milliseconds since the event's own time.
    pub after_ms: i64,
}

/// The server, which runs until the program ends.
pub struct Receiver {
    address: SocketAddr,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
}

#[derive(Deserialize)]
struct Event {
    subject: String,
    version: u64,
    at: String,
}

impl Receiver {
    /// Starts it.
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let arrivals = Arc::<Mutex<Vec<Arrival>>>::default();
        let noted = arrivals.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(listener, noted));
        });
        Self { address, arrivals }
    }

    /// The address of the endpoint of that number.
    pub fn url(&self, number: usize) -> String {
        format!("http://{}/{number}", self.address)
    }

    /// How many have arrived since `take`.
    pub fn count(&self) -> usize {
        self.arrivals.lock().unwrap().len()
    }

    /// Takes out what has arrived.
    pub fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut *self.arrivals.lock().unwrap())
    }
}

async fn serve(listener: std::net::TcpListener, arrivals: Arc<Mutex<Vec<Arrival>>>) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(connection(stream, arrivals.clone()));
    }
}

/// Takes one request after another until the other end goes.
async fn connection(mut stream: TcpStream, arrivals: Arc<Mutex<Vec<Arrival>>>) {
    let mut bytes = Vec::new();
    loop {
        while let Some((length, arrival)) = request(&bytes) {
            bytes.drain(..length);
            arrivals.lock().unwrap().push(arrival);
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
        if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
            return;
        }
    }
}

/// The first request and how many bytes it takes; `None` while it is not whole.
fn request(bytes: &[u8]) -> Option<(usize, Arrival)> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&bytes[..head]).unwrap().to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let end = head + 4 + length.expect("a request without a length").parse::<usize>().unwrap();
    let event: Event = serde_json::from_slice(bytes.get(head + 4..end)?).unwrap();
    let now_ms = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let happened = Timestamp::parse(&event.at).unwrap();
    let arrival = Arrival {
        path: text.split(' ').nth(1).unwrap().to_owned(),
        change: (event.subject, event.version),
        at: Instant::now(),
        after_ms: now_ms - happened.ms(),
    };
    Some((end, arrival))
}
