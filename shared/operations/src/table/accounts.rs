//! Rows of accounts, stores, members, API keys and the audit log.
//!
//! Guarantees: every operation of [`Accounts`] has its row here.

use super::{CURSOR, LIMIT, body, merge_patch, open, optional_body, read, write};
use crate::operation::{Access, Answer, Effect, IfMatch, Param, RateClass, Row};
use crate::problem::Code;
use crate::schema::Schema;
use crate::shapes::{account, audit, key, member, store};
use storeroom_domain::Permission;

family! { Accounts "Accounts, stores, members, API keys, the audit log."
    Register REGISTER;
    Login LOGIN;
    Refresh REFRESH;
    Logout LOGOUT;
    Me READ_ME;
    PatchMe PATCH_ME;
    CloseMe CLOSE_ME;
    Password CHANGE_PASSWORD;
    AcceptInvite ACCEPT_INVITE;
    Jwks JWKS;
    ListStores LIST_STORES;
    CreateStore CREATE_STORE;
    ReadStore READ_STORE;
    PatchStore PATCH_STORE;
    ListMembers LIST_MEMBERS;
    Invite INVITE;
    ChangeMember CHANGE_MEMBER;
    RemoveMember REMOVE_MEMBER;
    ListKeys LIST_KEYS;
    CreateKey CREATE_KEY;
    RotateKey ROTATE_KEY;
    RevokeKey REVOKE_KEY;
    KeyUsage READ_KEY_USAGE;
    ReadAudit READ_AUDIT;
    VerifyAudit VERIFY_AUDIT;
}

/// The start of a row: a `POST` by anybody, about no store, that takes a password or a token.
const fn sign_in(name: &'static str, path: &'static str, summary: &'static str) -> Row {
    Row { method: "POST", rate: RateClass::Auth, effect: Effect::Write, ..open(name, path, summary) }
}

/// The start of a row: a read by whoever is signed in, about no store.
const fn own_read(name: &'static str, path: &'static str, summary: &'static str) -> Row {
    Row { access: Access::Account, rate: RateClass::Read, ..open(name, path, summary) }
}

/// The start of a row: a write by whoever is signed in, about no store.
const fn own_write(
    name: &'static str,
    method: &'static str,
    path: &'static str,
    summary: &'static str,
) -> Row {
    Row { method, rate: RateClass::Write, effect: Effect::Write, ..own_read(name, path, summary) }
}

static REGISTER: Row = Row {
    body: body(&account::REGISTER_INPUT),
    success: 201,
    answer: Answer::Json(&account::REGISTRATION),
    problems: &[Code::EmailTaken],
    ..sign_in("accounts.register", "/api/pms/auth/register", "Open an account, and a first store with it")
};

static LOGIN: Row = Row {
    body: body(&account::LOGIN_INPUT),
    answer: Answer::Json(&account::SIGNED_IN),
    problems: &[Code::InvalidCredentials],
    ..sign_in("accounts.login", "/api/pms/auth/login", "Sign in")
};

static REFRESH: Row = Row {
    body: body(&account::REFRESH_INPUT),
    answer: Answer::Json(&account::SIGNED_IN),
    problems: &[Code::Unauthenticated],
    ..sign_in("accounts.refresh", "/api/pms/auth/refresh", "Get the next pair of tokens")
};

static LOGOUT: Row =
    Row { success: 204, ..own_write("accounts.logout", "POST", "/api/pms/auth/logout", "End the session") };

static READ_ME: Row = Row {
    answer: Answer::Json(&account::ME),
    ..own_read("accounts.me", "/api/pms/auth/me", "Who is signed in, and what that may do where")
};

static PATCH_ME: Row = Row {
    body: merge_patch(&account::USER_PATCH),
    answer: Answer::Json(&account::ME),
    ..own_write("accounts.patch_me", "PATCH", "/api/pms/auth/me", "Change one's own name")
};

static CLOSE_ME: Row = Row {
    success: 204,
    problems: &[Code::LastOwner],
    ..own_write("accounts.close_me", "DELETE", "/api/pms/auth/me", "Close one's own account")
};

static CHANGE_PASSWORD: Row = Row {
    rate: RateClass::Auth,
    body: body(&account::PASSWORD_INPUT),
    success: 204,
    problems: &[Code::InvalidCredentials],
    ..own_write(
        "accounts.password",
        "POST",
        "/api/pms/auth/password",
        "Change the password and end the other sessions",
    )
};

static ACCEPT_INVITE: Row = Row {
    body: body(&account::ACCEPT_INPUT),
    answer: Answer::Json(&account::MEMBERSHIP),
    problems: &[Code::NotFound],
    ..own_write(
        "accounts.accept_invite",
        "POST",
        "/api/pms/auth/invites/accept",
        "Accept an invitation into a store",
    )
};

static JWKS: Row = Row {
    answer: Answer::Document,
    ..open("accounts.jwks", "/.well-known/jwks.json", "The public keys of the access tokens (RFC 7517)")
};

static LIST_STORES: Row = Row {
    query: &[LIMIT, CURSOR],
    answer: Answer::Json(&store::STORE_PAGE),
    problems: &[Code::CursorInvalid],
    ..own_read("accounts.list_stores", "/api/pms/stores", "List one's own stores")
};

static CREATE_STORE: Row = Row {
    body: body(&store::STORE_INPUT),
    success: 201,
    answer: Answer::Json(&store::STORE),
    ..own_write("accounts.create_store", "POST", "/api/pms/stores", "Open a store and become its owner")
};

static READ_STORE: Row = Row {
    answer: Answer::Json(&store::STORE),
    ..read(
        "accounts.read_store",
        "/api/pms/stores/{store}",
        "Read a store's settings",
        Permission::DashboardRead,
    )
};

static PATCH_STORE: Row = Row {
    if_match: IfMatch::Required,
    body: merge_patch(&store::STORE_PATCH),
    answer: Answer::Json(&store::STORE),
    problems: &[Code::CurrencyFixed],
    ..write(
        "accounts.patch_store",
        "PATCH",
        "/api/pms/stores/{store}",
        "Change a store's settings by merge patch",
        Permission::StoreManage,
    )
};

static LIST_MEMBERS: Row = Row {
    query: &[LIMIT, CURSOR],
    answer: Answer::Json(&member::MEMBER_PAGE),
    problems: &[Code::CursorInvalid],
    ..read(
        "accounts.list_members",
        "/api/pms/stores/{store}/members",
        "List a store's members",
        Permission::MembersManage,
    )
};

static INVITE: Row = Row {
    body: body(&member::INVITE_INPUT),
    success: 201,
    answer: Answer::Json(&member::INVITE),
    ..write(
        "accounts.invite",
        "POST",
        "/api/pms/stores/{store}/members",
        "Invite somebody into a store",
        Permission::MembersManage,
    )
};

static CHANGE_MEMBER: Row = Row {
    body: merge_patch(&member::MEMBER_PATCH),
    answer: Answer::Json(&member::MEMBER),
    problems: &[Code::NotFound, Code::LastOwner],
    ..write(
        "accounts.change_member",
        "PATCH",
        "/api/pms/stores/{store}/members/{user}",
        "Change a member's role",
        Permission::MembersManage,
    )
};

static REMOVE_MEMBER: Row = Row {
    success: 204,
    problems: &[Code::NotFound, Code::LastOwner],
    ..write(
        "accounts.remove_member",
        "DELETE",
        "/api/pms/stores/{store}/members/{user}",
        "Remove a member from a store",
        Permission::MembersManage,
    )
};

static LIST_KEYS: Row = Row {
    query: &[LIMIT, CURSOR],
    answer: Answer::Json(&key::KEY_PAGE),
    problems: &[Code::CursorInvalid],
    ..read("accounts.list_keys", "/api/pms/keys", "List API keys", Permission::KeysManage)
};

static CREATE_KEY: Row = Row {
    body: body(&key::KEY_INPUT),
    success: 201,
    answer: Answer::Json(&key::NEW_KEY),
    ..write("accounts.create_key", "POST", "/api/pms/keys", "Make an API key", Permission::KeysManage)
};

static ROTATE_KEY: Row = Row {
    body: optional_body(&key::ROTATE_INPUT),
    answer: Answer::Json(&key::NEW_KEY),
    problems: &[Code::NotFound],
    ..write(
        "accounts.rotate_key",
        "POST",
        "/api/pms/keys/{id}/rotate",
        "Give an API key a new secret",
        Permission::KeysManage,
    )
};

static REVOKE_KEY: Row = Row {
    success: 204,
    problems: &[Code::NotFound],
    ..write(
        "accounts.revoke_key",
        "DELETE",
        "/api/pms/keys/{id}",
        "End an API key at once",
        Permission::KeysManage,
    )
};

static READ_KEY_USAGE: Row = Row {
    query: &[Param {
        name: "days",
        schema: Schema::Integer { min: 1, max: key::MAX_USAGE_DAYS },
        about: "How many days back, today included; 30 by default.",
    }],
    answer: Answer::Json(&key::KEY_USAGE),
    problems: &[Code::NotFound],
    ..read(
        "accounts.key_usage",
        "/api/pms/keys/{id}/usage",
        "Read how much an API key was used",
        Permission::KeysManage,
    )
};

static READ_AUDIT: Row = Row {
    query: &[
        Param {
            name: "actor",
            schema: Schema::line(1, 100),
            about: "Only what this user or key did, by id; `system` for what nobody asked for.",
        },
        LIMIT,
        CURSOR,
    ],
    answer: Answer::Json(&audit::AUDIT_PAGE),
    problems: &[Code::CursorInvalid],
    ..read("accounts.audit", "/api/pms/audit", "Read the audit log, newest first", Permission::AuditRead)
};

static VERIFY_AUDIT: Row = Row {
    answer: Answer::Json(&audit::AUDIT_VERDICT),
    ..read(
        "accounts.verify_audit",
        "/api/pms/audit/verify",
        "Seal what is not sealed yet and check the audit log's chain",
        Permission::AuditRead,
    )
};
