//! From a request of `wasi:http` to its response.
//!
//! Guarantees: every request gets one answer from the gateway; a deployment that cannot work says why in the log and
//! nothing to the client.

use crate::deployment;
use crate::log::StandardStreams;
use crate::request::incoming;
use crate::response::{outgoing, plain};
use spin_sdk::wasip3::http::types::{ErrorCode, Request as Raw, Response as RawResponse};
use storeroom_gateway::{Functions, SettingsError};
use storeroom_operations::{Code, Problem};
use storeroom_ports::{Level, Log};
use storeroom_web::Response;

/// Serves one request with a component's functions.
pub async fn serve(functions: &dyn Functions, raw: Raw) -> Result<RawResponse, ErrorCode> {
    let request = incoming(raw);
    let to_head = request.method == "HEAD";
    let response = match deployment::current().await {
        Ok(here) => storeroom_gateway::handle(functions, &here.ports, &here.settings, request).await,
        Err(error) => misconfigured(&error),
    };
    outgoing(response, to_head)
}

/// The answer of a component to an operation of another family, which its routes do not lead to.
pub fn not_here() -> Problem {
    Problem::new(Code::NotFound, "There is nothing at this address. /docs lists what there is.")
}

fn misconfigured(SettingsError(detail): &SettingsError) -> Response {
    let level = Level::Error;
    let line = serde_json::json!({ "level": level.as_str(), "message": "misconfigured", "detail": detail });
    StandardStreams.line(level, &line.to_string());
    plain(&Problem::new(Code::Internal, "The service is not set up. Its log says what is missing."))
}
