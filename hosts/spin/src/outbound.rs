//! Outgoing HTTP.
//!
//! Guarantees: an answer that is not whole in time is an error, and the request is given up then.
//! Relies on: `wasi:http`; Spin lets a request out only to what `allowed_outbound_hosts` of `spin.toml` names.

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::{Either, select};
use http::header::CONTENT_LENGTH;
use spin_sdk::http::body::IncomingBodyExt;
use spin_sdk::http::{FullBody, send};
use std::fmt::Display;
use std::pin::pin;
use std::time::Duration;
use storeroom_ports::{Http, HttpError, HttpRequest, HttpResponse};

/// The way out.
pub struct Outbound;

#[async_trait(?Send)]
impl Http for Outbound {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let timeout_ms = request.timeout_ms;
        let answer = pin!(exchange(request));
        let late = pin!(spin_sdk::time::sleep(Duration::from_millis(timeout_ms.into())));
        match select(answer, late).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(HttpError(format!("no whole answer within {timeout_ms} ms"))),
        }
    }
}

async fn exchange(request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let response = send(prepared(request)?).await.map_err(|error| failed(&error))?;
    let status = response.status().as_u16();
    let body = response.into_body().bytes().await.map_err(|error| failed(&error))?;
    Ok(HttpResponse { status, body: body.into() })
}

fn prepared(request: HttpRequest) -> Result<http::Request<FullBody<Bytes>>, HttpError> {
    // Without its length a body goes out in chunks, which not every proxy in front of a database takes.
    let mut builder = http::Request::builder()
        .method(request.method)
        .uri(request.url)
        .header(CONTENT_LENGTH, request.body.len());
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    builder.body(FullBody::new(request.body.into())).map_err(|error| failed(&error))
}

fn failed(error: &dyn Display) -> HttpError {
    HttpError(error.to_string())
}
