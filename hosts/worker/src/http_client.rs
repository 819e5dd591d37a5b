//! Outgoing HTTP by the platform's `fetch`.
//!
//! Guarantees: an answer is whole or an error, unless the request is content with its beginning; it ends within the
//! request's time; a redirect is an answer like any other, so that no header reaches another server.
//! Relies on: `AbortSignal.timeout`, which ends the fetch and the reading of its body; `glue.js`, which reads no more
//! than is asked for.

use crate::js::{self, HttpAnswer};
use async_trait::async_trait;
use storeroom_ports::{Http, HttpError, HttpRequest, HttpResponse};
use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::Response;

/// `fetch`.
pub struct FetchHttp;

#[async_trait(?Send)]
impl Http for FetchHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let headers =
            serde_json::to_string(&request.headers).map_err(|error| HttpError(error.to_string()))?;
        let HttpRequest { method, url, body, timeout_ms, .. } = &request;
        let limit = request.answer_limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX));
        let promise = js::send_http(method, url, &headers, body, *timeout_ms, limit);
        let answer: HttpAnswer = JsFuture::from(promise).await.map_err(failed)?.unchecked_into();
        let status = answer.status();
        // A success has none, so it need not be asked for.
        let retry_after = if (200..300).contains(&status) { None } else { answer.retry_after() };
        Ok(HttpResponse { status, body: answer.body(), retry_after })
    }
}

/// The whole body of a response.
pub async fn bytes(response: &Response) -> Result<Vec<u8>, JsValue> {
    let buffer = JsFuture::from(response.array_buffer()?).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

fn failed(error: JsValue) -> HttpError {
    HttpError(js::sentence(&error))
}
