//! Rows of the dashboard, which belongs to the family of orders.

use super::{CURSOR, LIMIT, merge_patch, read, write};
use crate::operation::{Answer, Param, Row};
use crate::problem::Code;
use crate::schema::Schema;
use crate::shapes::dashboard;
use storeroom_domain::Permission;

const FROM: Param = Param {
    name: "from",
    schema: Schema::DATE,
    about: "The first day, in the store's time zone; left out, the 29th day before the last one.",
};
const TO: Param = Param {
    name: "to",
    schema: Schema::DATE,
    about: "The last day, in the store's time zone; left out, today. A range has at most 366 days.",
};

pub(super) static DASHBOARD: Row = Row {
    answer: Answer::Json(&dashboard::DASHBOARD),
    ..read(
        "orders.dashboard",
        "/api/pms/dashboard",
        "See the store at a glance, as of now and in its own time zone",
        Permission::DashboardRead,
    )
};

pub(super) static SALES: Row = Row {
    query: &[
        FROM,
        TO,
        Param {
            name: "by",
            schema: Schema::OneOf(&["day", "week"]),
            about: "What a row is about, `day` by default; weeks begin on Monday.",
        },
    ],
    answer: Answer::Json(&dashboard::SALES_REPORT),
    ..read(
        "orders.sales",
        "/api/pms/dashboard/sales",
        "See what was sold, by days or weeks",
        Permission::DashboardRead,
    )
};

pub(super) static SOLD_PRODUCTS: Row = Row {
    query: &[
        FROM,
        TO,
        Param {
            name: "sort",
            schema: Schema::OneOf(dashboard::PRODUCT_SORTS),
            about: "What to sort by, `-` for descending; `-revenue` by default.",
        },
        LIMIT,
        CURSOR,
    ],
    answer: Answer::Json(&dashboard::SOLD_PRODUCT_PAGE),
    problems: &[Code::CursorInvalid],
    ..read(
        "orders.sold_products",
        "/api/pms/dashboard/products",
        "See what was sold, by products",
        Permission::DashboardRead,
    )
};

pub(super) static TARGETS: Row = Row {
    body: merge_patch(&dashboard::TARGETS_PATCH),
    answer: Answer::Json(&dashboard::TARGETS),
    ..write(
        "orders.targets",
        "PATCH",
        "/api/pms/dashboard/targets",
        "Change what the store wants to sell",
        Permission::OrdersWrite,
    )
};
