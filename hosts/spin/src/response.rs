//! A response on its way out.
//!
//! Guarantees: a body goes out with its length, not in chunks; answers that must have no length (to `HEAD`, 204,
//! 304) have none.
//! Relies on: `wasi:http`, which streams the body after the handler has returned.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue};
use spin_sdk::http::{FullBody, IntoResponse};
use spin_sdk::wasip3::http::types::{ErrorCode, Response as Raw};
use std::borrow::Cow;
use storeroom_operations::{Code, Problem};
use storeroom_web::{Body, Response};

/// The response as `wasi:http` takes it; `to_head` when it answers a `HEAD`.
pub fn outgoing(response: Response, to_head: bool) -> Result<Raw, ErrorCode> {
    let headers = headers(&response);
    let body = match response.body {
        Body::Bytes(Cow::Borrowed(bytes)) => Bytes::from_static(bytes),
        Body::Bytes(Cow::Owned(bytes)) => bytes.into(),
        Body::Empty => Bytes::new(),
        // The gateway lets nobody into a room on a host without the capability.
        Body::Room(_) => {
            return outgoing(plain(&Problem::new(Code::Internal, "There are no rooms here.")), to_head);
        }
    };
    let has_length = !to_head && !matches!(response.status, 204 | 304);
    let mut raw = http::Response::new(FullBody::new(body.clone()));
    *raw.status_mut() = http::StatusCode::from_u16(response.status).map_err(internal)?;
    *raw.headers_mut() = headers.map_err(internal)?;
    if has_length {
        raw.headers_mut().insert(CONTENT_LENGTH, body.len().into());
    }
    raw.into_response()
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
