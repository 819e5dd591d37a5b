//! The cells of the table of access that would hurt most, by hand: each is checked by a real request and against what
//! rows and roles say.

use crate::access_table::{Expected, Ground, Holder, expected};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_operations::operation::Row;
use storeroom_operations::table::operations;

use Holder::{Expired, Key, Member, Nobody, RevokedKey, SignedOut, Stranger, StrangersKey};
use Role::{Admin, Editor, Fulfilment, Owner, Viewer};

/// What the table of access decides.
const CELLS: [(&str, Holder, u16); 36] = [
    ("accounts.invite", Member(Editor), 403),
    ("accounts.invite", Key(Fulfilment), 403),
    ("accounts.change_member", Member(Fulfilment), 403),
    ("accounts.remove_member", Stranger, 404),
    ("accounts.list_members", Member(Viewer), 403),
    ("accounts.patch_store", Member(Admin), 403),
    ("accounts.patch_store", Key(Admin), 403),
    ("accounts.patch_store", Member(Owner), 200),
    ("accounts.read_store", Stranger, 404),
    ("accounts.create_key", Key(Viewer), 403),
    ("accounts.create_key", Member(Editor), 403),
    ("accounts.create_key", Member(Admin), 201),
    ("accounts.list_keys", Nobody, 401),
    ("accounts.rotate_key", StrangersKey, 404),
    ("accounts.rotate_key", Key(Editor), 403),
    ("accounts.revoke_key", Stranger, 404),
    ("accounts.revoke_key", Member(Fulfilment), 403),
    ("accounts.key_usage", Member(Viewer), 403),
    ("accounts.audit", Member(Fulfilment), 403),
    ("accounts.audit", Stranger, 404),
    ("accounts.verify_audit", Key(Editor), 403),
    ("accounts.logout", Key(Owner), 403),
    ("accounts.close_me", Expired, 401),
    ("accounts.close_me", Key(Admin), 403),
    ("accounts.password", SignedOut, 401),
    ("accounts.create_store", Key(Owner), 403),
    ("accounts.me", RevokedKey, 403),
    ("products.list", RevokedKey, 401),
    ("products.create", Member(Viewer), 403),
    ("products.replace", StrangersKey, 404),
    ("products.delete", Member(Editor), 204),
    ("products.delete", Member(Fulfilment), 403),
    ("products.delete", Key(Viewer), 403),
    ("products.publish", Key(Fulfilment), 403),
    ("events.read", Stranger, 404),
    ("room.ticket", SignedOut, 401),
];

fn row(name: &str) -> &'static Row {
    operations().map(|operation| operation.row()).find(|row| row.name == name).unwrap()
}

#[test]
fn the_table_says_what_stands_here() {
    for (name, holder, status) in CELLS {
        let row = row(name);
        let says = match status {
            401 | 403 | 404 => Expected::Refused(status),
            _ => Expected::Passed,
        };
        assert_eq!(expected(row, holder), says, "{name} as {holder:?}");
        assert!(says != Expected::Passed || status == row.success, "{name}");
    }
}

#[tokio::test]
async fn requests_are_answered_so() {
    for (name, holder, status) in CELLS {
        let row = row(name);
        let mut ground = Ground::of(row).await;
        let reply = ground.send(ground.line(row), holder).await;
        assert_eq!(reply.status(), status, "{name} as {holder:?}: {}", reply.text());
    }
}

/// What the roles alone do not decide: nobody gives more than it has, and only owners touch owners.
fn beyond_the_table() -> Vec<(&'static str, Holder, Role, Value)> {
    let owner = || json!({"role": "owner"});
    let invited = || json!({"email": "eve@example.org", "role": "owner"});
    let key = || json!({"name": "Till", "role": "owner"});
    vec![
        ("accounts.invite", Member(Admin), Viewer, invited()),
        ("accounts.invite", Key(Admin), Viewer, invited()),
        ("accounts.change_member", Member(Admin), Admin, owner()),
        ("accounts.change_member", Key(Admin), Viewer, owner()),
        ("accounts.change_member", Member(Admin), Owner, json!({"role": "viewer"})),
        ("accounts.change_member", Key(Admin), Owner, json!({"role": "viewer"})),
        ("accounts.remove_member", Member(Admin), Owner, json!({})),
        ("accounts.remove_member", Key(Admin), Owner, json!({})),
        ("accounts.create_key", Member(Admin), Viewer, key()),
        ("accounts.create_key", Key(Admin), Viewer, key()),
    ]
}

#[tokio::test]
async fn only_owners_make_or_touch_owners() {
    for (name, holder, touched, body) in beyond_the_table() {
        let row = row(name);
        assert_eq!(expected(row, holder), Expected::Passed, "{name}");
        let mut ground = Ground::of(row).await;
        let user = ground.bed.member(touched).identity.user.to_string();
        let viewer = ground.bed.member(Viewer).identity.user.to_string();
        let mut line = ground.line(row);
        line.path = line.path.replace(&viewer, &user);
        let line = if line.body.is_some() { line.body(body.to_string()) } else { line };
        let reply = ground.send(line, holder).await;
        assert_eq!(
            (reply.status(), reply.code().as_str()),
            (403, "forbidden"),
            "{name} as {holder:?}: {}",
            reply.text()
        );
    }
}
