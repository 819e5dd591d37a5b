//! The API as data: every operation, what it takes, what it answers, who may call it, what can go wrong.
//!
//! Guarantees: one row an operation (`table`), one description a shape (`shapes`), one row a problem (`problem`);
//! the router, the validation, the permissions, the rate classes and `openapi.json` are derived from them.
//! Relies on: `storeroom-domain` for permissions and states.

pub mod example;
pub mod openapi;
pub mod operation;
pub mod problem;
pub mod reference;
pub mod route;
pub mod schema;
pub mod shapes;
pub mod table;
pub mod validate;

pub use operation::{Access, Capability, Effect, Idempotency, IfMatch, RateClass, Row};
pub use problem::{Code, Fault, Problem};
pub use table::{Accounts, Gateway, Images, Inventory, Operation, Orders, Products, Rooms, System, Webhooks};
