//! The master key: the one secret of a deployment, from which every other secret is derived.
//!
//! Guarantees: its bytes never leave this type, not even for a debug print; each use has a label of its own, so that
//! what one use gives out says nothing about another. Nothing derived is stored: losing the master key ends every API
//! key.
//! Relies on: HMAC-SHA256 (RFC 2104) by `hmac-sha256`, which `jwt-simple` brings along anyway.

use crate::answer::hex;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac_sha256::HMAC;
use storeroom_domain::KeyId;

/// How a master key for development begins; a deployment refuses such keys.
pub const DEV_MASTER: &str = "dev-";
/// How the secret of an API key begins, so that scanners for leaked secrets find it.
pub const SECRET_PREFIX: &str = "sk_";

/// Fewest bytes of a master key.
const MIN_BYTES: usize = 32;
/// Fewest characters of a master key for development.
const MIN_DEV_LENGTH: usize = 20;
/// Longest text of a master key.
const MAX_LENGTH: usize = 1_024;

/// The configured master key cannot be used; a sentence for the log, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadMasterKey(pub String);

/// The master key. It cannot be printed.
pub struct MasterKey {
    bytes: Vec<u8>,
    is_dev: bool,
}

impl MasterKey {
    /// Reads `MASTER_KEY`: base64url without padding of at least 32 bytes; or, for development only, any text from
    /// `dev-` on of at least 20 characters, which is the key as it stands.
    pub fn parse(text: &str) -> Result<Self, BadMasterKey> {
        let bad = |why: &str| BadMasterKey(format!("MASTER_KEY {why}"));
        if text.len() > MAX_LENGTH {
            return Err(bad("is longer than 1024 characters"));
        }
        if text.starts_with(DEV_MASTER) {
            let long_enough = text.chars().count() >= MIN_DEV_LENGTH;
            let key = Self { bytes: text.as_bytes().to_vec(), is_dev: true };
            return long_enough.then_some(key).ok_or_else(|| bad("for development has under 20 characters"));
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad("is not base64url without padding"))?;
        if bytes.len() < MIN_BYTES {
            return Err(bad("has fewer than 32 bytes"));
        }
        Ok(Self { bytes, is_dev: false })
    }

    /// Whether it is for local development only.
    pub fn is_dev(&self) -> bool {
        self.is_dev
    }

    /// HMAC-SHA256 by the master key. The text begins with a label and a version that no other use has.
    pub fn mac(&self, label_and_data: &str) -> [u8; 32] {
        HMAC::mac(label_and_data, &self.bytes)
    }

    /// The secret of an API key's generation: `sk_` and 43 characters of base64url. Clients sign with the bytes of
    /// this text as it was given out; they decode nothing.
    pub fn api_secret(&self, key: KeyId, generation: i64) -> String {
        let mac = self.mac(&format!("v1|{key}|{generation}"));
        format!("{SECRET_PREFIX}{}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// A stand-in for an e-mail address or the like, in 64 digits of hex: the same for the same text, and nobody
    /// without the master key can tell or guess the text.
    pub fn pseudonym(&self, text: &str) -> String {
        hex(&self.mac(&format!("pseudonym|v1|{text}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const DEV: &str = "dev-master-key-for-tests";

    fn key() -> KeyId {
        KeyId::new(1_795_167_000_000, [7; 10])
    }

    fn refusal(text: &str) -> String {
        MasterKey::parse(text).err().map(|bad| bad.0).unwrap_or_default()
    }

    #[test]
    fn takes_keys_of_both_forms() {
        let master = MasterKey::parse(&URL_SAFE_NO_PAD.encode([9; 32])).ok().unwrap();
        assert_eq!((master.bytes.as_slice(), master.is_dev()), ([9; 32].as_slice(), false));
        assert!(MasterKey::parse(DEV).ok().unwrap().is_dev());
    }

    #[test]
    fn bad_keys_are_named_but_not_shown() {
        let (short, padded) = ("A".repeat(42), format!("{}=", "B".repeat(43)));
        let (long, standard) = ("C".repeat(1_025), format!("{}+/", "D".repeat(41)));
        for text in
            ["", &short, &padded, &long, &standard, "dev-1", "dev-345678901234567", "geheim geheim geheim"]
        {
            let sentence = refusal(text);
            assert!(sentence.starts_with("MASTER_KEY "), "{text}: {sentence}");
            assert!(text.is_empty() || !sentence.contains(text), "{sentence}");
        }
    }

    #[test]
    fn derived_secrets_format_unchanged() {
        let master = MasterKey::parse(DEV).ok().unwrap();
        assert_eq!(master.api_secret(key(), 1), "sk_9fYEpJ8UtX6JAFyZ0uBLjsEKa0Q4tg8lmcQTnfgFLnU");
        assert_eq!(
            master.pseudonym("ana@shop.example"),
            "44a6b6cacff163f0d46a3593a4573e4a5904d9d67ce378ab0d9c344ef5278881"
        );
    }

    #[test]
    fn mac_is_that_of_rfc_4231() {
        // Section 4.3, test case 2: the one whose key and data are text.
        let master = MasterKey { bytes: b"Jefe".to_vec(), is_dev: false };
        assert_eq!(
            hex(&master.mac("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn every_use_has_a_secret_of_its_own() {
        let master = MasterKey::parse(DEV).ok().unwrap();
        let other = MasterKey::parse("dev-another-master-key").ok().unwrap();
        let all = [
            master.api_secret(key(), 1),
            master.api_secret(key(), 2),
            master.api_secret(KeyId::new(1, [7; 10]), 1),
            other.api_secret(key(), 1),
            master.pseudonym("a"),
            master.pseudonym("A"),
            other.pseudonym("a"),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
