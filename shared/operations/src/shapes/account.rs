//! Users, their sessions and what they send to get one.
//!
//! Guarantees: a type that carries a secret (a password, a token) has no `Debug`, so that it cannot reach a log.

use super::store::{STORE, STORE_INPUT, Store, StoreInput};
use super::{NAME, ROLE};
use crate::schema::{Field, Format, Object, Schema};
use serde::{Deserialize, Serialize};
use storeroom_domain::{email, password};

/// Most memberships that are listed for a user.
pub const MAX_MEMBERSHIPS: usize = 1000;

/// An e-mail address.
pub const EMAIL: Schema = Schema::Text { min: 3, max: email::MAX_LENGTH, format: Format::Email };
const PASSWORD: Schema =
    Schema::Text { min: password::MIN_LENGTH, max: password::MAX_LENGTH, format: Format::Password };
// What is compared with something kept is only bounded: an odd one is as wrong as any other.
const SENT_PASSWORD: Schema = Schema::line(1, password::MAX_LENGTH);
const SENT_TOKEN: Schema = Schema::line(1, 200);

/// A user as the user sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Its id.
    pub id: String,
    /// The address to sign in with.
    pub email: String,
    /// What others call the user.
    pub name: String,
}

/// `User` as data.
pub const USER: Object = Object {
    name: "User",
    about: "Somebody with an account.",
    fields: &[
        Field::required("id", Schema::id("usr_"), "Its id."),
        Field::required("email", EMAIL, "The address to sign in with."),
        Field::required("name", NAME, "What others call the user."),
    ],
};

/// A store that the user is a member of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// The store's id.
    pub store_id: String,
    /// The store's name.
    pub store_name: String,
    /// The user's role there.
    pub role: String,
    /// What the role may do, as `<area>:<verb>`.
    pub permissions: Vec<String>,
}

/// `Membership` as data.
pub const MEMBERSHIP: Object = Object {
    name: "Membership",
    about: "A store that the user is a member of, and what the user may do there.",
    fields: &[
        Field::required("store_id", Schema::id("str_"), "The store."),
        Field::required("store_name", NAME, "The store's name."),
        Field::required("role", ROLE, "The user's role there."),
        Field::required(
            "permissions",
            Schema::List { items: &Schema::line(1, 50), max: 50, unique: true },
            "What the role may do, such as `products:write`.",
        ),
    ],
};

const MEMBERSHIPS: Schema =
    Schema::List { items: &Schema::Object(&MEMBERSHIP), max: MAX_MEMBERSHIPS, unique: false };
const USER_FIELD: Field = Field::required("user", Schema::Object(&USER), "Who is signed in.");
const MEMBERSHIPS_FIELD: Field = Field::required("memberships", MEMBERSHIPS, "The stores of the user.");

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Me {
    /// The user.
    pub user: User,
    /// The user's stores.
    pub memberships: Vec<Membership>,
}

/// `Me` as data.
pub const ME: Object =
    Object { name: "Me", about: "Who is signed in, and where.", fields: &[USER_FIELD, MEMBERSHIPS_FIELD] };

/// A session that has begun or goes on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// The JWT for `Authorization: Bearer`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// How long the access token is good, in seconds.
    pub expires_in: i64,
    /// Gets the next pair of tokens, once.
    pub refresh_token: String,
    /// The user.
    pub user: User,
    /// The user's stores.
    pub memberships: Vec<Membership>,
}

const ACCESS_TOKEN_FIELD: Field =
    Field::required("access_token", Schema::line(1, 2000), "To be sent as `Authorization: Bearer`.");
const TOKEN_TYPE_FIELD: Field = Field::required("token_type", Schema::OneOf(&["Bearer"]), "Always `Bearer`.");
const EXPIRES_IN_FIELD: Field = Field::required(
    "expires_in",
    Schema::Integer { min: 1, max: 86_400 },
    "How long the access token is good, in seconds.",
);
const REFRESH_TOKEN_FIELD: Field = Field::required(
    "refresh_token",
    SENT_TOKEN,
    "Gets the next pair of tokens, once: used twice, it ends every session that came of the same sign-in.",
);

/// `SignedIn` as data.
pub const SIGNED_IN: Object = Object {
    name: "SignedIn",
    about: "A session: its tokens, the user and the user's stores.",
    fields: &[
        ACCESS_TOKEN_FIELD,
        TOKEN_TYPE_FIELD,
        EXPIRES_IN_FIELD,
        REFRESH_TOKEN_FIELD,
        USER_FIELD,
        MEMBERSHIPS_FIELD,
    ],
};

/// A new account with its first session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// The session.
    #[serde(flatten)]
    pub signed_in: SignedIn,
    /// The store that was named, with the user as its owner.
    pub store: Option<Store>,
}

/// `Registration` as data.
pub const REGISTRATION: Object = Object {
    name: "Registration",
    about: "A new account: its first session, and the store when one was named.",
    fields: &[
        ACCESS_TOKEN_FIELD,
        TOKEN_TYPE_FIELD,
        EXPIRES_IN_FIELD,
        REFRESH_TOKEN_FIELD,
        USER_FIELD,
        MEMBERSHIPS_FIELD,
        Field::required(
            "store",
            Schema::Nullable(&Schema::Object(&STORE)),
            "The new store, which the user owns; null when none was named.",
        ),
    ],
};

/// What an account begins with.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterInput {
    /// The address to sign in with.
    pub email: String,
    /// The password, as it is typed.
    pub password: String,
    /// What others call the user.
    pub name: String,
    /// A first store.
    #[serde(default)]
    pub store: Option<StoreInput>,
}

/// `RegisterInput` as data.
pub const REGISTER_INPUT: Object = Object {
    name: "RegisterInput",
    about: "What an account begins with.",
    fields: &[
        Field::required("email", EMAIL, "The address to sign in with; nobody else may have it."),
        Field::required("password", PASSWORD, "The password."),
        Field::required("name", NAME, "What others call the user."),
        Field::optional(
            "store",
            Schema::Nullable(&Schema::Object(&STORE_INPUT)),
            "A first store; its creator owns it.",
        ),
    ],
};

/// An e-mail address and a password.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginInput {
    /// The address of the account.
    pub email: String,
    /// Its password.
    pub password: String,
}

/// `LoginInput` as data.
pub const LOGIN_INPUT: Object = Object {
    name: "LoginInput",
    about: "What one signs in with.",
    fields: &[
        Field::required("email", Schema::line(1, email::MAX_LENGTH), "The address of the account."),
        Field::required("password", SENT_PASSWORD, "Its password."),
    ],
};

/// The token that gets the next pair.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshInput {
    /// The refresh token that was given out last.
    pub refresh_token: String,
}

/// `RefreshInput` as data.
pub const REFRESH_INPUT: Object = Object {
    name: "RefreshInput",
    about: "What one goes on with when the access token has expired.",
    fields: &[Field::required("refresh_token", SENT_TOKEN, "The refresh token that was given out last.")],
};

/// A change to one's own account, RFC 7396.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    /// What others call the user.
    #[serde(default)]
    pub name: Option<String>,
}

/// `UserPatch` as data.
pub const USER_PATCH: Object = Object {
    name: "UserPatch",
    about: "A JSON merge patch (RFC 7396) of one's own account: what is left out stays.",
    fields: &[Field::optional("name", NAME, "What others call the user.")],
};

/// A change of the password.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordInput {
    /// The password until now.
    pub current_password: String,
    /// The password from now on.
    pub new_password: String,
}

/// `PasswordInput` as data.
pub const PASSWORD_INPUT: Object = Object {
    name: "PasswordInput",
    about: "A change of the password.",
    fields: &[
        Field::required("current_password", SENT_PASSWORD, "The password until now."),
        Field::required("new_password", PASSWORD, "The password from now on."),
    ],
};

/// An invitation that is taken.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptInput {
    /// The token of the invitation.
    pub token: String,
}

/// `AcceptInput` as data.
pub const ACCEPT_INPUT: Object = Object {
    name: "AcceptInput",
    about: "The invitation that is taken.",
    fields: &[Field::required("token", SENT_TOKEN, "The `invite_token` of the invitation.")],
};
