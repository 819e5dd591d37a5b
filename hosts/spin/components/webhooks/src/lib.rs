//! The Spin component of `functions/webhooks`.
//!
//! Guarantees: it holds this family's code and no other's.
//! Relies on: `spin.toml` for the routes that lead here.

use async_trait::async_trait;
use storeroom_gateway::Functions;
use storeroom_operations::{Operation, Problem};
use storeroom_web::{Answer, Call};

struct Webhooks;

#[async_trait(?Send)]
impl Functions for Webhooks {
    async fn call(&self, operation: Operation, call: &Call<'_>) -> Result<Answer, Problem> {
        match operation {
            Operation::Webhooks(operation) => storeroom_webhooks::handle(operation, call).await,
            _ => Err(storeroom_spin::not_here()),
        }
    }
}

storeroom_spin::component!(Webhooks);
