//! Outgoing HTTP by the platform's `fetch`.
//!
//! Guarantees: an answer is whole or an error; it ends within the request's time; a redirect is an answer like any
//! other, so that no header reaches another server.
//! Relies on: `AbortSignal.timeout`, which ends the fetch and the reading of its body.

use crate::js;
use async_trait::async_trait;
use storeroom_ports::{Http, HttpError, HttpRequest, HttpResponse};
use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::{self, Uint8Array};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{Headers, RequestInit, RequestRedirect, Response, WorkerGlobalScope};

/// `fetch`.
pub struct FetchHttp;

#[async_trait(?Send)]
impl Http for FetchHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let init = init(&request).map_err(failed)?;
        let global: WorkerGlobalScope = js_sys::global().unchecked_into();
        let promise = global.fetch_with_str_and_init(&request.url, &init);
        let response: Response = JsFuture::from(promise).await.map_err(failed)?.unchecked_into();
        let body = bytes(&response).await.map_err(failed)?;
        Ok(HttpResponse { status: response.status(), body })
    }
}

fn init(request: &HttpRequest) -> Result<RequestInit, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    let init = RequestInit::new();
    init.set_method(request.method);
    init.set_headers_headers(&headers);
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(&js::abort_after(request.timeout_ms)));
    if !request.body.is_empty() {
        init.set_body_opt_u8_array(Some(&Uint8Array::from(request.body.as_slice())));
    }
    Ok(init)
}

/// The whole body of a response.
pub async fn bytes(response: &Response) -> Result<Vec<u8>, JsValue> {
    let buffer = JsFuture::from(response.array_buffer()?).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

fn failed(error: JsValue) -> HttpError {
    HttpError(js::sentence(&error))
}
