//! What the platform has and the crate `worker` has not: calling an object without a stream in between, and sending
//! one JavaScript string to many sockets.
#![allow(unsafe_code, reason = "wasm-bindgen writes the calls across the boundary")]
#![allow(missing_docs, reason = "wasm-bindgen drops them")]

use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::js_sys::{JsString, Promise};
use worker::web_sys::RequestInit;

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

    #[wasm_bindgen(js_namespace = AbortSignal, js_name = timeout)]
    pub fn abort_after(milliseconds: u32) -> worker::web_sys::AbortSignal;
}

/// What a JavaScript exception says, for the log.
pub fn sentence(error: &JsValue) -> String {
    match error.dyn_ref::<worker::js_sys::Error>() {
        Some(error) => error.message().into(),
        None => error.as_string().unwrap_or_else(|| format!("{error:?}")),
    }
}
