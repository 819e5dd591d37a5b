//! The whole service on this machine: sqld, the schema, the demo store, the Worker.
//!
//! Guarantees: two stacks of different names share nothing, two of one name cannot run at once; dropping a stack stops
//! its processes, and what a killed run left behind is stopped by the next. Relies on: tools installed and the Worker
//! built.

use crate::checkout::Checkout;
use crate::command::output;
use crate::demo::{Actor, Demo};
use crate::hrana::Database;
use crate::process::{Service, stop_leftover};
use crate::progress::Progress;
use crate::secrets::Secrets;
use crate::{interrupt, migrate, ports, seed, sqld, worker};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where front ends are usually served from while they are developed.
const DEVELOPMENT_ORIGINS: &str =
    "http://localhost:3000,http://localhost:5173,http://127.0.0.1:3000,http://127.0.0.1:5173";

/// Steps that `Stack::start` counts.
pub const STEPS: usize = 4;

/// Whether the Worker limits rates.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Limits {
    /// As in production.
    On,
    /// For load tests.
    Off,
}

impl Limits {
    /// The word of the variable `RATE_LIMITS`.
    pub fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

/// What distinguishes one stack from another.
#[derive(Clone, Copy)]
pub struct Settings {
    /// Names the state folder and the logs.
    pub name: &'static str,
    /// Where the Worker listens.
    pub port: u16,
    /// Whether rates are limited.
    pub limits: Limits,
    /// Whether what an earlier run kept is deleted first.
    pub fresh: bool,
}

/// A running service. Fields are dropped in this order: the Worker goes before its database.
pub struct Stack {
    worker: Service,
    database: Service,
    /// Where the Worker answers.
    pub url: String,
    /// The demo store.
    pub demo: Demo,
    /// Access tokens of its two members.
    pub tokens: Tokens,
    /// Its secrets; the key signs those tokens.
    pub secrets: Secrets,
    /// Where the database answers.
    pub database_url: String,
    /// Where the Worker's inspector listens, on 127.0.0.1.
    pub inspector: u16,
    settings: Settings,
    claim: Claim,
}

/// The sole right to run the stack of one name in this checkout, however this process ends.
pub struct Claim {
    /// Lists the processes that run, for the next run to stop should this one be killed.
    pids: PathBuf,
    _lock: File,
}

/// Access tokens of the demo store's members.
pub struct Tokens {
    /// May do everything.
    pub owner: String,
    /// May read.
    pub viewer: String,
}

impl Stack {
    /// Starts everything and returns when the Worker answers and the demo store has its products.
    pub fn start(
        checkout: &Checkout,
        settings: &Settings,
        claim: Claim,
        progress: &mut Progress,
    ) -> Result<Self> {
        let state = prepare_state(checkout, settings)?;
        let secrets = Secrets::load_or_make(&state)?;
        let mut demo = Demo::load_or_make(&state.join("demo.json"))?;
        let tokens = Tokens::new(&secrets, &demo)?;
        let (server, address) = progress.step("starting the database", || {
            let port = ports::pick_free()?;
            let server = start_database(checkout, settings, &state, port)?;
            Ok((server, format!("http://127.0.0.1:{port}")))
        })?;
        claim.keep(&[&server])?;
        let database = Database::at(&address, None)?;
        progress.step("migrating it", || {
            migrate::apply(checkout, &database)?;
            demo.write(&database)
        })?;
        let (worker, inspector) = progress
            .step("starting the Worker", || start_worker(checkout, settings, &state, &address, &secrets))?;
        claim.keep(&[&server, &worker])?;
        let url = format!("http://127.0.0.1:{}", settings.port);
        progress.step("filling the demo store", || {
            if demo.has_products {
                return Ok(());
            }
            seed::run(&url, &tokens.owner, &demo, &database)?;
            demo.has_products = true;
            demo.save(&state.join("demo.json"))
        })?;
        Ok(Self {
            worker,
            database: server,
            url,
            demo,
            tokens,
            secrets,
            database_url: address,
            inspector,
            settings: *settings,
            claim,
        })
    }

    /// The file with the ids of the processes that run: the database's, then the Worker's.
    pub fn pids(&self) -> &Path {
        &self.claim.pids
    }

    /// The process that runs the Worker; workerd is below it.
    pub fn worker_pid(&self) -> i32 {
        self.worker.pid()
    }

    /// The database's process.
    pub fn database_pid(&self) -> i32 {
        self.database.pid()
    }

    /// Starts again what has ended by itself.
    pub fn mend(&mut self, checkout: &Checkout) -> Result<()> {
        let state = checkout.state(self.settings.name)?;
        if self.database.has_ended()? {
            let port = self.database_url.rsplit(':').next().and_then(|port| port.parse().ok());
            let port = port.context("the database's address has no port")?;
            self.database = start_database(checkout, &self.settings, &state, port)?;
        } else if self.worker.has_ended()? {
            (self.worker, self.inspector) =
                start_worker(checkout, &self.settings, &state, &self.database_url, &self.secrets)?;
        } else {
            return Ok(());
        }
        self.claim.keep(&[&self.database, &self.worker])
    }

    /// Waits for Ctrl-C; fails when a process ends by itself.
    pub fn wait_for_interrupt(&mut self) -> Result<()> {
        while !interrupt::requested() {
            self.worker.check_alive()?;
            self.database.check_alive()?;
            let _ = interrupt::pause(200);
        }
        Ok(())
    }
}

impl Claim {
    /// Fails when the stack of that name runs; stops what a killed run left behind.
    pub fn new(checkout: &Checkout, name: &str) -> Result<Self> {
        let lock = lock(checkout, name)?;
        let pids = checkout.state(&format!("{name}.pids"))?;
        stop_leftovers(checkout, &pids)?;
        Ok(Self { pids, _lock: lock })
    }

    fn keep(&self, services: &[&Service]) -> Result<()> {
        let pids: String = services.iter().map(|service| format!("{}\n", service.pid())).collect();
        // Whoever reads it meanwhile sees the old file or the new one.
        let new = self.pids.with_extension("new");
        fs::write(&new, pids).with_context(|| format!("cannot write {}", new.display()))?;
        fs::rename(&new, &self.pids).with_context(|| format!("cannot write {}", self.pids.display()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.pids);
    }
}

impl Tokens {
    /// Tokens of the store's members.
    pub fn new(secrets: &Secrets, demo: &Demo) -> Result<Self> {
        let sign = |actor: &Actor| secrets.key.sign(&actor.user, &actor.session);
        Ok(Self { owner: sign(&demo.owner)?, viewer: sign(&demo.viewer)? })
    }
}

fn start_database(checkout: &Checkout, settings: &Settings, state: &Path, port: u16) -> Result<Service> {
    sqld::start(checkout, &format!("{}-sqld", settings.name), port, &state.join("sqld"))
}

fn start_worker(
    checkout: &Checkout,
    settings: &Settings,
    state: &Path,
    database: &str,
    secrets: &Secrets,
) -> Result<(Service, u16)> {
    let variables = [
        ("ENVIRONMENT", "local"),
        ("DATABASE_URL", database),
        ("RATE_LIMITS", settings.limits.word()),
        ("CORS_ORIGINS", DEVELOPMENT_ORIGINS),
        ("WEBHOOK_TARGETS", "local"),
    ];
    let secrets = [
        ("TOKEN_KEYS", secrets.key.token_keys()),
        ("MASTER_KEY", secrets.master_key.as_str()),
        ("DATABASE_TOKEN", ""),
    ];
    let name = format!("{}-worker", settings.name);
    worker::start(
        checkout,
        &worker::Settings {
            name: &name,
            port: settings.port,
            state,
            variables: &variables,
            secrets: &secrets,
        },
    )
}

/// Held as long as the process lives, however it ends.
fn lock(checkout: &Checkout, name: &str) -> Result<File> {
    let path = checkout.state(&format!("{name}.lock"))?;
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("the stack \"{name}\" of this checkout is running already: stop it first.")
        }
        Err(TryLockError::Error(error)) => bail!("{} cannot be locked: {error}.", path.display()),
    }
}

/// Stops the processes of a run that was killed, if they are still what they were.
fn stop_leftovers(checkout: &Checkout, file: &Path) -> Result<()> {
    let Ok(pids) = fs::read_to_string(file) else { return Ok(()) };
    let state = checkout.state("")?;
    for pid in pids.lines().filter_map(|line| line.parse().ok()) {
        let mut ps = Command::new("ps");
        ps.args(["-o", "command=", "-p"]).arg(i32::to_string(&pid));
        if output(&mut ps).is_ok_and(|command| command.contains(&*state.to_string_lossy())) {
            stop_leftover(pid);
        }
    }
    Ok(fs::remove_file(file)?)
}

fn prepare_state(checkout: &Checkout, settings: &Settings) -> Result<PathBuf> {
    let state = checkout.state(settings.name)?;
    if settings.fresh && state.exists() {
        fs::remove_dir_all(&state).with_context(|| format!("cannot remove {}", state.display()))?;
    }
    fs::create_dir_all(&state).with_context(|| format!("cannot make {}", state.display()))?;
    Ok(state)
}
