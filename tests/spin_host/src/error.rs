//! Why a host did not start.
//!
//! Guarantees that every failure before the first request names the file, component or variable at fault. Failures of
//! a running guest are not errors of the host: a client sees them as status 500.

use std::fmt;
use std::path::PathBuf;

/// Why [`SpinHost::start`](crate::SpinHost::start) refused.
#[derive(Debug)]
pub enum HostError {
    /// The manifest could not be read or says something that this host does not know.
    Manifest {
        /// The manifest as it was named in the options.
        path: PathBuf,
        /// What is wrong with it, in words.
        reason: String,
    },
    /// A variable is missing, unknown or badly named.
    Variable(String),
    /// A component's file is missing, is no component, or needs an interface that this host does not offer.
    Component {
        /// The component's id in the manifest.
        id: String,
        /// What is wrong with it, in words.
        reason: String,
    },
    /// The engine, its cache, the runtime or the listening socket could not be set up.
    Setup(String),
}

/// The result of everything that happens before a host listens.
pub type Result<T> = std::result::Result<T, HostError>;

impl HostError {
    pub(crate) fn component(id: &str, reason: impl fmt::Display) -> Self {
        Self::Component { id: id.to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn setup(what: &str, reason: impl fmt::Display) -> Self {
        Self::Setup(format!("{what}: {reason}"))
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest { path, reason } => write!(out, "manifest {}: {reason}", path.display()),
            Self::Variable(reason) => write!(out, "variable {reason}"),
            Self::Component { id, reason } => write!(out, "component {id}: {reason}"),
            Self::Setup(reason) => out.write_str(reason),
        }
    }
}

impl std::error::Error for HostError {}
