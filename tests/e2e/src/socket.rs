//! A client of the room.

use crate::shop::{Member, Shop};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::Request;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long an answer may take before the case gives up on it.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open WebSocket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Presence and shared values that came between other frames.
    pub news: Vec<Value>,
}

/// What came over a socket.
#[derive(Debug, PartialEq)]
pub enum Received {
    /// A frame of JSON.
    Frame(Value),
    /// The socket was closed with that code.
    Closed(u16),
}

impl Socket {
    /// Takes a ticket and connects with it.
    pub async fn connect(shop: &Shop, who: &Member) -> Self {
        let ticket = shop.call(who, "POST", "/api/pms/room/ticket", None).await;
        assert_eq!(ticket.status, 201, "{}", ticket.text);
        Self::open(ticket.json()["url"].as_str().unwrap()).await
    }

    /// Connects to that address.
    pub async fn open(url: &str) -> Self {
        let (socket, response) = connect_async(offer(url)).await.unwrap();
        let protocol = response.headers().get("sec-websocket-protocol").map(HeaderValue::as_bytes);
        assert_eq!(protocol, Some("storeroom.v1".as_bytes()));
        Self { stream: socket, news: Vec::new() }
    }

    /// Connects, says hello and returns the welcome with the socket.
    pub async fn join(shop: &Shop, who: &Member, hello: Value) -> (Self, Value) {
        let mut socket = Self::connect(shop, who).await;
        let mut frame = json!({"t": "hello"});
        frame.as_object_mut().unwrap().extend(hello.as_object().unwrap().clone());
        socket.send(&frame).await;
        let welcome = socket.frame().await;
        assert_eq!(welcome["t"], "welcome", "{welcome}");
        (socket, welcome)
    }

    /// Connects to a host that may be gone and says hello; nothing when it does not let anybody in.
    pub async fn try_join(shop: &Shop, who: &Member, hello: &Value) -> Option<Self> {
        let joining = async {
            let (token, store) = (format!("Bearer {}", who.token), shop.store.to_string());
            let headers = [("authorization", token.as_str()), ("x-store-id", &store)];
            let ticket = shop.try_send("POST", "/api/pms/room/ticket", None, &headers).await.ok()?;
            let url = ticket.json()["url"].as_str().filter(|_| ticket.status == 201)?.to_owned();
            let mut socket = Self { stream: connect_async(offer(&url)).await.ok()?.0, news: Vec::new() };
            socket.try_send(hello).await.then_some(socket)
        };
        tokio::time::timeout(PATIENCE, joining).await.ok()?
    }

    /// Sends a frame over a socket that may be gone; whether it was sent.
    pub async fn try_send(&mut self, frame: &Value) -> bool {
        self.stream.send(Message::text(frame.to_string())).await.is_ok()
    }

    /// The next text as it came, or the code that the socket was closed with; 1006 when it broke.
    pub async fn next_text(&mut self) -> Result<Utf8Bytes, u16> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(close))) => return Err(close.map_or(1005, |c| c.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string()).await;
    }

    /// Sends a text.
    pub async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// Sends bytes, which no frame is made of.
    pub async fn send_bytes(&mut self, bytes: Vec<u8>) {
        self.stream.send(Message::binary(bytes)).await.unwrap();
    }

    /// What comes next.
    pub async fn receive(&mut self) -> Received {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.stream.next())
                .await
                .expect("nothing came over the socket");
            match next {
                Some(Ok(Message::Text(text))) => {
                    return Received::Frame(serde_json::from_str(&text).unwrap());
                }
                Some(Ok(Message::Close(close))) => {
                    return Received::Closed(close.map_or(1005, |c| c.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("the socket broke: {error}"),
                None => return Received::Closed(1006),
            }
        }
    }

    /// The next frame, but for news.
    pub async fn frame(&mut self) -> Value {
        loop {
            match self.receive().await {
                Received::Frame(frame) if is_news(&frame) => self.news.push(frame),
                Received::Frame(frame) => return frame,
                closed @ Received::Closed(_) => panic!("{closed:?} instead of a frame"),
            }
        }
    }

    /// The next presence frame or shared value.
    pub async fn next_news(&mut self) -> Value {
        if !self.news.is_empty() {
            return self.news.remove(0);
        }
        match self.receive().await {
            Received::Frame(frame) if is_news(&frame) => frame,
            other => panic!("{other:?} instead of news"),
        }
    }

    /// Events until there are that many; anything else on the way is a surprise.
    pub async fn events(&mut self, count: usize) -> Vec<Value> {
        let mut events = Vec::new();
        while events.len() < count {
            let frame = self.frame().await;
            assert_eq!(frame["t"], "events", "{frame}");
            events.extend(frame["events"].as_array().unwrap().iter().cloned());
        }
        assert_eq!(events.len(), count);
        events
    }
}

/// The request for a WebSocket of the protocol.
fn offer(url: &str) -> Request<()> {
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("storeroom.v1"));
    request
}

fn is_news(frame: &Value) -> bool {
    frame["t"] == "presence" || frame["t"] == "shared"
}
