//! Orders, from the placing to the refund: one file an operation; and what they come to: the dashboard.
//!
//! Guarantees: an order keeps its stock in the transaction that places it, so nothing is sold twice; its number has no
//! holes before it; it changes only as `domain::order::TRANSITIONS` says. What expires is settled by
//! `storeroom_inventory::due`, with the holds.
//! Relies on: the triggers of the schema, by which the state of an order moves its stock; `storeroom_sql::stock`.

mod cancel;
mod dashboard;
mod deliver;
mod fulfil;
mod hold;
pub mod ingest;
mod list;
mod pay;
mod place;
mod read;
mod refund;
mod returns;
mod selection;
mod steps;
mod transition;
mod words;

use storeroom_operations::{Orders, Problem};
use storeroom_web::{Answer, Call};

/// Runs an operation.
pub async fn handle(operation: Orders, call: &Call<'_>) -> Result<Answer, Problem> {
    match operation {
        Orders::Place => place::place(call).await,
        Orders::List => list::list(call).await,
        Orders::Read => read::read(call).await,
        Orders::Pay => pay::pay(call).await,
        Orders::Fulfil => fulfil::fulfil(call).await,
        Orders::Deliver => deliver::deliver(call).await,
        Orders::Cancel => cancel::cancel(call).await,
        Orders::Return => returns::take_back(call).await,
        Orders::Refund => refund::refund(call).await,
        Orders::Ingest => ingest::ingest(call).await,
        Orders::Dashboard => dashboard::glance::glance(call).await,
        Orders::Sales => dashboard::sales::sales(call).await,
        Orders::SoldProducts => dashboard::products::products(call).await,
        Orders::Targets => dashboard::targets::set(call).await,
    }
}
