//! Products and the public catalogue: one file an operation, or a few that differ in a word.
//!
//! Guarantees: every write is one transaction with its event and its revision; every read is one statement.
//! Relies on: `storeroom-web` for access, and on the schema for uniqueness and for what a document looks like.

mod archive;
mod bulk;
mod catalog;
mod content;
mod create;
mod delete;
pub mod due;
mod export;
mod file;
pub mod import;
pub mod ingest;
mod jobs;
mod list;
pub mod many;
mod patch;
mod publish;
mod read;
mod refusals;
mod replace;
mod restore;
mod revisions;
mod rewrite;
mod selection;
mod steps;
mod transition;
mod unpublish;
mod words;

use storeroom_operations::{Problem, Products};
use storeroom_web::{Answer, Call};

/// Runs an operation.
pub async fn handle(operation: Products, call: &Call<'_>) -> Result<Answer, Problem> {
    match operation {
        Products::List => list::list(call).await,
        Products::Create => create::create(call).await,
        Products::Read => read::read(call).await,
        Products::Replace => replace::replace(call).await,
        Products::Patch => patch::patch(call).await,
        Products::Delete => delete::delete(call).await,
        Products::Publish => publish::publish(call).await,
        Products::Unpublish => unpublish::unpublish(call).await,
        Products::Archive => archive::archive(call).await,
        Products::Revisions => revisions::list(call).await,
        Products::Revision => revisions::read(call).await,
        Products::Restore => restore::restore(call).await,
        Products::Ingest => ingest::ingest(call).await,
        Products::Bulk => bulk::bulk(call).await,
        Products::Import => import::import(call).await,
        Products::Export => export::export(call).await,
        Products::ListJobs => jobs::list::list(call).await,
        Products::ReadJob => jobs::read::read(call).await,
        Products::JobErrors => jobs::errors::errors(call).await,
        Products::CatalogList => catalog::list(call).await,
        Products::CatalogRead => catalog::read(call).await,
    }
}
