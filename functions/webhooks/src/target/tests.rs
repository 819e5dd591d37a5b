//! Addresses that pass and addresses that do not, and every spelling of a private one.

mod table;

use super::*;
use proptest::prelude::*;
use std::net::Ipv4Addr;
use table::{LOCAL, PUBLIC, REFUSED, REFUSED_GIVEN_OUT};

#[test]
fn public_addresses_pass_everywhere() {
    for url in PUBLIC {
        assert_eq!(check(url, Targets::Public), Ok(()), "{url}");
        assert_eq!(check(url, Targets::Local), Ok(()), "{url}");
    }
}

#[test]
fn what_is_private_reserved_or_unclear_passes_nowhere() {
    for url in REFUSED.into_iter().chain(REFUSED_GIVEN_OUT) {
        assert!(check(url, Targets::Public).is_err(), "{url}");
        assert!(check(url, Targets::Local).is_err(), "{url}");
    }
}

#[test]
fn this_machine_plain_http_and_other_ports_pass_in_development_only() {
    for url in LOCAL {
        assert!(check(url, Targets::Public).is_err(), "{url}");
        assert_eq!(check(url, Targets::Local), Ok(()), "{url}");
    }
}

#[test]
fn what_is_too_long_is_not_even_read() {
    let url = |length: usize| format!("https://shop.example.com/{:x<1$}", "", length - 25);
    assert_eq!(url(MAX_URL_BYTES).len(), MAX_URL_BYTES);
    assert_eq!(check(&url(MAX_URL_BYTES), Targets::Public), Ok(()));
    assert!(check(&url(MAX_URL_BYTES + 1), Targets::Public).unwrap_err().0.contains("2,048"));
}

#[test]
fn a_refusal_says_what_is_wrong() {
    for (url, word) in [
        ("http://shop.example.com/", "https://"),
        ("https://user@shop.example.com/", "user name"),
        ("https://shop.example.com/#part", "fragment"),
        ("https://shop.example.com:444/", "8443"),
        ("https://10.0.0.1/", "public network"),
        ("https://167772161/", "public network"),
        ("https://134744072/", "unusual"),
        ("https://b\u{fc}cher.de/", "punycode"),
        ("hooks", "absolute"),
    ] {
        let Refusal(sentence) = check(url, Targets::Public).unwrap_err();
        assert!(sentence.contains(word), "{url}: {sentence}");
    }
}

/// A network that is not public, as a first address and how many bits of it are fixed.
fn private() -> impl Strategy<Value = Ipv4Addr> {
    let networks = [
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        ([192, 168, 0, 0], 16),
        ([198, 18, 0, 0], 15),
        ([224, 0, 0, 0], 4),
        ([240, 0, 0, 0], 4),
    ];
    (prop::sample::select(networks.to_vec()), any::<u32>()).prop_map(|((first, fixed), rest)| {
        Ipv4Addr::from(u32::from(Ipv4Addr::from(first)) | rest.checked_shr(fixed).unwrap_or_default())
    })
}

/// A number in one of the bases that a host may be written in, with zeros before it.
fn written(number: u32, base: u8, zeros: usize) -> String {
    let zeros = "0".repeat(zeros);
    match base {
        0 => number.to_string(),
        1 => format!("0{zeros}{number:o}"),
        2 => format!("0x{zeros}{number:x}"),
        _ => format!("0X{zeros}{number:X}"),
    }
}

/// The address in so many parts, of which the last takes what is left.
fn spelt(address: Ipv4Addr, parts: usize, bases: [u8; 4], zeros: usize) -> String {
    let [a, b, c, d] = address.octets().map(u32::from);
    let numbers = match parts {
        1 => vec![u32::from(address)],
        2 => vec![a, (b << 16) | (c << 8) | d],
        3 => vec![a, b, (c << 8) | d],
        _ => vec![a, b, c, d],
    };
    let written: Vec<String> =
        numbers.into_iter().zip(bases).map(|(number, base)| written(number, base, zeros)).collect();
    written.join(".")
}

proptest! {
    #[test]
    fn no_spelling_of_a_private_address_passes(
        address in private(),
        parts in 1..=4_usize,
        bases in prop::array::uniform4(0..4_u8),
        zeros in 0..4_usize,
        ending in prop::sample::select(vec!["", ".", ":443", ".:8443", "/hooks", "./"]),
    ) {
        let url = format!("https://{}{ending}", spelt(address, parts, bases, zeros));
        prop_assert!(check(&url, Targets::Public).is_err(), "{url}");
        let is_plain = parts == 4 && bases == [0; 4] && address.is_loopback() && !ending.starts_with('.');
        prop_assert_eq!(check(&url, Targets::Local).is_ok(), is_plain, "{}", url);
    }

    #[test]
    fn no_way_to_embed_a_private_address_passes(address in private()) {
        let [a, b, c, d] = address.octets();
        for host in [
            format!("[::ffff:{address}]"),
            format!("[::{address}]"),
            format!("[64:ff9b::{address}]"),
            format!("[64:ff9b:1::{address}]"),
            format!("[2002:{a:x}{b:02x}:{c:x}{d:02x}::1]"),
            format!("{address}.nip.io"),
            format!("{a}-{b}-{c}-{d}.sslip.io"),
        ] {
            let url = format!("https://{host}/");
            prop_assert!(check(&url, Targets::Public).is_err(), "{url}");
            prop_assert!(check(&url, Targets::Local).is_err(), "{url}");
        }
    }

    #[test]
    fn development_refuses_nothing_that_production_takes(url in "\\PC{0,60}", host in "[a-z0-9.:%@\\[\\]-]{0,30}") {
        for url in [url, format!("https://{host}/")] {
            let (public, local) = (check(&url, Targets::Public), check(&url, Targets::Local));
            prop_assert!(public.is_err() || local.is_ok(), "{url}");
        }
    }
}
