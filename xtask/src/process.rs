//! Processes that this program starts and is sure to stop.
//!
//! Guarantees: each child leads its own process group, so that what it starts goes with it (workerd under wrangler);
//! dropping a guard stops the group: SIGTERM to the child, a wait, then SIGKILL to the group. A service that dies
//! before it answers is reported at once with the end of its log. Relies on: Unix process groups.

use crate::checkout::make_parent;
use crate::command::{cannot_start, name_of};
use crate::interrupt;
use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a child may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(5);

/// A child and all that it starts.
pub struct Group {
    child: Child,
    pid: Pid,
    ended: Option<ExitStatus>,
}

impl Group {
    /// Starts a command at the head of a new process group.
    pub fn start(command: &mut Command) -> Result<Self> {
        let name = name_of(command);
        let child = command.process_group(0).spawn().map_err(|error| cannot_start(&name, &error))?;
        let pid = Pid::from_raw(i32::try_from(child.id()).context("a process id out of range")?);
        Ok(Self { child, pid, ended: None })
    }

    /// How the child ended, if it did.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended)
    }

    /// The child's process id, which is also its group's.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Takes the child's piped output, to be read by the caller.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Stops the child, then whatever of its group is left.
    pub fn stop(&mut self) {
        if self.ended.is_none() {
            let _ = kill(self.pid, Signal::SIGTERM);
            self.wait_for_end(GRACE);
        }
        let _ = killpg(self.pid, Signal::SIGKILL);
        let _ = self.child.wait();
    }

    fn wait_for_end(&mut self, limit: Duration) {
        let begin = Instant::now();
        while begin.elapsed() < limit && matches!(self.ended(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A program that serves until it is stopped, with its output in a log.
pub struct Service {
    name: String,
    group: Group,
    log: PathBuf,
}

impl Service {
    /// Starts a service; `name` is what the developer calls it.
    pub fn start(name: &str, command: &mut Command, log: PathBuf) -> Result<Self> {
        make_parent(&log)?;
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        Ok(Self { name: name.to_owned(), group: Group::start(command)?, log })
    }

    /// Waits until `url` answers with success.
    pub fn wait_until_ready(&mut self, url: &str, limit: Duration) -> Result<()> {
        let begin = Instant::now();
        while !answers(url) {
            self.check_alive()?;
            if begin.elapsed() > limit {
                let log = self.log.display();
                bail!("{} did not answer at {url} within {} s (log: {log}).", self.name, limit.as_secs());
            }
            interrupt::pause(100)?;
        }
        Ok(())
    }

    /// Fails when the service has ended by itself.
    pub fn check_alive(&mut self) -> Result<()> {
        let Some(status) = self.group.ended()? else { return Ok(()) };
        let (name, log) = (&self.name, self.log.display());
        bail!("{name} ended by itself ({status}); the end of its log, {log}:\n{}", last_lines(&self.log, 12))
    }

    /// Whether the service has ended by itself.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.group.ended()?.is_some())
    }

    /// The service's process id.
    pub fn pid(&self) -> i32 {
        self.group.pid()
    }
}

/// Stops the group of a process that an earlier run left behind.
pub fn stop_leftover(pid: i32) {
    let group = Pid::from_raw(pid);
    let _ = killpg(group, Signal::SIGTERM);
    std::thread::sleep(Duration::from_secs(1));
    let _ = killpg(group, Signal::SIGKILL);
}

/// The last `count` lines of a file, as far as it can be read.
pub fn last_lines(file: &Path, count: usize) -> String {
    let text = String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(count)).copied().collect::<Vec<_>>().join("\n")
}

fn answers(url: &str) -> bool {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(2))).build();
    ureq::Agent::new_with_config(config).get(url).call().is_ok()
}
