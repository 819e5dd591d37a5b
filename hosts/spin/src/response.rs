//! A response on its way out.
//!
//! Guarantees: a body goes out with its length, not in chunks, unless it is a stream; answers that must have no length (to `HEAD`, 204,
//! 304) have none.
//! Relies on: `wasi:http`, which streams the body after the handler has returned.

use bytes::Bytes;
use futures::stream;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use http_body_util::StreamBody;
use spin_sdk::http::{FullBody, IntoResponse};
use spin_sdk::wasip3::http::types::{ErrorCode, Response as Raw};
use std::borrow::Cow;
use storeroom_operations::{Code, Problem};
use storeroom_web::gzip::{self, Gzip};
use storeroom_web::{Body, Outgoing, Response, Stream};

/// The response as `wasi:http` takes it; `to_head` when it answers a `HEAD`.
pub fn outgoing(response: Response, to_head: bool) -> Result<Raw, ErrorCode> {
    let (headers, is_gzipped) = (headers(&response).map_err(internal)?, response.is_gzipped());
    let status = http::StatusCode::from_u16(response.status).map_err(internal)?;
    let body = match response.body {
        Body::Bytes(bytes) if is_gzipped => gzip::whole(&bytes).into(),
        Body::Bytes(Cow::Borrowed(bytes)) => Bytes::from_static(bytes),
        Body::Bytes(Cow::Owned(bytes)) => bytes.into(),
        Body::Empty => Bytes::new(),
        Body::Stream(Stream(body)) if is_gzipped => {
            return flowing(status, headers, Box::new(Gzip::new(body)));
        }
        Body::Stream(Stream(body)) => return flowing(status, headers, body),
        // The gateway lets nobody into a room on a host without the capability.
        Body::Room(_) => {
            return outgoing(plain(&Problem::new(Code::Internal, "There are no rooms here.")), to_head);
        }
    };
    let has_length = !to_head && !matches!(response.status, 204 | 304);
    let mut raw = answer(status, headers, FullBody::new(body.clone()));
    if has_length {
        raw.headers_mut().insert(CONTENT_LENGTH, body.len().into());
    }
    raw.into_response()
}

/// A body that goes out chunk by chunk. It is dropped when a chunk finds its client gone.
fn flowing(status: http::StatusCode, headers: HeaderMap, body: Box<dyn Outgoing>) -> Result<Raw, ErrorCode> {
    let frames = stream::unfold(Some(body), |body| async move {
        let mut body = body?;
        match body.next().await {
            Some(chunk) => Some((Ok(Frame::data(Bytes::from(chunk))), Some(body))),
            None if body.is_broken() => {
                Some((Err(ErrorCode::InternalError(Some("the body broke off".to_owned()))), None))
            }
            None => None,
        }
    });
    answer(status, headers, StreamBody::new(Box::pin(frames))).into_response()
}

fn answer<B>(status: http::StatusCode, headers: HeaderMap, body: B) -> http::Response<B> {
    let mut raw = http::Response::new(body);
    *raw.status_mut() = status;
    *raw.headers_mut() = headers;
    raw
}

/// A refusal by the host itself, where there is no gateway to render it.
pub fn plain(problem: &Problem) -> Response {
    let headers = vec![
        ("Content-Type", "application/problem+json".to_owned()),
        ("Cache-Control", "no-store".to_owned()),
    ];
    let body = Body::Bytes(Cow::Owned(problem.to_json("").into_bytes()));
    Response { status: problem.code.status(), headers, body }
}

fn headers(response: &Response) -> http::Result<HeaderMap> {
    let pairs = response.headers.iter();
    pairs.map(|(name, value)| Ok((HeaderName::try_from(*name)?, HeaderValue::try_from(value)?))).collect()
}

fn internal(error: impl ToString) -> ErrorCode {
    ErrorCode::InternalError(Some(error.to_string()))
}
