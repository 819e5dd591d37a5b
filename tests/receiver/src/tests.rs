//! The behaviours, as a client without any HTTP library sees them, and the judge of signatures.
#![allow(clippy::disallowed_methods, reason = "tests go by the clock of this machine")]

use super::*;
use serde_json::json;
use standardwebhooks::Webhook;
use std::io::{ErrorKind, Read, Write};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

const SOON: Duration = Duration::from_secs(10);

fn connect(receiver: &Receiver) -> std::net::TcpStream {
    let stream = std::net::TcpStream::connect(receiver.address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream
}

fn post(receiver: &Receiver, path: &str) -> std::net::TcpStream {
    let mut stream = connect(receiver);
    let request = format!("POST {path} HTTP/1.1\r\nHost: x\r\nX-One:  1 \r\nContent-Length: 5\r\n\r\nhello");
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// Everything that comes until the line is closed.
fn all(mut stream: std::net::TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn on_hook(behaviour: Behaviour) -> (Receiver, std::net::TcpStream) {
    let receiver = Receiver::start().unwrap();
    receiver.on("/hook", behaviour);
    let stream = post(&receiver, "/hook?x=1");
    receiver.wait_for(1, SOON).unwrap();
    (receiver, stream)
}

fn answer_of(behaviour: Behaviour) -> String {
    let (_receiver, stream) = on_hook(behaviour);
    all(stream)
}

#[test]
fn a_request_is_remembered_as_it_came() {
    let (receiver, _stream) = on_hook(Behaviour::HangBeforeHead);
    let [request] = receiver.requests().try_into().unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/hook?x=1"));
    assert_eq!((request.header("x-one"), request.header("x-two")), (Some("1"), None));
    assert_eq!(request.body, b"hello");
    assert_eq!(receiver.requests_to("/hook"), [request]);
    assert!(receiver.requests_to("/other").is_empty());
    receiver.forget();
    assert!(receiver.requests().is_empty());
}

#[test]
fn chunks_are_put_together_and_a_request_that_is_not_whole_is_none() {
    let receiver = Receiver::start().unwrap();
    let mut cut = connect(&receiver);
    cut.write_all(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel").unwrap();
    cut.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(all(cut), "");
    let mut stream = connect(&receiver);
    let head = b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head).unwrap();
    for part in ["3\r\nhel\r", "\n2;x=1\r\nl", "o\r\n0\r\n\r\n"] {
        stream.write_all(part.as_bytes()).unwrap();
    }
    let [request] = receiver.wait_for(1, SOON).unwrap().try_into().unwrap();
    assert_eq!((request.method.as_str(), request.body.as_slice()), ("PUT", b"hello".as_slice()));
}

#[test]
fn a_handshake_is_turned_away() {
    let receiver = Receiver::start().unwrap();
    assert_eq!(receiver.url_without_tls("/hook"), receiver.url("/hook").replace("http:", "https:"));
    let mut stream = connect(&receiver);
    stream.write_all(b"\x16\x03\x01\x00\x05hello").unwrap();
    assert_eq!(all(stream), "");
    assert!(receiver.requests().is_empty());
}

#[test]
fn answers() {
    assert!(answer_of(Behaviour::Status(410)).starts_with("HTTP/1.1 410 "));
    assert!(!answer_of(Behaviour::Status(204)).contains("content-length"));
    let redirect = answer_of(Behaviour::RedirectToItself(301));
    assert!(redirect.starts_with("HTTP/1.1 301 ") && redirect.contains("\r\nlocation: /hook?x=1\r\n"));
    for value in ["120", "Fri, 20 Nov 2026 09:30:00 GMT"] {
        let busy = answer_of(Behaviour::RetryAfter(503, value.to_owned()));
        assert!(busy.starts_with("HTTP/1.1 503 ") && busy.contains(&format!("\r\nretry-after: {value}\r\n")));
    }
    let long = answer_of(Behaviour::Body(500, 2_000));
    assert!(long.contains("\r\ncontent-length: 2000\r\n") && long.ends_with(&"x".repeat(2_000)));
    assert!(answer_of(Behaviour::Text(400, "no".to_owned())).ends_with("\r\n\r\nno"));
    assert!(answer_of(Behaviour::CutBody).ends_with("\r\n\r\nabc"));
    assert_eq!(answer_of(Behaviour::Close), "");
}

#[test]
fn a_script_goes_on_with_its_last() {
    let receiver = Receiver::start().unwrap();
    receiver.script("/hook", [500, 429, 200].map(Behaviour::Status));
    let status = || all(post(&receiver, "/hook")).split(' ').nth(1).unwrap().to_owned();
    assert_eq!([status(), status(), status(), status()], ["500", "429", "200", "200"]);
    receiver.on("/hook", Behaviour::Status(410));
    assert_eq!(status(), "410");
    assert!(all(post(&receiver, "/elsewhere")).starts_with("HTTP/1.1 404 "));
    assert_eq!(receiver.requests().len(), 6);
}

#[test]
fn hanging_says_nothing_more_and_keeps_the_line() {
    for (behaviour, end) in [(Behaviour::HangBeforeHead, ""), (Behaviour::HangAfterHead, "\r\n\r\nabc")] {
        let (_receiver, mut stream) = on_hook(behaviour);
        let mut said = Vec::new();
        while !said.ends_with(end.as_bytes()) {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            said.extend(byte);
        }
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    }
}

#[test]
fn a_reset_is_a_reset() {
    let (_receiver, mut stream) = on_hook(Behaviour::Reset);
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn what_has_no_end_goes_on() {
    let (_receiver, mut stream) = on_hook(Behaviour::EndlessBody);
    stream.read_exact(&mut vec![0; 20_000_000]).unwrap();
    let (_receiver, mut stream) = on_hook(Behaviour::SlowBody(Duration::from_millis(1)));
    let mut said = vec![0; 200];
    stream.read_exact(&mut said).unwrap();
    assert!(said.ends_with(b"xxxxxxxx"));
}

#[test]
fn a_slow_head_comes_to_its_end() {
    let begun = Instant::now();
    let said = answer_of(Behaviour::SlowHead(Duration::from_millis(2)));
    assert!(said.starts_with("HTTP/1.1 200 ") && said.ends_with("\r\n\r\n"));
    assert!(begun.elapsed() >= Duration::from_millis(2) * u32::try_from(said.len()).unwrap());
}

#[test]
fn a_receiver_that_stopped_refuses_and_comes_back_on_its_port() {
    let (receiver, mut hanging) = on_hook(Behaviour::HangBeforeHead);
    receiver.stop();
    assert!(matches!(hanging.read(&mut [0]), Ok(0) | Err(_)), "its connections end with it");
    let refused = std::net::TcpStream::connect(receiver.address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    receiver.resume().unwrap();
    receiver.on("/hook", Behaviour::Status(200));
    assert!(all(post(&receiver, "/hook")).starts_with("HTTP/1.1 200 "));
    assert_eq!(receiver.requests().len(), 2);
}

#[test]
fn waiting_has_an_end() {
    let (receiver, _stream) = on_hook(Behaviour::HangBeforeHead);
    let sentence = receiver.wait_for(2, Duration::from_millis(20)).unwrap_err();
    assert!(sentence.starts_with("1 requests of 2"), "{sentence}");
}

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn signed(timestamp: i64, body: &str, signature: &str) -> Received {
    let headers = [
        ("webhook-id", "msg_1".to_owned()),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", signature.to_owned()),
    ];
    Received {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        body: body.as_bytes().to_vec(),
        at: Instant::now(),
    }
}

#[test]
fn what_was_signed_is_told_from_what_was_not() {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let body = r#"{"type":"order.paid"}"#;
    for timestamp in [now, 1_649_367_553, now + 100_000] {
        let signature = Webhook::new(SECRET).unwrap().sign("msg_1", timestamp, body.as_bytes()).unwrap();
        let overlap = format!("v1,AAAA {signature}");
        for good in [&signature, &overlap] {
            let judged = verify(SECRET, &signed(timestamp, body, good));
            assert_eq!(judged, Ok(json!({"type": "order.paid"})), "{timestamp}");
        }
        let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert!(verify(other, &signed(timestamp, body, &signature)).is_err());
        assert!(verify(SECRET, &signed(timestamp, r#"{"type":"order.paix"}"#, &signature)).is_err());
        assert!(verify(SECRET, &signed(timestamp + 1, body, &signature)).is_err());
        assert!(verify(SECRET, &signed(timestamp, body, "")).is_err());
        let mut without_id = signed(timestamp, body, &signature);
        without_id.headers.remove(0);
        assert!(verify(SECRET, &without_id).is_err());
    }
}
