//! Rows of what is every family's and so the gateway's: due work, and incoming events that were rejected.
//!
//! Guarantees: every operation of [`Gateway`] has its row here.

use super::{CURSOR, LIMIT, read, write};
use crate::operation::{Answer, Row};
use crate::problem::Code;
use crate::shapes::{incoming, system};
use storeroom_domain::Permission;

family! { Gateway "Due work, and incoming events that were rejected."
    RunDue RUN_DUE;
    ListRejected LIST_REJECTED;
    ApplyRejected APPLY_REJECTED;
}

// What is due is due, whoever asks: so a scheduler's key needs no more than a viewer's role.
static RUN_DUE: Row = Row {
    answer: Answer::Json(&system::DUE),
    ..write(
        "gateway.run_due",
        "POST",
        "/api/pms/due",
        "Do what is due by now, for every store: for a scheduler where nothing runs by itself; any store's key may ask",
        Permission::EventsRead,
    )
};

static LIST_REJECTED: Row = Row {
    query: &[LIMIT, CURSOR],
    answer: Answer::Json(&incoming::REJECTED_PAGE),
    problems: &[Code::CursorInvalid],
    ..read(
        "gateway.list_rejected",
        "/api/pms/webhook/rejected",
        "List the incoming events that could not be applied, newest first",
        Permission::WebhooksIngest,
    )
};

static APPLY_REJECTED: Row = Row {
    answer: Answer::Json(&incoming::APPLIED_OR_REJECTED),
    problems: &[
        Code::NotFound,
        Code::ValidationFailed,
        Code::SkuTaken,
        Code::HandleTaken,
        Code::ProductInUse,
        Code::InsufficientStock,
        Code::PriceChanged,
        Code::ProductNotAvailable,
        Code::IllegalTransition,
    ],
    ..write(
        "gateway.apply_rejected",
        "POST",
        "/api/pms/webhook/rejected/{id}/apply",
        "Apply a rejected event after what it was rejected for was put right; `id` is its `event_id`",
        Permission::WebhooksIngest,
    )
};
