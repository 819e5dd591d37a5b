//! The document of a member, as SQL builds it.

/// The document, over `memberships m` and `users u`.
const DOCUMENT: &str = "json_object('user_id', m.user_id, 'email', u.email, 'name', u.name, 'role', m.role, \
    'version', m.version, 'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', m.created_at / 1000.0, 'unixepoch'))";

/// The members of `:store`: `document`, `user_id`, `version`. More conditions may follow.
pub fn members() -> String {
    format!(
        "SELECT {DOCUMENT} AS document, m.user_id, m.version FROM memberships m JOIN users u ON u.id = m.user_id \
         WHERE m.store_id = :store"
    )
}

/// The member `:member` of `:store`.
pub fn member() -> String {
    format!("{} AND m.user_id = :member", members())
}
