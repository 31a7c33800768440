//! Options that name the same address.

use crate::options::{Options, Setting};
use crate::tls::RedirectFrom;
use bytegate::net::Address;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Returns which options name an address that only one of them can have, if any do.
pub(crate) fn check(options: &Options) -> Result<(), String> {
    let mut named: Vec<(Address, &Setting)> = Vec::new();
    let last = |name| options.all(name).next_back();
    let bind = options.bind.unwrap_or(Ipv4Addr::LOCALHOST.into());
    let mut secure: Vec<IpAddr> = Vec::new();
    if options.has_port() {
        secure.push(bind);
    }
    if let Some((port, setting)) = options.port.zip(last("port")) {
        named.push((SocketAddr::new(bind, port).into(), setting));
    }
    for (address, setting) in options.listen.iter().zip(options.all("listen")) {
        if let Address::Tcp(address) = address {
            secure.push(address.ip());
        }
        named.push((address.clone(), setting));
    }
    if let Some((address, setting)) = options.admin.as_ref().zip(last("admin")) {
        named.push((address.clone(), setting));
    }
    if let Some((from, setting)) = options
        .tls
        .redirect_http
        .as_ref()
        .zip(last("redirect-http"))
    {
        secure.sort_unstable();
        secure.dedup();
        match from {
            RedirectFrom::Address(address) => named.push((address.clone(), setting)),
            RedirectFrom::Port(port) => {
                let at_port = |ip| (SocketAddr::new(ip, *port).into(), setting);
                named.extend(secure.into_iter().map(at_port));
            }
        }
    }
    for (place, (address, setting)) in named.iter().enumerate() {
        let mut before = named[..place].iter();
        if let Some((_, before)) = before.find(|(before, _)| are_same(before, address)) {
            return Err(format!(
                "{} and {} name the same address: change or remove one of them",
                before.named_with_value(),
                setting.named_with_value()
            ));
        }
    }
    Ok(())
}

/// Returns whether a process cannot listen on both addresses.
fn are_same(one: &Address, other: &Address) -> bool {
    match (one, other) {
        // Port 0 is another one each time.
        (Address::Tcp(one), Address::Tcp(other)) => {
            let (ip, other_ip) = (one.ip(), other.ip());
            let is_shared = ip == other_ip
                || ip.is_ipv4() == other_ip.is_ipv4()
                    && (ip.is_unspecified() || other_ip.is_unspecified());
            one.port() != 0 && one.port() == other.port() && is_shared
        }
        (Address::Unix { path, .. }, Address::Unix { path: other, .. }) => path == other,
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_the_same_if_the_system_allows_only_one_of_them() {
        for (one, other, expected) in [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "0.0.0.0:80", true),
            ("[::]:80", "[::1]:80", true),
            ("127.0.0.1:80", "127.0.0.1:81", false),
            ("127.0.0.1:80", "127.0.0.2:80", false),
            ("0.0.0.0:80", "[::1]:80", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("unix:a", "unix:a,mode=660", true),
            ("unix:a", "unix:b", false),
            ("systemd:a", "systemd:a", true),
            ("systemd:a", "systemd:b", false),
            ("systemd", "systemd:a", false),
        ] {
            let [one, other] = [one, other].map(|it| it.parse().expect("an address"));
            assert_eq!(are_same(&one, &other), expected, "{one} {other}");
            assert_eq!(are_same(&other, &one), expected, "{other} {one}");
        }
    }
}
