//! A request as a host hands it over.

use async_trait::async_trait;
use http::HeaderMap;

/// A request whose body has not been read yet.
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The path, as it was sent.
    pub path: String,
    /// The query without its question mark, as it was sent; empty when there is none.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// Scheme and host under which the client reached the service, such as `https://shop.example`.
    pub origin: String,
    /// The client's address, for limits; never logged whole.
    pub client: String,
    /// The body.
    pub body: Box<dyn Incoming>,
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// It has more bytes than allowed; reading stopped there.
    TooLarge,
    /// The client went away or the stream broke.
    Broken,
    /// Other bodies fill the memory.
    NoRoom,
}

/// A body on its way in. Who drops it reads no further.
#[async_trait(?Send)]
pub trait Incoming {
    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, BodyError>;

    /// Reads it whole, but never keeps more than `limit` bytes.
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        let mut bytes: Vec<u8> = Vec::new();
        while let Some(chunk) = self.next().await? {
            if bytes.len().saturating_add(chunk.len()) > limit {
                return Err(BodyError::TooLarge);
            }
            // Doubling would hold twice of what is there, and the largest bodies fill a good part of the memory.
            if bytes.capacity().saturating_sub(bytes.len()) < chunk.len() {
                bytes.reserve_exact(chunk.len().max(bytes.len() / 4));
            }
            bytes.extend(chunk);
        }
        Ok(bytes)
    }
}

/// A body that is in memory already.
pub struct Whole(pub Vec<u8>);

#[async_trait(?Send)]
impl Incoming for Whole {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        Ok(Some(std::mem::take(&mut self.0)).filter(|bytes| !bytes.is_empty()))
    }
}

impl Request {
    /// A header's text; `None` when it is absent or not text. Where one was sent twice this is the first.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
