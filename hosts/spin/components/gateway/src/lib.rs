//! The Spin component of due work, which a scheduler asks for.
//!
//! Guarantees: it answers nothing else.
//! Relies on: `spin.toml` for the route that leads here.

use async_trait::async_trait;
use storeroom_gateway::{Functions, due};
use storeroom_operations::{Gateway, Operation, Problem};
use storeroom_web::{Answer, Call};

struct Due;

#[async_trait(?Send)]
impl Functions for Due {
    async fn call(&self, operation: Operation, call: &Call<'_>) -> Result<Answer, Problem> {
        match operation {
            Operation::Gateway(Gateway::RunDue) => due::answer(call).await,
            _ => Err(storeroom_spin::not_here()),
        }
    }
}

storeroom_spin::component!(Due);
