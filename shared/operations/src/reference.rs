//! The API reference as one page of HTML, made from the table; and the page of a problem.
//!
//! Guarantees: no script and no outside resource, so that it passes a strict Content-Security-Policy (one style
//! block, allowed by its hash); every text is escaped.

use crate::openapi::{API_VERSION, path_names, problems_of};
use crate::operation::{Access, Answer, Idempotency, IfMatch, RateClass, Row};
use crate::problem::{CODES, Code};
use crate::schema::{Format, Object, Schema};
use crate::table::{Operation, operations};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The style of every page; the Content-Security-Policy carries its hash.
pub const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c1c1a;background:#fff}code,pre{font:14px/1.45 ui-monospace,monospace}code{background:#f2f0ea;padding:.1em .3em;border-radius:3px}h2{margin-top:3rem}h3{margin-top:2.2rem;border-top:1px solid #ddd8cc;padding-top:1rem}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #eee9dc}.m{display:inline-block;min-width:4.5em;font-weight:700}a{color:#0b5a8a}@media(prefers-color-scheme:dark){body{background:#181816;color:#e8e6df}code{background:#2a2925}a{color:#7cc0ea}td,th{border-color:#33312b}h3{border-color:#44413a}}";

/// The whole reference.
pub fn page() -> String {
    let mut shapes = BTreeMap::new();
    let mut body = String::from("<h1>Storeroom API</h1>");
    let _ = write!(
        body,
        "<p>Version {API_VERSION}. The same as data: <a href=\"/openapi.json\">openapi.json</a>. Refusals are \
         <code>application/problem+json</code>; <a href=\"#problems\">every problem</a> has a page.</p>{}",
        contents()
    );
    for operation in operations() {
        section(&mut body, operation, &mut shapes);
    }
    body.push_str("<h2 id=\"shapes\">Shapes</h2>");
    let mut done = std::collections::BTreeSet::new();
    while let Some(object) = shapes.iter().find(|(name, _)| !done.contains(*name)).map(|(_, object)| *object)
    {
        done.insert(object.name);
        shape(&mut body, object, &mut shapes);
    }
    body.push_str("<h2 id=\"problems\">Problems</h2><table>");
    for code in CODES {
        let (slug, status, title) = (code.slug(), code.status(), escape(code.title()));
        let _ = write!(
            body,
            "<tr><td>{status}<td><a href=\"/problems/{slug}\"><code>{slug}</code></a><td>{title}"
        );
    }
    body.push_str("</table>");
    frame("Storeroom API", &body)
}

/// The page of one problem.
pub fn problem_page(code: Code) -> String {
    let title = escape(code.title());
    let body = format!(
        "<p><a href=\"/docs\">Storeroom API</a></p><h1>{title}</h1><p><code>{}</code>, status {}</p><p>{}</p>",
        code.slug(),
        code.status(),
        prose(code.explanation()),
    );
    frame(code.title(), &body)
}

fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{}</title><style>{STYLE}</style><main>{body}</main></html>\n",
        escape(title)
    )
}

fn contents() -> String {
    let mut list = String::from("<ul>");
    for operation in operations() {
        let row = operation.row();
        let (name, method, path) = (row.name, row.method, escape(row.path));
        let summary = escape(row.summary);
        let _ = write!(
            list,
            "<li><a href=\"#{name}\"><span class=\"m\">{method}</span> <code>{path}</code></a> {summary}"
        );
    }
    list.push_str("</ul>");
    list
}

type Shapes = BTreeMap<&'static str, &'static Object>;

fn section(body: &mut String, operation: Operation, shapes: &mut Shapes) {
    let row = operation.row();
    let (name, method) = (row.name, row.method);
    let _ = write!(body, "<h3 id=\"{name}\">{}</h3>", escape(row.summary));
    let _ = write!(body, "<p><span class=\"m\">{method}</span> <code>{}</code></p>", escape(row.path));
    let _ = write!(body, "<p>{} {}</p>", access(row), rate(row.rate));
    parameters(body, row);
    if let Some(request) = &row.body {
        shapes.extend(request.shapes().map(|shape| (shape.name, shape)));
        let optional = if request.optional { " (may be left out)" } else { "" };
        let kib = request.limit / 1024;
        let links: Vec<String> = request.shapes().map(link).collect();
        let link = if links.is_empty() { "bytes".to_owned() } else { links.join(" or ") };
        let _ = write!(
            body,
            "<p>Body: {link}{optional}, <code>{}</code>, at most {kib} KiB.</p>",
            request.media.join(", ")
        );
    }
    let answer = match row.answer {
        Answer::Json(object) => {
            shapes.insert(object.name, object);
            link(object)
        }
        Answer::Table(object) => {
            shapes.insert(object.name, object);
            format!("{} or CSV", link(object))
        }
        Answer::Empty => "no body".to_owned(),
        Answer::Image => {
            "an image, <code>image/jpeg</code>, <code>png</code>, <code>webp</code> or <code>gif</code>"
                .to_owned()
        }
        Answer::Html => "a page".to_owned(),
        Answer::Document => "the document".to_owned(),
        Answer::Events => "Server-Sent Events, <code>text/event-stream</code>".to_owned(),
        Answer::Lines => "a file, CSV or NDJSON".to_owned(),
        Answer::Socket => "a WebSocket, subprotocol <code>storeroom.v1</code>".to_owned(),
    };
    let problems: Vec<String> = problems_of(row)
        .into_iter()
        .map(|code| format!("<a href=\"/problems/{0}\"><code>{0}</code></a>", code.slug()))
        .collect();
    let _ = write!(body, "<p>Answers {} with {answer}; refusals: {}.</p>", row.success, problems.join(", "));
}

fn access(row: &Row) -> String {
    match row.access {
        Access::Open => "Open to anybody.".to_owned(),
        Access::Public => "Public; <code>?store=</code> says whose. Caches may share the answer.".to_owned(),
        Access::Ticket => "Needs a ticket and <code>?store=</code>.".to_owned(),
        Access::Account => "Needs <code>Authorization: Bearer</code>; about no store.".to_owned(),
        Access::Signed(permission) => format!(
            "Needs a signed request, which names the store in <code>X-Store-Id</code>, and the permission \
             <code>{}</code>.",
            permission.as_str()
        ),
        Access::Member(permission) => {
            let store = match row.store_in_path() {
                true => "the path names the store",
                false => {
                    "<code>X-Store-Id</code>, which a bearer token that reaches one store only may leave out"
                }
            };
            let permission = permission.as_str();
            format!(
                "Needs <code>Authorization: Bearer</code> or a signed request, and the permission \
                 <code>{permission}</code>; {store}."
            )
        }
    }
}

fn rate(class: RateClass) -> String {
    match class {
        RateClass::Free => "Not counted by a rate limit.".to_owned(),
        counted => format!("Counted by the rate limit <code>{}</code>.", counted.as_str()),
    }
}

fn parameters(body: &mut String, row: &Row) {
    let mut rows = String::new();
    for name in path_names(row.path) {
        let _ = write!(rows, "<tr><td><code>{name}</code><td>in the path<td>");
    }
    for param in row.query {
        let about = prose(param.about);
        let _ = write!(rows, "<tr><td><code>{}</code><td>{}<td>{about}", param.name, kind(&param.schema));
    }
    if row.idempotency() != Idempotency::None {
        let need = if row.idempotency() == Idempotency::Required { "needed" } else { "taken" };
        let _ = write!(rows, "<tr><td><code>Idempotency-Key</code><td>header<td>{need}");
    }
    if row.if_match != IfMatch::Ignored {
        let need = if row.if_match == IfMatch::Required { "needed" } else { "honoured" };
        let _ = write!(rows, "<tr><td><code>If-Match</code><td>header<td>{need}");
    }
    if !rows.is_empty() {
        let _ = write!(body, "<table>{rows}</table>");
    }
}

fn shape(body: &mut String, object: &'static Object, shapes: &mut Shapes) {
    let _ = write!(body, "<h3 id=\"{0}\">{0}</h3><p>{1}</p><table>", object.name, prose(object.about));
    for field in object.fields {
        collect(&field.schema, shapes);
        let required = if field.required { "" } else { ", may be left out" };
        let _ = write!(
            body,
            "<tr><td><code>{}</code><td>{}{required}<td>{}",
            field.name,
            kind(&field.schema),
            prose(field.about)
        );
    }
    body.push_str("</table>");
}

fn collect(schema: &Schema, shapes: &mut Shapes) {
    match schema {
        Schema::Object(object) => {
            shapes.insert(object.name, object);
        }
        Schema::List { items: inner, .. } | Schema::Map { values: inner, .. } | Schema::Nullable(inner) => {
            collect(inner, shapes);
        }
        _ => {}
    }
}

fn kind(schema: &Schema) -> String {
    match schema {
        Schema::Text { min, max, format } => text(*min, *max, *format),
        Schema::Integer { min, max } if *max == i64::MAX => format!("integer from {min}"),
        Schema::Integer { min, max } => format!("integer, {min} to {max}"),
        Schema::Boolean => "boolean".to_owned(),
        Schema::OneOf(words) => {
            words.iter().map(|w| format!("<code>{w}</code>")).collect::<Vec<_>>().join(" ")
        }
        Schema::List { items, max, .. } => format!("list of at most {max}: {}", kind(items)),
        Schema::Object(object) => link(object),
        Schema::Map { values, max, .. } => format!("at most {max} members: {}", kind(values)),
        Schema::Nullable(inner) => format!("{} or null", kind(inner)),
        Schema::Anything => "any".to_owned(),
    }
}

fn text(min: usize, max: usize, format: Format) -> String {
    match format {
        Format::Line => format!("text, {min} to {max} characters"),
        Format::Lines => format!("text of several lines, {min} to {max} characters"),
        Format::Handle => format!("<code>a-z</code>, <code>0-9</code> and hyphens, at most {max}"),
        Format::Id(prefix) => format!("id, <code>{prefix}…</code>"),
        Format::Time => "time, RFC 3339".to_owned(),
        Format::Date => "date, <code>YYYY-MM-DD</code>".to_owned(),
        Format::Currency => "currency, ISO 4217".to_owned(),
        Format::Email => format!("e-mail address, at most {max} characters"),
        Format::Timezone => "time zone, IANA".to_owned(),
        Format::Password => format!("password, {min} to {max} characters"),
    }
}

fn link(object: &Object) -> String {
    format!("<a href=\"#{0}\">{0}</a>", object.name)
}

/// Escapes the text and sets what stands between back-ticks as code.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .map(|(n, part)| match n % 2 {
            0 => escape(part),
            _ => format!("<code>{}</code>", escape(part)),
        })
        .collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_operation_problem_and_linked_shape() {
        let page = page();
        for operation in operations() {
            assert!(page.contains(&format!("id=\"{}\"", operation.row().name)));
        }
        for anchor in page.split("href=\"#").skip(1) {
            let name = anchor.split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{name}\"")), "{name}");
        }
        assert!(problem_page(Code::SkuTaken).contains("<code>errors</code>"));
        assert_eq!(escape("<a href=\"&\">"), "&lt;a href=&quot;&amp;&quot;&gt;");
    }
}
