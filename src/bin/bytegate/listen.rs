//! The sockets that the program listens on: the given addresses, or the first free one of a few ports.

use crate::addresses;
use crate::heritage::Heritage;
use crate::options::Options;
use bytegate::net::{self, Address, Listener};
use bytegate::request::Scheme;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;

/// The ports that are tried if none is given.
const PORTS: RangeInclusive<u16> = 7890..=7899;

/// The sockets of the program.
pub(crate) struct Listening {
    pub(crate) listener: Listener,
    pub(crate) places: Vec<Place>,
    /// The usual port, if another program has it.
    pub(crate) taken: Option<u16>,
}

/// An address on which clients can connect.
pub(crate) struct Place {
    pub(crate) address: Address,
    /// Whether an IPv6 address takes IPv4 clients, too.
    has_ipv4_too: bool,
    /// The option that asked for it.
    pub(crate) option: String,
}

/// Listens on all addresses, or takes them over.
///
/// # Errors
/// Returns an error that names the address, if one of them is taken or invalid. Then none is left open.
pub(crate) fn listen(options: &Options, heritage: &mut Heritage) -> io::Result<Listening> {
    let (mut listeners, mut places, mut taken) = (Vec::new(), Vec::new(), None);
    if options.has_port() {
        let bind = options.bind.unwrap_or(Ipv4Addr::LOCALHOST.into());
        let option = format!("--bind {bind}");
        let name = format!("{option} {:?}", options.port);
        let (listener, found) = take_or_open(heritage, &name, &option, || {
            let (listener, usual) = on_port(bind, options.port)?;
            taken = usual;
            Ok(listener)
        })?;
        listeners.push(listener);
        places.extend(found);
    }
    for address in &options.listen {
        let (listener, found) = at(address, format!("--listen {address}"), heritage)?;
        listeners.push(listener);
        places.extend(found);
    }
    Ok(Listening {
        listener: listeners.into_iter().collect(),
        places,
        taken,
    })
}

impl Place {
    /// Returns the IP address, if it has one.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.socket_address().map(|address| address.ip())
    }

    /// Returns the IP address and port, if it has them.
    pub(crate) fn socket_address(&self) -> Option<SocketAddr> {
        match self.address {
            Address::Tcp(address) => Some(address),
            _ => None,
        }
    }

    /// Returns the URLs, the first of which is for this machine, or the address if browsers cannot connect to it.
    pub(crate) fn urls(&self, scheme: Scheme) -> Vec<String> {
        match &self.address {
            Address::Tcp(address) => addresses::urls(scheme, *address, self.has_ipv4_too),
            other => vec![other.to_string()],
        }
    }
}

/// Listens on an address that an option names, or takes it over.
///
/// # Errors
/// Returns an error that names the address, if it is taken or invalid.
pub(crate) fn at(
    address: &Address,
    option: String,
    heritage: &mut Heritage,
) -> io::Result<(Listener, Vec<Place>)> {
    let name = format!("{option} at {address}");
    if let Address::Tcp(address) = address {
        return take_or_open(heritage, &name, &option, || net::listen(*address));
    }
    let listener = heritage.listener(&name, || address.listen())?;
    // As systemd does by default (BindIPv6Only).
    let places = places(&listener, true, &option);
    Ok((listener, places))
}

/// Takes a TCP listener over, or opens it.
fn take_or_open(
    heritage: &mut Heritage,
    name: &str,
    option: &str,
    open: impl FnOnce() -> io::Result<TcpListener>,
) -> io::Result<(Listener, Vec<Place>)> {
    let mut has_ipv4_too = true;
    let listener = heritage.listener(name, || {
        let listener = open()?;
        has_ipv4_too = !socket2::SockRef::from(&listener).only_v6().unwrap_or(true);
        Ok(listener.into())
    })?;
    let places = places(&listener, has_ipv4_too, option);
    Ok((listener, places))
}

fn places(listener: &Listener, has_ipv4_too: bool, option: &str) -> Vec<Place> {
    let place = |address| Place {
        address,
        has_ipv4_too,
        option: option.to_string(),
    };
    listener.addresses().into_iter().map(place).collect()
}

/// Listens on a port. If none is given and the usual one is taken, also returns the usual port.
fn on_port(bind: IpAddr, port: Option<u16>) -> io::Result<(TcpListener, Option<u16>)> {
    let listen = |port| net::listen(SocketAddr::new(bind, port));
    if let Some(port) = port {
        return Ok((listen(port)?, None));
    }
    let (usual, last) = PORTS.into_inner();
    for port in PORTS {
        match listen(port) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            result => return Ok((result?, (port != usual).then_some(usual))),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AddrInUse,
        format!(
            "the ports {usual} to {last} of {bind} are all in use: choose another one with --port"
        ),
    ))
}
