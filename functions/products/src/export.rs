//! `GET /products/export`: all products as a file, oldest first.
//!
//! Guarantees: the file is what `import` takes, and makes the same file again; a product that changes meanwhile stands in
//! it once, because pages go by id.

use crate::file::{self, File, Lines};
use crate::selection;
use serde_json::Value;
use storeroom_operations::Problem;
use storeroom_sheet::{Format, head, product};
use storeroom_sql::documents::PRODUCT_AS_OF_NOW;
use storeroom_sql::{Args, Rows};
use storeroom_web::{Answer, Call};

/// Most products of a page.
const PAGE: &str = "200";

/// Answers with the file.
pub async fn export(call: &Call<'_>) -> Result<Answer, Problem> {
    let mut query = call.query.clone();
    query.insert("sort".to_owned(), "created_at".to_owned());
    query.insert("limit".to_owned(), PAGE.to_owned());
    let mut selection = selection::of("export", &call.store, &query)?;
    selection.begin_at_first();
    let sql = selection.sql("product_documents", PRODUCT_AS_OF_NOW);
    let first = call.read(&sql, selection.args()).await?.rows;
    let products = Products { format: file::format(call), last: String::new() };
    Ok(file::answer(call, "products", File { sql, args: selection.args(), first, lines: products }))
}

struct Products {
    format: Format,
    last: String,
}

impl Lines for Products {
    fn format(&self) -> Format {
        self.format
    }

    fn head(&self) -> String {
        head(self.format)
    }

    fn after(&self) -> Args {
        Args::new().with("after_id", self.last.as_str())
    }

    fn print(&mut self, rows: &Rows) -> Option<String> {
        let mut file = String::new();
        for row in 0..rows.0.len() {
            let document: Value = serde_json::from_str(rows.text(row, 0)?).ok()?;
            product(self.format, &document, &mut file);
            rows.text(row, 1)?.clone_into(&mut self.last);
        }
        Some(file)
    }
}
