//! WebSocket frames (RFC 6455) as bytes.
//!
//! Guarantees: finds whole frames in what has come so far. Relies on: a server that masks nothing and splits no message.

/// A frame of the server.
pub struct Frame<'a> {
    /// What it is: 1 is text, 8 a close, 9 a ping.
    pub opcode: u8,
    /// Whether it is deflated.
    pub is_deflated: bool,
    /// What it holds.
    pub payload: &'a [u8],
}

/// The first frame of these bytes and its length on the wire; nothing as long as it is not whole.
pub fn first(bytes: &[u8]) -> Option<(Frame<'_>, usize)> {
    let (&[head, length], rest) = bytes.split_first_chunk::<2>()?;
    let (length, header) = match length {
        126 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).unwrap(), 10),
        length => (usize::from(length), 2),
    };
    let payload = bytes.get(header..header + length)?;
    assert!(head & 0x80 != 0, "a message came in parts");
    Some((Frame { opcode: head & 0x0f, is_deflated: head & 0x40 != 0, payload }, header + length))
}

/// A client's text as a frame, masked by nothing.
pub fn text(text: &str) -> Vec<u8> {
    let length = text.len();
    assert!(length < 126 || u16::try_from(length).is_ok());
    let mut frame = vec![0x81];
    if length < 126 {
        frame.push(0x80 | length as u8);
    } else {
        frame.push(0x80 | 126);
        frame.extend((length as u16).to_be_bytes());
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

/// The last place in the log of an `events` frame: its cursor is its end.
pub fn last_place(payload: &[u8]) -> u64 {
    let digits = payload.strip_suffix(b"\"}").expect("no cursor at the end of events");
    let dot = digits.iter().rposition(|byte| *byte == b'.').expect("a cursor without a dot");
    std::str::from_utf8(&digits[dot + 1..]).unwrap().parse().unwrap()
}
