//! What becomes of answers that do not end as they should, over real sockets.

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n";

/// What a server does once it has said its piece.
#[derive(Clone, Copy, Debug)]
enum Then {
    Hangs,
    Ends,
    Resets,
    NeverEnds,
}

/// Answers one request, on a port of its own.
async fn server(says: &str, then: Then) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let says = says.to_owned();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_ne!(stream.read(&mut [0; 4096]).await.unwrap(), 0);
        stream.write_all(says.as_bytes()).await.unwrap();
        go_on(stream, then).await;
    });
    url
}

async fn go_on(mut stream: TcpStream, then: Then) {
    match then {
        Then::Hangs => std::future::pending().await,
        Then::Ends => stream.shutdown().await.unwrap(),
        Then::Resets => {
            stream.set_zero_linger().unwrap();
            drop(stream);
        }
        Then::NeverEnds => while stream.write_all(&[b'x'; 4096]).await.is_ok() {},
    }
}

async fn ask(url: String, answer_limit: Option<usize>) -> Result<HttpResponse, HttpError> {
    let request = HttpRequest {
        method: "POST",
        url,
        headers: vec![],
        body: b"hello".to_vec(),
        timeout_ms: 10_000,
        answer_limit,
    };
    NativeHttp::hurried(5).send(request).await
}

async fn outcome(says: &str, then: Then, answer_limit: Option<usize>) -> Result<HttpResponse, HttpError> {
    ask(server(says, then).await, answer_limit).await
}

fn kept(body: &str) -> Result<HttpResponse, HttpError> {
    Ok(HttpResponse { status: 200, body: body.into(), retry_after: None })
}

#[tokio::test]
async fn a_body_that_goes_wrong_is_kept_as_far_as_it_came() {
    let says = format!("{HEAD}abcdefgh");
    for then in [Then::Hangs, Then::Ends, Then::Resets] {
        assert_eq!(outcome(&says, then, Some(1_024)).await, kept("abcdefgh"), "{then:?}");
        assert!(outcome(&says, then, None).await.is_err(), "{then:?}");
    }
}

#[tokio::test]
async fn no_more_is_kept_than_the_limit_and_the_rest_is_not_waited_for() {
    let says = format!("{HEAD}abcdefgh");
    for then in [Then::Hangs, Then::Ends, Then::NeverEnds] {
        assert_eq!(outcome(&says, then, Some(3)).await, kept("abc"), "{then:?}");
        assert_eq!(outcome(&says, then, Some(0)).await, kept(""), "{then:?}");
    }
    let endless = outcome(HEAD, Then::NeverEnds, Some(1_024)).await.unwrap();
    assert_eq!(endless.body, [b'x'; 1_024]);
}

#[tokio::test]
async fn a_connection_with_an_endless_body_is_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_ne!(stream.read(&mut [0; 4096]).await.unwrap(), 0);
        stream.write_all(HEAD.as_bytes()).await.unwrap();
        go_on(stream, Then::NeverEnds).await;
    });
    assert!(ask(url, Some(1_024)).await.is_ok());
    server.await.unwrap();
}

#[tokio::test]
async fn a_head_that_does_not_come_is_an_error() {
    for says in ["", "HTTP/1.1 200 OK\r\ncontent-le"] {
        for then in [Then::Hangs, Then::Ends, Then::Resets] {
            let answer = outcome(says, then, Some(1_024)).await;
            assert!(answer.is_err(), "{says} {then:?}: {answer:?}");
        }
    }
    let late = outcome("", Then::Hangs, Some(1_024)).await;
    assert_eq!(late, Err(HttpError("no answer within 10000 ms".to_owned())));
}

#[tokio::test]
async fn retry_after_comes_as_sent_and_not_too_long() {
    let retry_after = async |status: u16, value: &str| {
        let says = format!("HTTP/1.1 {status} X\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n");
        outcome(&says, Then::Ends, Some(1_024)).await.unwrap().retry_after
    };
    assert_eq!(retry_after(429, "120").await.as_deref(), Some("120"));
    let date = "Fri, 20 Nov 2026 09:30:00 GMT";
    assert_eq!(retry_after(503, date).await.as_deref(), Some(date));
    assert_eq!(retry_after(503, &"9".repeat(5_000)).await, Some("9".repeat(MAX_RETRY_AFTER)));
    assert_eq!(retry_after(200, "120").await, None);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let address = elsewhere.local_addr().unwrap();
    for status in [301, 302, 303, 307, 308] {
        let says = format!("HTTP/1.1 {status} X\r\nlocation: http://{address}/\r\ncontent-length: 0\r\n\r\n");
        for answer_limit in [Some(1_024), None] {
            assert_eq!(outcome(&says, Then::Ends, answer_limit).await.unwrap().status, status);
        }
    }
    assert_eq!(elsewhere.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}
