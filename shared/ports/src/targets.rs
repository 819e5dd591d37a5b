//! Where deliveries may go.

/// Which addresses a store may name for its deliveries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Targets {
    /// Public ones, by https.
    #[default]
    Public,
    /// This machine, too: plain http and loopback addresses on any port. For development only.
    Local,
}
