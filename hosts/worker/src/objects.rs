//! Calling Durable Objects.
//!
//! Guarantees: a call that answers was handled; of one that fails it is not known whether it was.
//! Relies on: the namespaces `WRITER`, `ROOMS` and `COURIERS`; a name leading to one object, which is made when it is called.

use crate::{http_client, js};
use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{Headers, RequestInit, Response};
use worker::{Env, Error, Result};

/// The namespace of the writers, one a database.
pub const WRITERS: &str = "WRITER";
/// The name of the writer of the only database.
pub const THE_WRITER: &str = "main";
/// The namespace of the rooms, one a store, by the store's id.
pub const ROOMS: &str = "ROOMS";
/// The namespace of the couriers, one a webhook endpoint, by the endpoint's id.
pub const COURIERS: &str = "COURIERS";

/// Posts a body to an object and returns its answer's; any status but success is an error.
pub async fn post(env: &Env, namespace: &str, name: &str, path: &str, body: &[u8]) -> Result<Vec<u8>> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body_opt_u8_array(Some(&Uint8Array::from(body)));
    let response = send(env, namespace, name, path, &init).await?;
    let answer = http_client::bytes(&response).await?;
    match response.ok() {
        true => Ok(answer),
        false => Err(Error::RustError(format!("status {} of {path}", response.status()))),
    }
}

/// Opens a WebSocket to an object; the answer carries the client's end.
pub async fn connect(
    env: &Env,
    namespace: &str,
    name: &str,
    path: &str,
    headers: &Headers,
) -> Result<Response> {
    let init = RequestInit::new();
    init.set_headers_headers(headers);
    Ok(send(env, namespace, name, path, &init).await?)
}

async fn send(
    env: &Env,
    namespace: &str,
    name: &str,
    path: &str,
    init: &RequestInit,
) -> std::result::Result<Response, JsValue> {
    let stub = env.durable_object(namespace)?.id_from_name(name)?.get_stub()?.into_rpc::<js::ObjectStub>();
    // The host of the address is of no meaning: the stub says where the call goes.
    let promise = stub.fetch(&format!("https://object{path}"), init)?;
    Ok(JsFuture::from(promise).await?.unchecked_into())
}
