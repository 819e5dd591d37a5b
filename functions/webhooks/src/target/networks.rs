//! Which IP addresses belong to public networks.
//!
//! Guarantees: what the registries of special-purpose addresses reserve is not public, nor what leads to an IPv4 address
//! that is not: <https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Networks that are not public, with the length of their prefixes.
const RESERVED_V4: [(Ipv4Addr, u32); 15] = [
    // This network.
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    // Private.
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Shared by a provider's customers.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // This machine.
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // This link, with the metadata services of clouds.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Protocol assignments, and the relays of 6to4.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    // Documentation.
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Benchmarks.
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Multicast; reserved and broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The part of IPv6 that is given out. Addresses that embed an IPv4 address (mapped, compatible, NAT64) are outside.
const GIVEN_OUT: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What is reserved inside it.
const RESERVED_V6: [(Ipv6Addr, u32); 3] = [
    // Protocol assignments: Teredo, ORCHID, benchmarks.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// 6to4, with an IPv4 address in it.
const SIX_TO_FOUR: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);

/// Whether an IPv4 address belongs to a public network.
pub fn is_public_v4(address: Ipv4Addr) -> bool {
    !RESERVED_V4
        .iter()
        .any(|(network, prefix)| (u32::from(address) ^ u32::from(*network)).leading_zeros() >= *prefix)
}

/// Whether an IPv6 address belongs to a public network.
pub fn is_public_v6(address: Ipv6Addr) -> bool {
    if !is_within(address, GIVEN_OUT) || RESERVED_V6.into_iter().any(|network| is_within(address, network)) {
        return false;
    }
    !is_within(address, SIX_TO_FOUR) || is_public_v4(embedded(address))
}

fn is_within(address: Ipv6Addr, (network, prefix): (Ipv6Addr, u32)) -> bool {
    (u128::from(address) ^ u128::from(network)).leading_zeros() >= prefix
}

/// The IPv4 address in one of 6to4: what follows the first 16 bits.
fn embedded(address: Ipv6Addr) -> Ipv4Addr {
    let [_, _, a, b, c, d, ..] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}
