//! The pages of the catalogue: how each is read, what it says, and the name under which it is kept.

use crate::catalog::entry::Entry;
use crate::catalog::selection;
use storeroom_domain::Timestamp;
use storeroom_operations::Problem;
use storeroom_sql::Args;
use storeroom_sql::documents::{CATALOG, IS_DUE};
use storeroom_web::published::Published;
use storeroom_web::query::Query;
use storeroom_web::selection::Selection;

/// A page of the catalogue.
pub enum Page {
    /// A page of products.
    List {
        /// Which.
        selection: Selection,
        /// Its name; none for a search, of which there are too many different ones.
        name: Option<String>,
    },
    /// The product with that handle.
    Product(String),
}

/// The refusal of a product that is not there or not public.
pub fn unknown() -> Problem {
    Problem::not_found("published product")
}

impl Page {
    /// The page of products that the query asks for.
    pub fn list(store: &str, query: &Query) -> Result<Self, Problem> {
        let mut query = query.clone();
        query.insert("status".to_owned(), "published".to_owned());
        let selection = selection::of("catalog", store, &query)?;
        let name = (!query.contains_key("q")).then(|| list_name(&query));
        Ok(Self::List { selection, name })
    }

    /// The name under which it is kept, which names the store.
    pub fn name(&self, store: &str) -> Option<String> {
        match self {
            Self::List { name, .. } => name.as_ref().map(|name| format!("{store}\nlist{name}")),
            Self::Product(handle) => Some(format!("{store}\nproduct\n{handle}")),
        }
    }

    /// The query of its rows, and what that names beside the store and the moment.
    pub fn query(&self) -> (String, Args) {
        match self {
            Self::List { selection, .. } => (selection.sql(CATALOG, "document"), selection.args()),
            Self::Product(handle) => {
                let sql = format!(
                    "SELECT d.document FROM products p JOIN {CATALOG} d ON d.store_id = p.store_id AND d.id = p.id \
                     WHERE p.store_id = :store AND p.handle = :handle AND (p.status = 'published' OR {IS_DUE})"
                );
                (sql, Args::new().with("handle", handle.as_str()))
            }
        }
    }

    /// What is kept of it, once it was read.
    pub fn entry(&self, found: &Published, at: Timestamp) -> Result<Entry, Problem> {
        match self {
            Self::List { selection, .. } => {
                Ok(Entry::of(&selection.page(&found.rows), found, at, found.rows.0.is_empty()))
            }
            Self::Product(_) => {
                let document = found.rows.text(0, 0).ok_or_else(unknown)?;
                Ok(Entry::of(&storeroom_web::Answer::json(200, document), found, at, false))
            }
        }
    }
}

/// Lists that are spelt differently and are the same have one name.
fn list_name(query: &Query) -> String {
    let mut query = query.clone();
    query.entry("limit".to_owned()).or_insert_with(|| storeroom_web::paging::DEFAULT_LIMIT.to_string());
    let pairs = query.iter().filter(|(name, _)| name.as_str() != "store");
    pairs.map(|(name, value)| format!("\n{name}={value}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(pairs: &[(&str, &str)]) -> Option<String> {
        let query = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Page::list("str_1", &query).unwrap().name("str_1")
    }

    #[test]
    fn a_name_says_which_page_of_which_store_it_is() {
        assert_eq!(name(&[]), name(&[("limit", "25"), ("store", "str_1")]));
        assert_eq!(name(&[("tag", "a")]).unwrap(), "str_1\nlist\nlimit=25\nstatus=published\ntag=a");
        assert_ne!(name(&[("category", "a")]), name(&[("tag", "a")]));
        assert_eq!(name(&[("q", "mug")]), None);
        assert_ne!(Page::Product("a".to_owned()).name("str_1"), Page::Product("a".to_owned()).name("str_2"));
    }
}
