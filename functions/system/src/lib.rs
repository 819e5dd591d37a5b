//! Health, readiness, the API reference and the pages of problems.

mod reference;
mod status;

use storeroom_operations::{Problem, System};
use storeroom_web::{Answer, Call};

/// Runs an operation.
pub async fn handle(operation: System, call: &Call<'_>) -> Result<Answer, Problem> {
    match operation {
        System::Health => Ok(status::health()),
        System::Ready => Ok(status::ready(call).await),
        System::OpenApi => Ok(reference::openapi()),
        System::Docs => Ok(reference::docs()),
        System::ProblemPage => reference::problem(call),
    }
}
