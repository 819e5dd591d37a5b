//! Answers that are files of lines, made page by page while they are sent.
//!
//! Guarantees: no more than a page is in memory; access is checked with every page; a file that could not be made to its end
//! breaks off, so that nobody takes it for a whole one.

use async_trait::async_trait;
use storeroom_ports::Level;
use storeroom_sheet::Format;
use storeroom_sql::{Args, Rows};
use storeroom_web::negotiate::wants_ndjson;
use storeroom_web::watch::{Ended, Watch};
use storeroom_web::{Answer, Call, Outgoing};

/// What the lines of a file are made of.
pub trait Lines {
    /// How they are written.
    fn format(&self) -> Format;
    /// What stands before the first.
    fn head(&self) -> String;
    /// The arguments of the next page's query.
    fn after(&self) -> Args;
    /// The lines of a page; empty where there are no more, `None` where they cannot be made.
    fn print(&mut self, rows: &Rows) -> Option<String>;
}

/// A file, of which the first page has been read.
pub struct File<L> {
    /// The query of a page.
    pub sql: String,
    /// Its arguments, those aside that say after which row.
    pub args: Args,
    /// The rows of the first page.
    pub first: Rows,
    /// What makes lines of rows.
    pub lines: L,
}

/// The format that a request asks for.
pub fn format(call: &Call<'_>) -> Format {
    let is_ndjson = match call.query.get("format") {
        Some(format) => format == "ndjson",
        None => wants_ndjson(&call.headers),
    };
    if is_ndjson { Format::Ndjson } else { Format::Csv }
}

/// The file as an answer, to be saved under that name.
pub fn answer<L: Lines + 'static>(call: &Call<'_>, name: &str, file: File<L>) -> Answer {
    let format = file.lines.format();
    let watch = call.watch(&file.sql, file.args);
    let log = call.ports.log.clone();
    let request_id = call.request_id.clone();
    let fault = move |detail: &str| {
        let line = serde_json::json!({"level": "error", "message": "file broke off", "detail": detail, "request_id": request_id});
        log.line(Level::Error, &line.to_string());
    };
    let body =
        Body { watch, lines: file.lines, first: Some(file.first), fault: Box::new(fault), is_broken: false };
    Answer::stream(format.media(), body).compressible().named(format!("{name}.{}", format.ending()))
}

struct Body<L> {
    watch: Watch,
    lines: L,
    /// Until it is sent.
    first: Option<Rows>,
    fault: Box<dyn Fn(&str)>,
    is_broken: bool,
}

#[async_trait(?Send)]
impl<L: Lines> Outgoing for Body<L> {
    async fn next(&mut self) -> Option<Vec<u8>> {
        let made = match self.first.take() {
            Some(rows) => self.lines.print(&rows).map(|lines| self.lines.head() + &lines),
            None => match self.watch.read(self.lines.after()).await {
                Ok(found) => self.lines.print(&found.rows),
                Err(Ended::Refused(problem)) => return self.break_off(problem.code.slug()),
                Err(Ended::Failed(error)) => return self.break_off(&format!("{error:?}")),
            },
        };
        match made {
            Some(lines) => Some(lines.into_bytes()).filter(|lines| !lines.is_empty()),
            None => self.break_off("a row could not be written"),
        }
    }

    fn is_broken(&self) -> bool {
        self.is_broken
    }
}

impl<L> Body<L> {
    fn break_off(&mut self, why: &str) -> Option<Vec<u8>> {
        self.is_broken = true;
        (self.fault)(why);
        None
    }
}
