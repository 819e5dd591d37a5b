//! Programs that cargo installs into the tool folder.
//!
//! Guarantees: exactly the pinned version, built as quickly as a cold machine can. Relies on: the program telling its
//! version. The choices behind the speed, measured on 2 cores: no optimisation but where WASM is rewritten, no parts
//! that are not run, and for worker-build two stand-ins (xtask/stand-ins) for crates that only download: 127 s
//! instead of 203 s for both programs, and no OpenSSL headers needed.

use crate::checkout::Checkout;
use crate::command::{output, run};
use crate::interrupt;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::process::Command;

/// What rewrites WASM: the wasm-bindgen program is slow without optimisation here, and only here.
const REWRITES_WASM: [&str; 5] =
    ["wasm-bindgen-cli-support", "walrus", "wasmparser", "wasm-encoder", "id-arena"];

/// A program of the crate registry.
pub struct Program {
    /// The package to install.
    pub package: &'static str,
    /// Its exact version.
    pub version: String,
    /// The one program of the package that is needed.
    binary: &'static str,
    /// How it is asked for its version.
    version_arguments: &'static [&'static str],
    /// Further arguments of `cargo install`.
    arguments: Vec<String>,
    /// Packages in whose place xtask/stand-ins has others.
    stand_ins: &'static [&'static str],
}

/// The builder of a Worker; its version is that of the crate `worker`.
pub fn worker_build() -> Program {
    Program {
        package: "worker-build",
        version: "0.8.7".to_owned(),
        binary: "worker-build",
        version_arguments: &["--version"],
        arguments: vec![],
        stand_ins: &["ureq", "binary-install"],
    }
}

/// The wasm-bindgen program that fits the library in Cargo.lock.
pub fn wasm_bindgen(checkout: &Checkout) -> Result<Program> {
    let mut arguments = vec!["--no-default-features".to_owned()];
    for package in REWRITES_WASM {
        arguments.extend(["--config".to_owned(), format!("profile.release.package.{package}.opt-level=1")]);
    }
    Ok(Program {
        package: "wasm-bindgen-cli",
        version: locked_version(checkout, "wasm-bindgen")?,
        binary: "wasm-bindgen",
        version_arguments: &["--version"],
        arguments,
        stand_ins: &[],
    })
}

/// Coverage of the native tests.
pub fn llvm_cov() -> Program {
    Program {
        package: "cargo-llvm-cov",
        version: "0.9.1".to_owned(),
        binary: "cargo-llvm-cov",
        version_arguments: &["llvm-cov", "--version"],
        arguments: vec![],
        stand_ins: &[],
    }
}

/// Installs a program, unless the tool folder has just this version; says whether it was built.
pub fn install(checkout: &Checkout, program: &Program) -> Result<bool> {
    if is_installed(checkout, program)? {
        return Ok(false);
    }
    let mut command = command(checkout, program)?;
    run(&mut command, &format!("installing {}", program.package), &checkout.log(program.package)?)?;
    Ok(true)
}

/// Held while programs are installed: two runs at once would take each other's results away.
pub fn lock(checkout: &Checkout) -> Result<File> {
    let path = checkout.tools()?.join("install.lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    while file.try_lock().is_err() {
        interrupt::pause(200)?;
    }
    Ok(file)
}

/// Removes what was only needed while programs were built.
pub fn clean(checkout: &Checkout) -> Result<()> {
    let build = checkout.tools()?.join("build");
    if !build.exists() {
        return Ok(());
    }
    fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))
}

fn is_installed(checkout: &Checkout, program: &Program) -> Result<bool> {
    let mut command = Command::new(checkout.tool(program.binary)?);
    let Ok(answer) = output(command.args(program.version_arguments)) else { return Ok(false) };
    Ok(answer.split_whitespace().any(|word| word == program.version))
}

fn command(checkout: &Checkout, program: &Program) -> Result<Command> {
    let tools = checkout.tools()?;
    let mut command = checkout.cargo();
    command.args(["install", "--force", "--root"]).arg(&tools);
    command.arg("--version").arg(format!("={}", program.version));
    command.args(["--bin", program.binary, program.package]).args(&program.arguments);
    for package in program.stand_ins {
        let path = checkout.path("xtask/stand-ins").join(package);
        command.arg("--config").arg(format!("patch.crates-io.{package}.path={path:?}"));
    }
    command.env("CARGO_TARGET_DIR", tools.join("build"));
    command.envs([
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
        ("CARGO_PROFILE_RELEASE_LTO", "off"),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
        ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ]);
    Ok(command)
}

fn locked_version(checkout: &Checkout, package: &str) -> Result<String> {
    let lock = fs::read_to_string(checkout.path("Cargo.lock")).context("Cargo.lock cannot be read")?;
    let entry = format!("name = \"{package}\"\nversion = \"");
    let version = lock.split_once(&entry).and_then(|(_, rest)| rest.split_once('"'));
    let (version, _) = version.with_context(|| format!("Cargo.lock has no package {package}"))?;
    Ok(version.to_owned())
}
