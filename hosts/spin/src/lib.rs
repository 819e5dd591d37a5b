//! Spin: what the platform offers as ports, and a request's way in and out.
//!
//! Guarantees: functions run here as they do on every other host; nothing outlives a request but caches.
//! Relies on: Spin 4.1 or newer (`wasi:http` 0.3.0, `spin:sqlite` 3.1.0), where an instance serves many requests, up
//! to 16 at once, all on one thread.

mod blobs;
mod body;
mod clock;
mod deployment;
mod log;
mod outbound;
mod random;
mod request;
mod response;
mod rooms;
mod serve;
mod sqlite;
mod steps;
mod turn;

pub use serve::{not_here, serve};
#[doc(hidden)]
pub use spin_sdk::wasip3;

use storeroom_operations::Capability;

/// What Spin offers of what an operation may need: it has no inbound WebSocket.
pub const CAPABILITIES: &[Capability] = &[];

/// Makes the crate a component that serves requests with these functions.
#[macro_export]
macro_rules! component {
    ($functions:expr) => {
        struct Component;

        $crate::wasip3::http::service::export!(Component);

        impl $crate::wasip3::exports::http::handler::Guest for Component {
            async fn handle(
                request: $crate::wasip3::http::types::Request,
            ) -> Result<$crate::wasip3::http::types::Response, $crate::wasip3::http::types::ErrorCode> {
                $crate::serve(&$functions, request).await
            }
        }
    };
}
