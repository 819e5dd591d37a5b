//! A file on its way in: read, checked row by row, and put away in parts.
//!
//! Guarantees: what is in memory at once is a part, and a hash of each name. What was put away is deleted from the last part
//! to the first, so that what is left is found from its beginning.

use super::entry::{Entry, part_name};
use storeroom_domain::JobId;
use storeroom_operations::{Code, Problem};
use storeroom_ports::{Down, Level};
use storeroom_sheet::{Format, Reader, Row};
use storeroom_web::Call;
use storeroom_web::call::unavailable;
use storeroom_web::flow::Flow;
use storeroom_web::memory::Whose;

/// About the most bytes of a part: far below what a key-value store takes as a value.
const PART_BYTES: usize = 512 * 1024;
/// Most rows of a part.
const PART_ROWS: usize = 1_000;
/// What a part, its copies and a chunk take of memory.
const AT_ONCE: u64 = 3 * 1024 * 1024;
/// How much of a file there is for each byte that stays in memory: hashes of names, at most 18 MB of 100 MB.
const BYTES_OF_WHICH_ONE_STAYS: u64 = 5;

/// A file that was taken.
pub struct Taken {
    /// Its rows.
    pub rows: i64,
    /// Its parts.
    pub parts: i64,
}

/// A file on its way in.
pub struct Upload<'a, 'c> {
    call: &'a Call<'c>,
    job: JobId,
    part: Vec<u8>,
    part_rows: usize,
    parts: i64,
    rows: i64,
}

impl<'a, 'c> Upload<'a, 'c> {
    /// The body of a request, for a job.
    pub fn of(call: &'a Call<'c>, job: JobId) -> Self {
        Self { call, job, part: Vec::new(), part_rows: 0, parts: 0, rows: 0 }
    }

    /// Reads it to its end and puts it away.
    pub async fn take(&mut self, format: Format, currency: &str) -> Result<Taken, Problem> {
        let mut flow = self.call.take_flow()?;
        let read = self.read(&mut flow, Reader::new(format, currency)).await;
        if read.is_err() && self.call.idempotency_key.is_some() {
            // Whether the same request was done before can be told only of a whole one, and goes first.
            while flow.next().await?.is_some() {}
            self.call.flow_ended(&flow);
        }
        read.map(|()| Taken { rows: self.rows, parts: self.parts })
    }

    async fn read(&mut self, flow: &mut Flow, mut reader: Reader) -> Result<(), Problem> {
        let share = self.call.memory.share(Whose::Known);
        share.grow(AT_ONCE, self.call.now)?;
        while let Some(chunk) = flow.next().await? {
            share.grow(chunk.len() as u64 / BYTES_OF_WHICH_ONE_STAYS, self.call.ports.clock.now())?;
            for piece in Reader::pieces(&chunk) {
                let rows = reader.push(piece).map_err(|fault| refused(vec![fault]))?;
                self.add(rows).await?;
            }
        }
        self.call.flow_ended(flow);
        let rows = reader.finish().map_err(refused)?;
        self.add(rows).await?;
        self.put().await
    }

    async fn add(&mut self, rows: Vec<Row>) -> Result<(), Problem> {
        for row in rows {
            let entry = Entry::from(row);
            serde_json::to_writer(&mut self.part, &entry)
                .map_err(|error| self.call.fault(&error.to_string()))?;
            self.part.push(b'\n');
            self.part_rows = self.part_rows.saturating_add(1);
            self.rows = self.rows.saturating_add(1);
            if self.part.len() >= PART_BYTES || self.part_rows >= PART_ROWS {
                self.put().await?;
            }
        }
        Ok(())
    }

    async fn put(&mut self) -> Result<(), Problem> {
        if self.part_rows == 0 {
            return Ok(());
        }
        let part = std::mem::take(&mut self.part);
        self.part_rows = 0;
        let name = self.name(self.parts);
        // Counted before it is there: a store that does not answer may have kept it.
        self.parts = self.parts.saturating_add(1);
        self.call.ports.blobs.put(&name, part).await.map_err(|down| self.down(&down))
    }

    /// Deletes what was put away, and the note that it was coming. What cannot be deleted now is left to due work.
    pub async fn undo(&self) {
        for number in (0..self.parts).rev() {
            if let Err(down) = self.call.ports.blobs.delete(&self.name(number)).await {
                self.call.log(Level::Warn, "upload not deleted", &down.0);
                return;
            }
        }
        super::forget(self.call, self.job).await;
    }

    fn name(&self, number: i64) -> String {
        part_name(&self.call.store, &self.job.to_string(), number)
    }

    fn down(&self, down: &Down) -> Problem {
        self.call.log(Level::Error, "upload not kept", &down.0);
        unavailable("The file store does not answer right now; nothing was done.")
    }
}

fn refused(faults: Vec<storeroom_operations::Fault>) -> Problem {
    Problem::with_faults(Code::ValidationFailed, faults)
}
