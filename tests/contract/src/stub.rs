//! Tiny servers that are not databases.
//!
//! Guarantees: each listens on a port of its own and has read the whole request before it does what it does.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Habit {
    /// It keeps the line open and says nothing.
    Silence,
    /// It closes the line.
    HangUp,
    /// It sends these bytes and closes the line.
    Say(String),
}

/// A whole answer with that status and body.
pub fn answer(status: u16, body: &str) -> Habit {
    Habit::Say(format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// An answer of which the last bytes never come.
pub fn cut_answer(body: &str) -> Habit {
    let length = body.len() + 10;
    Habit::Say(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"))
}

/// Starts a server with that habit and returns its address.
pub async fn start(habit: Habit) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut silenced = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            read_request(&mut stream).await;
            match &habit {
                Habit::Silence => silenced.push(stream),
                Habit::HangUp => drop(stream),
                Habit::Say(text) => stream.write_all(text.as_bytes()).await.unwrap_or_default(),
            }
        }
    });
    url
}

/// The address of a port at which nobody listens.
pub async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn read_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    while !is_whole(&request) {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_none_or(|length| body.len() >= length.parse().unwrap())
}
