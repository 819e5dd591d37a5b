//! Outgoing HTTP.
//!
//! Guarantees: an answer that is not whole in time is an error, and the request is given up then, unless it is content
//! with the beginning of an answer; a redirect is an answer like any other.
//! Relies on: `wasi:http`; Spin lets a request out only to what `allowed_outbound_hosts` of `spin.toml` names.

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::{Either, select};
use http::header::{CONTENT_LENGTH, RETRY_AFTER};
use http_body::Body;
use http_body_util::BodyExt;
use spin_sdk::http::body::IncomingBodyExt;
use spin_sdk::http::{FullBody, send};
use std::fmt::Display;
use std::pin::pin;
use std::time::Duration;
use storeroom_ports::http::MAX_RETRY_AFTER;
use storeroom_ports::{Http, HttpError, HttpRequest, HttpResponse};

/// The way out.
pub struct Outbound;

#[async_trait(?Send)]
impl Http for Outbound {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (timeout_ms, limit) = (request.timeout_ms, request.answer_limit);
        let late = pin!(spin_sdk::time::sleep(Duration::from_millis(timeout_ms.into())));
        let (response, late) = in_time(pin!(send(prepared(request)?)), late, timeout_ms).await?;
        let (head, body) = response.into_parts();
        let retry_after = retry_after(&head);
        let body = match limit {
            None => in_time(pin!(body.bytes()), late, timeout_ms).await?.0.into(),
            Some(limit) => beginning(body, limit, late).await,
        };
        Ok(HttpResponse { status: head.status.as_u16(), body, retry_after })
    }
}

/// What the work gives, and the rest of the time; an error when the time is over first.
async fn in_time<T, E: Display, L: Future + Unpin>(
    work: impl Future<Output = Result<T, E>> + Unpin,
    late: L,
    timeout_ms: u32,
) -> Result<(T, L), HttpError> {
    match select(work, late).await {
        Either::Left((done, late)) => Ok((done.map_err(|error| failed(&error))?, late)),
        Either::Right(_) => Err(HttpError(format!("no whole answer within {timeout_ms} ms"))),
    }
}

/// The first bytes of a body, or what came of them before it broke off or the time was over.
async fn beginning(
    mut body: impl Body<Data = Bytes> + Unpin,
    limit: usize,
    mut late: impl Future + Unpin,
) -> Vec<u8> {
    let mut kept = Vec::new();
    while kept.len() < limit {
        let Either::Left((Some(Ok(frame)), _)) = select(body.frame(), &mut late).await else { break };
        let bytes = frame.into_data().unwrap_or_default();
        kept.extend(bytes.into_iter().take(limit.saturating_sub(kept.len())));
    }
    kept
}

/// What an answer that is no success says of when to come back.
fn retry_after(head: &http::response::Parts) -> Option<String> {
    let value = head.headers.get(RETRY_AFTER).filter(|_| !head.status.is_success())?;
    Some(value.to_str().ok()?.chars().take(MAX_RETRY_AFTER).collect())
}

fn prepared(request: HttpRequest) -> Result<http::Request<FullBody<Bytes>>, HttpError> {
    // Without its length a body goes out in chunks, which not every proxy in front of a database takes.
    let mut builder = http::Request::builder()
        .method(request.method)
        .uri(request.url)
        .header(CONTENT_LENGTH, request.body.len());
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    builder.body(FullBody::new(request.body.into())).map_err(|error| failed(&error))
}

fn failed(error: &dyn Display) -> HttpError {
    HttpError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use futures::future::{pending, ready};
    use futures::stream::{self, Stream, StreamExt};
    use http_body::Frame;
    use http_body_util::StreamBody;

    type Part = Result<Frame<Bytes>, &'static str>;

    fn data(text: &'static str) -> Part {
        Ok(Frame::data(Bytes::from_static(text.as_bytes())))
    }

    fn kept(parts: impl Stream<Item = Part>, limit: usize, late: impl Future) -> String {
        let body = pin!(StreamBody::new(parts));
        String::from_utf8(block_on(beginning(body, limit, pin!(late)))).unwrap()
    }

    #[test]
    fn no_more_of_a_body_is_kept_than_the_limit() {
        let parts = || stream::iter([data("abc"), data("def")]);
        for (limit, beginning) in [(0, ""), (2, "ab"), (3, "abc"), (4, "abcd"), (6, "abcdef"), (7, "abcdef")]
        {
            assert_eq!(kept(parts(), limit, pending::<()>()), beginning);
        }
        assert_eq!(kept(stream::repeat_with(|| data("x")), 5, pending::<()>()), "xxxxx");
    }

    #[test]
    fn what_came_before_the_body_broke_off_or_the_time_was_over_is_kept() {
        let broken = stream::iter([data("abc"), Err("reset"), data("def")]);
        assert_eq!(kept(broken, 10, pending::<()>()), "abc");
        let hanging = stream::iter([data("abc")]).chain(stream::pending());
        assert_eq!(kept(hanging, 10, ready(())), "abc");
    }

    #[test]
    fn a_head_in_time_leaves_the_rest_of_the_time() {
        let (head, _) = block_on(in_time(ready(Ok::<_, &str>(1)), pending::<()>(), 9)).unwrap();
        assert_eq!(head, 1);
        let late = block_on(in_time(pending::<Result<(), &str>>(), ready(()), 9)).err();
        assert_eq!(late, Some(HttpError("no whole answer within 9 ms".to_owned())));
        let failed = block_on(in_time(ready(Err::<(), _>("refused")), pending::<()>(), 9)).err();
        assert_eq!(failed, Some(HttpError("refused".to_owned())));
    }

    #[test]
    fn retry_after_is_of_an_answer_that_is_no_success_and_not_too_long() {
        let told = |status: u16, value: &str| {
            let response = http::Response::builder().status(status).header(RETRY_AFTER, value).body(());
            retry_after(&response.unwrap().into_parts().0)
        };
        assert_eq!(told(503, "120").as_deref(), Some("120"));
        assert_eq!(told(200, "120"), None);
        assert_eq!(told(429, &"9".repeat(3_000)), Some("9".repeat(MAX_RETRY_AFTER)));
    }
}
