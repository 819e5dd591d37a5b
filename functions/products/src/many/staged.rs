//! What is written of a product, as the table `staged_products` takes it.

use crate::content::amount;
use serde_json::{Value as Json, json};
use storeroom_domain::{EventId, EventType, ProductId, ProductStatus, Timestamp};
use storeroom_operations::shapes::product::ProductInput;

/// A row of the table.
#[derive(Debug)]
pub struct Staged {
    /// The product.
    pub id: ProductId,
    /// Whether it goes.
    pub is_deleted: bool,
    /// The version that it is to have.
    pub version: i64,
    /// The event that tells of it.
    pub event: (EventId, EventType),
    /// Its columns.
    pub product: Json,
}

/// How a product stands with the public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The status.
    pub status: ProductStatus,
    /// When it becomes public, while it is scheduled.
    pub publish_at: Option<Timestamp>,
    /// Since when it is public, while it is.
    pub published_at: Option<Timestamp>,
}

/// What becomes of a product's variants besides those that it has then.
#[derive(Debug, Default)]
pub struct Moves {
    /// Those that go, by id.
    pub gone: Vec<String>,
    /// Those that get another SKU, by id.
    pub respelt: Vec<String>,
}

impl Staged {
    /// How much there is to be written.
    pub fn bytes(&self) -> usize {
        self.product.to_string().len()
    }

    /// The row in JSON.
    pub fn to_json(&self) -> Json {
        let (event, event_type) = &self.event;
        json!({
            "id": self.id.to_string(),
            "is_deleted": i64::from(self.is_deleted),
            "version": self.version,
            "event_id": event.to_string(),
            "event_type": event_type.as_str(),
            "product": self.product,
        })
    }
}

/// The columns of a product whose variants have their ids.
pub fn columns(content: &ProductInput, standing: Standing, moves: &Moves) -> Json {
    let variants = content.variants.iter().map(|variant| {
        json!({
            "id": variant.id,
            "sku": variant.sku,
            "barcode": variant.barcode,
            "option_values": variant.option_values,
            "price": amount(&variant.price),
            "compare_at_price": amount(&variant.compare_at_price),
            "weight_grams": variant.weight_grams,
        })
    });
    json!({
        "handle": content.handle,
        "external_id": content.external_id,
        "title": content.title,
        "description": content.description,
        "status": standing.status.as_str(),
        "category": content.category,
        "tags": content.tags,
        "attributes": content.attributes,
        "options": content.options,
        "publish_at": standing.publish_at.map(Timestamp::ms),
        "published_at": standing.published_at.map(Timestamp::ms),
        "variants": variants.collect::<Vec<_>>(),
        "gone": moves.gone,
        "respelt": moves.respelt,
    })
}

/// What is left of a product that goes: which variants it had.
pub fn last_columns(variants: Vec<String>) -> Json {
    json!({"gone": variants, "respelt": []})
}
