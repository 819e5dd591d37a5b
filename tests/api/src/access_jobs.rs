//! A job for the table of who may do what.

use crate::sheets::{CSV, send};
use storeroom_bad_input::Line;
use storeroom_operations::operation::Row;
use storeroom_testbed::Testbed;

/// A job that nobody has begun.
pub struct Jobs {
    job: String,
}

impl Jobs {
    /// A job of the bed's store.
    pub async fn of(bed: &Testbed) -> Self {
        let job = send(bed, CSV, "title,sku\nFrom a file,FILE\n").await.json();
        Self { job: job["id"].as_str().unwrap_or_else(|| panic!("no id: {job}")).to_owned() }
    }

    /// The request with its id, where it is about a job.
    pub fn fill(&self, row: &Row, line: Line) -> Line {
        match row.path.starts_with("/api/pms/jobs/{id}") {
            true => Line { path: row.path.replace("{id}", &self.job), ..line },
            false => line,
        }
    }
}
