//! Products, variants and what the public catalogue shows of them.

use super::image::{IMAGE, Image, MAX_IMAGES};
use super::{NEXT_CURSOR, VERSION, page};
use crate::schema::{Field, Format, Object, Schema};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use storeroom_domain::money::MAX_AMOUNT;

/// Most variants of a product.
pub const MAX_VARIANTS: usize = 250;

const STATUS: Schema = Schema::OneOf(&["draft", "scheduled", "published", "archived"]);
const HANDLE: Schema = Schema::Text { min: 1, max: 100, format: Format::Handle };
const TITLE: Schema = Schema::line(1, 200);
const DESCRIPTION: Schema = Schema::lines(20_000);
const CATEGORY: Schema = Schema::line(1, 100);
const TAGS: Schema = Schema::List { items: &Schema::line(1, 50), max: 50, unique: true };
const ATTRIBUTES: Schema = Schema::Map { values: &Schema::lines(1000), max: 100, max_name: 50 };
const OPTIONS: Schema = Schema::List { items: &Schema::Object(&OPTION), max: 5, unique: false };
const OPTION_VALUES: Schema = Schema::Map { values: &Schema::line(1, 100), max: 5, max_name: 50 };
const PRICE: Schema = Schema::Nullable(&Schema::Object(&MONEY));
const WEIGHT: Schema = Schema::Nullable(&Schema::Integer { min: 0, max: 100_000_000 });
const AVAILABILITY: Schema = Schema::OneOf(&["in_stock", "low_stock", "out_of_stock"]);

// What members and the public see alike.
const HANDLE_FIELD: Field =
    Field::required("handle", HANDLE, "Its part of the address, unique in the store.");
const ID_FIELD: Field = Field::required("id", Schema::id("prd_"), "Its id.");
const TITLE_FIELD: Field = Field::required("title", TITLE, "Its name.");
const DESCRIPTION_FIELD: Field = Field::required("description", DESCRIPTION, "What it is.");
const CATEGORY_FIELD: Field = Field::required("category", Schema::Nullable(&CATEGORY), "Where it is found.");
const TAGS_FIELD: Field = Field::required("tags", TAGS, "Words to find it by.");
const ATTRIBUTES_FIELD: Field = Field::required("attributes", ATTRIBUTES, "Facts by name.");
const OPTIONS_FIELD: Field =
    Field::required("options", OPTIONS, "The dimensions in which its variants differ.");
const IMAGES_FIELD: Field = Field::required("images", IMAGES, "Its pictures, in order.");
const VARIANT_ID_FIELD: Field = Field::required("id", Schema::id("var_"), "Its id.");
const SKU_FIELD: Field = Field::required("sku", SKU, "Unique in the store.");
const BARCODE_FIELD: Field = Field::required("barcode", BARCODE, "EAN, UPC or another code.");
const OPTION_VALUES_FIELD: Field =
    Field::required("option_values", OPTION_VALUES, "The value of each of the product's options.");
const COMPARE_AT_PRICE_FIELD: Field = Field::required("compare_at_price", PRICE, "What it cost before.");
const WEIGHT_FIELD: Field = Field::required("weight_grams", WEIGHT, "Its weight in grams.");
const POSITION_FIELD: Field =
    Field::required("position", Schema::Integer { min: 0, max: 249 }, "Its place, from 0.");

/// An amount in minor units of a currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units, such as cents.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
}

/// `Money` as data.
pub const MONEY: Object = Object {
    name: "Money",
    about: "An amount in integer minor units of the store's currency.",
    fields: &[
        Field::required("amount", Schema::Integer { min: 0, max: MAX_AMOUNT }, "Minor units, such as cents."),
        Field::required(
            "currency",
            Schema::Text { min: 3, max: 3, format: Format::Currency },
            "ISO 4217; it must be the store's.",
        ),
    ],
};

/// A dimension in which variants differ, such as size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductOption {
    /// The dimension's name.
    pub name: String,
    /// The values that variants may have.
    pub values: Vec<String>,
}

const OPTION: Object = Object {
    name: "ProductOption",
    about: "A dimension in which variants differ.",
    fields: &[
        Field::required("name", Schema::line(1, 50), "The dimension's name, such as `Size`."),
        Field::required(
            "values",
            Schema::List { items: &Schema::line(1, 100), max: 100, unique: true },
            "The values that a variant may have, in the order in which they are offered.",
        ),
    ],
};

/// A variant as a client sends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantInput {
    /// The variant that is meant when a product is replaced; without it the SKU says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Unique in the store.
    pub sku: String,
    /// EAN, UPC or any other code.
    #[serde(default)]
    pub barcode: Option<String>,
    /// The value of each of the product's options.
    #[serde(default)]
    pub option_values: BTreeMap<String, String>,
    /// What it costs; without it the product cannot be published.
    #[serde(default)]
    pub price: Option<Money>,
    /// What it cost before.
    #[serde(default)]
    pub compare_at_price: Option<Money>,
    /// For shipping.
    #[serde(default)]
    pub weight_grams: Option<i64>,
}

const SKU: Schema = Schema::line(1, 64);
const BARCODE: Schema = Schema::Nullable(&Schema::line(1, 64));

/// `VariantInput` as data.
pub const VARIANT_INPUT: Object = Object {
    name: "VariantInput",
    about: "A variant of a product. Its place in the list is its position.",
    fields: &[
        Field::optional("id", Schema::id("var_"), "Which variant is meant; without it the SKU says so."),
        SKU_FIELD,
        Field::optional("barcode", BARCODE, "EAN, UPC or another code."),
        Field::optional("option_values", OPTION_VALUES, "The value of each of the product's options."),
        Field::optional("price", PRICE, "What it costs; needed before the product can be published."),
        Field::optional("compare_at_price", PRICE, "What it cost before, shown struck through."),
        Field::optional("weight_grams", WEIGHT, "Its weight in grams."),
    ],
};

/// A product as a client sends it, to create or to replace one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductInput {
    /// The name of the product.
    pub title: String,
    /// Its part of the address; made from the title when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// The id in another system.
    #[serde(default)]
    pub external_id: Option<String>,
    /// What it is.
    #[serde(default)]
    pub description: String,
    /// Where it is found.
    #[serde(default)]
    pub category: Option<String>,
    /// Words to find it by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Facts for people.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// The dimensions in which its variants differ.
    #[serde(default)]
    pub options: Vec<ProductOption>,
    /// What can be bought.
    #[serde(default)]
    pub variants: Vec<VariantInput>,
}

/// `ProductInput` as data.
pub const PRODUCT_INPUT: Object = Object {
    name: "ProductInput",
    about: "A product as it is created or replaced. What is left out is empty.",
    fields: &[
        Field::required("title", TITLE, "The product's name."),
        Field::optional("handle", HANDLE, "Its part of the address; made from the title when left out."),
        Field::optional("external_id", EXTERNAL_ID, "Its id in another system, unique in the store."),
        Field::optional("description", DESCRIPTION, "What it is, as text."),
        Field::optional("category", Schema::Nullable(&CATEGORY), "Where it is found."),
        Field::optional("tags", TAGS, "Words to find it by."),
        Field::optional("attributes", ATTRIBUTES, "Facts by name, such as material."),
        Field::optional("options", OPTIONS, "The dimensions in which its variants differ."),
        Field::optional(
            "variants",
            Schema::List { items: &Schema::Object(&VARIANT_INPUT), max: MAX_VARIANTS, unique: false },
            "What can be bought, in order.",
        ),
    ],
};

/// A variant of a product of a file.
const IMPORTED_VARIANT: Object = Object {
    name: "ImportedVariant",
    about: "A variant of a product of a file; its SKU says which of the store's it is. What is left out stays.",
    fields: &[
        SKU_FIELD,
        Field::optional("barcode", BARCODE, "EAN, UPC or another code."),
        Field::optional("option_values", OPTION_VALUES, "The value of each of the product's options."),
        Field::optional("price", PRICE, "What it costs."),
        Field::optional("compare_at_price", PRICE, "What it cost before."),
        Field::optional("weight_grams", WEIGHT, "Its weight in grams."),
    ],
};

/// A product of a file, as a line of NDJSON is one.
pub const IMPORTED_PRODUCT: Object = Object {
    name: "ImportedProduct",
    about: "A product of a file. What is left out stays as it is, and is empty in a product that is made.",
    fields: &[
        Field::required("title", TITLE, "The product's name."),
        Field::optional("handle", HANDLE, "Its part of the address; made from the title when left out."),
        Field::optional("external_id", EXTERNAL_ID, "Its id in another system, unique in the store."),
        Field::optional("description", DESCRIPTION, "What it is, as text."),
        Field::optional("status", STATUS, "Where it is to stand."),
        Field::optional("publish_at", TIME_OR_NULL, "When it becomes public, if it is to be scheduled."),
        Field::optional("category", Schema::Nullable(&CATEGORY), "Where it is found."),
        Field::optional("tags", TAGS, "Words to find it by."),
        Field::optional("attributes", ATTRIBUTES, "Facts by name, such as material."),
        Field::optional("options", OPTIONS, "The dimensions in which its variants differ."),
        Field::optional(
            "variants",
            Schema::List { items: &Schema::Object(&IMPORTED_VARIANT), max: MAX_VARIANTS, unique: false },
            "What can be bought, in order; one of the store's that is left out is removed.",
        ),
    ],
};

const EXTERNAL_ID: Schema = Schema::Nullable(&Schema::line(1, 200));

/// A change to a product, RFC 7396: members that are left out stay, `null` clears.
pub const PRODUCT_PATCH: Object = Object {
    name: "ProductPatch",
    about: "A JSON merge patch (RFC 7396) of a product: what is left out stays, null clears, lists are replaced.",
    fields: &[
        Field::optional("title", TITLE, "The product's name."),
        Field::optional("handle", HANDLE, "Its part of the address."),
        Field::optional("external_id", EXTERNAL_ID, "Its id in another system, unique in the store."),
        Field::optional("description", Schema::Nullable(&DESCRIPTION), "What it is, as text."),
        Field::optional("category", Schema::Nullable(&CATEGORY), "Where it is found."),
        Field::optional("tags", Schema::Nullable(&TAGS), "Words to find it by."),
        Field::optional(
            "attributes",
            Schema::Nullable(&Schema::Map {
                values: &Schema::Nullable(&Schema::lines(1000)),
                max: 100,
                max_name: 50,
            }),
            "Facts by name; null takes one away.",
        ),
        Field::optional(
            "options",
            Schema::Nullable(&OPTIONS),
            "The dimensions in which its variants differ.",
        ),
        Field::optional(
            "variants",
            Schema::Nullable(&Schema::List {
                items: &Schema::Object(&VARIANT_INPUT),
                max: MAX_VARIANTS,
                unique: false,
            }),
            "All variants, in order; one left out is removed.",
        ),
    ],
};

/// When to publish.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishInput {
    /// Public from this moment on; left out or past means now.
    #[serde(default)]
    pub publish_at: Option<String>,
}

/// `PublishInput` as data.
pub const PUBLISH_INPUT: Object = Object {
    name: "PublishInput",
    about: "When to publish.",
    fields: &[Field::optional(
        "publish_at",
        Schema::Nullable(&Schema::TIME),
        "Public from this moment on; left out or in the past it means now.",
    )],
};

/// A variant as the service shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its id.
    pub id: String,
    /// Unique in the store.
    pub sku: String,
    /// EAN, UPC or any other code.
    pub barcode: Option<String>,
    /// The value of each of the product's options.
    pub option_values: BTreeMap<String, String>,
    /// What it costs.
    pub price: Option<Money>,
    /// What it cost before.
    pub compare_at_price: Option<Money>,
    /// Its weight in grams.
    pub weight_grams: Option<i64>,
    /// Its place among the product's variants, from 0.
    pub position: i64,
}

/// `Variant` as data.
pub const VARIANT: Object = Object {
    name: "Variant",
    about: "Something that can be bought: a product in one size, colour and so on.",
    fields: &[
        VARIANT_ID_FIELD,
        SKU_FIELD,
        BARCODE_FIELD,
        OPTION_VALUES_FIELD,
        Field::required("price", PRICE, "What it costs."),
        COMPARE_AT_PRICE_FIELD,
        WEIGHT_FIELD,
        POSITION_FIELD,
    ],
};

/// A product as the service shows it to members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Its id.
    pub id: String,
    /// Its part of the address, unique in the store.
    pub handle: String,
    /// Its id in another system.
    pub external_id: Option<String>,
    /// Its name.
    pub title: String,
    /// What it is.
    pub description: String,
    /// `draft`, `scheduled`, `published` or `archived`.
    pub status: String,
    /// Where it is found.
    pub category: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Facts by name.
    pub attributes: BTreeMap<String, String>,
    /// The dimensions in which its variants differ.
    pub options: Vec<ProductOption>,
    /// What can be bought.
    pub variants: Vec<Variant>,
    /// Its pictures.
    pub images: Vec<Image>,
    /// When it becomes public, while it is scheduled.
    pub publish_at: Option<String>,
    /// Since when it is public.
    pub published_at: Option<String>,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
}

const TIME_OR_NULL: Schema = Schema::Nullable(&Schema::TIME);
const IMAGES: Schema = Schema::List { items: &Schema::Object(&IMAGE), max: MAX_IMAGES, unique: false };

/// `Product` as data.
pub const PRODUCT: Object = Object {
    name: "Product",
    about: "A product as members see it. Stock moves without a new version, so it is not part of it.",
    fields: &[
        ID_FIELD,
        HANDLE_FIELD,
        Field::required("external_id", EXTERNAL_ID, "Its id in another system."),
        TITLE_FIELD,
        DESCRIPTION_FIELD,
        Field::required("status", STATUS, "Where it stands; a schedule that is due shows as published."),
        CATEGORY_FIELD,
        TAGS_FIELD,
        ATTRIBUTES_FIELD,
        OPTIONS_FIELD,
        Field::required(
            "variants",
            Schema::List { items: &Schema::Object(&VARIANT), max: MAX_VARIANTS, unique: false },
            "What can be bought, in order.",
        ),
        IMAGES_FIELD,
        Field::required("publish_at", TIME_OR_NULL, "When it becomes public, while it is scheduled."),
        Field::required("published_at", TIME_OR_NULL, "Since when it is public, while it is."),
        Field::required("version", VERSION, "Counts its changes; also its ETag."),
        Field::required("created_at", Schema::TIME, "When it was made."),
        Field::required("updated_at", Schema::TIME, "When it last changed."),
    ],
};

/// A page of products.
pub const PRODUCT_PAGE: Object = page(
    "ProductPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&PRODUCT), max: 250, unique: false },
            "The products.",
        ),
        NEXT_CURSOR,
    ],
);

/// A variant as the public sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogVariant {
    /// Its id.
    pub id: String,
    /// Unique in the store.
    pub sku: String,
    /// EAN, UPC or any other code.
    pub barcode: Option<String>,
    /// The value of each of the product's options.
    pub option_values: BTreeMap<String, String>,
    /// What it costs.
    pub price: Money,
    /// What it cost before.
    pub compare_at_price: Option<Money>,
    /// Its weight in grams.
    pub weight_grams: Option<i64>,
    /// Its place, from 0.
    pub position: i64,
    /// `in_stock`, `low_stock` or `out_of_stock`.
    pub availability: String,
}

const CATALOG_VARIANT: Object = Object {
    name: "CatalogVariant",
    about: "A variant as the public sees it.",
    fields: &[
        VARIANT_ID_FIELD,
        SKU_FIELD,
        BARCODE_FIELD,
        OPTION_VALUES_FIELD,
        Field::required("price", Schema::Object(&MONEY), "What it costs."),
        COMPARE_AT_PRICE_FIELD,
        WEIGHT_FIELD,
        POSITION_FIELD,
        Field::required("availability", AVAILABILITY, "What is left of it, as a word."),
    ],
};

/// A product as the public sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogProduct {
    /// Its id.
    pub id: String,
    /// Its part of the address.
    pub handle: String,
    /// Its name.
    pub title: String,
    /// What it is.
    pub description: String,
    /// Where it is found.
    pub category: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Facts by name.
    pub attributes: BTreeMap<String, String>,
    /// The dimensions in which its variants differ.
    pub options: Vec<ProductOption>,
    /// What can be bought.
    pub variants: Vec<CatalogVariant>,
    /// Its pictures.
    pub images: Vec<Image>,
    /// Since when it is public.
    pub published_at: String,
    /// The best of its variants' availabilities.
    pub availability: String,
}

/// `CatalogProduct` as data.
pub const CATALOG_PRODUCT: Object = Object {
    name: "CatalogProduct",
    about: "A published product as the public sees it, with stock as a word.",
    fields: &[
        ID_FIELD,
        HANDLE_FIELD,
        TITLE_FIELD,
        DESCRIPTION_FIELD,
        CATEGORY_FIELD,
        TAGS_FIELD,
        ATTRIBUTES_FIELD,
        OPTIONS_FIELD,
        Field::required(
            "variants",
            Schema::List { items: &Schema::Object(&CATALOG_VARIANT), max: MAX_VARIANTS, unique: false },
            "What can be bought, in order.",
        ),
        IMAGES_FIELD,
        Field::required("published_at", Schema::TIME, "Since when it is public."),
        Field::required("availability", AVAILABILITY, "The best of its variants' availabilities."),
    ],
};

/// A page of the public catalogue.
pub const CATALOG_PAGE: Object = page(
    "CatalogPage",
    &[
        Field::required(
            "items",
            Schema::List { items: &Schema::Object(&CATALOG_PRODUCT), max: 250, unique: false },
            "The products.",
        ),
        NEXT_CURSOR,
    ],
);
