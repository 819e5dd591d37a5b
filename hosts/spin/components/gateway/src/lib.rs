//! The Spin component of what is every family's: due work, which a scheduler asks for, and rejected events.
//!
//! Guarantees: it answers nothing else.
//! Relies on: `spin.toml` for the routes that lead here.

use async_trait::async_trait;
use storeroom_gateway::Functions;
use storeroom_gateway::functions::of_every_family;
use storeroom_operations::{Operation, Problem};
use storeroom_web::{Answer, Call};

struct OfEveryFamily;

#[async_trait(?Send)]
impl Functions for OfEveryFamily {
    async fn call(&self, operation: Operation, call: &Call<'_>) -> Result<Answer, Problem> {
        match operation {
            Operation::Gateway(operation) => of_every_family(operation, call).await,
            _ => Err(storeroom_spin::not_here()),
        }
    }
}

storeroom_spin::component!(OfEveryFamily);
