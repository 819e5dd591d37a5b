//! What a statement reads from end to end, by SQLite's own plan of it.
//!
//! Relies on: the words of `EXPLAIN QUERY PLAN` (<https://www.sqlite.org/eqp.html>), which is for people and so is
//! read only by tests; a plan does not depend on the values of arguments, because no statistics are gathered.

use storeroom_sql::{Rows, Statement};

/// The statement that explains how a statement is run.
pub fn explain(statement: &Statement) -> Statement {
    let sql = format!("EXPLAIN QUERY PLAN {}", statement.sql).into();
    Statement { sql, args: statement.args.clone() }
}

/// What a plan reads from end to end, if it does. Arguments may be, and so may the rows that another part of the same
/// plan has picked.
pub fn scanned(plan: &Rows) -> Option<&str> {
    let details: Vec<&str> = (0..plan.0.len()).filter_map(|row| plan.text(row, 3)).collect();
    let is_picked = |name: &str| {
        let ways = [format!("MATERIALIZE {name}"), format!("CO-ROUTINE {name}")];
        details.iter().any(|detail| ways.iter().any(|way| way == detail))
    };
    details.iter().filter_map(|detail| detail.strip_prefix("SCAN ")).find(|what| {
        let name = what.split(' ').next().unwrap_or_default();
        *what != "CONSTANT ROW" && !what.contains("VIRTUAL TABLE") && !is_picked(name)
    })
}
