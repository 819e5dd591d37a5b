//! The room's frames as bytes, which the clients of other cases hide.

use crate::shop::Shop;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A masked text frame of `{"t":"hello"}`; the mask is nothing.
const HELLO: &[u8] = b"\x81\x8d\0\0\0\0{\"t\":\"hello\"}";
/// The first byte of a whole text message that is deflated: FIN, RSV1, opcode 1 (RFC 7692, 6).
const DEFLATED_TEXT: u8 = 0b1100_0001;
/// The same as it is.
const PLAIN_TEXT: u8 = 0b1000_0001;

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
