//! What is there, as far as a batch of changes is concerned, and what the changes before did to it.

use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use storeroom_domain::ProductId;
use storeroom_operations::shapes::product::ProductInput;
use storeroom_sql::Rows;

/// What is there.
#[derive(Debug, Default)]
pub struct Shelf {
    /// The store's.
    pub currency: String,
    /// Whose each SKU is, of those that the changes name.
    pub skus: BTreeMap<String, ProductId>,
    /// Whose each handle is, of those.
    pub handles: BTreeMap<String, ProductId>,
    /// Whose each external id is, of those.
    pub external_ids: BTreeMap<String, ProductId>,
    /// The products that are about to change.
    pub products: BTreeMap<ProductId, Current>,
    /// The variants of these that are held or belong to open orders.
    pub in_use: BTreeSet<String>,
    /// The products that a change of the batch has named so far.
    pub named: BTreeSet<ProductId>,
}

/// A product as of now.
#[derive(Debug)]
pub struct Current {
    /// Its document; none when the answer had no room for it.
    pub document: Option<Json>,
    /// Its version.
    pub version: i64,
    /// Whether its schedule is due, so that the version is one more than what is stored.
    pub is_due: bool,
}

impl Shelf {
    /// What the rows of `look_up` say.
    pub fn of(found: &Rows) -> Self {
        let mut shelf = Self::default();
        for row in 0..found.0.len() {
            shelf.add(found, row);
        }
        shelf
    }

    /// How many of the products have a schedule that is due.
    pub fn due(&self) -> usize {
        self.products.values().filter(|product| product.is_due).count()
    }

    /// Notes that a product is not what it was: its names are free.
    pub fn put_away(&mut self, before: &ProductInput) {
        for variant in &before.variants {
            self.skus.remove(&variant.sku);
        }
        if let Some(handle) = &before.handle {
            self.handles.remove(handle);
        }
        if let Some(id) = &before.external_id {
            self.external_ids.remove(id);
        }
    }

    /// Notes what a product has become: its names are taken.
    pub fn put(&mut self, product: ProductId, content: &ProductInput) {
        self.skus.extend(content.variants.iter().map(|variant| (variant.sku.clone(), product)));
        self.handles.extend(content.handle.iter().map(|handle| (handle.clone(), product)));
        self.external_ids.extend(content.external_id.iter().map(|id| (id.clone(), product)));
    }

    fn add(&mut self, found: &Rows, row: usize) -> Option<()> {
        let key = found.text(row, 1)?;
        let owner = || found.text(row, 2).and_then(ProductId::parse);
        match found.text(row, 0)? {
            "currency" => key.clone_into(&mut self.currency),
            "sku" => drop(self.skus.insert(key.to_owned(), owner()?)),
            "handle" => drop(self.handles.insert(key.to_owned(), owner()?)),
            "external_id" => drop(self.external_ids.insert(key.to_owned(), owner()?)),
            "in_use" => drop(self.in_use.insert(key.to_owned())),
            _ => drop(self.products.insert(ProductId::parse(key)?, Current::of(found, row)?)),
        }
        Some(())
    }
}

impl Current {
    fn of(found: &Rows, row: usize) -> Option<Self> {
        let (version, stored) = (found.integer(row, 3)?, found.integer(row, 4)?);
        let document = found.text(row, 2).and_then(|text| serde_json::from_str(text).ok());
        Some(Self { document, version, is_due: version != stored })
    }
}
