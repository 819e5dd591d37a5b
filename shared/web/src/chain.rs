//! The hashes of the audit log: of a row's content, of its place in the chain, and of the chain's anchor.
//!
//! Guarantees: all are keyed by the master key, so that whoever has only the database can make none of them up, and a
//! row fits one log only, but for that of a closed account. Relies on: fields without line breaks.

use crate::answer::hex;
use crate::master::MasterKey;

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content<'a> {
    /// In whose log; `None` for a row that one request writes into the logs of several stores.
    pub store: Option<&'a str>,
    /// When, Unix milliseconds.
    pub at: i64,
    /// Who: a user, a key or `system`.
    pub actor: &'a str,
    /// What: the operation's name.
    pub action: &'a str,
    /// To what: an id, if any.
    pub subject: Option<&'a str>,
    /// From which network address, if it is known.
    pub address: Option<&'a str>,
    /// In which request.
    pub request_id: &'a str,
}

/// Whether a request of this operation writes the same row into the logs of several stores.
pub fn is_of_several_stores(action: &str) -> bool {
    action == "accounts.close_me"
}

/// The hash of a row's content, in hex.
pub fn content_hash(key: &MasterKey, content: &Content<'_>) -> String {
    let Content { store, at, actor, action, subject, address, request_id } = content;
    let [store, subject, address] = [store, subject, address].map(|text| text.unwrap_or_default());
    hex(&key
        .mac(&format!("audit-row|v1\n{store}\n{at}\n{actor}\n{action}\n{subject}\n{address}\n{request_id}")))
}

/// The seal of a row, in hex: its place and its content on top of the seal before; empty for the first.
pub fn seal(key: &MasterKey, store: &str, seq: i64, before: &str, hash: &str) -> String {
    hex(&key.mac(&format!("audit-seal|v1\n{store}\n{seq}\n{before}\n{hash}")))
}

/// The keyed hash of an anchor, in hex: so many rows, the last of which was written at `at` and has this seal.
pub fn anchor(key: &MasterKey, store: &str, count: i64, seal: &str, at: i64) -> String {
    hex(&key.mac(&format!("audit-anchor|v1\n{store}\n{count}\n{seal}\n{at}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audit_format_unchanged() {
        let key = MasterKey::parse("dev-0123456789abcdef").unwrap();
        let content = Content {
            store: Some("str_1"),
            at: 1_795_167_000_000,
            actor: "usr_1",
            action: "products.create",
            subject: Some("prd_1"),
            address: None,
            request_id: "req_1",
        };
        let hash = content_hash(&key, &content);
        assert_eq!(hash, "ecd49b53c7912ca69a665a1c0c5746cb8b9e21170791d403ee99d9caf27791bc");
        let seal = seal(&key, "str_1", 1, "", &hash);
        assert_eq!(seal, "2847e75729158e0f71f41b24e33de35afd7f1f56d89ba3b97ce4cbdbc7ef6b99");
        let anchor = anchor(&key, "str_1", 1, &seal, 1_795_167_000_000);
        assert_eq!(anchor, "d4986337857814c738a3cb89f61a682402b688c1b64f7bcfb598974c011796d3");
    }
}
