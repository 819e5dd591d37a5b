//! The one thing of EXIF that shows: which way up a picture is.
//!
//! Guarantees: a block of EXIF that cannot be read means upright. The block that is written says the orientation and
//! nothing else.

use crate::bytes::Walk;
use crate::orientation::Orientation;

/// The tag of the orientation in the first directory.
const ORIENTATION: u16 = 0x0112;
/// A 16-bit number.
const SHORT: u16 = 3;

/// How EXIF begins in a JPEG, and in some WebP files.
pub(crate) const PREFIX: &[u8] = b"Exif\0\0";

/// What a block says, with or without its prefix.
pub(crate) fn orientation(block: &[u8]) -> Orientation {
    let tiff = block.strip_prefix(PREFIX).unwrap_or(block);
    read(tiff).and_then(Orientation::by_exif).unwrap_or_default()
}

#[derive(Clone, Copy)]
enum Order {
    Big,
    Little,
}

impl Order {
    fn u16(self, walk: &mut Walk<'_>) -> Option<u16> {
        match self {
            Order::Big => walk.u16_be(),
            Order::Little => walk.u16_le(),
        }
    }

    fn u32(self, walk: &mut Walk<'_>) -> Option<u32> {
        match self {
            Order::Big => walk.u32_be(),
            Order::Little => walk.u32_le(),
        }
    }
}

fn read(tiff: &[u8]) -> Option<u16> {
    let mut walk = Walk::new(tiff);
    let order = match walk.take(4)? {
        b"MM\0*" => Order::Big,
        b"II*\0" => Order::Little,
        _ => return None,
    };
    let directory = usize::try_from(order.u32(&mut walk)?).ok()?;
    let mut walk = Walk::new(tiff.get(directory..)?);
    let entries = order.u16(&mut walk)?;
    for _ in 0..entries {
        let tag = order.u16(&mut walk)?;
        let kind = order.u16(&mut walk)?;
        walk.take(4)?;
        let value = order.u16(&mut walk)?;
        walk.take(2)?;
        if tag == ORIENTATION && kind == SHORT {
            return Some(value);
        }
    }
    None
}

/// A block that says this orientation and nothing else, without the prefix.
pub(crate) fn block(orientation: Orientation) -> Vec<u8> {
    let mut block = Vec::with_capacity(26);
    block.extend(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
    block.push(orientation.exif());
    block.extend([0, 0, 0, 0, 0, 0]);
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for value in 1..=8 {
            let orientation = Orientation::by_exif(value).unwrap();
            let written = block(orientation);
            assert_eq!(written.len(), 26);
            assert_eq!(super::orientation(&written), orientation);
        }
    }

    #[test]
    fn both_byte_orders_are_read_and_nonsense_means_upright() {
        let little = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        assert_eq!(orientation(little), Orientation::by_exif(6).unwrap());
        for nonsense in [
            &b""[..],
            b"Exif\0\0",
            b"MM\0*\xff\xff\xff\xff",
            b"MM\0*\0\0\0\x08\xff\xff",
            b"II*\0\x08\0\0\0\x01\0",
        ] {
            assert_eq!(orientation(nonsense), Orientation::default());
        }
    }
}
