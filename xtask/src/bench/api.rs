//! Requests that prepare a measurement, through the API.
//!
//! Guarantees: an answer of another status than expected ends the bench, with what it says.

use anyhow::{Result, anyhow, bail};
use serde_json::Value;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

/// Who asks, about which store.
pub struct Bearer<'a> {
    /// The access token.
    pub token: &'a str,
    /// The store.
    pub store: &'a str,
}

/// Sends a body and returns the answer's; `key` is the idempotency key where one is needed.
pub fn post(
    url: &str,
    path: &str,
    bearer: Option<&Bearer>,
    key: Option<&str>,
    body: &Value,
    status: u16,
) -> Result<Value> {
    let mut request = agent().post(format!("{url}/api/pms{path}"));
    for (name, value) in bearer.map(Bearer::headers).into_iter().flatten() {
        request = request.header(name, value);
    }
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let sent = request.header("content-type", "application/json").send(body.to_string());
    answer(path, sent, status)
}

/// Reads something.
pub fn get(url: &str, path: &str, bearer: &Bearer) -> Result<Value> {
    let mut request = agent().get(format!("{url}/api/pms{path}"));
    for (name, value) in bearer.headers() {
        request = request.header(name, value);
    }
    answer(path, request.call(), 200)
}

impl Bearer<'_> {
    fn headers(&self) -> [(&'static str, String); 2] {
        [("authorization", format!("Bearer {}", self.token)), ("x-store-id", self.store.to_owned())]
    }
}

fn agent() -> ureq::Agent {
    let config =
        ureq::Agent::config_builder().timeout_global(Some(LIMIT)).http_status_as_error(false).build();
    ureq::Agent::new_with_config(config)
}

fn answer(
    path: &str,
    sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    status: u16,
) -> Result<Value> {
    let mut response = sent.map_err(|error| anyhow!("{path} failed: {error}."))?;
    let text = response.body_mut().read_to_string()?;
    if response.status().as_u16() != status {
        bail!("{path} answers {}: {text}", response.status());
    }
    Ok(serde_json::from_str(&text)?)
}
