//! Images of products: taken, kept by their content, served to everybody, removed when nothing shows them.
//!
//! Guarantees: an image that a product shows has its files in the image store, whatever crashed or raced; every write is
//! one transaction with its event and the product's revision.
//! Relies on: `storeroom-pictures` for what a picture is, on the schema's triggers for which file is shown by nothing.

mod add;
pub mod due;
mod files;
mod form;
mod names;
mod patch;
mod range;
mod remove;
mod replace;
mod serve;
mod steps;
mod upload;

use storeroom_operations::{Images, Problem};
use storeroom_web::{Answer, Call};

/// Runs an operation.
pub async fn handle(operation: Images, call: &Call<'_>) -> Result<Answer, Problem> {
    match operation {
        Images::Add => add::add(call).await,
        Images::Replace => replace::replace(call).await,
        Images::Patch => patch::patch(call).await,
        Images::Remove => remove::remove(call).await,
        Images::Serve => serve::serve(call).await,
    }
}
