//! The socket side: connections, request heads, and which component gets a request.
//!
//! Guarantees what a component may expect of Spin: an absolute URI whose authority is the `Host` header, and a
//! `spin-client-addr` header with address and port of the peer. As in Spin that header is *appended*: a value that the
//! client sent stands before it, so only the last one can be trusted. A failed guest is a 500 and no route a 404, both
//! with an empty body.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderName, HeaderValue, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use wasmtime_wasi_http::handler::ProxyHandler;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::engine::chain;
use crate::routing::Router;
use crate::worker::Workers;

const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("spin-client-addr");

/// How long to wait after a failed accept, which mostly means too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

type Response = http::Response<WasiBody>;

/// Answers requests of all connections.
pub struct Server {
    /// From a path to a component's id.
    pub routes: Router<String>,
    /// The instances of each component, by its id.
    pub handlers: BTreeMap<String, ProxyHandler<Workers>>,
}

impl Server {
    /// Accepts connections until it is dropped.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => drop(tokio::spawn(self.clone().connection(stream, peer))),
                Err(error) => {
                    eprintln!("spin-host: accept failed: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        // Events of a stream are small and must not wait for each other.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let answer = service_fn(move |request| {
            let server = self.clone();
            async move { Ok::<_, Infallible>(server.answer(request, peer).await) }
        });
        // A client that goes away ends its connection with an error, which is nobody's fault.
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
    }

    async fn answer(&self, request: http::Request<Incoming>, peer: SocketAddr) -> Response {
        let Some(handler) = self.routes.find(request.uri().path()).and_then(|id| self.handlers.get(id))
        else {
            return empty(StatusCode::NOT_FOUND);
        };
        let Some(request) = prepared(request, peer) else {
            return empty(StatusCode::BAD_REQUEST);
        };
        match handler.handle((), request).await {
            Ok(response) => response,
            Err(error) => {
                eprintln!("spin-host: a request failed: {}", chain(&error));
                empty(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

/// The request as the component sees it, unless its authority is missing or ambiguous.
fn prepared(request: http::Request<Incoming>, peer: SocketAddr) -> Option<http::Request<WasiBody>> {
    let (mut head, body) = request.into_parts();
    head.uri = absolute(head.uri, head.headers.get(HOST))?;
    let peer = HeaderValue::from_str(&peer.to_string()).ok()?;
    head.headers.append(CLIENT_ADDRESS, peer);
    Some(http::Request::from_parts(head, body.map_err(Error::from).boxed_unsync()))
}

fn absolute(uri: Uri, host: Option<&HeaderValue>) -> Option<Uri> {
    let mut parts = uri.into_parts();
    let host: Option<Authority> = match host {
        Some(value) => Some(value.to_str().ok()?.parse().ok()?),
        None => None,
    };
    parts.authority = match (host, parts.authority) {
        (Some(host), Some(authority)) if host != authority => return None,
        (host, authority) => Some(host.or(authority)?),
    };
    parts.scheme = Some(Scheme::HTTP);
    Uri::from_parts(parts).ok()
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Empty::new().map_err(|never: Infallible| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn absolute_of(uri: &str, host: Option<&'static str>) -> Option<String> {
        let host = host.map(HeaderValue::from_static);
        absolute(uri.parse().unwrap(), host.as_ref()).map(|uri| uri.to_string())
    }

    #[test]
    fn the_authority_comes_from_the_host_header() {
        let seen = absolute_of("/a?b=c", Some("shop.example.com:8080"));
        assert_eq!(seen.as_deref(), Some("http://shop.example.com:8080/a?b=c"));
    }

    #[test]
    fn an_absolute_request_target_must_agree_with_the_host_header() {
        assert!(absolute_of("http://a.example.com/x", Some("a.example.com")).is_some());
        assert!(absolute_of("http://a.example.com/x", None).is_some());
        assert!(absolute_of("http://a.example.com/x", Some("b.example.com")).is_none());
    }

    #[test]
    fn a_request_without_an_authority_is_refused() {
        assert!(absolute_of("/a", None).is_none());
        assert!(absolute_of("/a", Some("not a host")).is_none());
    }
}
