//! The token of an invitation: whoever has it, and the invited address, may accept.
//!
//! Guarantees: 256 bits of chance, so that it is neither guessed nor worth hashing slowly; only its hash is kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use storeroom_ports::Random;
use storeroom_web::answer::hex;

/// Bytes of chance in a token.
const TOKEN_BYTES: usize = 32;

/// A new token: `inv_` and 43 characters of base64url.
pub fn new_token(random: &dyn Random) -> String {
    let mut bytes = [0; TOKEN_BYTES];
    random.fill(&mut bytes);
    format!("inv_{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// What is kept of a token: its SHA-256 in hex.
pub fn hash(token: &str) -> String {
    hex(&Sha256::digest(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;

    impl Random for Sevens {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    #[test]
    fn invite_token_format_unchanged() {
        let token = new_token(&Sevens);
        assert_eq!(token, "inv_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
        assert_eq!(hash(&token), "d311a6c236966cae5efef9aef44b8d11cd07f47d79379e28e8d6919f11fd661d");
    }
}
