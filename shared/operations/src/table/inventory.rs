//! Rows of stock: locations, levels, movements, alerts.
//!
//! Guarantees: every operation of [`Inventory`] has its row here.

use super::holds::{COMMIT_HOLD, CREATE_HOLD, EXTEND_HOLD, READ_HOLD, RELEASE_HOLD};
use super::{CURSOR, LIMIT, body, body_of, ingest, optional_body, read, write};
use crate::operation::{Answer, Param, Row};
use crate::problem::Code;
use crate::schema::Schema;
use crate::shapes::{incoming, inventory};
use storeroom_domain::Permission;

family! { Inventory "Stock: locations, levels, movements, holds, alerts."
    ListLocations LIST_LOCATIONS;
    CreateLocation CREATE_LOCATION;
    Adjust ADJUST;
    Set SET;
    Transfer TRANSFER;
    Status STATUS;
    History HISTORY;
    Thresholds THRESHOLDS;
    CreateHold CREATE_HOLD;
    ReadHold READ_HOLD;
    CommitHold COMMIT_HOLD;
    ReleaseHold RELEASE_HOLD;
    ExtendHold EXTEND_HOLD;
    ListAlerts LIST_ALERTS;
    AckAlert ACK_ALERT;
    Reconcile RECONCILE;
    Ingest INGEST_INVENTORY;
}

const VARIANT: Param =
    Param { name: "variant_id", schema: Schema::id("var_"), about: "Only stock of this variant." };
const LOCATION: Param =
    Param { name: "location_id", schema: Schema::id("loc_"), about: "Only stock at this location." };

static LIST_LOCATIONS: Row = Row {
    query: &[LIMIT, CURSOR],
    answer: Answer::Json(&inventory::LOCATION_PAGE),
    problems: &[Code::CursorInvalid],
    ..read("inventory.list_locations", "/api/pms/locations", "List locations", Permission::InventoryRead)
};

static CREATE_LOCATION: Row = Row {
    body: body(&inventory::LOCATION_INPUT),
    success: 201,
    answer: Answer::Json(&inventory::LOCATION),
    ..write(
        "inventory.create_location",
        "POST",
        "/api/pms/locations",
        "Add a location",
        Permission::InventoryWrite,
    )
};

static ADJUST: Row = Row {
    body: body(&inventory::ADJUST_INPUT),
    answer: Answer::Json(&inventory::LEVELS),
    problems: &[Code::InsufficientStock],
    ..write(
        "inventory.adjust",
        "POST",
        "/api/pms/inventory/adjust",
        "Add and take stock",
        Permission::InventoryWrite,
    )
};

static SET: Row = Row {
    body: body(&inventory::SET_INPUT),
    answer: Answer::Json(&inventory::LEVELS),
    problems: &[Code::InsufficientStock, Code::StockChanged],
    ..write(
        "inventory.set",
        "POST",
        "/api/pms/inventory/set",
        "Set what is on hand to what was counted",
        Permission::InventoryWrite,
    )
};

static TRANSFER: Row = Row {
    body: body(&inventory::TRANSFER_INPUT),
    answer: Answer::Json(&inventory::LEVELS),
    problems: &[Code::InsufficientStock],
    ..write(
        "inventory.transfer",
        "POST",
        "/api/pms/inventory/transfer",
        "Move stock from one location to another",
        Permission::InventoryWrite,
    )
};

static STATUS: Row = Row {
    query: &[
        VARIANT,
        Param { name: "sku", schema: Schema::line(1, 64), about: "Only stock of the variant with this SKU." },
        LOCATION,
        Param {
            name: "low_stock",
            schema: Schema::Boolean,
            about: "true: only levels at or below their threshold; false: only the others.",
        },
        LIMIT,
        CURSOR,
    ],
    answer: Answer::Json(&inventory::LEVEL_PAGE),
    problems: &[Code::CursorInvalid],
    ..read("inventory.status", "/api/pms/inventory/status", "List stock levels", Permission::InventoryRead)
};

static HISTORY: Row = Row {
    query: &[
        VARIANT,
        LOCATION,
        Param {
            name: "before",
            // The largest whole number that every JSON reader keeps.
            schema: Schema::Integer { min: 1, max: 9_007_199_254_740_991 },
            about: "Only movements before the one with this `seq`: how a CSV file goes on.",
        },
        Param {
            name: "format",
            schema: Schema::OneOf(&["json", "csv"]),
            about: "`csv` for a spreadsheet: at most 5,000 rows, `cursor` and `limit` are not used; \
                `json` by default.",
        },
        LIMIT,
        CURSOR,
    ],
    answer: Answer::Table(&inventory::MOVEMENT_PAGE),
    problems: &[Code::CursorInvalid],
    ..read(
        "inventory.history",
        "/api/pms/inventory/history",
        "List movements of stock, newest first",
        Permission::InventoryRead,
    )
};

static THRESHOLDS: Row = Row {
    body: body(&inventory::THRESHOLDS_INPUT),
    answer: Answer::Json(&inventory::LEVELS),
    ..write(
        "inventory.thresholds",
        "PUT",
        "/api/pms/inventory/thresholds",
        "Say when levels are low",
        Permission::InventoryWrite,
    )
};

static LIST_ALERTS: Row = Row {
    query: &[
        Param {
            name: "state",
            schema: Schema::OneOf(&["open", "all"]),
            about: "`open` (by default): only levels that are low still; `all`: also those that were.",
        },
        LIMIT,
        CURSOR,
    ],
    answer: Answer::Json(&inventory::ALERT_PAGE),
    problems: &[Code::CursorInvalid],
    ..read(
        "inventory.alerts",
        "/api/pms/inventory/alerts",
        "List low-stock alerts",
        Permission::InventoryRead,
    )
};

static ACK_ALERT: Row = Row {
    answer: Answer::Json(&inventory::ALERT),
    problems: &[Code::NotFound],
    ..write(
        "inventory.ack_alert",
        "POST",
        "/api/pms/inventory/alerts/{id}/ack",
        "Take note of an alert",
        Permission::InventoryWrite,
    )
};

static RECONCILE: Row = Row {
    body: optional_body(&inventory::RECONCILE_INPUT),
    answer: Answer::Json(&inventory::RECONCILIATION),
    problems: &[Code::StockChanged],
    ..write(
        "inventory.reconcile",
        "POST",
        "/api/pms/inventory/reconcile",
        "Compare levels with the ledger and the open holds",
        Permission::InventoryWrite,
    )
};

static INGEST_INVENTORY: Row = Row {
    body: body_of(incoming::INVENTORY_KINDS),
    ..ingest("inventory.ingest", "/api/pms/webhook/inventory", "Take an event of another system about stock")
};
