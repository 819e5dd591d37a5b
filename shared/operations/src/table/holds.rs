//! Rows of holds, which belong to the family of stock.

use super::{body, optional_body, read, write};
use crate::operation::{Answer, Row};
use crate::problem::Code;
use crate::shapes::hold;
use storeroom_domain::Permission;

/// What every write to a hold may be refused for.
const RESOLVED: &[Code] =
    &[Code::NotFound, Code::HoldAlreadyCommitted, Code::HoldAlreadyReleased, Code::HoldExpired];

pub(super) static CREATE_HOLD: Row = Row {
    body: body(&hold::HOLD_INPUT),
    success: 201,
    answer: Answer::Json(&hold::HOLD),
    problems: &[Code::InsufficientStock],
    ..write(
        "inventory.create_hold",
        "POST",
        "/api/pms/inventory/holds",
        "Set stock aside for a while",
        Permission::InventoryWrite,
    )
};

pub(super) static READ_HOLD: Row = Row {
    answer: Answer::Json(&hold::HOLD),
    problems: &[Code::NotFound],
    ..read(
        "inventory.read_hold",
        "/api/pms/inventory/holds/{id}",
        "Read a hold as of now",
        Permission::InventoryRead,
    )
};

pub(super) static COMMIT_HOLD: Row = Row {
    body: optional_body(&hold::HOLD_COMMIT_INPUT),
    answer: Answer::Json(&hold::HOLD),
    problems: RESOLVED,
    ..write(
        "inventory.commit_hold",
        "POST",
        "/api/pms/inventory/holds/{id}/commit",
        "Let held stock leave, all of it or a part",
        Permission::InventoryWrite,
    )
};

pub(super) static RELEASE_HOLD: Row = Row {
    answer: Answer::Json(&hold::HOLD),
    problems: RESOLVED,
    ..write(
        "inventory.release_hold",
        "POST",
        "/api/pms/inventory/holds/{id}/release",
        "Give back what a hold has",
        Permission::InventoryWrite,
    )
};

pub(super) static EXTEND_HOLD: Row = Row {
    body: body(&hold::HOLD_EXTEND_INPUT),
    answer: Answer::Json(&hold::HOLD),
    problems: RESOLVED,
    ..write(
        "inventory.extend_hold",
        "POST",
        "/api/pms/inventory/holds/{id}/extend",
        "Keep a hold open until later; no event tells of it, because no stock moves",
        Permission::InventoryWrite,
    )
};
