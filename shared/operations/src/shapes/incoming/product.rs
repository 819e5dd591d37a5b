//! Events about products.
//!
//! Guarantees: what an event says of a product has the shape of a merge patch.

use super::{EVENT_ID_FIELD, EXTERNAL_ID, SKU, type_field};
use crate::schema::{Field, Object, Schema};
use crate::shapes::product::PRODUCT_PATCH;
use serde::Deserialize;

/// An event about a product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub enum ProductEvent {
    /// It was made or changed.
    #[serde(rename = "product.upserted")]
    Upserted {
        /// The sender's id of the event.
        event_id: String,
        /// What the sender knows of it.
        product: serde_json::Value,
    },
    /// It is no more.
    #[serde(rename = "product.deleted")]
    Deleted {
        /// The sender's id of the event.
        event_id: String,
        /// Its id in the other system.
        #[serde(default)]
        external_id: Option<String>,
        /// The SKU of one of its variants.
        #[serde(default)]
        sku: Option<String>,
    },
}

/// `ProductEvent::Upserted` as data.
pub const PRODUCT_UPSERTED: Object = Object {
    name: "ProductUpserted",
    about: "A product was made or changed elsewhere. It is found by its `external_id`, else by the SKU of a variant; \
        what is found is changed as by a merge patch, what is not is made.",
    fields: &[
        EVENT_ID_FIELD,
        type_field(&["product.upserted"]),
        Field::required(
            "product",
            Schema::Object(&PRODUCT_PATCH),
            "What is known of it; a new one needs a `title`.",
        ),
    ],
};

/// `ProductEvent::Deleted` as data.
pub const PRODUCT_DELETED: Object = Object {
    name: "ProductDeleted",
    about: "A product is no more. Exactly one of `external_id` and `sku` says which.",
    fields: &[
        EVENT_ID_FIELD,
        type_field(&["product.deleted"]),
        Field::optional("external_id", EXTERNAL_ID, "Its id in the other system."),
        Field::optional("sku", SKU, "The SKU of one of its variants."),
    ],
};
