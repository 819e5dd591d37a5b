//! The hosts of the black-box suite: the Worker on workerd with sqld, and the Spin components with their own SQLite.
//!
//! Guarantees: each run starts from nothing, on free ports, and stops what it started when it is dropped.
//! Relies on: the Worker, the components and `spin-host` being built; `tests/e2e` for the cases.

use crate::checkout::Checkout;
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
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Compiling the components to machine code takes most of it.
const START_LIMIT: Duration = Duration::from_secs(120);

/// A running host, stopped when it is dropped.
pub type Host = Box<dyn Any>;

/// Starts the Worker with a database of its own, and the command that runs the suite against it.
pub fn on_workerd(checkout: &Checkout) -> Result<(Host, Command)> {
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
    let suite = suite(checkout, "e2e", &facts)?;
    Ok((Box::new(Keeper::of(checkout, stack)), suite))
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
    let suite = suite(checkout, "e2e-spin", &facts)?;
    Ok((Box::new(service), suite))
}

fn start_spin(checkout: &Checkout, file: &PathBuf, port: u16, secrets: &Secrets) -> Result<Service> {
    let program = checkout.target()?.join("debug/spin-host");
    let mut command = Command::new(program);
    command.current_dir(checkout.root()).arg("spin.toml").arg("--sqlite").arg(file);
    command.arg("--listen").arg(format!("127.0.0.1:{port}"));
    for (name, value) in [
        ("environment", "local"),
        ("rate_limits", "off"),
        ("token_keys", secrets.key.token_keys()),
        ("master_key", &secrets.master_key),
    ] {
        command.arg("--var").arg(format!("{name}={value}"));
    }
    let mut service = Service::start("the Spin components", &mut command, checkout.log("e2e-spin")?)?;
    service.wait_until_ready(&format!("http://127.0.0.1:{port}/healthz"), START_LIMIT)?;
    Ok(service)
}

fn suite(checkout: &Checkout, name: &str, facts: &Value) -> Result<Command> {
    let path = checkout.state(&format!("{name}.json"))?;
    fs::write(&path, facts.to_string()).with_context(|| format!("cannot write {}", path.display()))?;
    let mut cargo = checkout.cargo();
    cargo.args(["test", "-p", "storeroom-e2e"]).env("STOREROOM_E2E", path);
    Ok(cargo)
}
