//! Signatures after the Standard Webhooks specification, judged by a crate that others wrote.
//!
//! Guarantees: what passes, the crate `standardwebhooks` takes, but for the age of a request from a test whose clock is
//! set by hand.

use crate::Received;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use standardwebhooks::{Webhook, WebhookError};

/// The JSON of a delivery that was signed with the secret (`whsec_…`); a sentence when it was not.
pub fn verify(secret: &str, request: &Received) -> Result<Value, String> {
    let webhook = Webhook::new(secret).map_err(|error| error.to_string())?;
    match webhook.verify(&request.body, &headers(request)) {
        Err(WebhookError::TimestampTooOldError | WebhookError::FutureTimestampError) => {
            verify_at_any_time(&webhook, request)?;
        }
        judged => judged.map_err(|error| error.to_string())?,
    }
    serde_json::from_slice(&request.body).map_err(|error| format!("the body is no JSON: {error}"))
}

fn verify_at_any_time(webhook: &Webhook, request: &Received) -> Result<(), String> {
    let header = |name| request.header(name).ok_or_else(|| format!("missing header {name}"));
    let timestamp = header("webhook-timestamp")?.parse().map_err(|_| "the timestamp is no number")?;
    let signature = webhook.sign(header("webhook-id")?, timestamp, &request.body);
    let signature = signature.map_err(|error| error.to_string())?;
    let is_there = header("webhook-signature")?.split(' ').any(|each| each == signature);
    is_there.then_some(()).ok_or_else(|| WebhookError::InvalidSignature.to_string())
}

fn headers(request: &Received) -> HeaderMap {
    let parsed = request.headers.iter().filter_map(|(name, value)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    });
    parsed.collect()
}
