//! The network that an address belongs to: what counts as one client.

use std::net::{IpAddr, SocketAddr};

/// The network of a client's address, with or without a port: the host of IPv4, the /64 of IPv6, which is the least
/// that a site is given (RFC 6177), so that one machine has one allowance and not 2^64. `None` for what is no address.
pub fn network(client: &str) -> Option<String> {
    let without_port = || client.parse().map(|address: SocketAddr| address.ip());
    let address: IpAddr = client.parse().or_else(|_| without_port()).ok()?;
    Some(match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_for_its_network() {
        for (client, network_of) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("192.0.2.1:443", Some("192.0.2.1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::/64")),
            ("[2001:db8:1:2::9]:80", Some("2001:db8:1:2::/64")),
            ("", None),
            ("shop.example", None),
        ] {
            assert_eq!(network(client).as_deref(), network_of, "{client}");
        }
    }
}
