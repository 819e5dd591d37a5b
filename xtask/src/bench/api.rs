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
    let config =
        ureq::Agent::config_builder().timeout_global(Some(LIMIT)).http_status_as_error(false).build();
    let mut request = ureq::Agent::new_with_config(config).post(format!("{url}/api/pms{path}"));
    if let Some(Bearer { token, store }) = bearer {
        request = request.header("authorization", format!("Bearer {token}")).header("x-store-id", *store);
    }
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let sent = request.header("content-type", "application/json").send(body.to_string());
    let mut response = sent.map_err(|error| anyhow!("POST {path} failed: {error}."))?;
    let text = response.body_mut().read_to_string()?;
    if response.status().as_u16() != status {
        bail!("POST {path} answers {}: {text}", response.status());
    }
    Ok(serde_json::from_str(&text)?)
}
