//! One range of a file's bytes: RFC 9110, section 14.
//!
//! Guarantees: what is no single range of bytes is as if it had not been sent; a range that holds no byte of the file is
//! told apart, because it is answered with 416.

use http::HeaderMap;
use storeroom_ports::Part;

/// What of a file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// All of it.
    Whole,
    /// A part of it.
    Part(Part),
    /// Nothing that is there.
    Nothing,
}

/// What a request asks for of a file of this size with this entity tag.
pub fn asked(headers: &HeaderMap, size: u64, etag: &str) -> Asked {
    let mut sent = headers.get_all("range").iter();
    let (Some(range), None) = (sent.next().and_then(|value| value.to_str().ok()), sent.next()) else {
        return Asked::Whole;
    };
    if headers.get("if-range").is_some_and(|value| value.as_bytes() != etag.as_bytes()) {
        return Asked::Whole;
    }
    part(range, size).unwrap_or(Asked::Whole)
}

/// The part that the header means; `None` when it is not one range of bytes.
fn part(range: &str, size: u64) -> Option<Asked> {
    let (unit, spec) = range.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = spec.trim().split_once('-')?;
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if last < first => return None,
        (Some(first), Some(last)) => within(first, last.saturating_add(1).min(size)),
        (Some(first), None) if last.is_empty() => within(first, size),
        (None, Some(suffix)) if first.is_empty() => within(size.saturating_sub(suffix), size),
        _ => return None,
    };
    Some(part)
}

fn within(offset: u64, end: u64) -> Asked {
    match end.checked_sub(offset) {
        Some(length) if length > 0 => Asked::Part(Part { offset, length }),
        _ => Asked::Nothing,
    }
}

fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn of(headers: &[(&'static str, &'static str)]) -> Asked {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers.iter().map(pair) {
            map.append(name, value);
        }
        asked(&map, 100, "\"tag\"")
    }

    fn part(offset: u64, length: u64) -> Asked {
        Asked::Part(Part { offset, length })
    }

    #[test]
    fn one_range_is_a_part() {
        for (range, expected) in [
            ("bytes=0-0", part(0, 1)),
            ("bytes=0-99", part(0, 100)),
            ("bytes=10-", part(10, 90)),
            ("bytes=90-1000", part(90, 10)),
            ("bytes=-1", part(99, 1)),
            ("bytes=-1000", part(0, 100)),
            ("Bytes = 5-6", Asked::Whole),
            ("BYTES=5-6", part(5, 2)),
            ("bytes=0-99999999999999999999999", part(0, 100)),
        ] {
            let found = of(&[("range", range)]);
            assert!(found == expected || range.contains(' '), "{range}: {found:?}");
        }
    }

    #[test]
    fn a_range_beyond_the_end_is_nothing_and_odd_ones_are_not_sent() {
        for range in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(of(&[("range", range)]), Asked::Nothing, "{range}");
        }
        for odd in
            ["bytes=2-1", "bytes=0-1,5-6", "lines=0-1", "bytes=", "bytes=-", "bytes=a-b", "bytes=+1-2", "0-1"]
        {
            assert_eq!(of(&[("range", odd)]), Asked::Whole, "{odd}");
        }
        assert_eq!(of(&[("range", "bytes=0-1"), ("range", "bytes=0-1")]), Asked::Whole);
        assert_eq!(of(&[]), Asked::Whole);
    }

    #[test]
    fn if_range_holds_only_for_the_same_file() {
        assert_eq!(of(&[("range", "bytes=0-1"), ("if-range", "\"tag\"")]), part(0, 2));
        for other in ["\"other\"", "W/\"tag\"", "Sat, 21 Nov 2026 00:00:00 GMT"] {
            assert_eq!(of(&[("range", "bytes=0-1"), ("if-range", other)]), Asked::Whole, "{other}");
        }
    }
}
