//! `/stores/{store}/members`: who belongs to a store, and invitations.

pub mod accept;
pub mod change;
pub mod document;
pub mod invite;
pub mod list;
pub mod remove;
pub mod rules;
pub mod token;
