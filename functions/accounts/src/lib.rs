//! Accounts, stores, members, API keys and the audit log: a folder a noun, a file a verb.
//!
//! Guarantees: a password and a token are kept as hashes only; what a role may grant is no more than it has; every
//! change of a store is an event or a row of the audit log, or both, in its own transaction.
//! Relies on: `storeroom-web` for access, tokens, passwords and signatures; the schema for uniqueness.

mod audit;
mod auth;
pub mod due;
mod keys;
mod members;
mod stores;

use storeroom_operations::{Accounts, Problem};
use storeroom_web::{Answer, Call};

/// Runs an operation.
pub async fn handle(operation: Accounts, call: &Call<'_>) -> Result<Answer, Problem> {
    match operation {
        Accounts::Register => auth::register::register(call).await,
        Accounts::Login => auth::login::login(call).await,
        Accounts::Refresh => auth::refresh::refresh(call).await,
        Accounts::Logout => auth::logout::logout(call).await,
        Accounts::Me => auth::me::read(call).await,
        Accounts::PatchMe => auth::me::patch(call).await,
        Accounts::CloseMe => auth::close::close(call).await,
        Accounts::Password => auth::password::change(call).await,
        Accounts::AcceptInvite => members::accept::accept(call).await,
        Accounts::Jwks => Ok(auth::jwks::read(call)),
        Accounts::ListStores => stores::list::list(call).await,
        Accounts::CreateStore => stores::create::create(call).await,
        Accounts::ReadStore => stores::read::read(call).await,
        Accounts::PatchStore => stores::patch::patch(call).await,
        Accounts::ListMembers => members::list::list(call).await,
        Accounts::Invite => members::invite::invite(call).await,
        Accounts::ChangeMember => members::change::change(call).await,
        Accounts::RemoveMember => members::remove::remove(call).await,
        Accounts::ListKeys => keys::list::list(call).await,
        Accounts::CreateKey => keys::create::create(call).await,
        Accounts::RotateKey => keys::rotate::rotate(call).await,
        Accounts::RevokeKey => keys::revoke::revoke(call).await,
        Accounts::KeyUsage => keys::usage::usage(call).await,
        Accounts::ReadAudit => audit::list::list(call).await,
        Accounts::VerifyAudit => audit::verify::verify(call).await,
    }
}
