//! The Spin component of `functions/images`.
//!
//! Guarantees: it holds this family's code and no other's.
//! Relies on: `spin.toml` for the routes that lead here.

use async_trait::async_trait;
use storeroom_gateway::Functions;
use storeroom_operations::{Operation, Problem};
use storeroom_web::{Answer, Call};

struct Images;

#[async_trait(?Send)]
impl Functions for Images {
    async fn call(&self, operation: Operation, call: &Call<'_>) -> Result<Answer, Problem> {
        match operation {
            Operation::Images(operation) => storeroom_images::handle(operation, call).await,
            _ => Err(storeroom_spin::not_here()),
        }
    }
}

storeroom_spin::component!(Images);
