//! `spin-host`: runs the components of a manifest until it is interrupted.
//!
//! Relies on the components being built; makes the database file when there is none.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use storeroom_spin_host::{Options, Reuse, SpinHost};

const USAGE: &str = "usage: spin-host MANIFEST [--sqlite PATH] [--listen ADDR] [--var NAME=VALUE]...";

struct Arguments {
    manifest: PathBuf,
    sqlite_path: PathBuf,
    listen: SocketAddr,
    variables: BTreeMap<String, String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("spin-host: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let options = Options {
        manifest: arguments.manifest,
        variables: arguments.variables,
        sqlite_path: arguments.sqlite_path,
        reuse: Reuse::SPIN_DEFAULT,
        cache_dir: None,
    };
    let host = SpinHost::start_on(arguments.listen, options).map_err(|error| error.to_string())?;
    println!("listening on {}", host.url());
    tokio::signal::ctrl_c().await.map_err(|error| error.to_string())?;
    host.shutdown().await;
    Ok(())
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut manifest = None;
        let mut sqlite_path = PathBuf::from("spin-host.db");
        let mut listen = SocketAddr::from(([127, 0, 0, 1], 3000));
        let mut variables = BTreeMap::new();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n{USAGE}"));
            match word.as_str() {
                "--sqlite" => sqlite_path = value()?.into(),
                "--listen" => listen = value()?.parse().map_err(|error| format!("--listen: {error}"))?,
                "--var" => variables.extend([split_pair(&value()?)?]),
                _ if word.starts_with('-') || manifest.is_some() => return Err(USAGE.to_owned()),
                _ => manifest = Some(word.into()),
            }
        }
        let manifest = manifest.ok_or_else(|| USAGE.to_owned())?;
        Ok(Self { manifest, sqlite_path, listen, variables })
    }
}

fn split_pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("--var {text} must be NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}
