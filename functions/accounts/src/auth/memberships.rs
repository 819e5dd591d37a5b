//! A user and the stores that it belongs to, as the API shows them.
//!
//! Guarantees: what a role may do comes from `storeroom_domain::role` alone; at most `MAX_MEMBERSHIPS` are listed.

use storeroom_domain::Role;
use storeroom_domain::role::ROLES;
use storeroom_operations::shapes::account::MAX_MEMBERSHIPS;

/// Two columns over a row `u` of `users`: the user's document and the list of its memberships, by the store's name.
pub fn columns() -> String {
    let membership = document("m.store_id", "s.name", "m.role");
    format!(
        "json_object('id', u.id, 'email', u.email, 'name', u.name), \
         (SELECT json_group_array(json(listed.document)) FROM (SELECT {membership} AS document \
            FROM memberships m JOIN stores s ON s.id = m.store_id WHERE m.user_id = u.id \
            ORDER BY s.name, m.store_id LIMIT {MAX_MEMBERSHIPS}) AS listed)"
    )
}

/// The document of a membership, from SQL expressions for its members.
fn document(store_id: &str, store_name: &str, role: &str) -> String {
    let cases: String = ROLES
        .into_iter()
        .map(|role| format!(" WHEN '{}' THEN '{}'", role.as_str(), permissions(role)))
        .collect();
    format!(
        "json_object('store_id', {store_id}, 'store_name', {store_name}, 'role', {role}, \
         'permissions', json(CASE {role}{cases} END))"
    )
}

fn permissions(role: Role) -> String {
    let quoted: Vec<String> =
        role.permissions().into_iter().map(|permission| format!("\"{}\"", permission.as_str())).collect();
    format!("[{}]", quoted.join(","))
}
