//! Rows of orders.
//!
//! Guarantees: every operation of [`Orders`] has its row here, or in `dashboard`.

use super::dashboard::{DASHBOARD, SALES, SOLD_PRODUCTS, TARGETS};
use super::{CURSOR, LIMIT, body, body_of, ingest, optional_body, read, write};
use crate::operation::{Answer, IfMatch, Param, Row};
use crate::problem::Code;
use crate::schema::{Format, Schema};
use crate::shapes::{incoming, order};
use storeroom_domain::Permission;

family! { Orders "Orders, from the placing to the refund, and what they come to."
    Place PLACE;
    List LIST_ORDERS;
    Read READ_ORDER;
    Pay PAY;
    Fulfil FULFIL;
    Deliver DELIVER;
    Cancel CANCEL;
    Return RETURN;
    Refund REFUND;
    Dashboard DASHBOARD;
    Sales SALES;
    SoldProducts SOLD_PRODUCTS;
    Targets TARGETS;
    Ingest INGEST_ORDER;
}

static PLACE: Row = Row {
    body: body(&order::ORDER_INPUT),
    success: 201,
    answer: Answer::Json(&order::ORDER),
    problems: &[
        Code::InsufficientStock,
        Code::PriceChanged,
        Code::ProductNotAvailable,
        Code::HoldAlreadyCommitted,
        Code::HoldAlreadyReleased,
        Code::HoldExpired,
    ],
    ..write("orders.place", "POST", "/api/pms/orders", "Place an order", Permission::OrdersWrite)
};

static LIST_ORDERS: Row = Row {
    query: &[
        Param {
            name: "state",
            schema: Schema::OneOf(order::ORDER_STATES),
            about: "Only orders in this state; one whose time has run out counts as expired.",
        },
        Param {
            name: "customer",
            schema: Schema::Text { min: 3, max: 254, format: Format::Email },
            about: "Only orders of the customer with this e-mail address.",
        },
        Param { name: "created_after", schema: Schema::TIME, about: "Only orders placed after this moment." },
        Param {
            name: "created_before",
            schema: Schema::TIME,
            about: "Only orders placed before this moment.",
        },
        Param {
            name: "q",
            schema: Schema::line(1, 100),
            about: "Only orders of whose number, customer or external id some word begins with each of these words; at most 5 count.",
        },
        Param {
            name: "sort",
            schema: Schema::OneOf(&[
                "created_at",
                "-created_at",
                "updated_at",
                "-updated_at",
                "total",
                "-total",
            ]),
            about: "What to sort by, `-` for descending; `-created_at` by default.",
        },
        LIMIT,
        CURSOR,
    ],
    answer: Answer::Json(&order::ORDER_PAGE),
    problems: &[Code::CursorInvalid],
    ..read("orders.list", "/api/pms/orders", "List orders", Permission::OrdersRead)
};

static READ_ORDER: Row = Row {
    answer: Answer::Json(&order::ORDER),
    problems: &[Code::NotFound],
    ..read("orders.read", "/api/pms/orders/{id}", "Read an order as of now", Permission::OrdersRead)
};

const REFUSALS: &[Code] = &[Code::NotFound, Code::IllegalTransition];

/// The start of a row of what happens to an order.
const fn transition(name: &'static str, path: &'static str, summary: &'static str) -> Row {
    Row {
        if_match: IfMatch::Honoured,
        answer: Answer::Json(&order::ORDER),
        problems: REFUSALS,
        ..write(name, "POST", path, summary, Permission::OrdersWrite)
    }
}

static PAY: Row = Row {
    body: body(&order::PAY_INPUT),
    ..transition("orders.pay", "/api/pms/orders/{id}/pay", "Note that an order is paid")
};

static FULFIL: Row = Row {
    body: optional_body(&order::FULFIL_INPUT),
    ..transition("orders.fulfil", "/api/pms/orders/{id}/fulfil", "Ship an order: its stock leaves")
};

static DELIVER: Row =
    transition("orders.deliver", "/api/pms/orders/{id}/deliver", "Note that an order has arrived");

static CANCEL: Row = Row {
    body: body(&order::CANCEL_INPUT),
    ..transition(
        "orders.cancel",
        "/api/pms/orders/{id}/cancel",
        "Call off an order: its stock is available again",
    )
};

static RETURN: Row = Row {
    body: body(&order::RETURN_INPUT),
    ..transition(
        "orders.return",
        "/api/pms/orders/{id}/return",
        "Take back what was shipped, all of it or a part",
    )
};

static REFUND: Row = Row {
    body: body(&order::REFUND_INPUT),
    ..transition(
        "orders.refund",
        "/api/pms/orders/{id}/refund",
        "Note that money was given back, all of it or a part",
    )
};

static INGEST_ORDER: Row = Row {
    body: body_of(incoming::ORDER_KINDS),
    ..ingest("orders.ingest", "/api/pms/webhook/order", "Take an event of another system about an order")
};
