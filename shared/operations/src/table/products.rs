//! Rows of products and of the public catalogue; those of imports, exports and jobs are in `jobs.rs`.
//!
//! Guarantees: every operation of [`Products`] has its row here.

use super::jobs::{EXPORT_PRODUCTS, IMPORT_PRODUCTS, JOB_ERRORS, LIST_JOBS, READ_JOB};
use super::{CURSOR, JSON, LIMIT, MIB, body, body_of, ingest, merge_patch, open, optional_body, read, write};
use crate::operation::{Access, Answer, Body, Form, IfMatch, Param, RateClass, Row};
use crate::problem::Code;
use crate::schema::Schema;
use crate::shapes::{bulk, incoming, product, revision};
use storeroom_domain::Permission;
use storeroom_domain::money::MAX_AMOUNT;

family! { Products "Products and the public catalogue."
    List LIST_PRODUCTS;
    Create CREATE_PRODUCT;
    Read READ_PRODUCT;
    Replace REPLACE_PRODUCT;
    Patch PATCH_PRODUCT;
    Delete DELETE_PRODUCT;
    Publish PUBLISH_PRODUCT;
    Unpublish UNPUBLISH_PRODUCT;
    Archive ARCHIVE_PRODUCT;
    Bulk BULK_PRODUCTS;
    Revisions LIST_REVISIONS;
    Revision READ_REVISION;
    Restore RESTORE_REVISION;
    CatalogList LIST_CATALOG;
    CatalogRead READ_CATALOG;
    Ingest INGEST_PRODUCT;
    Import IMPORT_PRODUCTS;
    Export EXPORT_PRODUCTS;
    ListJobs LIST_JOBS;
    ReadJob READ_JOB;
    JobErrors JOB_ERRORS;
}

const SEARCH: Param = Param {
    name: "q",
    schema: Schema::line(1, 200),
    about: "Only products of whose title, description, tags or SKUs some word begins with each of these words, in whatever order; case and accents do not count. At most 10 words count; a text without a letter or a digit finds nothing.",
};

const PRICE: Schema = Schema::Integer { min: 0, max: MAX_AMOUNT };

static LIST_PRODUCTS: Row = Row {
    query: &[
        Param {
            name: "status",
            schema: Schema::OneOf(&["draft", "scheduled", "published", "archived"]),
            about: "Only products of this status; a schedule that is due counts as published.",
        },
        Param { name: "category", schema: Schema::line(1, 100), about: "Only products of this category." },
        Param { name: "tag", schema: Schema::line(1, 50), about: "Only products with this tag." },
        Param { name: "sku", schema: Schema::line(1, 64), about: "Only the product with this SKU." },
        SEARCH,
        Param {
            name: "price_min",
            schema: PRICE,
            about: "Only products of which a variant costs at least this, in minor units; together with `price_max`, of which one lies within both.",
        },
        Param {
            name: "price_max",
            schema: PRICE,
            about: "Only products of which a variant costs at most this, in minor units; not below `price_min`.",
        },
        Param {
            name: "low_stock",
            schema: Schema::Boolean,
            about: "true: only products of which a variant is at or below its threshold at a location, as of now; false: only the others.",
        },
        Param {
            name: "updated_after",
            schema: Schema::TIME,
            about: "Only products changed after this moment.",
        },
        Param {
            name: "sort",
            schema: Schema::OneOf(&[
                "created_at",
                "-created_at",
                "updated_at",
                "-updated_at",
                "title",
                "-title",
                "price",
                "-price",
            ]),
            about: "What to sort by, `-` for descending; `-created_at` by default. The price is the lowest of the variants; products without one come last either way.",
        },
        LIMIT,
        CURSOR,
    ],
    answer: Answer::Json(&product::PRODUCT_PAGE),
    problems: &[Code::CursorInvalid],
    ..read("products.list", "/api/pms/products", "List products", Permission::ProductsRead)
};

static CREATE_PRODUCT: Row = Row {
    body: body(&product::PRODUCT_INPUT),
    success: 201,
    answer: Answer::Json(&product::PRODUCT),
    problems: &[Code::SkuTaken, Code::HandleTaken],
    ..write("products.create", "POST", "/api/pms/products", "Create a product", Permission::ProductsWrite)
};

static READ_PRODUCT: Row = Row {
    answer: Answer::Json(&product::PRODUCT),
    problems: &[Code::NotFound],
    ..read("products.read", "/api/pms/products/{id}", "Read a product", Permission::ProductsRead)
};

static REPLACE_PRODUCT: Row = Row {
    if_match: IfMatch::Required,
    body: body(&product::PRODUCT_INPUT),
    answer: Answer::Json(&product::PRODUCT),
    problems: &[Code::NotFound, Code::SkuTaken, Code::HandleTaken, Code::ProductInUse],
    ..write(
        "products.replace",
        "PUT",
        "/api/pms/products/{id}",
        "Replace a product",
        Permission::ProductsWrite,
    )
};

static PATCH_PRODUCT: Row = Row {
    if_match: IfMatch::Required,
    body: merge_patch(&product::PRODUCT_PATCH),
    answer: Answer::Json(&product::PRODUCT),
    problems: &[Code::NotFound, Code::SkuTaken, Code::HandleTaken, Code::ProductInUse],
    ..write(
        "products.patch",
        "PATCH",
        "/api/pms/products/{id}",
        "Change a product by merge patch",
        Permission::ProductsWrite,
    )
};

static DELETE_PRODUCT: Row = Row {
    if_match: IfMatch::Required,
    success: 204,
    problems: &[Code::NotFound, Code::ProductInUse],
    ..write(
        "products.delete",
        "DELETE",
        "/api/pms/products/{id}",
        "Delete a product",
        Permission::ProductsWrite,
    )
};

static PUBLISH_PRODUCT: Row = Row {
    if_match: IfMatch::Honoured,
    body: optional_body(&product::PUBLISH_INPUT),
    answer: Answer::Json(&product::PRODUCT),
    problems: &[Code::NotFound, Code::IllegalTransition],
    ..write(
        "products.publish",
        "POST",
        "/api/pms/products/{id}/publish",
        "Publish a product, now or later",
        Permission::ProductsPublish,
    )
};

static UNPUBLISH_PRODUCT: Row = Row {
    if_match: IfMatch::Honoured,
    answer: Answer::Json(&product::PRODUCT),
    problems: &[Code::NotFound, Code::IllegalTransition],
    ..write(
        "products.unpublish",
        "POST",
        "/api/pms/products/{id}/unpublish",
        "Take a product back to draft",
        Permission::ProductsPublish,
    )
};

static ARCHIVE_PRODUCT: Row = Row {
    if_match: IfMatch::Honoured,
    answer: Answer::Json(&product::PRODUCT),
    problems: &[Code::NotFound, Code::IllegalTransition],
    ..write(
        "products.archive",
        "POST",
        "/api/pms/products/{id}/archive",
        "Put a product away",
        Permission::ProductsPublish,
    )
};

static BULK_PRODUCTS: Row = Row {
    body: Some(Body { form: Form::Json(&bulk::BULK_INPUT), optional: false, media: JSON, limit: 4 * MIB }),
    answer: Answer::Json(&bulk::BULK_RESULT),
    ..write(
        "products.bulk",
        "POST",
        "/api/pms/products/bulk",
        "Change many products at once",
        Permission::ProductsWrite,
    )
};

static LIST_REVISIONS: Row = Row {
    query: &[LIMIT, CURSOR],
    answer: Answer::Json(&revision::REVISION_PAGE),
    problems: &[Code::NotFound, Code::CursorInvalid],
    ..read(
        "products.revisions",
        "/api/pms/products/{id}/revisions",
        "List the versions of a product, newest first; of a deleted one, too",
        Permission::ProductsRead,
    )
};

static READ_REVISION: Row = Row {
    answer: Answer::Json(&revision::WHOLE_REVISION),
    problems: &[Code::NotFound],
    ..read(
        "products.revision",
        "/api/pms/products/{id}/revisions/{version}",
        "Read one version of a product",
        Permission::ProductsRead,
    )
};

static RESTORE_REVISION: Row = Row {
    if_match: IfMatch::Honoured,
    answer: Answer::Json(&product::PRODUCT),
    problems: &[Code::NotFound, Code::SkuTaken, Code::HandleTaken, Code::ProductInUse],
    ..write(
        "products.restore",
        "POST",
        "/api/pms/products/{id}/revisions/{version}/restore",
        "Write a new version with the content of an old one; status, images and stock stay as they are",
        Permission::ProductsWrite,
    )
};

static LIST_CATALOG: Row = Row {
    access: Access::Public,
    rate: RateClass::Read,
    query: &[
        Param { name: "category", schema: Schema::line(1, 100), about: "Only products of this category." },
        Param { name: "tag", schema: Schema::line(1, 50), about: "Only products with this tag." },
        SEARCH,
        LIMIT,
        CURSOR,
    ],
    answer: Answer::Json(&product::CATALOG_PAGE),
    problems: &[Code::CursorInvalid],
    ..open("catalog.list", "/api/pms/catalog/products", "List a store's published products")
};

static READ_CATALOG: Row = Row {
    access: Access::Public,
    rate: RateClass::Read,
    answer: Answer::Json(&product::CATALOG_PRODUCT),
    problems: &[Code::NotFound],
    ..open("catalog.read", "/api/pms/catalog/products/{handle}", "Read a published product")
};

static INGEST_PRODUCT: Row = Row {
    body: body_of(incoming::PRODUCT_KINDS),
    ..ingest("products.ingest", "/api/pms/webhook/product", "Take an event of another system about a product")
};
