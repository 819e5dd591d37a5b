//! Hosts the components that a `spin.toml` names, for black-box tests and for trying them by hand.
//!
//! Guarantees the interfaces and the behaviour of Spin 4.1 that a component of this project can notice: WASI 0.2 and
//! 0.3, `wasi:http` 0.3, `spin:sqlite`, `spin:variables`, `spin:key-value`, routing, reuse of instances. It is stricter
//! than Spin where that finds faults: keys and variables it does not know are errors. It is not Spin: no triggers but
//! HTTP, no file mounts, no service chaining, no TLS, and of the `spin-…` request headers only `spin-client-addr`.
//!
//! Relies on wasmtime and on nothing installed beside the compiler; the component files must be built before.
//!
//! ```no_run
//! use storeroom_spin_host::{Options, Reuse, SpinHost};
//!
//! # async fn run() -> Result<(), storeroom_spin_host::HostError> {
//! let host = SpinHost::start(Options {
//!     manifest: "spin.toml".into(),
//!     variables: [("api_token".to_owned(), "secret".to_owned())].into(),
//!     sqlite_path: "test.db".into(),
//!     reuse: Reuse::SPIN_DEFAULT,
//!     cache_dir: None,
//! })?;
//! println!("{}", host.url());
//! host.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod application;
mod bindings;
mod database;
mod engine;
mod error;
mod guest;
mod host;
mod key_value;
mod manifest;
mod outbound;
mod routing;
mod server;
mod sqlite;
mod template;
mod variables;
mod worker;

pub use error::HostError;
pub use host::{Options, SpinHost};
pub use worker::Reuse;
