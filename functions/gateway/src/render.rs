//! From an answer or a problem to a response, with the headers that every answer has.

use crate::Exchange;
use std::borrow::Cow;
use storeroom_operations::openapi::API_VERSION;
use storeroom_operations::operation::{Access, Row};
use storeroom_operations::{Code, Problem};
use storeroom_web::answer::{Answer, Cache};
use storeroom_web::{Body, Request, Response, gzip, negotiate, precondition};

/// The headers of every answer (OWASP Secure Headers; a page's own policy replaces the strict one).
const SECURITY: [(&str, &str); 4] = [
    ("Strict-Transport-Security", "max-age=63072000; includeSubDomains"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
];
const NO_CONTENT_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The response to an exchange.
pub fn response(exchange: &Exchange, request: &Request, result: Result<Answer, Problem>) -> Response {
    let mut response = match result {
        Ok(answer) => success(exchange, request, answer),
        Err(problem) => refusal(exchange, &problem),
    };
    every_answers(&mut response);
    if request.method == "HEAD" {
        response.body = Body::Empty;
    }
    response
}

/// The response to a preflight request or to another question about what an address takes.
pub fn preflight(exchange: &Exchange, mut response: Response) -> Response {
    response.headers.push(("X-Request-Id", exchange.request_id.clone()));
    every_answers(&mut response);
    response
}

fn every_answers(response: &mut Response) {
    for (name, value) in SECURITY {
        response.headers.push((name, value.to_owned()));
    }
    response.headers.push(("Api-Version", API_VERSION.to_owned()));
}

fn success(exchange: &Exchange, request: &Request, answer: Answer) -> Response {
    let unchanged = matches!(request.method.as_str(), "GET" | "HEAD")
        && answer.etag.as_deref().is_some_and(|etag| precondition::has_already(&request.headers, etag));
    let mut headers = Vec::with_capacity(16);
    if let (Some(media), false) = (answer.media, unchanged) {
        headers.push(("Content-Type", media.to_owned()));
    }
    headers.extend(answer.etag.map(|etag| ("ETag", etag)));
    headers.extend(answer.location.map(|path| ("Location", path)));
    let saved_as = |name| ("Content-Disposition", format!("attachment; filename=\"{name}\""));
    headers.extend(answer.file_name.map(saved_as));
    headers.extend(answer.is_replayed.then(|| ("Idempotent-Replayed", "true".to_owned())));
    headers.push(("Cache-Control", cache_control(answer.cache)));
    headers.extend(exchange.cache.map(|cache| ("Cache-Status", cache.header().to_owned())));
    headers.extend(answer.headers);
    let policy = answer.policy.unwrap_or_else(|| NO_CONTENT_POLICY.to_owned());
    headers.push(("Content-Security-Policy", policy));
    // Catalogue and images are shared by caches, so they must not name one client's request.
    let is_shared =
        answer.cache == Cache::Immutable || exchange.row.is_some_and(|row| row.access == Access::Public);
    if !is_shared {
        own(exchange, &mut headers);
    }
    let (status, body) = if unchanged { (304, Body::Empty) } else { (answer.status, answer.body) };
    if answer.may_compress {
        headers.extend(encoding(request, &body));
    }
    Response { status, headers, body }
}

/// What is compressed: a stream, and what is long enough to be worth it, where the client takes it.
fn encoding(request: &Request, body: &Body) -> Vec<(&'static str, String)> {
    let is_worthwhile = match body {
        Body::Stream(_) => true,
        Body::Bytes(bytes) => bytes.len() > gzip::WORTHWHILE,
        Body::Empty | Body::Room(_) => false,
    };
    let mut headers = vec![("Vary", "Accept-Encoding".to_owned())];
    if is_worthwhile && negotiate::accepts_gzip(&request.headers) {
        headers.push(("Content-Encoding", "gzip".to_owned()));
    }
    headers
}

fn refusal(exchange: &Exchange, problem: &Problem) -> Response {
    let mut headers = vec![
        ("Content-Type", "application/problem+json".to_owned()),
        ("Cache-Control", "no-store".to_owned()),
        ("Content-Security-Policy", NO_CONTENT_POLICY.to_owned()),
    ];
    headers.extend(problem.headers.iter().cloned());
    if problem.code.status() == 401 {
        // RFC 9110, section 15.5.2: every 401 names a scheme.
        headers.push(("WWW-Authenticate", "Bearer".to_owned()));
    }
    if problem.code == Code::VersionConflict {
        headers.extend(current_version(problem));
    }
    own(exchange, &mut headers);
    let body = Body::Bytes(Cow::Owned(problem.to_json(&exchange.request_id).into_bytes()));
    Response { status: problem.code.status(), headers, body }
}

/// The ETag of the thing as it is now, so that a client can try again at once.
fn current_version(problem: &Problem) -> Option<(&'static str, String)> {
    let (_, current) = problem.members.iter().find(|(name, _)| *name == "current")?;
    let document: serde_json::Value = serde_json::from_str(current).ok()?;
    Some(("ETag", format!("\"{}\"", document.get("version")?)))
}

/// The headers of this one exchange.
fn own(exchange: &Exchange, headers: &mut Vec<(&'static str, String)>) {
    headers.push(("X-Request-Id", exchange.request_id.clone()));
    if let Some(cursor) = exchange.cursor {
        headers.push(("Store-Cursor", cursor.to_string()));
    }
    if let Some(limit) = exchange.limit {
        headers.push(("RateLimit-Policy", format!("\"{}\";q={};w=60", limit.class, limit.quota)));
        headers.push((
            "RateLimit",
            format!("\"{}\";r={};t={}", limit.class, limit.remaining, limit.resets_in_s),
        ));
    }
    if exchange.row.is_some_and(Row::needs_caller) {
        headers.push(("Vary", "Authorization, X-Store-Id".to_owned()));
    }
}

fn cache_control(cache: Cache) -> String {
    match cache {
        Cache::NoStore => "no-store".to_owned(),
        Cache::Immutable => "public, max-age=31536000, immutable".to_owned(),
        Cache::Public { max_age_s } => format!("public, max-age={max_age_s}"),
    }
}
