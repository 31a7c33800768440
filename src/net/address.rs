//! Addresses to listen on, and their text form.

use core::fmt;
use core::str::FromStr;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::prelude::rust_2024::*;

/// An address to listen on. Parse it from text, and call [`listen`](Address::listen).
///
/// | text | listens on |
/// |---|---|
/// | `127.0.0.1:8080`, `0.0.0.0:80`, `[::1]:80` | an IP address and a port; port 0 selects a free one |
/// | `unix:/run/web.sock` | a Unix socket, whose mode follows the umask |
/// | `unix:/run/web.sock,mode=660` | a Unix socket with a mode, in octal |
/// | `systemd` | all sockets that systemd opened and that were not taken by name (feature `systemd`) |
/// | `systemd:web` | the sockets from systemd with this name: `FileDescriptorName=web` |
///
/// ```
/// use bytegate::net::Address;
///
/// let address: Address = "unix:/run/web.sock,mode=660".parse()?;
/// assert_eq!(address, Address::Unix { path: "/run/web.sock".into(), mode: Some(0o660) });
/// assert_eq!(address.to_string(), "unix:/run/web.sock,mode=660");
/// let error = "::1:80".parse::<Address>().unwrap_err();
/// assert_eq!(error.to_string(), "an IPv6 address needs brackets, such as [::1]:80");
/// # Ok::<(), bytegate::net::InvalidAddress>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a port.
    Tcp(SocketAddr),
    /// A Unix socket. Only on Unix.
    Unix {
        /// The path of the file, at most 107 bytes on Linux and 103 on other systems. An abstract name begins with a
        /// zero byte.
        path: PathBuf,
        /// The permission bits of the file, or `None` to let the umask decide. A client needs write permission.
        mode: Option<u32>,
    },
    /// The sockets that systemd opened for this process, with the feature `systemd`. Only on Unix.
    Systemd {
        /// The name in the socket unit, or `None` for all sockets that were not taken yet.
        name: Option<String>,
    },
}

/// The error for text that is not an [`Address`]. It says which form is expected.
///
/// ```
/// use bytegate::net::{Address, InvalidAddress};
///
/// let error: InvalidAddress = "127.0.0.1".parse::<Address>().unwrap_err();
/// assert_eq!(error.to_string(), "an address needs a port, such as 127.0.0.1:7890");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidAddress(String);

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for InvalidAddress {}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Address, InvalidAddress> {
        let parsed = match text.split_once(':') {
            Some(("unix", rest)) => unix(rest),
            Some(("systemd", name)) => systemd(name),
            None if text == "systemd" => Ok(Address::Systemd { name: None }),
            _ => tcp(text),
        };
        parsed.map_err(InvalidAddress)
    }
}

/// Parses a path, and a mode after it, if there is one.
fn unix(text: &str) -> Result<Address, String> {
    let (path, mode) = match text.rsplit_once(",mode=") {
        None => (text, None),
        Some((path, digits)) => {
            let is_octal = digits.bytes().all(|digit| digit.is_ascii_digit());
            let mode = u32::from_str_radix(digits, 8).ok();
            let mode = mode.filter(|mode| is_octal && *mode <= 0o777);
            let wrong =
                || format!("{digits:?} is not a mode: it has three octal digits, such as 660");
            (path, Some(mode.ok_or_else(wrong)?))
        }
    };
    if let Some((_, key)) = path.rsplit_once(',').filter(|(_, tail)| tail.contains('=')) {
        return Err(format!(
            "{key:?} is unknown: only ,mode=660 may follow a path"
        ));
    }
    if path.is_empty() || path.contains('\0') {
        return Err("a path must follow unix:, as in unix:/run/web.sock".to_string());
    }
    let path = PathBuf::from(path);
    Ok(Address::Unix { path, mode })
}

/// Parses a socket name, which contains no colons or control characters (systemd.socket, `FileDescriptorName`).
fn systemd(name: &str) -> Result<Address, String> {
    if name.is_empty() || name.contains(|it: char| it == ':' || it.is_control()) {
        return Err("a name must follow systemd:, as in systemd:web".to_string());
    }
    let name = Some(name.to_string());
    Ok(Address::Systemd { name })
}

fn tcp(text: &str) -> Result<Address, String> {
    if let Ok(address) = text.parse() {
        return Ok(Address::Tcp(address));
    }
    let ip = |text: &str| {
        let inside = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        inside.unwrap_or(text).parse::<IpAddr>().ok()
    };
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    Err(match (ip(host), ip(text)) {
        (Some(IpAddr::V6(ip)), _) if !host.starts_with('[') => {
            format!("an IPv6 address needs brackets, such as [{ip}]:{port}")
        }
        (_, Some(ip)) => {
            let address = SocketAddr::new(ip, 7890);
            format!("an address needs a port, such as {address}")
        }
        (Some(_), _) => "a port is a number from 0 to 65535".to_string(),
        _ => "an address is an IP address with a port, such as 127.0.0.1:7890 or [::1]:7890, or unix:PATH, or systemd"
            .to_string(),
    })
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix { path, mode } => {
                let path = path.to_string_lossy();
                // The usual way to write an abstract name.
                write!(f, "unix:{}", path.replace('\0', "@"))?;
                mode.map_or(Ok(()), |mode| write!(f, ",mode={mode:03o}"))
            }
            Address::Systemd { name: None } => f.write_str("systemd"),
            Address::Systemd { name: Some(name) } => write!(f, "systemd:{name}"),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Address {
        Address::Tcp(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_as_text() {
        for text in [
            "127.0.0.1:80",
            "0.0.0.0:0",
            "[::1]:80",
            "[fe80::1%2]:80",
            "unix:/run/b.sock",
            "unix:b,c.sock,mode=007",
            "systemd",
            "systemd:web https",
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text, "{address:?}");
        }
    }

    #[test]
    fn errors_say_which_form_is_expected() {
        for (text, message) in [
            (
                "127.0.0.1",
                "an address needs a port, such as 127.0.0.1:7890",
            ),
            ("::1", "an address needs a port, such as [::1]:7890"),
            ("[::1]", "an address needs a port, such as [::1]:7890"),
            (
                "2001:db8::5",
                "an address needs a port, such as [2001:db8::5]:7890",
            ),
            ("::1:80", "an IPv6 address needs brackets, such as [::1]:80"),
            ("127.0.0.1:99999", "a port is a number from 0 to 65535"),
            ("[::1]:", "a port is a number from 0 to 65535"),
            ("localhost:80", "an address is an IP address with a port,"),
            (":80", "an address is an IP address with a port,"),
            ("", "an address is an IP address with a port,"),
            ("unix:", "a path must follow unix:"),
            ("unix:,mode=660", "a path must follow unix:"),
            ("unix:/a,mode=", "\"\" is not a mode"),
            ("unix:/a,mod=660", "\"mod=660\" is unknown"),
            ("unix:/a,mode=6,mode=660", "\"mode=6\" is unknown"),
            ("unix:/a,mode=888", "\"888\" is not a mode"),
            ("unix:/a,mode=+66", "\"+66\" is not a mode"),
            ("unix:/a,mode=4755", "\"4755\" is not a mode"),
            ("systemd:", "a name must follow systemd:"),
            ("systemd:a:b", "a name must follow systemd:"),
        ] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.starts_with(message), "{text:?}: {error}");
        }
    }
}
