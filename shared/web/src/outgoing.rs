//! A body that is made while it is sent.
//!
//! Guarantees: nothing is made before the host asks for it, so a client that reads slowly is a host that asks slowly.
//! Relies on: a host that drops the body when the client is gone, and so ends what makes it.

use async_trait::async_trait;
use std::fmt;

/// Makes a body piece by piece.
#[async_trait(?Send)]
pub trait Outgoing {
    /// The next bytes, which are to leave at once; never none of them. `None` at the end.
    async fn next(&mut self) -> Option<Vec<u8>>;

    /// Whether it ended before it was whole: the host then breaks the connection off, so that nobody keeps a part for the
    /// whole.
    fn is_broken(&self) -> bool {
        false
    }
}

/// A body on its way out.
pub struct Stream(pub Box<dyn Outgoing>);

impl fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Stream")
    }
}

/// Two streams are the same when they are one.
impl PartialEq for Stream {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::addr_eq(&raw const *self.0, &raw const *other.0)
    }
}

impl Eq for Stream {}
