//! `GET /products/{id}`.

use storeroom_domain::ProductId;
use storeroom_operations::Problem;
use storeroom_sql::{Args, documents};
use storeroom_web::{Answer, Call};

/// Answers with the product as of now.
pub async fn read(call: &Call<'_>) -> Result<Answer, Problem> {
    let product: ProductId = call.path_id("id", "product")?;
    let (document, version) = current(call, product).await?;
    Ok(Answer::json(200, document).version(version))
}

/// The product's document and version as of now.
pub async fn current(call: &Call<'_>, product: ProductId) -> Result<(String, i64), Problem> {
    let args = Args::new().with("product", product.to_string());
    let found = call.read(documents::PRODUCT, args).await?;
    match (found.rows.text(0, 0), found.rows.integer(0, 1)) {
        (Some(document), Some(version)) => Ok((document.to_owned(), version)),
        _ => Err(Problem::not_found("product")),
    }
}
