//! Changes to many products as one batch: looked up together, decided one by one, written by a few statements.
//!
//! Guarantees: each change is allowed or refused as the single operation would do it, in the order in which they are
//! asked for, so that a later one sees what an earlier one did; what is allowed is written in one transaction, over
//! exactly what was looked at. Whoever else got in between makes that transaction fail with `raced`, which left nothing
//! and is to be planned anew.
//! Relies on: the table `staged_products`, which each transaction fills and empties.

mod decide;
mod look_up;
mod said;
mod shelf;
mod staged;
mod steps;

pub use look_up::look_up;
pub use steps::is_raced;

use serde_json::Value as Json;
use shelf::Shelf;
use staged::Staged;
use storeroom_domain::{ProductId, ProductStatus, Timestamp};
use storeroom_operations::Problem;
use storeroom_ports::Ports;
use storeroom_sql::{Batch, Rows};

/// About the most bytes of what is written at once: statements carry it escaped, and events print it once more, within what
/// a libSQL server takes and answers (8 and 10 MB).
const MAX_BYTES: usize = 2_500_000;

/// What is to become of a product. Bodies have the shape of what they are already.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new one, a `ProductInput`.
    Create(Json),
    /// A `ProductPatch` is merged into it.
    Update(Meant, Json),
    /// It goes.
    Delete(Meant),
    /// It becomes public now.
    Publish(Meant),
    /// What is said replaces the members of the product that has its SKUs; where none has, it is a new one.
    Upsert(Json, Option<Target>),
}

/// Which product, and at which version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meant {
    /// The product.
    pub product: ProductId,
    /// The version that is meant.
    pub version: i64,
}

/// The status that a product is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The status.
    pub status: ProductStatus,
    /// Since when it is public, if it is scheduled.
    pub publish_at: Option<Timestamp>,
}

/// What a change comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It can be done.
    Done {
        /// The product.
        product: ProductId,
        /// The version that it has then.
        version: i64,
        /// What that is.
        effect: Effect,
    },
    /// It cannot be done. Pointers lead into the product or the patch.
    Refused(Problem),
    /// What is there of the product, or what is to be written, is too much for one call of the database together with what
    /// came before: to be planned again, apart from that.
    Postponed,
}

/// What is done to a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is made.
    Created,
    /// It changes.
    Updated,
    /// It goes.
    Deleted,
    /// It is already as it is to be; nothing is written.
    Unchanged,
}

/// What is to be written, and what each change comes to.
#[derive(Debug)]
pub struct Plan {
    /// What the changes come to, in their order.
    pub verdicts: Vec<Verdict>,
    staged: Vec<Staged>,
    due: usize,
}

/// Decides on changes by what `look_up` found about them.
pub fn plan(changes: &[Change], found: &Rows, ports: &Ports, now: Timestamp) -> Plan {
    let mut shelf = Shelf::of(found);
    let due = shelf.due();
    let mut ids = decide::Ids::new(ports, now, changes.len());
    let mut plan = Plan { verdicts: Vec::with_capacity(changes.len()), staged: Vec::new(), due };
    let mut bytes = 0;
    for change in changes {
        if bytes > MAX_BYTES {
            plan.verdicts.push(Verdict::Postponed);
            continue;
        }
        let staged = plan.staged.len();
        let verdict = match decide::decide(&mut shelf, change, &mut ids) {
            Ok(decided) => plan.note(decided),
            Err(decide::No::Refused(problem)) => Verdict::Refused(problem),
            Err(decide::No::Postponed) => Verdict::Postponed,
        };
        plan.verdicts.push(verdict);
        let written: usize = plan.staged.iter().skip(staged).map(Staged::bytes).sum();
        bytes = bytes.saturating_add(written);
    }
    plan
}

impl Plan {
    /// Whether nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.staged.is_empty()
    }

    /// The steps that write it. Needs the arguments `:store :now :actor :request_id`.
    pub fn add_steps(&self, batch: &mut Batch, ports: &Ports, now: Timestamp) {
        if !self.is_empty() {
            steps::add(batch, &self.staged, steps::settle_ids(ports, now, self.due));
        }
    }

    fn note(&mut self, decided: decide::Decided) -> Verdict {
        let decide::Decided { product, version, effect, staged } = decided;
        self.staged.extend(staged);
        Verdict::Done { product, version, effect }
    }
}
