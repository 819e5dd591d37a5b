//! `GET /jobs/{id}/errors`: what was wrong with the rows of a job, as a file.

use crate::file::{self, File, Lines};
use storeroom_domain::JobId;
use storeroom_operations::Problem;
use storeroom_sheet::{Format, report};
use storeroom_sql::{Args, Rows};
use storeroom_web::{Answer, Call};

const HEADER: [&str; 5] = ["line", "sku", "pointer", "code", "detail"];

/// A page of them; where the job is not, no row, and where it has none, one without a number.
const PAGE: &str = "SELECT j.id, e.number, e.line, e.sku, e.pointer, e.code, e.detail \
    FROM job_documents j LEFT JOIN job_errors e ON e.store_id = j.store_id AND e.job_id = j.id AND e.number > :after \
    WHERE j.store_id = :store AND j.id = :job ORDER BY e.number LIMIT 1000";

/// Answers with the file.
pub async fn errors(call: &Call<'_>) -> Result<Answer, Problem> {
    let job: JobId = call.path_id("id", "job")?;
    let args = Args::new().with("job", job.to_string());
    let first = call.read(PAGE, args.clone().with("after", 0_i64)).await?.rows;
    if first.0.is_empty() {
        return Err(Problem::not_found("job"));
    }
    let errors = Errors { format: file::format(call), last: 0 };
    Ok(file::answer(call, "errors", File { sql: PAGE.to_owned(), args, first, lines: errors }))
}

struct Errors {
    format: Format,
    last: i64,
}

impl Lines for Errors {
    fn format(&self) -> Format {
        self.format
    }

    fn head(&self) -> String {
        match self.format {
            Format::Csv => report::line(&HEADER),
            Format::Ndjson => String::new(),
        }
    }

    fn after(&self) -> Args {
        Args::new().with("after", self.last)
    }

    fn print(&mut self, rows: &Rows) -> Option<String> {
        if rows.0.is_empty() {
            // The job is gone, and with it what is left of them.
            return None;
        }
        let mut file = String::new();
        for row in 0..rows.0.len() {
            let Some(number) = rows.integer(row, 1) else { break };
            self.last = number;
            file.push_str(&line(self.format, rows, row));
        }
        Some(file)
    }
}

fn line(format: Format, rows: &Rows, row: usize) -> String {
    let text = |column| rows.text(row, column);
    let line = rows.integer(row, 2).unwrap_or_default();
    let [pointer, code, detail] = [4, 5, 6].map(|column| text(column).unwrap_or_default());
    match format {
        Format::Csv => report::line(&[&line.to_string(), text(3).unwrap_or_default(), pointer, code, detail]),
        Format::Ndjson => {
            let error = serde_json::json!({"line": line, "sku": text(3), "pointer": pointer, "code": code, "detail": detail});
            error.to_string() + "\n"
        }
    }
}
