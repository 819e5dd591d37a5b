//! Which functions a host has: all of them, or one family as a component of its own.

use async_trait::async_trait;
use storeroom_operations::{Gateway, Operation, Problem};
use storeroom_web::{Answer, Call};

/// Runs operations.
#[async_trait(?Send)]
pub trait Functions {
    /// Runs one; a family that is not here answers as if the address did not exist.
    async fn call(&self, operation: Operation, call: &Call<'_>) -> Result<Answer, Problem>;
}

/// Runs an operation of the gateway's own, which is about every family.
pub async fn of_every_family(operation: Gateway, call: &Call<'_>) -> Result<Answer, Problem> {
    match operation {
        Gateway::RunDue => crate::due::answer(call).await,
        Gateway::ListRejected => crate::rejected::list(call).await,
        Gateway::ApplyRejected => crate::rejected::apply(call).await,
    }
}

/// Every function.
pub struct All;

#[async_trait(?Send)]
impl Functions for All {
    async fn call(&self, operation: Operation, call: &Call<'_>) -> Result<Answer, Problem> {
        match operation {
            Operation::Accounts(operation) => storeroom_accounts::handle(operation, call).await,
            Operation::Gateway(operation) => of_every_family(operation, call).await,
            Operation::Images(operation) => storeroom_images::handle(operation, call).await,
            Operation::Inventory(operation) => storeroom_inventory::handle(operation, call).await,
            Operation::Orders(operation) => storeroom_orders::handle(operation, call).await,
            Operation::Products(operation) => storeroom_products::handle(operation, call).await,
            Operation::Rooms(operation) => storeroom_rooms::handle(operation, call).await,
            Operation::System(operation) => storeroom_system::handle(operation, call).await,
            Operation::Webhooks(operation) => storeroom_webhooks::handle(operation, call).await,
        }
    }
}
