//! The addresses at which clients can reach a server.

use bytegate::request::Scheme;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Returns the URLs of a server that listens on an address. The first one is for this machine. If the server listens on
/// all addresses, the others are for devices in the same network.
pub(crate) fn urls(scheme: Scheme, listening: SocketAddr, has_ipv4_too: bool) -> Vec<String> {
    urls_among(scheme, listening, has_ipv4_too, &found())
}

/// Returns the addresses that names of this machine may stand for: the loopback addresses, and those in its networks.
#[cfg(feature = "self-signed")]
pub(crate) fn of_machine() -> Vec<IpAddr> {
    let mut all: Vec<IpAddr> = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    all.extend(found().into_iter().filter(|ip| match ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unicast_link_local(),
    }));
    all.sort_unstable();
    all.dedup();
    all
}

/// Returns the addresses of all interfaces that are in use.
fn found() -> Vec<IpAddr> {
    let found = if_addrs::get_if_addrs().unwrap_or_default();
    let is_up = |interface: &&if_addrs::Interface| interface.is_oper_up();
    found
        .iter()
        .filter(is_up)
        .map(if_addrs::Interface::ip)
        .collect()
}

/// Returns whether other machines can connect to an address.
pub(crate) fn is_open_to_others(listening: IpAddr) -> bool {
    !listening.to_canonical().is_loopback()
}

fn urls_among(
    scheme: Scheme,
    listening: SocketAddr,
    has_ipv4_too: bool,
    of_machine: &[IpAddr],
) -> Vec<String> {
    let scheme = scheme.as_str();
    let url = |ip: IpAddr| format!("{scheme}://{}/", SocketAddr::new(ip, listening.port()));
    let (is_ipv4, loopback): (_, IpAddr) = match listening.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => (true, Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => (false, Ipv6Addr::LOCALHOST.into()),
        _ => return vec![format!("{scheme}://{listening}/")],
    };
    let mut others = of_machine.to_vec();
    others.retain(|ip| match ip {
        IpAddr::V4(ip) => (is_ipv4 || has_ipv4_too) && !ip.is_loopback() && !ip.is_link_local(),
        // Link-local addresses would need the name of an interface, which browsers do not accept in a URL.
        IpAddr::V6(ip) => !is_ipv4 && !ip.is_loopback() && !ip.is_unicast_link_local(),
    });
    // IPv4 addresses come first: people type them.
    others.sort_unstable();
    others.dedup();
    std::iter::once(loopback).chain(others).map(url).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: [&str; 6] = [
        "127.0.0.1",
        "192.168.1.5",
        "169.254.7.7",
        "::1",
        "fe80::1",
        "2001:db8::5",
    ];

    fn urls_of(listening: &str, has_ipv4_too: bool, machine: &[&str]) -> Vec<String> {
        let machine: Vec<IpAddr> = machine.iter().map(|ip| ip.parse().unwrap()).collect();
        urls_among(
            Scheme::Http,
            listening.parse().unwrap(),
            has_ipv4_too,
            &machine,
        )
    }

    #[test]
    fn every_address_that_other_machines_can_reach_is_listed() {
        assert_eq!(
            urls_of("0.0.0.0:80", false, &MACHINE),
            ["http://127.0.0.1:80/", "http://192.168.1.5:80/"]
        );
        assert_eq!(
            urls_of("[::]:80", false, &MACHINE),
            ["http://[::1]:80/", "http://[2001:db8::5]:80/"]
        );
        assert_eq!(
            urls_of("[::]:80", true, &MACHINE),
            [
                "http://[::1]:80/",
                "http://192.168.1.5:80/",
                "http://[2001:db8::5]:80/"
            ]
        );
    }

    #[test]
    fn a_machine_without_a_network_has_its_own_address() {
        for machine in [&[][..], &["127.0.0.1", "::1"]] {
            assert_eq!(
                urls_of("0.0.0.0:80", false, machine),
                ["http://127.0.0.1:80/"]
            );
        }
    }

    #[test]
    fn a_chosen_address_is_the_only_one() {
        for address in ["127.0.0.1:80", "192.168.1.5:80", "[2001:db8::5]:80"] {
            assert_eq!(
                urls_of(address, true, &MACHINE),
                [format!("http://{address}/")]
            );
        }
    }

    #[test]
    fn only_this_machine_reaches_a_loopback_address() {
        for (address, is_open) in [
            ("127.0.0.1", false),
            ("127.0.0.2", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("0.0.0.0", true),
            ("::", true),
            ("192.168.1.5", true),
        ] {
            assert_eq!(
                is_open_to_others(address.parse().unwrap()),
                is_open,
                "{address}"
            );
        }
    }
}
