//! The store of images and other files.

use crate::Down;
use async_trait::async_trait;

/// Files by name.
#[async_trait(?Send)]
pub trait Blobs {
    /// Whether it answers.
    async fn check(&self) -> Result<(), Down>;
}
