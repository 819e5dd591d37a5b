//! Which addresses deliveries may go to.
//!
//! Guarantees: an address that passes names a public network by its spelling, or this machine where that is allowed; it
//! is written in the one way that every client reads alike, so that what was checked is what is called.
//! Relies on: the crate `url` for reading hosts as browsers do; the platform for what a name resolves to, which nobody
//! knows here (docs/hosts.md).

mod networks;

use storeroom_ports::Targets;
use url::{Host, Url};

/// Longest address, in bytes.
pub const MAX_URL_BYTES: usize = 2_048;

/// Ports that deliveries may go to.
const PORTS: [u16; 2] = [443, 8443];

/// Names that no public server has, with all names below them: reserved ones, and those that private networks use.
const PRIVATE_NAMES: [&str; 13] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "home.arpa",
    "lan",
    "intranet",
    "corp",
    "home",
    "onion",
    "invalid",
    "test",
    "example",
];

/// Services that resolve any name below theirs to the address in it, or to this machine.
const ECHOING_NAMES: [&str; 7] =
    ["nip.io", "sslip.io", "xip.io", "localtest.me", "lvh.me", "vcap.me", "lacolhost.com"];

/// Why an address is refused: a sentence for whoever named it, which repeats none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal(pub &'static str);

/// Whether deliveries may go to the address.
pub fn check(url: &str, targets: Targets) -> Result<(), Refusal> {
    if url.len() > MAX_URL_BYTES {
        return Err(Refusal("The address is too long: it may have 2,048 bytes."));
    }
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) || url.contains('\\') {
        return Err(Refusal(
            "The address may hold plain ASCII only: write a name as punycode (xn--…) and anything else percent-encoded.",
        ));
    }
    let parsed = Url::parse(url).map_err(|_| {
        Refusal("This is no absolute address: write one such as https://shop.example.com/hooks.")
    })?;
    check_parts(&parsed, targets)?;
    let host =
        parsed.host().ok_or(Refusal("The address names no host: write one such as shop.example.com."))?;
    check_host(&host, targets)?;
    if is_written_plainly(url, &parsed) {
        Ok(())
    } else {
        Err(Refusal(
            "The host is written in an unusual way: write it as https://, the host and at most a port.",
        ))
    }
}

fn check_parts(url: &Url, targets: Targets) -> Result<(), Refusal> {
    let is_local = targets == Targets::Local;
    match url.scheme() {
        "https" => {}
        "http" if is_local => {}
        _ => return Err(Refusal("The address must begin with https://.")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal(
            "The address must hold no user name and no password: check the signature of deliveries instead.",
        ));
    }
    if url.fragment().is_some() {
        return Err(Refusal("The address must hold no fragment: leave out the # and what follows it."));
    }
    let is_usual = url.port_or_known_default().is_some_and(|port| PORTS.contains(&port));
    if !is_usual && !is_local {
        return Err(Refusal("The port must be 443, which need not be written, or 8443."));
    }
    Ok(())
}

fn check_host(host: &Host<&str>, targets: Targets) -> Result<(), Refusal> {
    let (is_public, is_this_machine) = match host {
        Host::Ipv4(address) => (networks::is_public_v4(*address), address.is_loopback()),
        Host::Ipv6(address) => (networks::is_public_v6(*address), address.is_loopback()),
        Host::Domain(name) => (is_public_name(name.trim_end_matches('.')), *name == "localhost"),
    };
    if is_public || (is_this_machine && targets == Targets::Local) {
        return Ok(());
    }
    Err(Refusal(
        "The host is in no public network: name a server that the Internet reaches, such as shop.example.com.",
    ))
}

/// Whether a name, which is in small letters and ends without a dot, may belong to a public server.
fn is_public_name(name: &str) -> bool {
    let is_within = |outer: &&str| {
        name.strip_suffix(*outer).is_some_and(|below| below.is_empty() || below.ends_with('.'))
    };
    name.contains('.') && !PRIVATE_NAMES.iter().chain(&ECHOING_NAMES).any(is_within)
}

/// Whether the host stands between the slashes as it was understood, with nothing but the port beside it.
fn is_written_plainly(url: &str, parsed: &Url) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let written = rest.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let host = parsed.host_str().unwrap_or_default();
    let with_port = parsed.port_or_known_default().map(|port| format!("{host}:{port}"));
    written == host || Some(written) == with_port
}

#[cfg(test)]
mod tests;
