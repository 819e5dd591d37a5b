//! What the client sends and accepts: content types and versions.
//!
//! Relies on: RFC 9110 sections 8.3 and 12.5.1. A quality above 0 is a yes; nothing is ranked, because an
//! operation answers in one representation.

use http::HeaderMap;
use storeroom_operations::openapi::API_VERSION;
use storeroom_operations::operation::{Answer, Row};
use storeroom_operations::{Code, Problem};

/// The content type of JSON by lines.
const NDJSON: &str = "application/x-ndjson";

/// Refuses a request whose `Accept` rules out what the operation answers with.
pub fn check_accept(row: &Row, headers: &HeaderMap) -> Result<(), Problem> {
    let (kind, media) = match row.answer {
        Answer::Html => ("text", "text/html"),
        Answer::Events => ("text", "text/event-stream"),
        Answer::Socket | Answer::Image => return Ok(()),
        _ => ("application", "application/json"),
    };
    match row.answer {
        Answer::Table(_) if wants_csv(headers) => return Ok(()),
        Answer::Lines => return check_lines(headers),
        _ => {}
    }
    let mut values = headers.get_all("accept").iter().filter_map(|value| value.to_str().ok()).peekable();
    let nothing_said = values.peek().is_none();
    let accepted = values.flat_map(|value| value.split(',')).any(|range| accepts(range, kind, media));
    if nothing_said || accepted {
        return Ok(());
    }
    Err(Problem::new(Code::NotAcceptable, format!("The answer is {media}; `Accept` rules that out.")))
}

/// Refuses a request that takes neither of the forms of a file of lines.
fn check_lines(headers: &HeaderMap) -> Result<(), Problem> {
    let mut ranges = ranges(headers).peekable();
    let nothing_said = ranges.peek().is_none();
    if nothing_said
        || ranges.any(|range| accepts(range, "text", "text/csv") || accepts(range, "application", NDJSON))
    {
        return Ok(());
    }
    let detail = format!("The answer is text/csv or {NDJSON}; `Accept` rules both out.");
    Err(Problem::new(Code::NotAcceptable, detail))
}

/// Whether `Accept` takes NDJSON and no CSV.
pub fn wants_ndjson(headers: &HeaderMap) -> bool {
    let takes = |kind, media| ranges(headers).any(|range| accepts(range, kind, media));
    takes("application", NDJSON) && !takes("text", "text/csv")
}

fn ranges(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all("accept").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(','))
}

/// Whether `Accept` asks for CSV by name.
pub fn wants_csv(headers: &HeaderMap) -> bool {
    let values = headers.get_all("accept").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|range| {
        let names_text = range.trim_start().get(..4).is_some_and(|name| name.eq_ignore_ascii_case("text"));
        names_text && accepts(range, "text", "text/csv")
    })
}

/// Whether `Accept-Encoding` takes gzip.
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all("accept-encoding").iter().filter_map(|value| value.to_str().ok());
    takes_gzip(values.flat_map(|value| value.split(',')))
}

/// Whether these codings with their qualities, as `Accept-Encoding` lists them, take gzip.
pub fn takes_gzip<'a>(codings: impl Iterator<Item = &'a str>) -> bool {
    let codings: Vec<&str> = codings.map(str::trim).collect();
    let quality = |wanted: &str| codings.iter().find_map(|coding| quality_of(coding, wanted));
    quality("gzip").or_else(|| quality("*")).is_some_and(|quality| quality > 0.0)
}

/// The quality of a coding if it is the wanted one; one that cannot be read is a no.
fn quality_of(coding: &str, wanted: &str) -> Option<f32> {
    let mut parts = coding.split(';').map(str::trim);
    parts.next().filter(|name| name.eq_ignore_ascii_case(wanted))?;
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some(quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0)))
}

fn accepts(range: &str, kind: &str, media: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let refused =
        parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q == 0.0)));
    let fits = name.is_empty() || name == "*/*" || name == media || name.strip_suffix("/*") == Some(kind);
    fits && !refused
}

/// Refuses a body that is not in one of the content types, or is encoded.
pub fn check_content(headers: &HeaderMap, media: &[&str]) -> Result<(), Problem> {
    let wanted = media.first().copied().unwrap_or_default();
    let refuse = |what: &str| {
        let detail = format!("{what} Send `Content-Type: {wanted}` without content encoding, in UTF-8.");
        Err(Problem::new(Code::UnsupportedMediaType, detail))
    };
    let encoding = headers.get("content-encoding").and_then(|value| value.to_str().ok());
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return refuse("The body has a content encoding.");
    }
    let Some(sent) = headers.get("content-type").and_then(|value| value.to_str().ok()) else {
        return refuse("The body has no content type.");
    };
    let mut parts = sent.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let utf8 = parts.all(|part| match part.to_ascii_lowercase().strip_prefix("charset=") {
        Some(charset) => matches!(charset.trim_matches('"'), "utf-8" | "utf8" | "us-ascii"),
        None => true,
    });
    if media.contains(&name.as_str()) && utf8 { Ok(()) } else { refuse("The content type does not fit.") }
}

/// Refuses an `Api-Version` that does not exist.
pub fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get("api-version").map(|value| value.to_str().ok()) {
        None | Some(Some(API_VERSION)) => Ok(()),
        Some(_) => {
            let detail = format!("`Api-Version` must be {API_VERSION} or be left out.");
            Err(Problem::new(Code::ApiVersionUnknown, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use storeroom_operations::{Operation, Products, System};

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn accept_rules_in_and_out() {
        let json = Operation::Products(Products::Read).row();
        let page = Operation::System(System::Docs).row();
        assert!(check_accept(json, &HeaderMap::new()).is_ok());
        for yes in ["*/*", "application/json", "text/html, application/*;q=0.5", "Application/JSON; q=1", ""]
        {
            assert!(check_accept(json, &headers("accept", yes)).is_ok(), "{yes}");
        }
        for no in ["text/html", "application/xml", "application/json;q=0", "image/*"] {
            assert!(check_accept(json, &headers("accept", no)).is_err(), "{no}");
        }
        assert!(check_accept(page, &headers("accept", "text/html")).is_ok());
    }

    #[test]
    fn gzip_is_taken_where_it_is_named() {
        for yes in ["gzip", "gzip, deflate, br", "br;q=1.0, GZIP;q=0.1", "*", "identity, *;q=0.5"] {
            assert!(accepts_gzip(&headers("accept-encoding", yes)), "{yes}");
        }
        for no in ["", "br", "gzip;q=0", "gzip; q=0.000, *", "*;q=0", "gzip;q=x", "x-gzip"] {
            assert!(!accepts_gzip(&headers("accept-encoding", no)), "{no}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn content_types_must_fit() {
        let media = ["application/json"];
        for yes in
            ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""]
        {
            assert!(check_content(&headers("content-type", yes), &media).is_ok(), "{yes}");
        }
        for no in ["text/plain", "application/json; charset=latin1", "application/jsonp", ""] {
            assert!(check_content(&headers("content-type", no), &media).is_err(), "{no}");
        }
        assert!(check_content(&HeaderMap::new(), &media).is_err());
        let mut encoded = headers("content-type", "application/json");
        encoded.insert("content-encoding", HeaderValue::from_static("gzip"));
        assert!(check_content(&encoded, &media).is_err());
    }

    #[test]
    fn versions_are_known_or_refused() {
        assert!(check_version(&HeaderMap::new()).is_ok());
        assert!(check_version(&headers("api-version", API_VERSION)).is_ok());
        assert!(check_version(&headers("api-version", "2020-01-01")).is_err());
    }
}
