//! What every function needs of HTTP, without a runtime: requests, answers, tokens, preconditions, paging.
//!
//! Guarantees: whatever comes in is bounded and checked before a function sees it; a refusal is a `Problem`.
//! Relies on: a host for turning its platform's requests into `Request` and `Response` into its platform's.

pub mod answer;
pub mod body;
pub mod body_lines;
pub mod call;
pub mod caller;
pub mod chain;
pub mod flow;
pub mod gzip;
pub mod idempotency;
pub mod inbox;
pub mod master;
pub mod memory;
pub mod negotiate;
pub mod network;
pub mod outgoing;
pub mod page;
pub mod paging;
pub mod passwords;
pub mod precondition;
pub mod product;
pub mod published;
pub mod query;
pub mod request;
pub mod response;
pub mod secrets;
pub mod selection;
pub mod signature;
pub mod tokens;
pub mod watch;

pub use answer::Answer;
pub use call::{Call, Found, Shown};
pub use caller::Caller;
pub use flow::Flow;
pub use outgoing::{Outgoing, Stream};
pub use precondition::Precondition;
pub use request::{BodyError, Incoming, Request};
pub use response::{Body, Response};
pub use watch::Watch;
