//! The table of docs/orders.md is the state machine.

use crate::root;
use storeroom_domain::order::TRANSITIONS;

#[test]
fn its_table_is_the_state_machine() {
    let page = std::fs::read_to_string(root().join("docs/orders.md")).unwrap();
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| from ") && !line.contains("---"));
    let rows: Vec<[String; 3]> = rows
        .map(|line| {
            let mut cells = line.split('|').skip(1).map(|cell| cell.trim().to_owned());
            std::array::from_fn(|_| cells.next().unwrap_or_default())
        })
        .collect();
    let machine = TRANSITIONS
        .map(|(from, action, to)| [from.as_str(), action.as_str(), to.as_str()].map(str::to_owned));
    assert_eq!(rows, machine);
}
