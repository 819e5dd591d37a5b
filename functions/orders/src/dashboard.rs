//! The dashboard: what was sold, in the store's own days; what it wants to sell.
//!
//! Guarantees: what a figure costs does not grow with the number of orders; what is due shows as settled.
//! Relies on: the triggers of the schema, which keep the tables of sales in the transactions of the orders.

mod figures;
pub mod glance;
mod home;
pub mod products;
mod range;
pub mod sales;
mod spans;
pub mod targets;
mod tell;

pub use tell::tell_sales;
