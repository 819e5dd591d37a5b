//! A client of the event stream.

use crate::shop::{Member, Shop};
use flate2::write::GzDecoder;
use serde_json::Value;
use std::io::Write;
use std::time::Duration;

/// How long something may take before the case gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open stream.
pub struct Stream {
    response: reqwest::Response,
    decoder: Option<GzDecoder<Vec<u8>>>,
    text: String,
    /// The last `id` that came.
    pub last_id: String,
    /// Bytes that came over the wire.
    pub received: usize,
}

/// What stands between two empty lines.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// An event's type and data.
    Event(String, Value),
    /// An `id`, and a time to come back after, alone.
    Id(String),
    /// A comment.
    Comment,
}

impl Stream {
    /// Opens the stream as that member; the status must be 200.
    pub async fn open(shop: &Shop, who: &Member, query: &str, headers: &[(&str, &str)]) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client
            .get(format!("{}/api/pms/events/stream{query}", shop.url))
            .header("authorization", format!("Bearer {}", who.token))
            .header("x-store-id", shop.store.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let is_gzipped = response.headers().get("content-encoding").is_some_and(|value| value == "gzip");
        let decoder = is_gzipped.then(|| GzDecoder::new(Vec::new()));
        let (text, last_id) = (String::new(), String::new());
        let mut stream = Self { response, decoder, text, last_id, received: 0 };
        assert!(matches!(stream.block().await, Some(Block::Id(_))), "the beginning");
        stream
    }

    /// Whether it is compressed.
    pub fn is_gzipped(&self) -> bool {
        self.decoder.is_some()
    }

    /// What comes next; `None` at the end.
    pub async fn block(&mut self) -> Option<Block> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (parsed(block), rest.to_owned());
                self.text = rest;
                if let Some(id) = block.0 {
                    self.last_id = id;
                }
                return Some(block.1);
            }
            let chunk =
                tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("in time").ok()??;
            self.received += chunk.len();
            let plain = match &mut self.decoder {
                Some(decoder) => {
                    decoder.write_all(&chunk).unwrap();
                    decoder.flush().unwrap();
                    std::mem::take(decoder.get_mut())
                }
                None => chunk.to_vec(),
            };
            self.text.push_str(std::str::from_utf8(&plain).unwrap());
        }
    }

    /// The next event's type and data, past what is none; `None` at the end.
    pub async fn event(&mut self) -> Option<(String, Value)> {
        loop {
            if let Block::Event(event_type, data) = self.block().await? {
                return Some((event_type, data));
            }
        }
    }

    /// So many events.
    pub async fn events(&mut self, count: usize) -> Vec<Value> {
        let mut events = Vec::new();
        while events.len() < count {
            let (event_type, event) = self.event().await.expect("not the end");
            assert_eq!(event["type"], *event_type);
            events.push(event);
        }
        events
    }

    /// Reads on to the end.
    pub async fn ended(&mut self) {
        while self.block().await.is_some() {}
    }
}

/// The `id` and what else it is.
fn parsed(block: &str) -> (Option<String>, Block) {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let id = field("id").map(str::to_owned);
    let block = match (field("event"), field("data"), &id) {
        (Some(event), Some(data), _) => Block::Event(event.to_owned(), serde_json::from_str(data).unwrap()),
        (None, None, Some(id)) => Block::Id(id.clone()),
        _ if block.starts_with(':') => Block::Comment,
        _ => panic!("{block:?}"),
    };
    (id, block)
}
