//! The hosts of the black-box suites: the Worker on workerd with sqld, and the Spin components with their own SQLite.
//!
//! Guarantees: each run starts from nothing, on free ports, and stops what it started when it is dropped.
//! Relies on: the Worker, the components and `spin-host` being built; `tests/e2e` and `web/client/test` for the cases.

use crate::checkout::Checkout;
use crate::client;
use crate::keeper::Keeper;
use crate::migrate::{self, sqlite::SqliteFile};
use crate::ports;
use crate::process::Service;
use crate::progress::Progress;
use crate::secrets::Secrets;
use crate::stack::{self, Claim, Limits, Stack};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::any::Any;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Compiling the components to machine code takes most of it.
const START_LIMIT: Duration = Duration::from_secs(300);

/// A running host, stopped when it is dropped.
pub type Host = Box<dyn Any>;

/// Starts the Worker with a database of its own, and the command that runs the suite against it.
pub fn on_workerd(checkout: &Checkout) -> Result<(Host, Command)> {
    let (host, _, facts) = start_workerd(checkout)?;
    Ok((host, suite(checkout, &facts)))
}

/// The same with the tests of web/client.
pub fn client_on_workerd(checkout: &Checkout) -> Result<(Host, Command)> {
    let (host, url, facts) = start_workerd(checkout)?;
    Ok((host, client::tests(checkout, &url, &facts)?))
}

/// The Worker, where it answers, and the file of what else a suite has to know.
fn start_workerd(checkout: &Checkout) -> Result<(Host, String, PathBuf)> {
    let claim = Claim::new(checkout, "e2e")?;
    let settings =
        stack::Settings { name: "e2e", port: ports::pick_free()?, limits: Limits::Off, fresh: true };
    let stack = Stack::start(checkout, &settings, claim, &mut Progress::new(stack::STEPS))?;
    let facts = json!({
        "host": "workerd",
        "url": stack.url,
        "key": stack.secrets.key.facts(),
        "master_key": stack.secrets.master_key,
        "database": {"server": {"url": stack.database_url, "pids": stack.pids()}},
        "websockets": true,
    });
    let facts = write_facts(checkout, "e2e", &facts)?;
    let url = stack.url.clone();
    Ok((Box::new(Keeper::of(checkout, stack)), url, facts))
}

/// Starts the Spin components with a database file of their own, and the command that runs the suite against them.
pub fn on_spin(checkout: &Checkout) -> Result<(Host, Command)> {
    let state = checkout.state("e2e-spin")?;
    let _ = fs::remove_dir_all(&state);
    fs::create_dir_all(&state).with_context(|| format!("cannot make {}", state.display()))?;
    let file = state.join("store.sqlite");
    migrate::apply(checkout, &SqliteFile::open(checkout, &file)?)?;
    let secrets = Secrets::load_or_make(&state)?;
    let port = ports::pick_free()?;
    let service = start_spin(checkout, &file, port, &secrets)?;
    let facts = json!({
        "host": "spin",
        "url": format!("http://127.0.0.1:{port}"),
        "key": secrets.key.facts(),
        "master_key": secrets.master_key,
        "database": {"file": file},
        "websockets": false,
    });
    let facts = write_facts(checkout, "e2e-spin", &facts)?;
    Ok((Box::new(service), suite(checkout, &facts)))
}

fn start_spin(checkout: &Checkout, file: &PathBuf, port: u16, secrets: &Secrets) -> Result<Service> {
    let program = checkout.target()?.join("debug/spin-host");
    let mut command = Command::new(program);
    command.current_dir(checkout.root()).arg("spin.toml").arg("--sqlite").arg(file);
    command.arg("--listen").arg(format!("127.0.0.1:{port}"));
    for (name, value) in [
        ("environment", "local"),
        ("rate_limits", "off"),
        ("webhook_targets", "local"),
        ("webhook_hosts", "http://127.0.0.1:*"),
        ("token_keys", secrets.key.token_keys()),
        ("master_key", &secrets.master_key),
    ] {
        command.arg("--var").arg(format!("{name}={value}"));
    }
    let mut service = Service::start("the Spin components", &mut command, checkout.log("e2e-spin")?)?;
    service.wait_until_ready(&format!("http://127.0.0.1:{port}/healthz"), START_LIMIT)?;
    Ok(service)
}

fn write_facts(checkout: &Checkout, name: &str, facts: &Value) -> Result<PathBuf> {
    let path = checkout.state(&format!("{name}.json"))?;
    fs::write(&path, facts.to_string()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn suite(checkout: &Checkout, facts: &Path) -> Command {
    let mut cargo = checkout.cargo();
    cargo.args(["test", "-p", "storeroom-e2e"]).env("STOREROOM_E2E", facts);
    cargo
}
