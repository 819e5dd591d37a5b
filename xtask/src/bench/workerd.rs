//! workerd itself, with the Worker and those beside it: the plain one, and the peer where it is asked for.
//!
//! Guarantees: listens on 127.0.0.1 alone; what it keeps is in the folder it is given.
//! Relies on: workerd's configuration format (<https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp>).

use crate::checkout::Checkout;
use crate::ports;
use crate::process::Service;
use anyhow::{Context, Result};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const START_LIMIT: Duration = Duration::from_secs(30);

/// The peer in the configuration.
const PEER: &str = r#"const peer :Workerd.Worker = (
  modules = [(name = "peer.js", esModule = embed "peer.js")],
  compatibilityDate = "{date}", bindings = [{variables}],
);
"#;

/// The Worker that leads to the rooms and to a plain object alike.
const DRIVER: &str = r#"const driver :Workerd.Worker = (
  modules = [(name = "room.js", esModule = embed "room.js")],
  compatibilityDate = "{date}",
  bindings = [
    (name = "ROOMS", durableObjectNamespace = (className = "Room", serviceName = "storeroom")),
    (name = "PLAIN", durableObjectNamespace = "Plain")],
  durableObjectNamespaces = [(className = "Plain", uniqueKey = "plain", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
);
"#;

/// What the Workers are told.
pub struct Workers {
    /// The database.
    pub database_url: String,
    /// The token keys, with the private half.
    pub token_keys: String,
    /// The master key.
    pub master_key: String,
    /// What the plain Worker sends to the database.
    pub pipeline: String,
    /// Most batches in one call of the writer.
    pub group_limit: &'static str,
    /// The bundle of the peer, if it runs too.
    pub peer: Option<PathBuf>,
    /// Whether the plain object runs that the room is compared with.
    pub broadcasts: bool,
}

/// A running workerd.
pub struct Workerd {
    service: Service,
    /// Where the Worker answers.
    pub url: String,
    /// Where the plain Worker answers.
    pub plain_url: String,
    /// Where the peer answers, if it runs.
    pub peer_url: String,
    /// Where rooms and the plain object are reached, if it runs.
    pub driver_url: String,
}

/// Which Worker a start is measured with.
#[derive(Clone, Copy)]
pub enum Which {
    /// The service.
    Storeroom,
    /// One of a line, to tell what workerd itself takes.
    Empty,
}

impl Workerd {
    /// Starts it and waits for the first answer.
    pub fn start(checkout: &Checkout, folder: &Path, workers: &Workers) -> Result<Self> {
        let (port, plain_port, peer_port) = (ports::pick_free()?, ports::pick_free()?, ports::pick_free()?);
        let driver_port = ports::pick_free()?;
        let mut sockets = vec![("storeroom", port), ("plain", plain_port)];
        sockets.extend(workers.peer.is_some().then_some(("peer", peer_port)));
        sockets.extend(workers.broadcasts.then_some(("driver", driver_port)));
        let mut command = command(checkout, folder, workers, &sockets)?;
        let mut service = Service::start("workerd", &mut command, checkout.log("bench-workerd")?)?;
        let address = |port: u16| format!("http://127.0.0.1:{port}");
        let url = address(port);
        service.wait_until_ready(&format!("{url}/healthz"), START_LIMIT)?;
        let [plain_url, peer_url, driver_url] = [plain_port, peer_port, driver_port].map(address);
        Ok(Self { service, url, plain_url, peer_url, driver_url })
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.service.pid()
    }
}

/// Milliseconds from the start of the process to its first answer.
pub fn start_time(checkout: &Checkout, folder: &Path, workers: &Workers, which: Which) -> Result<f64> {
    let port = ports::pick_free()?;
    let service = match which {
        Which::Storeroom => "storeroom",
        Which::Empty => "empty",
    };
    let mut command = command(checkout, folder, workers, &[(service, port)])?;
    let begin = Instant::now();
    let running = Service::start("workerd", &mut command, checkout.log("bench-start")?)?;
    while !answers(port) {
        if begin.elapsed() > START_LIMIT {
            anyhow::bail!("workerd did not answer");
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    let elapsed = begin.elapsed().as_secs_f64() * 1000.0;
    drop(running);
    Ok(elapsed)
}

fn answers(port: u16) -> bool {
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let mut answer = String::new();
    stream.write_all(request).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

fn command(
    checkout: &Checkout,
    folder: &Path,
    workers: &Workers,
    sockets: &[(&str, u16)],
) -> Result<Command> {
    fs::create_dir_all(folder.join("objects"))?;
    for (from, to) in [
        ("hosts/worker/build/index.js", "index.js"),
        ("hosts/worker/build/index_bg.wasm", "index_bg.wasm"),
        ("tests/bench/plain.js", "plain.js"),
        ("tests/bench/room.js", "room.js"),
    ] {
        fs::copy(checkout.path(from), folder.join(to)).with_context(|| format!("cannot copy {from}"))?;
    }
    if let Some(bundle) = &workers.peer {
        fs::copy(bundle, folder.join("peer.js")).context("the peer's bundle is not there")?;
    }
    let config = folder.join("config.capnp");
    fs::write(&config, configuration(checkout, folder, workers, sockets)?)?;
    let mut command = Command::new(program(checkout)?);
    command.arg("serve").arg(&config);
    Ok(command)
}

/// The program of this platform's npm package.
fn program(checkout: &Checkout) -> Result<PathBuf> {
    let packages =
        fs::read_dir(checkout.path("node_modules/@cloudflare")).context("there is no node_modules")?;
    let programs = packages.flatten().map(|package| package.path().join("bin/workerd"));
    programs.into_iter().find(|program| program.is_file()).context("there is no workerd for this platform")
}

fn configuration(
    checkout: &Checkout,
    folder: &Path,
    workers: &Workers,
    sockets: &[(&str, u16)],
) -> Result<String> {
    let date = compatibility_date(checkout)?;
    let text = |value: &str| serde_json::Value::from(value).to_string();
    let listening: String = sockets
        .iter()
        .map(|(service, port)| {
            format!(
                r#"(name = "{service}", address = "127.0.0.1:{port}", http = (), service = "{service}"), "#
            )
        })
        .collect();
    let variables: String = [
        ("ENVIRONMENT", "local"),
        ("RATE_LIMITS", "off"),
        ("WEBHOOK_TARGETS", "local"),
        ("DATABASE_URL", workers.database_url.as_str()),
        ("TOKEN_KEYS", workers.token_keys.as_str()),
        ("MASTER_KEY", workers.master_key.as_str()),
        ("WRITER_GROUP_LIMIT", workers.group_limit),
        ("PIPELINE", workers.pipeline.as_str()),
    ]
    .iter()
    .map(|(name, value)| format!("(name = \"{name}\", text = {}), ", text(value)))
    .collect();
    let objects = text(&folder.join("objects").to_string_lossy());
    let peer = if workers.peer.is_some() { PEER.replace("{date}", &date) } else { String::new() };
    let peer = peer.replace("{variables}", &variables);
    let with_peer = if workers.peer.is_some() { r#"(name = "peer", worker = .peer),"# } else { "" };
    let driver = if workers.broadcasts { DRIVER.replace("{date}", &date) } else { String::new() };
    let with_driver = if workers.broadcasts { r#"(name = "driver", worker = .driver),"# } else { "" };
    Ok(format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "storeroom", worker = .storeroom), (name = "plain", worker = .plain), (name = "empty", worker = .empty),
    {with_peer} {with_driver}
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "objects", disk = (path = {objects}, writable = true)),
  ],
  sockets = [{listening}],
);
const storeroom :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "index.js"), (name = "index_bg.wasm", wasm = embed "index_bg.wasm")],
  compatibilityDate = "{date}",
  bindings = [{variables}
    (name = "ROOMS", durableObjectNamespace = "Room"), (name = "WRITER", durableObjectNamespace = "Writer"),
    (name = "COURIERS", durableObjectNamespace = "Courier")],
  durableObjectNamespaces = [
    (className = "Room", uniqueKey = "room", enableSql = true),
    (className = "Writer", uniqueKey = "writer", enableSql = true),
    (className = "Courier", uniqueKey = "courier", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
);
const plain :Workerd.Worker = (
  modules = [(name = "plain.js", esModule = embed "plain.js")],
  compatibilityDate = "{date}", bindings = [{variables}],
);
const empty :Workerd.Worker = (
  modules = [(name = "empty.js", esModule = "export default {{ fetch() {{ return new Response('ok'); }} }}")],
  compatibilityDate = "{date}",
);
{peer}{driver}"#
    ))
}

fn compatibility_date(checkout: &Checkout) -> Result<String> {
    let text = fs::read_to_string(checkout.path("wrangler.toml"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("compatibility_date = \""));
    let date =
        line.and_then(|rest| rest.split('"').next()).context("wrangler.toml has no compatibility_date")?;
    Ok(date.to_owned())
}
