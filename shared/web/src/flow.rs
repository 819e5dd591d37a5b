//! A body that is too big for the memory, as it comes.
//!
//! Guarantees: never more bytes than the operation takes; a body whose hash was promised (`Content-Digest`, RFC 9530)
//! ends only if it has that hash, so that a signature over the hash is one over the body.

use crate::memory::Full;
use crate::request::{BodyError, Incoming};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use sha2::{Digest, Sha256};
use storeroom_operations::{Code, Problem};

/// SHA-256 of a body.
pub type BodyHash = [u8; 32];

/// The hash of a body that is whole.
pub fn hash(body: &[u8]) -> BodyHash {
    Sha256::digest(body).into()
}

/// A body on its way in.
pub struct Flow {
    body: Box<dyn Incoming>,
    left: usize,
    limit: usize,
    hash: Sha256,
    promised: Option<BodyHash>,
}

impl Flow {
    /// A body of at most `limit` bytes, of which the hash may have been promised.
    pub fn new(body: Box<dyn Incoming>, limit: usize, promised: Option<BodyHash>) -> Self {
        Self { body, left: limit, limit, hash: Sha256::new(), promised }
    }

    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        let Some(chunk) = self.body.next().await.map_err(|error| refusal(error, self.limit))? else {
            return self.ended().map(|()| None);
        };
        let left = self.left.checked_sub(chunk.len());
        self.left = left.ok_or_else(|| refusal(BodyError::TooLarge, self.limit))?;
        self.hash.update(&chunk);
        Ok(Some(chunk))
    }

    /// The hash of all that came.
    pub fn hash(&self) -> BodyHash {
        self.hash.clone().finalize().into()
    }

    fn ended(&self) -> Result<(), Problem> {
        match self.promised {
            Some(promised) if promised != self.hash() => Err(Problem::new(
                Code::SignatureInvalid,
                "The body is not the one that `Content-Digest` names. Nothing of it was taken.",
            )),
            _ => Ok(()),
        }
    }
}

/// What a client is told of a body that could not be read.
pub fn refusal(error: BodyError, limit: usize) -> Problem {
    match error {
        BodyError::TooLarge => {
            Problem::new(Code::BodyTooLarge, format!("The body may have at most {limit} bytes."))
        }
        BodyError::Broken => Problem::new(Code::MalformedRequest, "The body broke off."),
        BodyError::NoRoom => Full.into(),
    }
}

/// The hash that a request promises of its body: `Content-Digest: sha-256=:<base64>:`. `None` without the header or
/// without that algorithm.
pub fn promised_hash(headers: &HeaderMap) -> Option<BodyHash> {
    let values = headers.get_all("content-digest").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).find_map(|member| {
        let encoded = member.trim().strip_prefix("sha-256=:")?.strip_suffix(':')?;
        STANDARD.decode(encoded).ok()?.try_into().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use futures::executor::block_on;
    use http::HeaderValue;

    struct Chunks(Vec<&'static str>);

    #[async_trait(?Send)]
    impl Incoming for Chunks {
        async fn next(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
            Ok((!self.0.is_empty()).then(|| self.0.remove(0).as_bytes().to_vec()))
        }
    }

    fn taken(limit: usize, promised: Option<BodyHash>) -> Result<(String, BodyHash), Problem> {
        let mut flow = Flow::new(Box::new(Chunks(vec!["ab", "cd"])), limit, promised);
        let mut text = String::new();
        while let Some(chunk) = block_on(flow.next())? {
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        Ok((text, flow.hash()))
    }

    #[test]
    fn a_body_comes_whole_or_is_refused() {
        let hash: BodyHash = Sha256::digest("abcd").into();
        assert_eq!(taken(4, None), Ok(("abcd".to_owned(), hash)));
        assert_eq!(taken(4, Some(hash)), Ok(("abcd".to_owned(), hash)));
        assert_eq!(taken(3, None).unwrap_err().code, Code::BodyTooLarge);
        assert_eq!(taken(4, Some([0; 32])).unwrap_err().code, Code::SignatureInvalid);
    }

    /// The example of RFC 9530, appendix B.1, among other algorithms.
    #[test]
    fn content_digest_format_unchanged() {
        let mut headers = HeaderMap::new();
        let text = "md5=:AA==:, sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
        headers.insert("content-digest", HeaderValue::from_static(text));
        let hash: BodyHash = Sha256::digest(br#"{"hello": "world"}"#).into();
        assert_eq!(promised_hash(&headers), Some(hash));
        for nonsense in ["sha-256=AA==", "sha-256=:AA==:", "sha-512=:AA==:", "", "sha-256=::"] {
            headers.insert("content-digest", HeaderValue::from_static(nonsense));
            assert_eq!(promised_hash(&headers), None, "{nonsense}");
        }
    }
}
