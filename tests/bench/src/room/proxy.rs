//! A way to the database on which calls are counted.
//!
//! Relies on: a request beginning a packet of its own, as a client does that keeps its connections.

use std::cell::Cell;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A proxy, which runs until the program ends. Its tasks are of the caller's `LocalSet`.
pub struct Proxy(Rc<Cell<u64>>);

impl Proxy {
    /// Listens on that port of this machine.
    pub async fn start(port: u16, database: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let target = database.strip_prefix("http://").unwrap().to_owned();
        let calls = Rc::new(Cell::new(0));
        let counted = calls.clone();
        tokio::task::spawn_local(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::task::spawn_local(pass(client, target.clone(), counted.clone()));
            }
        });
        Self(calls)
    }

    /// Calls so far.
    pub fn calls(&self) -> u64 {
        self.0.get()
    }
}

async fn pass(client: TcpStream, target: String, calls: Rc<Cell<u64>>) {
    let server = TcpStream::connect(target).await.unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = async move { drop(tokio::io::copy(&mut from_server, &mut to_client).await) };
    let requests = async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
            if buffer.starts_with(b"POST ") {
                calls.set(calls.get() + 1);
            }
            if to_server.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    };
    futures::future::join(requests, answers).await;
}
