//! Bytes on a connection, which the clients of other cases hide.

use crate::shop::Shop;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A masked text frame of `{"t":"hello"}`; the mask is nothing.
const HELLO: &[u8] = b"\x81\x8d\0\0\0\0{\"t\":\"hello\"}";
/// One byte more than a call of many operations may have.
const TOO_LARGE: usize = 4 * 1024 * 1024 + 1;
/// The first byte of a whole text message that is deflated: FIN, RSV1, opcode 1 (RFC 7692, 6).
const DEFLATED_TEXT: u8 = 0b1100_0001;
/// The same as it is.
const PLAIN_TEXT: u8 = 0b1000_0001;

/// Spin answers before the body is there, workerd after it. Who is still sending must be told all the same: a connection
/// that is closed under them takes the answer with it.
pub async fn a_refusal_reaches_who_is_still_sending(shop: Rc<Shop>) {
    let (mut stream, host) = begin(&shop, &format!("content-length: {TOO_LARGE}")).await;
    assert_is_answered(&mut stream, 413).await;
    stream.write_all(&vec![b' '; TOO_LARGE]).await.unwrap();
    goes_on(&mut stream, host).await;
}

/// The same where no length is announced, so that a part of the body was read.
pub async fn a_refusal_in_the_middle_reaches_who_is_still_sending(shop: Rc<Shop>) {
    let (mut stream, host) = begin(&shop, "transfer-encoding: chunked").await;
    let chunk = [format!("{TOO_LARGE:x}\r\n").into_bytes(), vec![b' '; TOO_LARGE], b"\r\n".to_vec()].concat();
    stream.write_all(&chunk).await.unwrap();
    assert_is_answered(&mut stream, 413).await;
    stream.write_all(&chunk).await.unwrap();
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    goes_on(&mut stream, host).await;
}

/// A refusal is the answer, not `100 Continue`: the body is never sent.
pub async fn who_asks_before_sending_is_refused_before_sending(shop: Rc<Shop>) {
    let expecting = format!("content-length: {TOO_LARGE}\r\nexpect: 100-continue");
    let (mut stream, _) = begin(&shop, &expecting).await;
    assert_is_answered(&mut stream, 413).await;
}

/// Sends the head of a request with a body, with a further header; the connection, and the host's authority.
async fn begin<'a>(shop: &'a Shop, header: &str) -> (BufReader<TcpStream>, &'a str) {
    let host = shop.url.strip_prefix("http://").unwrap();
    let mut stream = BufReader::new(TcpStream::connect(host).await.unwrap());
    let head = format!(
        "POST /api/pms/products/bulk HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\nx-store-id: {}\r\n\
         idempotency-key: large\r\ncontent-type: application/json\r\n{header}\r\n\r\n",
        shop.owner.token, shop.store
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    (stream, host)
}

/// The next request on the connection is answered.
async fn goes_on(stream: &mut BufReader<TcpStream>, host: &str) {
    stream.write_all(format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    assert_is_answered(stream, 200).await;
}

async fn assert_is_answered(stream: &mut BufReader<TcpStream>, status: u16) {
    let answer = tokio::time::timeout(Duration::from_secs(60), read_answer(stream)).await.expect("an answer");
    assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{answer}");
}

/// The head of an answer in lower case; its body is read and left out.
async fn read_answer(stream: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).await.unwrap(), 0, "the connection ended after {head:?}");
    }
    let head = head.to_lowercase();
    let length = head.split("\r\ncontent-length: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    stream.read_exact(&mut vec![0; length.parse().unwrap()]).await.unwrap();
    head
}

pub async fn frames_are_deflated_for_whoever_offers_it(shop: Rc<Shop>) {
    let (headers, first) = welcome(&shop, "sec-websocket-extensions: permessage-deflate\r\n").await;
    assert!(headers.contains("\r\nsec-websocket-extensions: permessage-deflate"), "{headers}");
    assert_eq!(first, DEFLATED_TEXT);
    let (headers, first) = welcome(&shop, "").await;
    assert!(!headers.contains("sec-websocket-extensions"), "{headers}");
    assert_eq!(first, PLAIN_TEXT);
}

/// Upgrades with a further header and says hello: the answer's head in lower case, and the first byte of the first frame.
async fn welcome(shop: &Shop, header: &str) -> (String, u8) {
    let ticket = shop.call(&shop.viewer, "POST", "/api/pms/room/ticket", None).await.json();
    let url = ticket["url"].as_str().unwrap().strip_prefix("ws://").unwrap().to_owned();
    let (host, path) = url.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!(
        "GET /{path} HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: storeroom.v1\r\n{header}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(head.starts_with("http/1.1 101"), "{head}");
    stream.write_all(HELLO).await.unwrap();
    (head, stream.read_u8().await.unwrap())
}
