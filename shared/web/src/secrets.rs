//! What a deployment keeps secret, parsed once an instance.
//!
//! Guarantees: whoever holds it can sign tokens, open what the master key sealed, and check passwords.
//! Relies on: the host, which reads the texts from where it keeps secrets.

use crate::master::MasterKey;
use crate::passwords::Passwords;
use crate::tokens::TokenKeys;

/// The secrets of an instance.
pub struct Secrets {
    /// Signs, checks and publishes what access tokens need.
    pub tokens: TokenKeys,
    /// Other keys are derived from it.
    pub master: MasterKey,
    /// Hashes passwords.
    pub passwords: Passwords,
}
