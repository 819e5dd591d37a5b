//! Requests and responses between JavaScript and the gateway.
//!
//! Guarantees: path and query go on as they were sent; a body is read only when the gateway asks for it.
//! Each crossing of the boundary costs more than the work on either side, so a request's head is one string, and a
//! response is made in one call.

use crate::js;
use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue};
use storeroom_web::{Body, BodyError, Incoming, Outgoing, Request, Response, negotiate};
use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::{self, Uint8Array};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{self, ReadableStream, ReadableStreamDefaultReader};

/// The request as the gateway takes it, with the headers that the gateway and the functions look at (glue.js).
pub fn request(request: &web_sys::Request) -> Request {
    let head = js::head(request);
    let mut lines = head.split('\n');
    let method = lines.next().unwrap_or_default().to_owned();
    let (origin, path, query) = parts(lines.next().unwrap_or_default());
    let (mut headers, mut client) = (HeaderMap::new(), String::new());
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        match name {
            "cf-connecting-ip" => value.clone_into(&mut client),
            _ => headers.extend(header(name, value)),
        }
    }
    Request {
        method,
        path,
        query,
        headers,
        origin,
        client,
        body: Box::new(Stream::Waiting(Clone::clone(request))),
    }
}

fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    // A JavaScript header is a string of bytes, one a character.
    let bytes: Vec<u8> = value.chars().map(|byte| u8::try_from(byte).unwrap_or(b'?')).collect();
    Some((name.parse().ok()?, HeaderValue::from_bytes(&bytes).ok()?))
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
enum Stream {
    /// Nobody has asked for it.
    Waiting(web_sys::Request),
    /// It is being read.
    Reading(Reader),
}

/// A reader that ends what it reads when nobody is interested any more.
struct Reader(ReadableStreamDefaultReader);

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.0.cancel();
    }
}

#[async_trait(?Send)]
impl Incoming for Stream {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        let reader = match self {
            Self::Reading(reader) => reader,
            Self::Waiting(request) => {
                let Some(stream) = request.body() else { return Ok(None) };
                *self = Self::Reading(Reader(stream.get_reader().unchecked_into()));
                return self.next().await;
            }
        };
        let read = JsFuture::from(reader.0.read()).await.map_err(|_| BodyError::Broken)?;
        let chunk = js_sys::Reflect::get(&read, &"value".into()).map_err(|_| BodyError::Broken)?;
        Ok((!chunk.is_undefined()).then(|| Uint8Array::new(&chunk).to_vec()))
    }
}

/// Leaves a body as it is that only the platform would take compressed, and not the client. This is looked up here because
/// it is rarely needed, and takes longer than reading a header.
pub fn encoded_for_client(mut response: Response, request: &web_sys::Request) -> Response {
    if response.is_gzipped() && !negotiate::takes_gzip(js::accepted_encoding(request).split(',')) {
        response.headers.retain(|(name, _)| *name != "Content-Encoding");
    }
    response
}

/// The response as the platform takes it, which compresses the body when the headers say so.
pub fn response(response: Response) -> worker::Result<web_sys::Response> {
    let headers = serde_json::to_string(&response.headers)?;
    match response.body {
        Body::Bytes(bytes) => Ok(js::respond(response.status, &headers, Some(bytes.as_ref()))?),
        Body::Stream(body) => Ok(js::respond_stream(response.status, &headers, &readable(body.0))?),
        Body::Empty | Body::Room(_) => Ok(js::respond(response.status, &headers, None)?),
    }
}

/// The body as a stream, which asks for the next chunk when it has sent the one before, and drops the body when the
/// client is gone.
fn readable(body: Box<dyn Outgoing>) -> ReadableStream {
    let chunks = futures::stream::unfold(Some(body), |body| async move {
        let mut body = body?;
        match body.next().await {
            Some(chunk) => Some((Ok(JsValue::from(Uint8Array::from(chunk.as_slice()))), Some(body))),
            None if body.is_broken() => {
                Some((Err(JsValue::from(js_sys::Error::new("the body broke off"))), None))
            }
            None => None,
        }
    });
    wasm_streams::ReadableStream::from_stream(chunks).into_raw().unchecked_into()
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
