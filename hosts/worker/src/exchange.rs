//! Requests and responses between JavaScript and the gateway.
//!
//! Guarantees: path and query go on as they were sent; a body is read only when the gateway asks for it.
//! Each crossing of the boundary costs more than the work on either side, so headers are read by name, and a response
//! is made from whole bytes.

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue};
use storeroom_web::{Body, BodyError, Incoming, Request, Response};
use wasm_bindgen::JsCast;
use worker::js_sys::{self, Uint8Array};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{self, Headers, ReadableStreamDefaultReader, ResponseInit};

/// The request headers that the gateway and the functions look at.
const READ: [&str; 8] = [
    "authorization",
    "x-store-id",
    "accept",
    "api-version",
    "if-none-match",
    "idempotency-key",
    "content-length",
    "upgrade",
];
/// What they look at besides when there may be a body.
const READ_WITH_BODY: [&str; 3] = ["if-match", "content-type", "content-encoding"];

/// The request as the gateway takes it.
pub fn request(request: &web_sys::Request) -> Request {
    let (method, sent) = (request.method(), request.headers());
    let (origin, path, query) = parts(&request.url());
    let mut headers = HeaderMap::new();
    copy(&sent, &READ, &mut headers);
    if !matches!(method.as_str(), "GET" | "HEAD") {
        copy(&sent, &READ_WITH_BODY, &mut headers);
    }
    let client = sent.get("cf-connecting-ip").ok().flatten().unwrap_or_default();
    Request { method, path, query, headers, origin, client, body: Box::new(Stream(Clone::clone(request))) }
}

fn copy(sent: &Headers, names: &[&'static str], headers: &mut HeaderMap) {
    for name in names {
        let Some(value) = sent.get(name).ok().flatten() else { continue };
        // A JavaScript header is a string of bytes, one a character.
        let bytes: Vec<u8> = value.chars().map(|byte| u8::try_from(byte).unwrap_or(b'?')).collect();
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Scheme and host, path, query.
fn parts(url: &str) -> (String, String, String) {
    let host = url.find("://").map_or(0, |scheme| scheme.saturating_add(3));
    let path =
        url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| host.saturating_add(at));
    let (origin, rest) = url.split_at(path);
    let rest = rest.split('#').next().unwrap_or_default();
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    (origin.to_owned(), path.to_owned(), query.to_owned())
}

/// The body of a request, still on its way.
struct Stream(web_sys::Request);

#[async_trait(?Send)]
impl Incoming for Stream {
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        let Some(stream) = self.0.body() else { return Ok(Vec::new()) };
        let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
        let mut bytes = Vec::new();
        loop {
            let read = JsFuture::from(reader.read()).await.map_err(|_| BodyError::Broken)?;
            let chunk = js_sys::Reflect::get(&read, &"value".into()).map_err(|_| BodyError::Broken)?;
            if chunk.is_undefined() {
                return Ok(bytes);
            }
            let chunk = Uint8Array::new(&chunk);
            if bytes.len().saturating_add(usize::try_from(chunk.length()).unwrap_or(usize::MAX)) > limit {
                // What the client still sends is of no interest; the platform drops it with the request.
                let _ = reader.cancel();
                return Err(BodyError::TooLarge);
            }
            bytes.extend(chunk.to_vec());
        }
    }
}

/// The response as the platform takes it.
pub fn response(response: Response) -> worker::Result<web_sys::Response> {
    let headers = Headers::new()?;
    for (name, value) in &response.headers {
        headers.append(name, value)?;
    }
    let init = ResponseInit::new();
    init.set_status(response.status);
    init.set_headers_headers(&headers);
    let bytes = match &response.body {
        Body::Bytes(bytes) => Some(Uint8Array::from(bytes.as_ref())),
        Body::Empty | Body::Room(_) => None,
    };
    Ok(web_sys::Response::new_with_opt_js_u8_array_and_init(bytes.as_ref(), &init)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_falls_into_its_parts() {
        let parts = |url| {
            let (origin, path, query) = parts(url);
            format!("{origin} {path} {query}")
        };
        assert_eq!(parts("https://shop.example/a%2Fb?c=/d?#e"), "https://shop.example /a%2Fb c=/d?");
        assert_eq!(parts("http://localhost:8787/"), "http://localhost:8787 / ");
    }
}
