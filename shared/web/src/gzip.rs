//! gzip, for hosts whose platform does not compress.
//!
//! Guarantees: what `Gzip::chunk` returns is enough to read the chunk, so an event leaves at once (a sync flush,
//! RFC 1951 section 3.2.4). Each open stream takes some 320 KB.
//! Relies on: `flate2` over `miniz_oxide`, which is Rust alone.

use crate::outgoing::Outgoing;
use async_trait::async_trait;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// A body of which less is not worth the work, in bytes.
pub const WORTHWHILE: usize = 1024;

/// The whole body, compressed.
pub fn whole(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = encoder();
    // Writing to memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// A stream on its way through the compressor.
pub struct Gzip {
    body: Box<dyn Outgoing>,
    /// Gone when the end was written.
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl Gzip {
    /// Compresses that body.
    pub fn new(body: Box<dyn Outgoing>) -> Self {
        Self { body, encoder: Some(encoder()) }
    }
}

#[async_trait(?Send)]
impl Outgoing for Gzip {
    async fn next(&mut self) -> Option<Vec<u8>> {
        let chunk = if self.encoder.is_some() { self.body.next().await } else { None };
        if self.body.is_broken() {
            return None;
        }
        match (self.encoder.as_mut(), chunk) {
            (Some(encoder), Some(chunk)) => Some(flushed(encoder, &chunk)),
            _ => self.encoder.take()?.finish().ok(),
        }
    }

    fn is_broken(&self) -> bool {
        self.body.is_broken()
    }
}

fn encoder() -> GzEncoder<Vec<u8>> {
    GzEncoder::new(Vec::new(), Compression::fast())
}

fn flushed(encoder: &mut GzEncoder<Vec<u8>>, chunk: &[u8]) -> Vec<u8> {
    let _ = encoder.write_all(chunk);
    let _ = encoder.flush();
    std::mem::take(encoder.get_mut())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::write::GzDecoder;
    use futures::executor::block_on;

    struct Chunks(Vec<&'static str>);

    #[async_trait(?Send)]
    impl Outgoing for Chunks {
        async fn next(&mut self) -> Option<Vec<u8>> {
            self.0.pop().map(|chunk| chunk.as_bytes().to_vec())
        }
    }

    #[test]
    fn each_chunk_can_be_read_when_it_comes() {
        let mut gzip = Gzip::new(Box::new(Chunks(vec!["three", "two", "one"])));
        let mut decoder = GzDecoder::new(Vec::new());
        for read in ["one", "onetwo", "onetwothree"] {
            decoder.write_all(&block_on(gzip.next()).unwrap()).unwrap();
            decoder.flush().unwrap();
            assert_eq!(decoder.get_ref(), read.as_bytes());
        }
        decoder.write_all(&block_on(gzip.next()).unwrap()).unwrap();
        assert_eq!(decoder.finish().unwrap(), b"onetwothree", "its checksum and length are right");
        assert_eq!(block_on(gzip.next()), None);
    }

    #[test]
    fn a_whole_body_comes_back() {
        let text = "the same again ".repeat(1_000);
        let compressed = whole(text.as_bytes());
        assert!(compressed.len() < 300, "{}", compressed.len());
        let mut decoder = GzDecoder::new(Vec::new());
        decoder.write_all(&compressed).unwrap();
        assert_eq!(decoder.finish().unwrap(), text.as_bytes());
    }
}
