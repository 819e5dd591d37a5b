//! Requests of a member, one by one.

use storeroom_ports::{Http, HttpRequest, HttpResponse};
use storeroom_testbed::http::NativeHttp;

/// The headers that say who asks, about which store.
pub fn member(token: &str, store: &str) -> Vec<(&'static str, String)> {
    vec![("authorization", format!("Bearer {token}")), ("x-store-id", store.to_owned())]
}

/// The answer to a request, whatever its status.
pub async fn send(
    http: &NativeHttp,
    method: &'static str,
    url: String,
    mut headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
) -> HttpResponse {
    headers.push(("content-type", "application/json".to_owned()));
    let request = HttpRequest { method, url, headers, body, timeout_ms: 30_000, answer_limit: None };
    http.send(request).await.unwrap_or_else(|error| panic!("{error:?}"))
}
