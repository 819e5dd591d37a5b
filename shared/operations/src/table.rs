//! The table of operations: the one place where a route is declared.
//!
//! Guarantees: an operation that is not handled or has no row does not compile; names and routes are unique.

use crate::operation::{Access, Answer, Body, Effect, Form, IfMatch, Param, RateClass, Row};
use crate::schema::{Format, Object, Schema};
use crate::shapes::incoming;
use storeroom_domain::Permission;

macro_rules! family {
    ($name:ident $about:literal $($variant:ident $row:ident;)*) => {
        #[doc = $about]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {$(
            #[doc = concat!("The operation of row `", stringify!($row), "`.")]
            $variant,
        )*}

        impl $name {
            pub(super) const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The operation's row.
            pub fn row(self) -> &'static crate::operation::Row {
                match self { $($name::$variant => &$row,)* }
            }
        }
    };
}

mod accounts;
mod dashboard;
mod gateway;
mod holds;
mod images;
mod inventory;
mod jobs;
mod orders;
mod products;
mod rooms;
mod system;
mod webhooks;

pub use accounts::Accounts;
pub use gateway::Gateway;
pub use images::{Images, MAX_IMAGE_BYTES};
pub use inventory::Inventory;
pub use jobs::{MAX_FILE, SHEETS};
pub use orders::Orders;
pub use products::Products;
pub use rooms::Rooms;
pub use system::System;
pub use webhooks::Webhooks;

/// An operation of the API, by the family whose function handles it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// `functions/accounts`.
    Accounts(Accounts),
    /// `functions/gateway`.
    Gateway(Gateway),
    /// `functions/images`.
    Images(Images),
    /// `functions/inventory`.
    Inventory(Inventory),
    /// `functions/orders`.
    Orders(Orders),
    /// `functions/products`.
    Products(Products),
    /// `functions/rooms`.
    Rooms(Rooms),
    /// `functions/system`.
    System(System),
    /// `functions/webhooks`.
    Webhooks(Webhooks),
}

/// Every operation.
pub fn operations() -> impl Iterator<Item = Operation> {
    let accounts = Accounts::ALL.iter().map(|operation| Operation::Accounts(*operation));
    let gateway = Gateway::ALL.iter().map(|operation| Operation::Gateway(*operation));
    let images = Images::ALL.iter().map(|operation| Operation::Images(*operation));
    let inventory = Inventory::ALL.iter().map(|operation| Operation::Inventory(*operation));
    let orders = Orders::ALL.iter().map(|operation| Operation::Orders(*operation));
    let products = Products::ALL.iter().map(|operation| Operation::Products(*operation));
    let rooms = Rooms::ALL.iter().map(|operation| Operation::Rooms(*operation));
    let system = System::ALL.iter().map(|operation| Operation::System(*operation));
    let webhooks = Webhooks::ALL.iter().map(|operation| Operation::Webhooks(*operation));
    let shop = products.chain(images).chain(inventory).chain(orders).chain(rooms).chain(webhooks);
    shop.chain(accounts).chain(gateway).chain(system)
}

impl Operation {
    /// The operation's row.
    pub fn row(self) -> &'static Row {
        match self {
            Self::Accounts(operation) => operation.row(),
            Self::Gateway(operation) => operation.row(),
            Self::Images(operation) => operation.row(),
            Self::Inventory(operation) => operation.row(),
            Self::Orders(operation) => operation.row(),
            Self::Products(operation) => operation.row(),
            Self::Rooms(operation) => operation.row(),
            Self::System(operation) => operation.row(),
            Self::Webhooks(operation) => operation.row(),
        }
    }

    /// The family's name, which is also its crate's folder under `functions/`.
    pub fn family(self) -> &'static str {
        match self {
            Self::Accounts(_) => "accounts",
            Self::Gateway(_) => "gateway",
            Self::Images(_) => "images",
            Self::Inventory(_) => "inventory",
            Self::Orders(_) => "orders",
            Self::Products(_) => "products",
            Self::Rooms(_) => "rooms",
            Self::System(_) => "system",
            Self::Webhooks(_) => "webhooks",
        }
    }
}

/// Most bytes of a body unless a row says otherwise.
pub const MIB: usize = 1024 * 1024;

const JSON: &[&str] = &["application/json"];
const MERGE_PATCH: &[&str] = &["application/merge-patch+json", "application/json"];

/// The start of a row: a read by a member.
const fn read(name: &'static str, path: &'static str, summary: &'static str, permission: Permission) -> Row {
    Row {
        name,
        method: "GET",
        path,
        summary,
        access: Access::Member(permission),
        rate: RateClass::Read,
        effect: Effect::Read,
        if_match: IfMatch::Ignored,
        query: &[],
        body: None,
        success: 200,
        answer: Answer::Empty,
        tells_when_down: false,
        problems: &[],
        needs: &[],
    }
}

/// The start of a row: a write by a member.
const fn write(
    name: &'static str,
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    permission: Permission,
) -> Row {
    Row { method, rate: RateClass::Write, effect: Effect::Write, ..read(name, path, summary, permission) }
}

/// The start of a row: a read by anybody, about no store.
const fn open(name: &'static str, path: &'static str, summary: &'static str) -> Row {
    Row { access: Access::Open, rate: RateClass::Free, ..read(name, path, summary, Permission::ProductsRead) }
}

const fn body(shape: &'static Object) -> Option<Body> {
    Some(Body { form: Form::Json(shape), optional: false, media: JSON, limit: MIB })
}

const fn merge_patch(shape: &'static Object) -> Option<Body> {
    Some(Body { form: Form::Json(shape), optional: false, media: MERGE_PATCH, limit: MIB })
}

const fn optional_body(shape: &'static Object) -> Option<Body> {
    Some(Body { form: Form::Json(shape), optional: true, media: JSON, limit: MIB })
}

/// A body of which its member `type` says which of the shapes it has.
const fn body_of(kinds: &'static [&'static Object]) -> Option<Body> {
    Some(Body { form: Form::Kinds(kinds), optional: false, media: JSON, limit: MIB })
}

/// The start of a row: events that a server signs and sends.
const fn ingest(name: &'static str, path: &'static str, summary: &'static str) -> Row {
    Row {
        access: Access::Signed(Permission::WebhooksIngest),
        success: 202,
        answer: Answer::Json(&incoming::APPLIED_OR_REJECTED),
        ..write(name, "POST", path, summary, Permission::WebhooksIngest)
    }
}

const LIMIT: Param = Param {
    name: "limit",
    schema: Schema::Integer { min: 1, max: 250 },
    about: "Most items of a page, 25 by default.",
};
const CURSOR: Param = Param {
    name: "cursor",
    schema: Schema::line(1, 2000),
    about: "The `next_cursor` of the page before, with the same filters and sort.",
};

/// The parameter that names the store where a header cannot.
pub const STORE: Param = Param {
    name: "store",
    schema: Schema::Text { min: 30, max: 30, format: Format::Id("str_") },
    about: "The store.",
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_routes_are_unique() {
        let names: BTreeSet<_> = operations().map(|operation| operation.row().name).collect();
        let routes: BTreeSet<_> = operations().map(|o| (o.row().method, o.row().path)).collect();
        assert_eq!((names.len(), routes.len()), (operations().count(), operations().count()));
    }

    /// Section 1 of the contract: only products, orders, stores, webhook endpoints and a product's images need
    /// `If-Match`; one's own account, members and keys do not take it.
    const UNVERSIONED: &[&str] = &[
        "accounts.patch_me",
        "accounts.close_me",
        "accounts.change_member",
        "accounts.remove_member",
        "accounts.revoke_key",
        "inventory.thresholds",
        "orders.targets",
    ];

    #[test]
    fn rows_agree_with_themselves() {
        for operation in operations() {
            let row = operation.row();
            let writes = row.effect == Effect::Write;
            assert_eq!(writes, row.method != "GET", "{}", row.name);
            assert!(row.if_match == IfMatch::Ignored || writes, "{}", row.name);
            let replaces = matches!(row.method, "PUT" | "PATCH" | "DELETE");
            let versioned = replaces && !UNVERSIONED.contains(&row.name);
            assert_eq!(versioned, row.if_match == IfMatch::Required, "{}", row.name);
            assert!(
                [
                    "accounts",
                    "gateway",
                    "images",
                    "inventory",
                    "orders",
                    "products",
                    "rooms",
                    "system",
                    "webhooks"
                ]
                .contains(&operation.family())
            );
            assert!(!row.store_in_path() || row.has_store(), "{}", row.name);
        }
    }
}
