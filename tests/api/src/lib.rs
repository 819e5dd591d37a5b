//! The API in process: requests through the gateway on embedded libSQL, one file a route or a rule.
//!
//! Guarantees: what is tested here is everything above the host: routing, access, validation, SQL, documents.
//! Relies on: `storeroom-testbed`.

#![cfg(test)]

mod access;
mod access_dangerous;
mod access_stock;
mod access_table;
mod audit;
mod auth_login;
mod auth_me;
mod auth_refresh;
mod auth_register;
mod bad_input;
mod catalog;
mod documents;
mod events;
mod headers;
mod holds;
mod holds_expiry;
mod idempotency;
mod inventory;
mod inventory_adjust;
mod inventory_alerts;
mod inventory_set;
mod keys;
mod members;
mod model;
mod openapi;
mod order_totals;
mod orders;
mod plans;
mod plans_accounts;
mod plans_inventory;
mod product;
mod products_create;
mod products_delete;
mod products_due;
mod products_list;
mod products_patch;
mod products_replace;
mod products_transitions;
mod room_ticket;
mod shelf;
mod signed;
mod stores;
mod system;
