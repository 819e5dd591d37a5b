//! Log lines. Whoever writes one keeps secrets, tokens and customers' data out of it.

/// How serious a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Business as usual.
    Info,
    /// Something went wrong that the service copes with.
    Warn,
    /// Something went wrong that somebody should look at.
    Error,
}

impl Level {
    /// The level as it is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Takes whole lines of JSON.
pub trait Log {
    /// Writes one line.
    fn line(&self, level: Level, json: &str);
}
