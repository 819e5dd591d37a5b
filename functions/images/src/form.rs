//! A form with a file in it: `multipart/form-data`, RFC 7578.
//!
//! Guarantees: one part `file` and at most one part `alt`; anything else is refused and named. Of a part's header only
//! its name counts: a file name or a type that the sender made up is never looked at.

use http::HeaderMap;
use storeroom_operations::{Code, Fault, Problem};

/// Most parts of a form that are looked at.
const MAX_PARTS: usize = 8;

/// What a form holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Form<'a> {
    /// The image's bytes.
    pub file: &'a [u8],
    /// The alternative text.
    pub alt: Option<String>,
}

/// The boundary, when the body is a form.
pub fn boundary(headers: &HeaderMap) -> Option<Result<String, Problem>> {
    let sent = headers.get("content-type")?.to_str().ok()?;
    let (media, parameters) = sent.split_once(';').unwrap_or((sent, ""));
    if !media.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_owned())
    });
    let fits = |boundary: &String| (1..=70).contains(&boundary.len());
    Some(boundary.filter(fits).ok_or_else(|| malformed("`Content-Type` names no boundary.")))
}

/// Reads a form.
pub fn read<'a>(body: &'a [u8], boundary: &str) -> Result<Form<'a>, Problem> {
    let (mut file, mut alt) = (None, None);
    for part in parts(body, boundary)? {
        match part.name.as_str() {
            "file" if file.is_none() => file = Some(part.content),
            "alt" if alt.is_none() => alt = Some(text(part.content)?),
            name @ ("file" | "alt") => return Err(misfit(name, "is there twice.")),
            _ => return Err(misfit("", "has a part besides `file` and `alt`.")),
        }
    }
    let file = file.ok_or_else(|| misfit("file", "is needed: the part that holds the image."))?;
    Ok(Form { file, alt })
}

struct Part<'a> {
    name: String,
    content: &'a [u8],
}

fn parts<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<Part<'a>>, Problem> {
    let opening = format!("--{boundary}").into_bytes();
    let separator = [b"\r\n", opening.as_slice()].concat();
    let start = if body.starts_with(&opening) {
        opening.len()
    } else {
        find(body, &separator).ok_or_else(broken)?.saturating_add(separator.len())
    };
    let mut rest = body.get(start..).ok_or_else(broken)?;
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        if parts.len() == MAX_PARTS {
            return Err(misfit("", "has too many parts."));
        }
        let inside = rest.get(line_end(rest)..).ok_or_else(broken)?;
        let end = find(inside, &separator).ok_or_else(broken)?;
        parts.push(part(inside.get(..end).ok_or_else(broken)?)?);
        rest = inside.get(end.saturating_add(separator.len())..).ok_or_else(broken)?;
    }
    Ok(parts)
}

/// Where the line of a boundary ends; blanks may follow it.
fn line_end(rest: &[u8]) -> usize {
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match rest.get(blanks..blanks.saturating_add(2)) {
        Some(b"\r\n") => blanks.saturating_add(2),
        _ => usize::MAX,
    }
}

fn part(inside: &[u8]) -> Result<Part<'_>, Problem> {
    let end = find(inside, b"\r\n\r\n").ok_or_else(broken)?;
    let head = std::str::from_utf8(inside.get(..end).unwrap_or_default()).map_err(|_| broken())?;
    let content = inside.get(end.saturating_add(4)..).unwrap_or_default();
    Ok(Part { name: name(head).ok_or_else(broken)?, content })
}

/// The name in `Content-Disposition: form-data; name="file"; filename="…"`.
fn name(head: &str) -> Option<String> {
    let value = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let parameters = value.trim().strip_prefix("form-data")?;
    let named = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("name="))?;
    Some(named.trim_matches('"').to_owned())
}

fn text(content: &[u8]) -> Result<String, Problem> {
    std::str::from_utf8(content).map(str::to_owned).map_err(|_| misfit("alt", "must be UTF-8."))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0_usize;
    loop {
        let rest = bytes.get(from..)?;
        let at = from.saturating_add(rest.iter().position(|byte| *byte == first)?);
        if bytes.get(at..)?.starts_with(wanted) {
            return Some(at);
        }
        from = at.saturating_add(1);
    }
}

fn broken() -> Problem {
    malformed("The form cannot be read: its parts do not fit its boundary, or a part has no name.")
}

fn malformed(detail: &str) -> Problem {
    Problem::new(Code::MalformedRequest, detail)
}

fn misfit(name: &str, detail: &str) -> Problem {
    let pointer = if name.is_empty() { String::new() } else { format!("/{name}") };
    let fault = Fault { pointer, code: "wrong_format", detail: detail.to_owned() };
    Problem::with_faults(Code::ValidationFailed, vec![fault])
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn form(parts: &[(&str, &str)]) -> Vec<u8> {
        let mut body = String::new();
        for (name, content) in parts {
            body.push_str(&format!(
                "--XX\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"../../evil.html\"\r\n\
                 Content-Type: text/html\r\n\r\n{content}\r\n"
            ));
        }
        (body + "--XX--\r\n").into_bytes()
    }

    #[test]
    fn a_file_and_its_text_are_found() {
        let body = form(&[("alt", "A mug – blue"), ("file", "GIF89a\r\n--X\r\nrest")]);
        let read = read(&body, "XX").unwrap();
        assert_eq!(read.file, b"GIF89a\r\n--X\r\nrest");
        assert_eq!(read.alt.as_deref(), Some("A mug – blue"));
        let before = [b"preamble\r\n".as_slice(), &form(&[("file", "")])].concat();
        assert_eq!(super::read(&before, "XX").unwrap(), Form { file: b"", alt: None });
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for parts in [
            &[("alt", "x")][..],
            &[("file", "a"), ("file", "b")],
            &[("file", "a"), ("no", "b")],
            &[("file", "a"); 9],
        ] {
            assert_eq!(read(&form(parts), "XX").unwrap_err().code, Code::ValidationFailed);
        }
        let whole = form(&[("file", "abc")]);
        for length in 0..whole.len() - 4 {
            assert_eq!(read(&whole[..length], "XX").unwrap_err().code, Code::MalformedRequest, "{length}");
        }
        for nameless in [
            "--XX\r\n\r\nabc\r\n--XX--",
            "--XX\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--XX--",
            "--XXabc",
        ] {
            assert_eq!(read(nameless.as_bytes(), "XX").unwrap_err().code, Code::MalformedRequest);
        }
    }

    #[test]
    fn a_boundary_is_read_from_the_header() {
        let read = |value: &'static str| {
            boundary(&HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static(value))]))
        };
        assert_eq!(read("image/png"), None);
        assert_eq!(read("multipart/form-data; boundary=ab"), Some(Ok("ab".to_owned())));
        assert_eq!(read("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\""), Some(Ok("a b".to_owned())));
        for none in
            ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\""]
        {
            assert!(matches!(read(none), Some(Err(_))), "{none}");
        }
    }
}
