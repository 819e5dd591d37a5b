//! The row of due work, which is every family's and so the gateway's.
//!
//! Guarantees: every operation of [`Gateway`] has its row here.

use super::write;
use crate::operation::{Answer, Row};
use crate::shapes::system;
use storeroom_domain::Permission;

family! { Gateway "Due work, for schedulers."
    RunDue RUN_DUE;
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
