//! The columns of a CSV file, in the order in which they are written.

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// The product's part of the address; on every line of a product.
    Handle,
    /// Its id in another system.
    ExternalId,
    /// Its name; a line without one is a further variant of the product above.
    Title,
    /// What it is.
    Description,
    /// Where it stands.
    Status,
    /// When a scheduled product becomes public.
    PublishAt,
    /// Where it is found.
    Category,
    /// A JSON list of texts.
    Tags,
    /// A JSON object of texts.
    Attributes,
    /// A JSON list of `{"name", "values"}`.
    Options,
    /// The variant's SKU.
    Sku,
    /// Its barcode.
    Barcode,
    /// A JSON object of texts.
    OptionValues,
    /// A whole number of minor units.
    PriceMinor,
    /// A whole number of minor units.
    CompareAtPriceMinor,
    /// Of both prices; the store's where it is empty.
    Currency,
    /// A whole number.
    WeightGrams,
}

use Column::{
    Attributes, Barcode, Category, CompareAtPriceMinor, Currency, Description, ExternalId, Handle,
    OptionValues, Options, PriceMinor, PublishAt, Sku, Status, Tags, Title, WeightGrams,
};

/// Every column.
pub const COLUMNS: [Column; 17] = [
    Handle,
    ExternalId,
    Title,
    Description,
    Status,
    PublishAt,
    Category,
    Tags,
    Attributes,
    Options,
    Sku,
    Barcode,
    OptionValues,
    PriceMinor,
    CompareAtPriceMinor,
    Currency,
    WeightGrams,
];

/// The columns that every file has.
pub const REQUIRED: [Column; 2] = [Title, Sku];

impl Column {
    /// The name in the header.
    pub fn name(self) -> &'static str {
        match self {
            Handle => "handle",
            ExternalId => "external_id",
            Title => "title",
            Description => "description",
            Status => "status",
            PublishAt => "publish_at",
            Category => "category",
            Tags => "tags",
            Attributes => "attributes",
            Options => "options",
            Sku => "sku",
            Barcode => "barcode",
            OptionValues => "option_values",
            PriceMinor => "price_minor",
            CompareAtPriceMinor => "compare_at_price_minor",
            Currency => "currency",
            WeightGrams => "weight_grams",
        }
    }

    /// The column of that name.
    pub fn parse(name: &str) -> Option<Self> {
        COLUMNS.into_iter().find(|column| column.name() == name)
    }

    /// Whether it tells of a variant, and not of its product.
    pub fn is_of_variant(self) -> bool {
        self >= Sku
    }
}

/// The names of all columns, for people.
pub fn names() -> String {
    COLUMNS.map(Column::name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_header_format_unchanged() {
        assert_eq!(
            COLUMNS.map(Column::name).join(","),
            "handle,external_id,title,description,status,publish_at,category,tags,attributes,options,sku,barcode,\
             option_values,price_minor,compare_at_price_minor,currency,weight_grams"
        );
        assert!(COLUMNS.is_sorted());
        assert_eq!(COLUMNS.iter().filter(|column| column.is_of_variant()).count(), 7);
        assert_eq!((Column::parse("sku"), Column::parse("SKU")), (Some(Sku), None));
    }
}
