//! PHC strings: how a password's hash is written down.
//!
//! Guarantees: reads only Argon2id of version 1.3 with its three parameters in their order and no more, each number in
//! its only spelling; prints what it read.
//! Relies on: the PHC string format, <https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md>.

use super::Cost;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::fmt;

/// Longest text that is looked at, in bytes; those of this service have 97.
const MAX_LENGTH: usize = 256;
const BEGINNING: &str = "$argon2id$v=19$";

/// A hash with everything needed to make it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phc {
    /// How much work it was.
    pub cost: Cost,
    /// The salt.
    pub salt: Vec<u8>,
    /// The hash.
    pub hash: Vec<u8>,
}

impl Phc {
    /// Reads one; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(BEGINNING).filter(|_| text.len() <= MAX_LENGTH)?;
        let mut parts = rest.split('$');
        let cost = cost(parts.next()?)?;
        let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
        let hash = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
        (parts.next().is_none() && hash.len() == super::HASH_LENGTH).then_some(Self { cost, salt, hash })
    }
}

fn cost(text: &str) -> Option<Cost> {
    let mut parts = text.split(',');
    let cost = Cost {
        memory_kib: number(parts.next()?, "m=")?,
        passes: number(parts.next()?, "t=")?,
        lanes: number(parts.next()?, "p=")?,
    };
    parts.next().is_none().then_some(cost)
}

fn number(text: &str, name: &str) -> Option<u32> {
    let digits = text.strip_prefix(name)?;
    digits.parse::<u32>().ok().filter(|number| number.to_string() == digits)
}

impl fmt::Display for Phc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cost { memory_kib, passes, lanes } = self.cost;
        let (salt, hash) = (STANDARD_NO_PAD.encode(&self.salt), STANDARD_NO_PAD.encode(&self.hash));
        write!(f, "{BEGINNING}m={memory_kib},t={passes},p={lanes}${salt}${hash}")
    }
}
