//! `If-Match` and `If-None-Match` over versions.
//!
//! Relies on: RFC 9110 section 13.1. A list of tags in `If-Match` is refused: a version is one number.

use http::HeaderMap;
use storeroom_operations::{Code, Fault, IfMatch, Problem};
use storeroom_sql::Batch;

/// Which version a write means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// Whatever it is now: `*`, or nothing where nothing is needed.
    Whatever,
    /// That version and no other.
    Version(i64),
}

impl Precondition {
    /// The version as an argument: NULL for whatever it is now.
    pub fn version(self) -> Option<i64> {
        match self {
            Self::Whatever => None,
            Self::Version(version) => Some(version),
        }
    }

    /// Refuses unless the thing is at the version that is meant, and lets the refusal show it as it is now. `what` names
    /// it, `row` is what follows FROM to find it, `current` the query of its document.
    pub fn guard(self, batch: &mut Batch, what: &str, row: &str, current: String) {
        batch.set("meant_version", self.version());
        let is_meant = format!("SELECT :meant_version IS NULL OR version = :meant_version FROM {row}");
        batch.guard(&is_meant, stale(what));
        batch.explain(Code::VersionConflict, "current", current);
    }
}

/// The refusal of a stale version, still without `current`.
pub fn stale(what: &str) -> Problem {
    let detail = format!(
        "The {what} has changed: `current` is what it is now. Merge your change and send its version."
    );
    Problem::new(Code::VersionConflict, detail)
}

/// Reads `If-Match` as the operation's row wants it.
pub fn if_match(rule: IfMatch, headers: &HeaderMap) -> Result<Precondition, Problem> {
    let mut sent = headers.get_all("if-match").iter();
    let (first, second) = (sent.next(), sent.next());
    match (rule, first) {
        (IfMatch::Ignored, _) | (IfMatch::Honoured, None) => Ok(Precondition::Whatever),
        (IfMatch::Required, None) => Err(Problem::new(
            Code::PreconditionRequired,
            "Send `If-Match` with the version you saw, such as `\"3\"`, or `*` for whatever it is now.",
        )),
        (_, Some(value)) => {
            let parsed = value.to_str().ok().filter(|_| second.is_none()).and_then(parse);
            parsed.ok_or_else(malformed)
        }
    }
}

fn parse(text: &str) -> Option<Precondition> {
    let text = text.trim();
    if text == "*" {
        return Some(Precondition::Whatever);
    }
    let digits = text.strip_prefix('"')?.strip_suffix('"')?;
    let canonical = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    canonical.then(|| digits.parse().ok()).flatten().map(Precondition::Version)
}

fn malformed() -> Problem {
    let detail = "must be one version in quotes, such as `\"3\"`, or `*`.".to_owned();
    let fault = Fault { pointer: "If-Match".to_owned(), code: "wrong_format", detail };
    Problem::with_faults(Code::MalformedRequest, vec![fault])
}

/// Whether the client already has what `etag` names.
pub fn has_already(headers: &HeaderMap, etag: &str) -> bool {
    let tags = headers.get_all("if-none-match").iter().filter_map(|value| value.to_str().ok());
    tags.flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn if_match_is_a_version_or_a_star() {
        let read = |value: &str| if_match(IfMatch::Required, &headers("if-match", value)).ok();
        assert_eq!(read("\"3\""), Some(Precondition::Version(3)));
        assert_eq!(read("*"), Some(Precondition::Whatever));
        for wrong in
            ["3", "\"\"", "\"03\"", "\"-1\"", "W/\"3\"", "\"3\", \"4\"", "\"99999999999999999999\"", "\"+3\""]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let missing = if_match(IfMatch::Required, &HeaderMap::new()).unwrap_err();
        assert_eq!(missing.code, Code::PreconditionRequired);
        assert_eq!(if_match(IfMatch::Honoured, &HeaderMap::new()), Ok(Precondition::Whatever));
        assert_eq!(if_match(IfMatch::Ignored, &headers("if-match", "x")), Ok(Precondition::Whatever));
        assert_eq!(Precondition::Whatever.version(), None);
    }

    #[test]
    fn if_none_match_compares_weakly() {
        for yes in ["\"3\"", "W/\"3\"", "\"2\", \"3\"", "*"] {
            assert!(has_already(&headers("if-none-match", yes), "\"3\""), "{yes}");
        }
        assert!(!has_already(&headers("if-none-match", "\"4\""), "\"3\""));
        assert!(!has_already(&HeaderMap::new(), "\"3\""));
    }
}
