//! The audit log and the verdict on its chain.

use super::{NEXT_CURSOR, page};
use crate::schema::{Field, Object, Schema};
use serde::{Deserialize, Serialize};

const SEQ: Schema = Schema::Integer { min: 1, max: i64::MAX };

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// Its place in the store's audit log, from 1.
    pub seq: i64,
    /// When it was done.
    pub at: String,
    /// Who did it: a user's or a key's id, or `system`.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// What it was done to.
    pub subject: Option<String>,
    /// The address that it came from.
    pub address: Option<String>,
    /// The request that did it.
    pub request_id: String,
    /// A keyed hash (HMAC-SHA256) of the entry's content, in hex.
    pub hash: String,
    /// Whether it is part of the chain yet.
    pub sealed: bool,
}

/// `AuditEntry` as data.
pub const AUDIT_ENTRY: Object = Object {
    name: "AuditEntry",
    about: "Something that was done in a store, written in the transaction that did it.",
    fields: &[
        Field::required("seq", SEQ, "Its place in the store's audit log."),
        Field::required("at", Schema::TIME, "When it was done."),
        Field::required("actor", Schema::line(1, 100), "Who did it: a user's or a key's id, or `system`."),
        Field::required("action", Schema::line(1, 100), "What was done."),
        Field::required("subject", Schema::Nullable(&Schema::line(1, 200)), "The id of what it was done to."),
        Field::required("address", Schema::Nullable(&Schema::line(1, 100)), "The address that it came from."),
        Field::required("request_id", Schema::line(1, 100), "The request that did it."),
        Field::required("hash", Schema::line(64, 64), "A keyed hash (HMAC-SHA256) of its content, in hex."),
        Field::required("sealed", Schema::Boolean, "Whether it is part of the chain yet: within 60 s."),
    ],
};

/// A page of the audit log.
pub const AUDIT_PAGE: Object = page(
    "AuditPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&AUDIT_ENTRY), max: 250, unique: false },
            "The entries, newest first.",
        ),
        NEXT_CURSOR,
    ],
);

/// Whether the audit log is what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditVerdict {
    /// Whether every entry, the chain and its anchor fit.
    pub valid: bool,
    /// How many entries were looked at.
    pub checked: i64,
    /// Until when entries are part of the chain.
    pub sealed_to: Option<String>,
    /// The place of the first entry that does not fit.
    pub first_bad: Option<i64>,
}

/// `AuditVerdict` as data.
pub const AUDIT_VERDICT: Object = Object {
    name: "AuditVerdict",
    about: "Whether the audit log is what was written.",
    fields: &[
        Field::required("valid", Schema::Boolean, "Whether every entry, the chain and its anchor fit."),
        Field::required(
            "checked",
            Schema::Integer { min: 0, max: i64::MAX },
            "How many entries were looked at.",
        ),
        Field::required(
            "sealed_to",
            Schema::Nullable(&Schema::TIME),
            "When the last entry of the chain was written; null while there is none.",
        ),
        Field::required(
            "first_bad",
            Schema::Nullable(&SEQ),
            "The `seq` of the first entry that does not fit; null when all do.",
        ),
    ],
};
