//! Changes that are decided in Rust over what is there: the merge patch, and going back to a version.
//!
//! Guarantees: what was decided is committed only over the version that it was decided over.

use crate::content::Content;
use crate::replace;
use storeroom_domain::ProductId;
use storeroom_operations::{Code, Problem};
use storeroom_web::call::unavailable;
use storeroom_web::precondition::stale;
use storeroom_web::{Answer, Call, Precondition};

/// How often a change of whatever it is now is tried before the product counts as too busy: of those that race, one
/// wins each time.
const TRIES: usize = 50;

/// What a product is to be, and what it was when that was decided.
pub struct Decided {
    /// What it is to be.
    pub content: Content,
    /// The version that it was.
    pub version: i64,
}

/// Writes what `decide` makes of the product as it is; tries again when others were quicker, if whatever it is now was
/// meant.
pub async fn rewrite(
    call: &Call<'_>,
    product: ProductId,
    meant: Precondition,
    decide: impl AsyncFn() -> Result<Decided, Problem>,
) -> Result<Answer, Problem> {
    for _ in 0..TRIES {
        let result = match decide().await {
            Ok(Decided { content, version }) => {
                replace::put(call, product, Precondition::Version(version), &content).await
            }
            Err(problem) => Err(problem),
        };
        let lost_race = matches!(&result, Err(problem) if problem.code == Code::VersionConflict);
        if !lost_race || meant != Precondition::Whatever {
            return result;
        }
    }
    Err(unavailable("Too many others are changing the product; nothing was done."))
}

/// Refuses a version that is not the one that is meant.
pub fn check_meant(meant: Precondition, version: i64, document: &str) -> Result<(), Problem> {
    match meant.version() {
        Some(meant) if meant != version => Err(stale("product").member("current", document)),
        _ => Ok(()),
    }
}
