//! Members of a store and invitations to become one.
//!
//! Guarantees: a type that carries an invitation's token has no `Debug`, so that it cannot reach a log.

use super::account::EMAIL;
use super::{NAME, NEXT_CURSOR, ROLE, VERSION, page};
use crate::schema::{Field, Object, Schema};
use serde::{Deserialize, Serialize};

/// A member of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The user's id.
    pub user_id: String,
    /// The user's address.
    pub email: String,
    /// The user's name.
    pub name: String,
    /// The role in this store.
    pub role: String,
    /// Counts the membership's changes, from 1.
    pub version: i64,
    /// Since when the user is a member.
    pub created_at: String,
}

/// `Member` as data.
pub const MEMBER: Object = Object {
    name: "Member",
    about: "A member of a store.",
    fields: &[
        Field::required("user_id", Schema::id("usr_"), "The user."),
        Field::required("email", EMAIL, "The user's address."),
        Field::required("name", NAME, "What others call the user."),
        Field::required("role", ROLE, "The role in this store."),
        Field::required("version", VERSION, "Counts the membership's changes."),
        Field::required("created_at", Schema::TIME, "Since when the user is a member."),
    ],
};

/// A page of members.
pub const MEMBER_PAGE: Object = page(
    "MemberPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&MEMBER), max: 250, unique: false },
            "The members.",
        ),
        NEXT_CURSOR,
    ],
);

/// Who is invited, as what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InviteInput {
    /// Whose account may accept.
    pub email: String,
    /// The role that it gets.
    pub role: String,
}

/// `InviteInput` as data.
pub const INVITE_INPUT: Object = Object {
    name: "InviteInput",
    about: "Who is invited, and as what.",
    fields: &[
        Field::required("email", EMAIL, "The address of the account that may accept."),
        Field::required("role", ROLE, "The role; only an owner grants `owner`."),
    ],
};

/// An invitation, shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// What accepts the invitation; a replayed answer leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_token: Option<String>,
    /// Whose account may accept.
    pub email: String,
    /// The role that it gets.
    pub role: String,
    /// Until when it can be accepted.
    pub expires_at: String,
}

/// `Invite` as data.
pub const INVITE: Object = Object {
    name: "Invite",
    about: "An invitation. Its token is shown this once.",
    fields: &[
        Field::optional(
            "invite_token",
            Schema::line(20, 200),
            "To be sent to `/api/pms/auth/invites/accept` by who is invited; left out when a request is repeated under \
             its `Idempotency-Key`. Who lost it invites the address again, under another key.",
        ),
        Field::required("email", EMAIL, "The address of the account that may accept."),
        Field::required("role", ROLE, "The role that it gets."),
        Field::required("expires_at", Schema::TIME, "Until when it can be accepted."),
    ],
};

/// A change of a member's role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberPatch {
    /// The role from now on.
    pub role: String,
}

/// `MemberPatch` as data.
pub const MEMBER_PATCH: Object = Object {
    name: "MemberPatch",
    about: "A change of a member's role.",
    fields: &[Field::required("role", ROLE, "The role from now on; only an owner grants or takes `owner`.")],
};
