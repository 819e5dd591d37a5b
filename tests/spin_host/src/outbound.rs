//! Outbound HTTP: only where the manifest allows it.
//!
//! Guarantees that a request to any other place fails in the guest with `HttpRequestDenied` and opens no socket.
//! Entries have Spin's form `scheme://host[:port]` with `*` for any scheme, host, subdomain or port. Spin's
//! `http://self`, service chaining and address ranges are not modelled and are refused at the start.

use std::sync::Arc;

use http::Uri;
use http_body_util::BodyExt as _;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, default_send_request};

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Box<dyn Future<Output = Result<(http::Response<WasiBody>, Io), Error>> + Send>;

/// The places that a component may send requests to.
#[derive(Debug, Default)]
pub struct AllowedHosts(Vec<AllowedHost>);

#[derive(Debug)]
struct AllowedHost {
    scheme: Pattern<String>,
    host: HostPattern,
    port: Pattern<u16>,
}

#[derive(Debug, PartialEq, Eq)]
enum Pattern<T> {
    Any,
    Exactly(T),
}

#[derive(Debug)]
enum HostPattern {
    Any,
    Exactly(String),
    Below(String),
}

impl AllowedHosts {
    /// Parses entries whose templates are already expanded; the error says in words what is wrong.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        entries.into_iter().map(AllowedHost::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether an absolute URI is within what is allowed.
    pub fn allow(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return false;
        };
        let Some(port) = uri.port_u16().or_else(|| default_port(scheme)) else {
            return false;
        };
        let host = host.to_ascii_lowercase();
        self.0.iter().any(|allowed| {
            allowed.scheme.matches(&scheme.to_owned())
                && allowed.host.matches(&host)
                && allowed.port.matches(&port)
        })
    }
}

impl AllowedHost {
    fn parse(entry: &str) -> Result<Self, String> {
        let fault = |reason: &str| format!("allowed_outbound_hosts: {entry:?} {reason}");
        let (scheme, rest) = entry.split_once("://").ok_or_else(|| fault("has no scheme"))?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '@']) {
            return Err(fault("must be a scheme, a host and a port only"));
        }
        let (host, port) = split_port(rest);
        Ok(Self {
            scheme: Pattern::scheme(scheme).ok_or_else(|| fault("has no scheme"))?,
            host: HostPattern::parse(host)
                .ok_or_else(|| fault("names a host that this test host cannot model"))?,
            port: Pattern::port(port, scheme).ok_or_else(|| fault("needs a port"))?,
        })
    }
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

impl Pattern<String> {
    fn scheme(text: &str) -> Option<Self> {
        match text {
            "" => None,
            "*" => Some(Self::Any),
            _ => Some(Self::Exactly(text.to_owned())),
        }
    }
}

impl Pattern<u16> {
    fn port(text: Option<&str>, scheme: &str) -> Option<Self> {
        match text {
            Some("*") => Some(Self::Any),
            Some(text) => text.parse().ok().map(Self::Exactly),
            None => default_port(scheme).map(Self::Exactly),
        }
    }
}

impl<T: PartialEq> Pattern<T> {
    fn matches(&self, actual: &T) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(expected) => expected == actual,
        }
    }
}

impl HostPattern {
    fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        if text == "*" {
            return Some(Self::Any);
        }
        let (name, below) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text.as_str(), false),
        };
        if name.is_empty() || name.contains('*') || name == "self" || name.ends_with(".spin.internal") {
            return None;
        }
        Some(if below { Self::Below(format!(".{name}")) } else { Self::Exactly(text) })
    }

    fn matches(&self, actual: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(expected) => expected == actual,
            Self::Below(suffix) => actual.ends_with(suffix.as_str()),
        }
    }
}

/// Sends a guest's requests, or refuses them.
pub struct Outbound(pub Arc<AllowedHosts>);

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Sent {
        if !self.0.allow(request.uri()) {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        Box::new(async move {
            let (response, io) = default_send_request(request, options).await?;
            Ok((response.map(|body| body.boxed_unsync()), Box::new(io) as Io))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(entry: &str, uri: &str) -> bool {
        AllowedHosts::parse([entry]).unwrap().allow(&uri.parse().unwrap())
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        assert!(!AllowedHosts::default().allow(&"http://127.0.0.1/".parse().unwrap()));
    }

    #[test]
    fn scheme_host_and_port_must_all_match() {
        assert!(allows("https://api.example.com", "https://api.example.com/v1?x=1"));
        assert!(allows("https://api.example.com/", "https://API.example.com:443/"));
        assert!(allows("http://127.0.0.1:8080", "http://127.0.0.1:8080/"));
        assert!(allows("http://[::1]:8080", "http://[::1]:8080/"));
        for uri in ["http://api.example.com/", "https://example.com/", "https://api.example.com:8443/"] {
            assert!(!allows("https://api.example.com", uri), "{uri}");
        }
    }

    #[test]
    fn stars_stand_for_any_scheme_host_subdomain_or_port() {
        assert!(allows("*://*:*", "http://anything:1234/"));
        assert!(allows("http://127.0.0.1:*", "http://127.0.0.1:4567/"));
        assert!(
            allows("https://*:443", "https://anything/")
                && allows("https://*:8443", "https://anything:8443/")
        );
        for uri in ["https://anything:444/", "http://anything/", "http://anything:443/"] {
            assert!(!allows("https://*:443", uri), "{uri}");
        }
        assert!(allows("https://*.example.com", "https://a.b.example.com/"));
        assert!(!allows("https://*.example.com", "https://example.com/"));
        assert!(!allows("https://*.example.com", "https://badexample.com/"));
        assert!(!allows("https://*", "http://example.com/"));
    }

    #[test]
    fn a_relative_uri_is_not_allowed() {
        assert!(!allows("*://*:*", "/path"));
    }

    #[test]
    fn what_is_not_modelled_or_malformed_is_refused() {
        for entry in [
            "example.com",
            "https://",
            "https://example.com/path",
            "redis://example.com",
            "*://example.com",
            "http://example.com:http",
            "http://self",
            "http://api.spin.internal",
            "https://a*.example.com",
        ] {
            assert!(AllowedHosts::parse([entry]).is_err(), "{entry}");
        }
    }
}
