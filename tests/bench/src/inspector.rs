//! What the Worker's isolate has of memory, asked from its inspector
//! (<https://chromedevtools.github.io/devtools-protocol/v8/Runtime/>).
//!
//! Guarantees: WebAssembly's memory never shrinks, so what is told is the most that it ever was.

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use storeroom_ports::{Http, HttpRequest};
use storeroom_testbed::http::NativeHttp;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Sizes of the memories that a list of them has.
const SIZES: &str = "function () { return this.map((memory) => memory.buffer.byteLength); }";

/// A line to the inspector.
pub struct Inspector {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    asked: u64,
    /// Where code may run.
    context: Value,
}

impl Inspector {
    /// The inspector of the Worker that wrangler shows on this port.
    pub async fn at(port: u16) -> Self {
        let request = HttpRequest {
            method: "GET",
            url: format!("http://127.0.0.1:{port}/json"),
            headers: Vec::new(),
            body: Vec::new(),
            timeout_ms: 10_000,
            answer_limit: None,
        };
        let targets = NativeHttp::new().send(request).await.unwrap();
        let targets: Value = serde_json::from_slice(&targets.body).unwrap();
        let url = targets[0]["webSocketDebuggerUrl"].as_str().unwrap();
        let (socket, _) = connect_async(url).await.unwrap();
        let mut inspector = Self { socket, asked: 0, context: Value::Null };
        // It says which contexts there are, once; wrangler has asked before.
        inspector.ask("Runtime.disable", json!({})).await;
        inspector.ask("Runtime.enable", json!({})).await;
        inspector
    }

    /// The isolate's memory of WebAssembly, in MB.
    pub async fn wasm_mb(&mut self) -> f64 {
        let evaluate = json!({"expression": "WebAssembly.Memory.prototype", "contextId": self.context});
        let prototype = self.ask("Runtime.evaluate", evaluate).await;
        let prototype = &prototype["result"]["objectId"];
        let memories = self.ask("Runtime.queryObjects", json!({"prototypeObjectId": prototype})).await;
        let ask = json!({
            "objectId": memories["objects"]["objectId"], "functionDeclaration": SIZES, "returnByValue": true,
        });
        let sizes = self.ask("Runtime.callFunctionOn", ask).await;
        let sizes = sizes["result"]["value"].as_array().unwrap().iter();
        sizes.map(|bytes| bytes.as_f64().unwrap()).sum::<f64>() / 1e6
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let ask = json!({"id": self.asked, "method": method, "params": params});
        self.socket.send(Message::text(ask.to_string())).await.unwrap();
        loop {
            let text = self.socket.next().await.unwrap().unwrap().into_text().unwrap();
            let told: Value = serde_json::from_str(&text).unwrap_or_default();
            if told["method"] == "Runtime.executionContextCreated" {
                self.context = told["params"]["context"]["id"].clone();
            }
            if told["id"] == self.asked {
                assert_eq!(told["error"], Value::Null, "{method}");
                return told["result"].clone();
            }
        }
    }
}
