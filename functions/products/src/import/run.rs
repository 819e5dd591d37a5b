//! A runner at a job: slice by slice, each applied in one commit with the place that it moves to.
//!
//! Guarantees: whoever goes on after a runner that died begins at the first row that was not applied. A part of the file is
//! deleted when the next is begun; the last, and what could not be deleted then, are deleted with the job.

use super::apply;
use super::entry::{self, Entry, part_name};
use super::job::{Job, Place};
use super::progress::{self, Step};
use storeroom_ports::{DatabaseError, Down, Ports, due};
use storeroom_sql::Batch;

/// Most rows of a slice.
const SLICE_ROWS: usize = 100;
/// About the most bytes of a slice: its statements carry them several times.
const SLICE_BYTES: usize = 256 * 1024;
/// How often the same slice is begun before the job counts as one that cannot go on.
const MOST_TRIES: i64 = 20;

const PART_IS_GONE: &str = "A part of the file that was kept is gone. Import the file again: a product that \
    has a SKU is changed, not doubled.";
const STUCK: &str =
    "A row could not be applied, however often it was tried. What was applied before it stays.";

/// A runner and its job.
pub struct Runner<'a> {
    /// The host.
    pub ports: &'a Ports,
    /// The job that it has taken.
    pub job: Job,
    /// The part that it is at, and how many rows it has.
    rows: Option<Vec<Entry>>,
    part_rows: usize,
}

/// What came of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Went {
    /// There is more.
    On,
    /// The job came to its end.
    ToTheEnd,
    /// Nothing was done: something is not to be had for now.
    Nowhere,
    /// Nothing was done, and may never be: the database refuses it.
    Refused,
}

impl<'a> Runner<'a> {
    /// A runner for a job that it has taken.
    pub fn of(ports: &'a Ports, job: Job) -> Self {
        Self { ports, job, rows: None, part_rows: 0 }
    }

    /// Applies the next rows.
    pub async fn slice(&mut self) -> Result<Went, DatabaseError> {
        if self.job.tries > MOST_TRIES {
            return self.fail(STUCK).await;
        }
        let rows = match self.part().await {
            Ok(Some(rows)) => rows,
            Ok(None) => return self.fail(PART_IS_GONE).await,
            Err(down) => {
                due::log(self.ports, "part not read", ("job", &self.job.id), &down.0);
                return Ok(Went::Nowhere);
            }
        };
        self.part_rows = rows.len();
        let applied = apply::apply(self, next_slice(&rows, self.job.place)).await;
        self.rows = Some(rows);
        let Some(step) = applied? else { return Ok(Went::Refused) };
        self.moved_on(step);
        Ok(if step.is_last { Went::ToTheEnd } else { Went::On })
    }

    /// The step over so many rows of the part.
    pub fn step(&self, taken: usize) -> Step {
        let row = self.job.place.row.saturating_add(i64::try_from(taken).unwrap_or(i64::MAX));
        let part_ends = row >= i64::try_from(self.part_rows).unwrap_or(i64::MAX);
        let part = self.job.place.part.saturating_add(i64::from(part_ends));
        let next = Place { part, row: if part_ends { 0 } else { row } };
        let ids_at = self.ports.clock.now().ms().max(self.job.ids_at.saturating_add(1));
        Step { next, is_last: part >= self.job.parts, ids_at }
    }

    fn moved_on(&mut self, step: Step) {
        if step.next.part > self.job.place.part {
            self.rows = None;
        }
        self.job.place = step.next;
        self.job.ids_at = step.ids_at;
        self.job.tries = 0;
    }

    /// The rows of the part that the job is at; `None` if it is gone. The part before is done.
    async fn part(&mut self) -> Result<Option<Vec<Entry>>, Down> {
        if let Some(rows) = self.rows.take() {
            return Ok(Some(rows));
        }
        let part = self.job.place.part;
        if part > 0 {
            self.delete(part.saturating_sub(1)).await;
        }
        let Some(blob) = self.ports.blobs.get(&self.name(part), None).await? else { return Ok(None) };
        Ok(entry::read(&blob.bytes().await?).ok())
    }

    /// What cannot be deleted now is deleted with the job.
    async fn delete(&self, part: i64) {
        if let Err(down) = self.ports.blobs.delete(&self.name(part)).await {
            due::log(self.ports, "part not deleted", ("job", &self.job.id), &down.0);
        }
    }

    fn name(&self, part: i64) -> String {
        part_name(&self.job.store, &self.job.id, part)
    }

    async fn fail(&self, why: &'static str) -> Result<Went, DatabaseError> {
        let mut batch = Batch::new(self.job.args(self.ports.clock.now().ms()));
        progress::fail(&mut batch, self.ports, why);
        let done = due::commit(self.ports, batch, "job not failed", ("job", &self.job.id)).await?;
        Ok(if done { Went::ToTheEnd } else { Went::Refused })
    }
}

/// The rows of the part that come next, as many as one commit takes.
fn next_slice(rows: &[Entry], place: Place) -> &[Entry] {
    let rest = rows.get(usize::try_from(place.row).unwrap_or(usize::MAX)..).unwrap_or_default();
    let mut bytes = 0_usize;
    let fits = |row: &&Entry| {
        bytes = bytes.saturating_add(size(row));
        bytes <= SLICE_BYTES
    };
    let count = rest.iter().take(SLICE_ROWS).take_while(fits).count();
    rest.get(..count.max(1)).unwrap_or(rest)
}

fn size(row: &Entry) -> usize {
    serde_json::to_string(row).map_or(0, |text| text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(bytes: usize) -> Entry {
        let product = json!({"title": "x".repeat(bytes)}).as_object().unwrap().clone();
        Entry { line: 1, lines: Vec::new(), product, mistakes: Vec::new() }
    }

    #[test]
    fn a_slice_has_an_end() {
        let slices = |rows: &[Entry], row| next_slice(rows, Place { part: 0, row }).len();
        let small: Vec<Entry> = (0..250).map(|_| row(10)).collect();
        assert_eq!((slices(&small, 0), slices(&small, 200), slices(&small, 250)), (100, 50, 0));
        let large = [row(200_000), row(200_000), row(400_000), row(1)];
        assert_eq!(
            (slices(&large, 0), slices(&large, 1), slices(&large, 2), slices(&large, 3)),
            (1, 1, 1, 1)
        );
    }
}
