//! Which web pages may read the answers: cross-origin resource sharing.
//!
//! Guarantees: an origin that is not listed gets no CORS header, refusals included; an answer that depends on the
//! origin says so in `Vary`, so that no cache hands one origin's answer to another. Cookies are not used, so there is no
//! `Access-Control-Allow-Credentials`.
//! Relies on: the Fetch standard, section 3.3 (<https://fetch.spec.whatwg.org/#http-cors-protocol>); browsers, which
//! write an origin in one way only, so that comparing texts is enough.

use std::collections::BTreeSet;
use std::net::Ipv6Addr;
use storeroom_operations::route::{Match, find};
use storeroom_web::{Body, Request, Response};

/// Most origins of a deployment.
const MAX_ORIGINS: usize = 50;
/// Longest host name in bytes (RFC 1035).
const MAX_HOST: usize = 253;
/// For how long a browser may keep a preflight's answer: Chromium keeps none for longer than two hours.
const MAX_AGE_S: &str = "7200";
/// What a preflight for an address that does not exist is told, so that the page gets to read the 404.
const ANY_METHOD: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// The request headers that a client may send, those of a signed request included.
const REQUEST_HEADERS: &str = "accept, api-version, authorization, content-type, idempotency-key, if-match, \
    if-none-match, last-event-id, x-api-key, x-request-nonce, x-request-signature, x-request-timestamp, x-store-id";
/// The response headers that a page may read besides those that every page may.
const EXPOSED: &str = "ETag, Location, Store-Cursor, X-Request-Id, RateLimit, RateLimit-Policy, Retry-After, \
    Idempotent-Replayed, Api-Version";
/// What a preflight's answer depends on.
const VARY_PREFLIGHT: &str = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

/// The origins that may read answers; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    origins: BTreeSet<String>,
}

impl Cors {
    /// The origins from the setting `CORS_ORIGINS`: nothing, or at most 50, separated by commas, each as browsers write
    /// it (`https://shop.example`). What cannot be used is a sentence that names the setting.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let origins: BTreeSet<String> = text.split(',').map(origin).collect::<Result<_, _>>()?;
        if origins.len() > MAX_ORIGINS {
            return Err(format!("CORS_ORIGINS may hold {MAX_ORIGINS} origins, not {}", origins.len()));
        }
        Ok(Self { origins })
    }

    /// An origin without TLS, where there is one: production must not take it.
    pub fn without_tls(&self) -> Option<&str> {
        self.origins.iter().map(String::as_str).find(|origin| origin.starts_with("http://"))
    }

    /// The answer to `OPTIONS`, before anything else is asked of the request: a browser sends no credential with it.
    /// `None` for other methods, and for an address that does not exist unless a browser asks ahead of a request.
    pub fn preflight(&self, request: &Request) -> Option<Response> {
        if request.method != "OPTIONS" {
            return None;
        }
        let methods = methods(&request.path);
        let asked = request.header("access-control-request-method");
        let headers = match (request.header("origin"), asked) {
            (Some(origin), Some(_)) => self.preflight_headers(origin, methods.as_deref()),
            _ => vec![("Allow", format!("{}, OPTIONS", methods?))],
        };
        Some(Response { status: 204, headers, body: Body::Empty })
    }

    fn preflight_headers(&self, origin: &str, methods: Option<&str>) -> Vec<(&'static str, String)> {
        let mut headers = vec![("Vary", VARY_PREFLIGHT.to_owned())];
        if self.origins.contains(origin) {
            headers.extend([
                ("Access-Control-Allow-Origin", origin.to_owned()),
                ("Access-Control-Allow-Methods", methods.unwrap_or(ANY_METHOD).to_owned()),
                ("Access-Control-Allow-Headers", REQUEST_HEADERS.to_owned()),
                ("Access-Control-Max-Age", MAX_AGE_S.to_owned()),
            ]);
        }
        headers
    }

    /// The headers of every other answer, refusals included; `request_origin` is the request's header `Origin`. An
    /// answer varies by the origin even when this one is not listed: a cache must not keep it for one that is.
    pub fn headers(&self, request_origin: Option<&str>) -> Vec<(&'static str, String)> {
        if self.origins.is_empty() {
            return Vec::new();
        }
        let mut headers = vec![("Vary", "Origin".to_owned())];
        if let Some(origin) = request_origin.filter(|origin| self.origins.contains(*origin)) {
            headers.push(("Access-Control-Allow-Origin", origin.to_owned()));
            headers.push(("Access-Control-Expose-Headers", EXPOSED.to_owned()));
        }
        headers
    }
}

/// What an address takes; `None` where there is none.
fn methods(path: &str) -> Option<String> {
    let Match::OtherMethods(methods) = find("OPTIONS", path) else { return None };
    Some(with_head(methods).join(", "))
}

/// The methods with the one that every address with `GET` takes, too.
fn with_head(mut methods: Vec<&'static str>) -> Vec<&'static str> {
    if let Some(at) = methods.iter().position(|method| *method == "GET") {
        methods.insert(at.saturating_add(1), "HEAD");
    }
    methods
}

/// The header `Allow` of an address that has rows with these methods.
pub fn allow(methods: Vec<&'static str>) -> String {
    format!("{}, OPTIONS", with_head(methods).join(", "))
}

fn origin(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text == "*" {
        return Err("CORS_ORIGINS must not be `*`: answers are private, so list each origin".to_owned());
    }
    if is_origin(text) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "CORS_ORIGINS must list origins as browsers write them, such as `https://shop.example`: http or https, a host \
         in small letters, a port unless it is the usual one, no path and no wildcard; it holds `{text}`"
    ))
}

fn is_origin(text: &str) -> bool {
    let (usual_port, authority) = match text.split_once("://") {
        Some(("https", authority)) => ("443", authority),
        Some(("http", authority)) => ("80", authority),
        _ => return false,
    };
    // The colons of an IPv6 address stand in brackets.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    is_host(host) && port.is_none_or(|port| port != usual_port && is_port(port))
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address);
    }
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    host.len() <= MAX_HOST && host.split('.').all(|label| !label.is_empty() && label.bytes().all(fits))
}

/// Whether it is a port as a number is written: `parse` alone would take `+80` and `080`.
fn is_port(port: &str) -> bool {
    port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderName, HeaderValue};
    use storeroom_web::request::Whole;

    const SHOP: &str = "https://shop.example";

    fn options(path: &str, headers: &[(&'static str, &'static str)]) -> Request {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        Request {
            method: "OPTIONS".to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: HeaderMap::from_iter(headers.iter().map(pair)),
            origin: "https://api.example".to_owned(),
            client: String::new(),
            body: Box::new(Whole(Vec::new())),
        }
    }

    fn asked(cors: &Cors, path: &str, origin: &'static str) -> Response {
        let headers = [("origin", origin), ("access-control-request-method", "PATCH")];
        cors.preflight(&options(path, &headers)).unwrap()
    }

    fn cross_origin_headers(response: &Response) -> usize {
        response.headers.iter().filter(|(name, _)| name.starts_with("Access-Control-")).count()
    }

    #[test]
    fn origins_are_written_as_browsers_do() {
        for good in [
            "https://shop.example",
            "http://localhost:5173",
            "http://127.0.0.1",
            "http://[::1]:3000",
            "http://[::1]",
            "https://xn--bcher-kva.example:8443",
            "https://a.example , https://b.example",
            "https://a:80",
            "",
            " ",
        ] {
            assert!(Cors::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "*",
            "null",
            "shop.example",
            "https://shop.example/",
            "https://shop.example/a",
            "https://Shop.example",
            "https://shop.example:443",
            "http://shop.example:80",
            "http://localhost:*",
            "https://*.example",
            "https://u@shop.example",
            "ftp://shop.example",
            "https://",
            "https://a..b",
            "https://a:0",
            "https://a:065",
            "https://a:65536",
            "https://a:",
            "https://[::0]",
            "https://bücher.example",
            "https://a,",
            ",https://a",
            "https://a https://b",
            "https://a?b",
            "HTTPS://a",
            "https://[::1",
            "https://::1",
        ] {
            assert!(Cors::parse(bad).is_err_and(|sentence| sentence.contains("CORS_ORIGINS")), "{bad}");
        }
        assert!(Cors::parse("*").is_err_and(|sentence| sentence.contains("private")));
    }

    #[test]
    fn origins_are_bounded_and_told_by_their_scheme() {
        let many =
            |count: u32| (0..count).map(|n| format!("https://s{n}.example")).collect::<Vec<_>>().join(",");
        assert!(Cors::parse(&many(50)).is_ok_and(|cors| cors.without_tls().is_none()));
        assert!(Cors::parse(&many(51)).is_err());
        let mixed = Cors::parse("https://a.example,http://b.example").unwrap();
        assert_eq!(mixed.without_tls(), Some("http://b.example"));
    }

    #[test]
    fn a_listed_origin_is_told_what_it_may_send() {
        let cors = Cors::parse(SHOP).unwrap();
        let answer = asked(&cors, "/api/pms/products/prd_1", SHOP);
        assert_eq!((answer.status, &answer.body), (204, &Body::Empty));
        for (name, value) in [
            ("access-control-allow-origin", SHOP),
            ("access-control-max-age", "7200"),
            ("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
        let methods = answer.header("access-control-allow-methods").unwrap();
        assert!(methods.starts_with("GET, HEAD, ") && methods.contains("PATCH"), "{methods}");
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        let unknown = asked(&cors, "/nowhere", SHOP);
        assert_eq!(unknown.header("access-control-allow-methods"), Some(ANY_METHOD));
    }

    #[test]
    fn every_header_that_the_contract_names_may_be_sent() {
        let allowed: Vec<&str> = REQUEST_HEADERS.split(", ").collect();
        for name in [
            "authorization",
            "content-type",
            "if-match",
            "if-none-match",
            "idempotency-key",
            "x-store-id",
            "api-version",
            "x-api-key",
            "x-request-timestamp",
            "x-request-nonce",
            "x-request-signature",
            "last-event-id",
            "accept",
        ] {
            assert!(allowed.contains(&name), "{name}");
        }
        assert_eq!(allowed.len(), 13);
    }

    #[test]
    fn an_origin_that_is_not_listed_gets_no_cors_header() {
        let listed = Cors::parse(SHOP).unwrap();
        for (cors, origin) in [
            (&listed, "https://evil.example"),
            (&listed, "null"),
            (&listed, "https://shop.example, https://shop.example"),
            (&listed, "https://shop.example.evil.example"),
            (&listed, "http://shop.example"),
            (&Cors::default(), SHOP),
        ] {
            let answer = asked(cors, "/api/pms/products", origin);
            assert_eq!((answer.status, cross_origin_headers(&answer)), (204, 0), "{origin}");
            assert_eq!(answer.header("vary"), Some(VARY_PREFLIGHT), "{origin}");
        }
    }

    #[test]
    fn options_without_a_browser_says_what_an_address_takes() {
        let cors = Cors::parse(SHOP).unwrap();
        let answer = cors.preflight(&options("/api/pms/products", &[("origin", SHOP)])).unwrap();
        assert_eq!((answer.status, answer.header("allow")), (204, Some("GET, HEAD, POST, OPTIONS")));
        assert_eq!(cross_origin_headers(&answer), 0);
        assert!(cors.preflight(&options("/nowhere", &[])).is_none());
        let get = Request { method: "GET".to_owned(), ..options("/api/pms/products", &[("origin", SHOP)]) };
        assert!(cors.preflight(&get).is_none());
    }

    #[test]
    fn other_answers_name_the_origin_that_may_read_them() {
        let cors = Cors::parse(SHOP).unwrap();
        let vary = [("Vary", "Origin".to_owned())];
        let headers = cors.headers(Some(SHOP));
        assert_eq!(headers[..1], vary);
        assert_eq!(headers[1], ("Access-Control-Allow-Origin", SHOP.to_owned()));
        let exposed = "ETag, Location, Store-Cursor, X-Request-Id, RateLimit, RateLimit-Policy, Retry-After, \
                       Idempotent-Replayed, Api-Version";
        assert_eq!(headers[2..], [("Access-Control-Expose-Headers", exposed.to_owned())]);
        assert_eq!(cors.headers(Some("https://evil.example")), vary);
        assert_eq!(cors.headers(None), vary);
        assert_eq!(Cors::default().headers(Some(SHOP)), []);
    }
}
