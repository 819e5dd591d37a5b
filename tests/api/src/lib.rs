//! The API in process: requests through the gateway on embedded libSQL, one file a route or a rule.
//!
//! Guarantees: what is tested here is everything above the host: routing, access, validation, SQL, documents.
//! Relies on: `storeroom-testbed`.

#![cfg(test)]

mod access;
mod access_dangerous;
mod access_stock;
mod access_table;
mod access_webhooks;
mod audit;
mod auth_login;
mod auth_me;
mod auth_refresh;
mod auth_register;
mod bad_input;
mod catalog;
mod dashboard;
mod dashboard_migration;
mod dashboard_model;
mod dashboard_products;
mod dashboard_sales;
mod dashboard_targets;
mod documents;
mod due;
mod events;
mod events_stream;
mod events_wait;
mod headers;
mod holds;
mod holds_expiry;
mod hooks;
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
mod orders_expiry;
mod orders_list;
mod orders_place;
mod orders_returns;
mod plans;
mod plans_accounts;
mod plans_dashboard;
mod plans_inventory;
mod plans_orders;
mod plans_webhooks;
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
mod webhooks_attempts;
mod webhooks_deliveries;
mod webhooks_endpoints;
mod webhooks_health;
mod webhooks_runners;
