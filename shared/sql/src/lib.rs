//! How Storeroom talks SQL: batches with guards, group commit, and the documents of the schema.
//!
//! Guarantees: pure and sync. A `Batch` becomes a `Frame` (what a handler means: prelude, work, otherwise), frames
//! become one `Script` (a list of conditional statements on one connection, one round trip), and the script's
//! results become each frame's outcome again. Nothing is reported as done unless the COMMIT was.
//! Relies on: SQLite 3.45 semantics, and on the schema in `migrations/` for the guard view.

pub mod access;
pub mod audit;
pub mod batch;
pub mod documents;
pub mod events;
pub mod frame;
pub mod group;
pub mod holds;
pub mod idempotency;
pub mod images;
pub mod inbox;
pub mod script;
pub mod settle;
pub mod states;
pub mod stock;
pub mod value;

pub use batch::{Batch, Outcome, Refused};
pub use frame::{Frame, FrameResult, Part};
pub use script::{Condition, Script, ScriptStep, StepResult};
pub use value::{Args, MissingArgument, Rows, Statement, Value};
