//! A WebSocket of which every byte is counted, and a client of the room on it.
//!
//! Guarantees: acknowledges as a good client does: after 32 frames or 32 KiB of them, and when none came for 5 s.

use super::frames;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ACK_FRAMES: u64 = 60;
const ACK_BYTES: usize = 32 * 1024;
const ACK_AFTER: Duration = Duration::from_secs(5);
const BUFFER: usize = 64 * 1024;

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The room has let the client in, at that place in the log.
    Welcome(u64),
    /// Events up to that place.
    Events(u64),
    /// A frame that is deflated, so that its kind is not known.
    Deflated,
    /// Whatever else.
    Other,
}

/// A connection.
pub struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are of frames that were told of.
    done: usize,
    frames: u64,
    unacked_frames: u64,
    unacked_bytes: usize,
    cursor: u64,
    /// Bytes that came and went since the upgrade.
    pub received: usize,
    /// The same, sent.
    pub sent: usize,
}

impl Socket {
    /// Upgrades a connection; `headers` come on top.
    pub async fn open(url: &str, headers: &str) -> Self {
        let address = url.split_once("://").unwrap().1;
        let (host, path) = address.split_once('/').unwrap();
        let mut stream = TcpStream::connect(host).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let request = format!(
            "GET /{path} HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        Self {
            stream,
            buffer: Vec::new(),
            done: 0,
            frames: 0,
            unacked_frames: 0,
            unacked_bytes: 0,
            cursor: 0,
            received: 0,
            sent: 0,
        }
    }

    /// Opens the room at that address and says hello.
    pub async fn join(url: &str, hello: &str, headers: &str) -> Self {
        let headers = format!("sec-websocket-protocol: storeroom.v1\r\n{headers}");
        let mut socket = Self::open(url, &headers).await;
        socket.send(hello).await;
        socket
    }

    /// Sends a text.
    pub async fn send(&mut self, text: &str) {
        let frame = frames::text(text);
        self.sent += frame.len();
        self.stream.write_all(&frame).await.unwrap();
    }

    /// What comes next, when it has come; with its payload handed to `look`.
    pub async fn next(&mut self, look: &mut impl FnMut(&[u8])) -> Told {
        loop {
            if let Some(told) = self.take(look) {
                return told;
            }
            self.read().await;
        }
    }

    /// Acknowledges if it is time to.
    pub async fn acknowledge(&mut self) {
        if self.unacked_frames >= ACK_FRAMES || self.unacked_bytes >= ACK_BYTES {
            self.send_ack().await;
        }
    }

    async fn send_ack(&mut self) {
        let ack = format!(r#"{{"t":"ack","cursor":"1.{}","received":{}}}"#, self.cursor, self.frames);
        self.send(&ack).await;
        (self.unacked_frames, self.unacked_bytes) = (0, 0);
    }

    async fn read(&mut self) {
        self.buffer.drain(..self.done);
        self.done = 0;
        self.buffer.reserve(BUFFER);
        let read = self.stream.read_buf(&mut self.buffer);
        let read = if self.unacked_frames == 0 {
            read.await
        } else {
            match tokio::time::timeout(ACK_AFTER, read).await {
                Ok(read) => read,
                Err(_) => return self.send_ack().await,
            }
        };
        let read = read.unwrap();
        assert!(read > 0, "a socket was ended");
        self.received += read;
    }

    /// The next whole frame of the buffer.
    fn take(&mut self, look: &mut impl FnMut(&[u8])) -> Option<Told> {
        let (frame, length) = frames::first(&self.buffer[self.done..])?;
        self.done += length;
        assert!(frame.opcode == 1, "opcode {}: {}", frame.opcode, String::from_utf8_lossy(frame.payload));
        look(frame.payload);
        let told = told(&frame);
        if let Told::Welcome(place) | Told::Events(place) = told {
            self.cursor = place;
        }
        if frame.is_deflated || !frame.payload.starts_with(br#"{"t":"pong"#) {
            self.frames += 1;
            self.unacked_frames += 1;
            self.unacked_bytes += length;
        }
        Some(told)
    }
}

fn told(frame: &frames::Frame) -> Told {
    if frame.is_deflated {
        Told::Deflated
    } else if frame.payload.starts_with(br#"{"t":"events"#) {
        Told::Events(frames::last_place(frame.payload))
    } else if frame.payload.starts_with(br#"{"t":"welcome"#) {
        let welcome: serde_json::Value = serde_json::from_slice(frame.payload).unwrap();
        Told::Welcome(welcome["cursor"].as_str().unwrap().split_once('.').unwrap().1.parse().unwrap())
    } else {
        Told::Other
    }
}
