//! What the platform has and the crate `worker` has not: calling an object without a stream in between, sending one
//! JavaScript string to many sockets, and what takes one crossing of the boundary instead of many (glue.js).
#![allow(unsafe_code, reason = "wasm-bindgen writes the calls across the boundary")]
#![allow(missing_docs, reason = "wasm-bindgen drops them")]

use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::js_sys::{JsString, Promise};
use worker::web_sys::{ReadableStream, Request, RequestInit, Response};

#[wasm_bindgen]
extern "C" {
    // A stub of a Durable Object.
    pub type ObjectStub;

    #[wasm_bindgen(method, catch)]
    pub fn fetch(this: &ObjectStub, url: &str, init: &RequestInit) -> Result<Promise, JsValue>;

    // The server's end of a WebSocket.
    pub type Outlet;

    #[wasm_bindgen(method, catch)]
    pub fn send(this: &Outlet, text: &JsString) -> Result<(), JsValue>;

    // Fills the buffer.
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues, catch)]
    pub fn random(buffer: &mut [u8]) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(module = "/src/glue.js")]
extern "C" {
    pub fn head(request: &Request) -> String;

    pub fn accepted_encoding(request: &Request) -> String;

    #[wasm_bindgen(catch)]
    pub fn respond(status: u16, headers: &str, body: Option<&[u8]>) -> Result<Response, JsValue>;

    #[wasm_bindgen(catch)]
    pub fn respond_stream(status: u16, headers: &str, body: &ReadableStream) -> Result<Response, JsValue>;

    // The client's end of a WebSocket.
    pub type Follower;

    #[wasm_bindgen(constructor, catch)]
    pub fn new(response: &Response) -> Result<Follower, JsValue>;

    // A text, or the number of the code that the socket was closed with.
    #[wasm_bindgen(method)]
    pub fn next(this: &Follower) -> Promise;

    #[wasm_bindgen(method)]
    pub fn send(this: &Follower, text: &str);

    #[wasm_bindgen(method)]
    pub fn close(this: &Follower);

    // Of `send_http`.
    pub type HttpAnswer;

    #[wasm_bindgen(method, getter)]
    pub fn status(this: &HttpAnswer) -> u16;

    #[wasm_bindgen(method, getter)]
    pub fn body(this: &HttpAnswer) -> Vec<u8>;

    #[wasm_bindgen(method, getter)]
    pub fn retry_after(this: &HttpAnswer) -> Option<String>;

    #[wasm_bindgen(js_name = send)]
    pub fn send_http(
        method: &str,
        url: &str,
        headers: &str,
        body: &[u8],
        milliseconds: u32,
        limit: Option<u32>,
    ) -> Promise;
}

/// What a JavaScript exception says, for the log.
pub fn sentence(error: &JsValue) -> String {
    match error.dyn_ref::<worker::js_sys::Error>() {
        Some(error) => error.message().into(),
        None => error.as_string().unwrap_or_else(|| format!("{error:?}")),
    }
}
