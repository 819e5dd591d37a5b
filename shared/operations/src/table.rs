//! The table of operations: the one place where a route is declared.
//!
//! Guarantees: an operation that is not handled or has no row does not compile; names and routes are unique.

use crate::operation::{Access, Answer, Body, Capability, Effect, IfMatch, Param, RateClass, Row};
use crate::problem::Code;
use crate::schema::{Format, Schema};
use crate::shapes::{event, product, system};
use storeroom_domain::Permission;

/// An operation of the API, by the family whose function handles it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// `functions/products`.
    Products(Products),
    /// `functions/rooms`.
    Rooms(Rooms),
    /// `functions/system`.
    System(System),
}

macro_rules! family {
    ($name:ident $about:literal $($variant:ident $row:ident;)*) => {
        #[doc = $about]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {$(
            #[doc = concat!("The operation of row `", stringify!($row), "`.")]
            $variant,
        )*}

        impl $name {
            const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The operation's row.
            pub fn row(self) -> &'static Row {
                match self { $($name::$variant => &$row,)* }
            }
        }
    };
}

family! { Products "Products and the public catalogue."
    List LIST_PRODUCTS;
    Create CREATE_PRODUCT;
    Read READ_PRODUCT;
    Replace REPLACE_PRODUCT;
    Patch PATCH_PRODUCT;
    Delete DELETE_PRODUCT;
    Publish PUBLISH_PRODUCT;
    Unpublish UNPUBLISH_PRODUCT;
    Archive ARCHIVE_PRODUCT;
    CatalogList LIST_CATALOG;
    CatalogRead READ_CATALOG;
}

family! { Rooms "The event feed and the room."
    Events READ_EVENTS;
    Ticket TAKE_TICKET;
    Join JOIN_ROOM;
}

family! { System "Health, reference, problem pages."
    Health HEALTH;
    Ready READY;
    OpenApi OPENAPI;
    Docs DOCS;
    ProblemPage PROBLEM_PAGE;
}

/// Every operation.
pub fn operations() -> impl Iterator<Item = Operation> {
    let products = Products::ALL.iter().map(|operation| Operation::Products(*operation));
    let rooms = Rooms::ALL.iter().map(|operation| Operation::Rooms(*operation));
    let system = System::ALL.iter().map(|operation| Operation::System(*operation));
    products.chain(rooms).chain(system)
}

impl Operation {
    /// The operation's row.
    pub fn row(self) -> &'static Row {
        match self {
            Self::Products(operation) => operation.row(),
            Self::Rooms(operation) => operation.row(),
            Self::System(operation) => operation.row(),
        }
    }

    /// The family's name, which is also its crate's folder under `functions/`.
    pub fn family(self) -> &'static str {
        match self {
            Self::Products(_) => "products",
            Self::Rooms(_) => "rooms",
            Self::System(_) => "system",
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

const fn body(shape: &'static crate::schema::Object) -> Option<Body> {
    Some(Body { shape, optional: false, media: JSON, limit: MIB })
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

static LIST_PRODUCTS: Row = Row {
    query: &[
        Param {
            name: "status",
            schema: Schema::OneOf(&["draft", "scheduled", "published", "archived"]),
            about: "Only products of this status; a schedule that is due counts as published.",
        },
        Param { name: "category", schema: Schema::line(1, 100), about: "Only products of this category." },
        Param { name: "tag", schema: Schema::line(1, 50), about: "Only products with this tag." },
        Param { name: "sku", schema: Schema::line(1, 64), about: "Only the product with this SKU." },
        Param {
            name: "updated_after",
            schema: Schema::TIME,
            about: "Only products changed after this moment.",
        },
        Param {
            name: "sort",
            schema: Schema::OneOf(&[
                "created_at",
                "-created_at",
                "updated_at",
                "-updated_at",
                "title",
                "-title",
            ]),
            about: "What to sort by, `-` for descending; `-created_at` by default.",
        },
        LIMIT,
        CURSOR,
    ],
    answer: Answer::Json(&product::PRODUCT_PAGE),
    problems: &[Code::CursorInvalid],
    ..read("products.list", "/api/pms/products", "List products", Permission::ProductsRead)
};

static CREATE_PRODUCT: Row = Row {
    body: body(&product::PRODUCT_INPUT),
    success: 201,
    answer: Answer::Json(&product::PRODUCT),
    problems: &[Code::SkuTaken, Code::HandleTaken],
    ..write("products.create", "POST", "/api/pms/products", "Create a product", Permission::ProductsWrite)
};

static READ_PRODUCT: Row = Row {
    answer: Answer::Json(&product::PRODUCT),
    problems: &[Code::NotFound],
    ..read("products.read", "/api/pms/products/{id}", "Read a product", Permission::ProductsRead)
};

static REPLACE_PRODUCT: Row = Row {
    if_match: IfMatch::Required,
    body: body(&product::PRODUCT_INPUT),
    answer: Answer::Json(&product::PRODUCT),
    problems: &[Code::NotFound, Code::SkuTaken, Code::HandleTaken, Code::ProductInUse],
    ..write(
        "products.replace",
        "PUT",
        "/api/pms/products/{id}",
        "Replace a product",
        Permission::ProductsWrite,
    )
};

static PATCH_PRODUCT: Row = Row {
    if_match: IfMatch::Required,
    body: Some(Body { shape: &product::PRODUCT_PATCH, optional: false, media: MERGE_PATCH, limit: MIB }),
    answer: Answer::Json(&product::PRODUCT),
    problems: &[Code::NotFound, Code::SkuTaken, Code::HandleTaken, Code::ProductInUse],
    ..write(
        "products.patch",
        "PATCH",
        "/api/pms/products/{id}",
        "Change a product by merge patch",
        Permission::ProductsWrite,
    )
};

static DELETE_PRODUCT: Row = Row {
    if_match: IfMatch::Required,
    success: 204,
    problems: &[Code::NotFound, Code::ProductInUse],
    ..write(
        "products.delete",
        "DELETE",
        "/api/pms/products/{id}",
        "Delete a product",
        Permission::ProductsWrite,
    )
};

static PUBLISH_PRODUCT: Row = Row {
    if_match: IfMatch::Honoured,
    body: Some(Body { shape: &product::PUBLISH_INPUT, optional: true, media: JSON, limit: MIB }),
    answer: Answer::Json(&product::PRODUCT),
    problems: &[Code::NotFound, Code::IllegalTransition],
    ..write(
        "products.publish",
        "POST",
        "/api/pms/products/{id}/publish",
        "Publish a product, now or later",
        Permission::ProductsPublish,
    )
};

static UNPUBLISH_PRODUCT: Row = Row {
    if_match: IfMatch::Honoured,
    answer: Answer::Json(&product::PRODUCT),
    problems: &[Code::NotFound, Code::IllegalTransition],
    ..write(
        "products.unpublish",
        "POST",
        "/api/pms/products/{id}/unpublish",
        "Take a product back to draft",
        Permission::ProductsPublish,
    )
};

static ARCHIVE_PRODUCT: Row = Row {
    if_match: IfMatch::Honoured,
    answer: Answer::Json(&product::PRODUCT),
    problems: &[Code::NotFound, Code::IllegalTransition],
    ..write(
        "products.archive",
        "POST",
        "/api/pms/products/{id}/archive",
        "Put a product away",
        Permission::ProductsPublish,
    )
};

static LIST_CATALOG: Row = Row {
    access: Access::Public,
    rate: RateClass::Read,
    query: &[
        Param { name: "category", schema: Schema::line(1, 100), about: "Only products of this category." },
        Param { name: "tag", schema: Schema::line(1, 50), about: "Only products with this tag." },
        LIMIT,
        CURSOR,
    ],
    answer: Answer::Json(&product::CATALOG_PAGE),
    problems: &[Code::CursorInvalid],
    ..open("catalog.list", "/api/pms/catalog/products", "List a store's published products")
};

static READ_CATALOG: Row = Row {
    access: Access::Public,
    rate: RateClass::Read,
    answer: Answer::Json(&product::CATALOG_PRODUCT),
    problems: &[Code::NotFound],
    ..open("catalog.read", "/api/pms/catalog/products/{handle}", "Read a published product")
};

static READ_EVENTS: Row = Row {
    query: &[
        Param {
            name: "after",
            schema: Schema::line(3, 50),
            about: "A cursor: only events after it. Without it, from the beginning of what is kept.",
        },
        Param {
            name: "limit",
            schema: Schema::Integer { min: 1, max: 1000 },
            about: "Most events, 100 by default.",
        },
        Param {
            name: "types",
            schema: Schema::line(1, 500),
            about: "Types or their beginnings, separated by commas, such as `product,order.paid`.",
        },
    ],
    answer: Answer::Json(&event::EVENT_FEED),
    problems: &[Code::CursorInvalid],
    ..read("events.read", "/api/pms/events", "Read the store's event log", Permission::EventsRead)
};

static TAKE_TICKET: Row = Row {
    answer: Answer::Json(&event::TICKET),
    success: 201,
    needs: &[Capability::WebSocket],
    ..write(
        "room.ticket",
        "POST",
        "/api/pms/room/ticket",
        "Take a ticket into the room",
        Permission::EventsRead,
    )
};

static JOIN_ROOM: Row = Row {
    access: Access::Ticket,
    rate: RateClass::Read,
    query: &[Param {
        name: "ticket",
        schema: Schema::line(1, 200),
        about: "The ticket; a bad one is answered by closing the socket with 4401.",
    }],
    success: 101,
    answer: Answer::Socket,
    needs: &[Capability::WebSocket],
    ..open("room.join", "/api/pms/room", "Join the store's room by WebSocket")
};

static HEALTH: Row = Row {
    answer: Answer::Json(&system::HEALTH),
    ..open("system.health", "/healthz", "Whether the process answers")
};

static READY: Row = Row {
    rate: RateClass::Read,
    answer: Answer::Json(&system::READINESS),
    tells_when_down: true,
    ..open("system.ready", "/readyz", "Whether database, rooms and image store answer")
};

static OPENAPI: Row =
    Row { answer: Answer::Document, ..open("system.openapi", "/openapi.json", "This API as OpenAPI 3.1") };

static DOCS: Row =
    Row { answer: Answer::Html, ..open("system.docs", "/docs", "The API reference as a page") };

static PROBLEM_PAGE: Row = Row {
    answer: Answer::Html,
    problems: &[Code::NotFound],
    ..open("system.problem", "/problems/{code}", "What a problem means and what to do about it")
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

    #[test]
    fn rows_agree_with_themselves() {
        for operation in operations() {
            let row = operation.row();
            let writes = row.effect == Effect::Write;
            assert_eq!(writes, row.method != "GET", "{}", row.name);
            assert!(row.if_match == IfMatch::Ignored || writes, "{}", row.name);
            let versioned = matches!(row.method, "PUT" | "PATCH" | "DELETE");
            assert_eq!(versioned, row.if_match == IfMatch::Required, "{}", row.name);
            assert!(["products", "rooms", "system"].contains(&operation.family()));
        }
    }
}
