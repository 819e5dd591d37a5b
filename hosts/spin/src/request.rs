//! A request on its way in.
//!
//! Guarantees: whatever `wasi:http` hands over becomes a request, so that the gateway and nobody else refuses it.
//! Relies on: Spin, which passes an absolute URI made from `Host` and *appends* the peer's address and port as
//! `spin-client-addr`: a client may have sent that header too, so only the last one counts.

use crate::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue};
use spin_sdk::wasip3::http::types::{Method, Request as Raw, Scheme};
use std::net::SocketAddr;
use storeroom_web::Request;

const CLIENT_ADDRESS: &str = "spin-client-addr";

/// The request as the gateway takes it.
pub fn incoming(raw: Raw) -> Request {
    let target = raw.get_path_with_query().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let headers = headers(raw.get_headers().copy_all());
    Request {
        method: method(raw.get_method()),
        path: path.to_owned(),
        query: query.to_owned(),
        client: client(&headers),
        headers,
        origin: origin(raw.get_scheme(), raw.get_authority()),
        body: Box::new(Body::of(raw)),
    }
}

fn method(method: Method) -> String {
    let name = match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(name) => return name,
    };
    name.to_owned()
}

fn headers(fields: Vec<(String, Vec<u8>)>) -> HeaderMap {
    let pairs = fields.into_iter().filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(&value).ok()?))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name, value);
    }
    headers
}

/// The peer's address without its port; empty when the platform does not tell it.
fn client(headers: &HeaderMap) -> String {
    let last = headers.get_all(CLIENT_ADDRESS).iter().next_back();
    let text = last.and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.parse().map_or_else(|_| text.to_owned(), |address: SocketAddr| address.ip().to_string())
}

fn origin(scheme: Option<Scheme>, authority: Option<String>) -> String {
    let scheme = match scheme {
        Some(Scheme::Https) => "https",
        Some(Scheme::Http) | None => "http",
        Some(Scheme::Other(ref other)) => other,
    };
    authority.map(|authority| format!("{scheme}://{authority}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(value: &str) -> (String, Vec<u8>) {
        (CLIENT_ADDRESS.to_owned(), value.as_bytes().to_vec())
    }

    #[test]
    fn only_the_last_address_counts() {
        let claimed = headers(vec![field("1.2.3.4:1"), field("10.0.0.7:50123")]);
        assert_eq!(client(&claimed), "10.0.0.7");
        assert_eq!(client(&headers(vec![field("[2001:db8::1]:443")])), "2001:db8::1");
        assert_eq!(client(&headers(vec![field("unix")])), "unix");
        assert_eq!(client(&HeaderMap::new()), "");
    }

    #[test]
    fn headers_that_are_none_are_left_out() {
        let kept = headers(vec![("a b".into(), vec![b'x']), ("c".into(), vec![0]), ("d".into(), vec![0xff])]);
        assert_eq!(kept.len(), 1);
    }

    #[test]
    fn the_origin_is_scheme_and_authority() {
        let authority = || Some("shop.example:8080".to_owned());
        assert_eq!(origin(Some(Scheme::Https), authority()), "https://shop.example:8080");
        assert_eq!(origin(None, authority()), "http://shop.example:8080");
        assert_eq!(origin(Some(Scheme::Http), None), "");
    }
}
