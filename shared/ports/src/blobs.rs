//! The store of images and other files.
//!
//! Guarantees: a file is whole or is not there; what was put is read by everybody from then on.

use crate::Down;
use async_trait::async_trait;

/// Files by name: at most 512 bytes of lower-case letters, digits, `/`, `.`, `-` and `_`.
#[async_trait(?Send)]
pub trait Blobs {
    /// Whether it answers.
    async fn check(&self) -> Result<(), Down>;
    /// Keeps a file; one of that name is replaced.
    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Down>;
    /// A file, or a part of it; `None` if there is none of that name.
    async fn get(&self, name: &str, part: Option<Part>) -> Result<Option<Blob>, Down>;
    /// Removes a file; one that is not there is gone already.
    async fn delete(&self, name: &str) -> Result<(), Down>;
}

/// Bytes of a file, from the one at `offset` on; those beyond its end are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The first byte.
    pub offset: u64,
    /// How many.
    pub length: u64,
}

/// A file on its way from the store.
pub struct Blob {
    /// Bytes of the whole file, also where a part was asked for.
    pub size: u64,
    /// What was asked for.
    pub chunks: Box<dyn Chunks>,
}

/// Bytes that come piece by piece.
#[async_trait(?Send)]
pub trait Chunks {
    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Down>;
}

/// Bytes that are in memory already.
pub struct InMemory(pub Vec<u8>);

#[async_trait(?Send)]
impl Chunks for InMemory {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Down> {
        Ok(Some(std::mem::take(&mut self.0)).filter(|bytes| !bytes.is_empty()))
    }
}

impl Blob {
    /// A file that is in memory, cut to the part.
    pub fn in_memory(bytes: Vec<u8>, part: Option<Part>) -> Self {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let chunk = match part {
            None => bytes,
            Some(Part { offset, length }) => {
                let [offset, length] =
                    [offset, length].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
                bytes.into_iter().skip(offset).take(length).collect()
            }
        };
        Self { size, chunks: Box::new(InMemory(chunk)) }
    }

    /// All of it, for a file that is known to be small.
    pub async fn bytes(mut self) -> Result<Vec<u8>, Down> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunks.next().await? {
            bytes.extend(chunk);
        }
        Ok(bytes)
    }
}
