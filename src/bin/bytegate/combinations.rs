//! Options that contradict each other, or that have no effect together.

use crate::options::{Options, Origin, Setting};
use crate::shared_addresses;
use bytegate::net::Address;

/// Options that need one of several others.
const NEEDS: &[(&str, &[&str])] = &[
    ("client-ca", &["tls", "tls-cert"]),
    ("client-crl", &["client-ca"]),
    ("redirect-http", &["tls", "tls-cert"]),
    ("forwarded", &["trust-proxy"]),
    ("forwarded-host", &["trust-proxy"]),
    ("forwarded-prefix", &["trust-proxy"]),
];

/// Options that have no effect with another one.
const USELESS: &[(&str, &str)] = &[
    ("log-file", "no-access-log"),
    ("log-format", "no-access-log"),
    ("file-cache", "memory"),
];

/// Opposite options. On the command line, the last one applies, also in place of one in the config file.
const OPPOSITES: &[(&str, &str)] = &[("listing", "no-listing"), ("qr", "no-qr")];

/// Options that only matter to clients that connect over TCP, and why.
const ONLY_TCP: &[(&str, &str)] = &[
    ("redirect-http", "Unix sockets do not speak TLS"),
    ("tls-cert", "Unix sockets do not speak TLS"),
    ("tls", "Unix sockets do not speak TLS"),
    ("open", "browsers cannot connect to Unix sockets"),
    ("qr", "browsers cannot connect to Unix sockets"),
];

/// Returns why options do not fit together, and what to change, if they do not.
pub(crate) fn check(options: &Options) -> Result<(), String> {
    let given = Given(options);
    given.check_needs()?;
    given.check_pairs()?;
    given.check_certificates()?;
    given.check_only_tcp()?;
    given.check_proxies()?;
    given.check_mounts()?;
    shared_addresses::check(options)
}

/// The options that were given.
struct Given<'a>(&'a Options);

impl<'a> Given<'a> {
    fn all(&self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a Setting> + use<'a> {
        self.0.all(name)
    }

    /// Returns the value of an option that is not a switch that is off.
    fn on(&self, name: &'a str) -> Option<&'a Setting> {
        let is_off = |setting: &&Setting| {
            setting.option.takes.is_optional() && setting.value.text() == Ok("false")
        };
        self.all(name).next_back().filter(|it| !is_off(it))
    }

    fn check_needs(&self) -> Result<(), String> {
        for (name, needed) in NEEDS {
            if let Some(setting) = self.on(name) {
                if !needed.iter().any(|name| self.on(name).is_some()) {
                    let needed: Vec<String> = needed.iter().map(|it| setting.beside(it)).collect();
                    let needed = needed.join(" or ");
                    return Err(format!("{} needs {needed}", setting.named()));
                }
            }
        }
        Ok(())
    }

    fn check_pairs(&self) -> Result<(), String> {
        for (useless, reason) in USELESS {
            if let Some((useless, reason)) = self.on(useless).zip(self.on(reason)) {
                return Err(format!(
                    "{} has no effect with {}: remove one of them",
                    useless.named(),
                    reason.named()
                ));
            }
        }
        let opposites = OPPOSITES.iter();
        let opposites = opposites.filter_map(|(one, other)| self.on(one).zip(self.on(other)));
        let mut opposites = opposites.filter(|(one, other)| {
            let is_in_file = |it: &Setting| it.origin != Origin::CommandLine;
            is_in_file(one) && is_in_file(other)
        });
        // Certificates are only for TLS.
        let off = self
            .all("tls")
            .next_back()
            .filter(|_| self.on("tls").is_none());
        let opposite = opposites.next().or(off.zip(self.on("tls-cert")));
        match opposite {
            None => Ok(()),
            Some((one, other)) => Err(format!(
                "{} and {} contradict each other: remove one of them",
                one.named_with_value(),
                other.named()
            )),
        }
    }

    fn check_certificates(&self) -> Result<(), String> {
        let count = |name| self.all(name).count();
        let (certificates, keys) = (count("tls-cert"), count("tls-key"));
        let (more, fewer) = match certificates.cmp(&keys) {
            std::cmp::Ordering::Equal => return Ok(()),
            std::cmp::Ordering::Greater => ("tls-cert", "tls-key"),
            std::cmp::Ordering::Less => ("tls-key", "tls-cert"),
        };
        let last = self.on(more).ok_or("no such option")?;
        Err(format!(
            "{} needs its {} (certificates: {certificates}, keys: {keys})",
            last.named(),
            last.beside(fewer)
        ))
    }

    fn check_only_tcp(&self) -> Result<(), String> {
        let listen = &self.0.listen;
        let is_unix = |address: &Address| matches!(address, Address::Unix { .. });
        if self.0.has_port() || !listen.iter().all(is_unix) {
            return Ok(());
        }
        for (name, reason) in ONLY_TCP {
            if let Some(setting) = self.on(name) {
                return Err(format!(
                    "{} needs a TCP address, such as {} 0.0.0.0:443, because {reason}",
                    setting.named(),
                    setting.beside("listen")
                ));
            }
        }
        Ok(())
    }

    fn check_proxies(&self) -> Result<(), String> {
        let mut addresses = self.0.listen.iter();
        // systemd may pass Unix sockets.
        let has_unix = addresses.any(|address| !matches!(address, Address::Tcp(_)));
        for name in ["trust-proxy", "proxy-protocol"] {
            let unix = self.all(name).find(|it| it.value.text() == Ok("unix"));
            if let Some(setting) = unix.filter(|_| !has_unix) {
                return Err(format!(
                    "{} needs a Unix socket, such as {} unix:/run/web.sock",
                    setting.named_with_value(),
                    setting.beside("listen")
                ));
            }
        }
        let mut listening = self.all("listen").zip(&self.0.listen);
        let unix = listening.find(|(_, address)| matches!(address, Address::Unix { .. }));
        let protocol = self.on("proxy-protocol");
        let mut proxies = self.all("proxy-protocol");
        if let Some(((unix, _), protocol)) = unix.zip(protocol) {
            if !proxies.any(|it| it.value.text() == Ok("unix")) {
                return Err(format!(
                    "{} accepts no connection on {}: add {} unix",
                    protocol.named(),
                    unix.named_with_value(),
                    protocol.beside("proxy-protocol")
                ));
            }
        }
        Ok(())
    }

    fn check_mounts(&self) -> Result<(), String> {
        let prefix = |setting: &Setting| {
            let text = setting.value.text().unwrap_or_default();
            let prefix = text.split('=').next().unwrap_or_default();
            prefix.trim_end_matches('/').to_string()
        };
        let mounts: Vec<&Setting> = self.all("static").collect();
        for (place, mount) in mounts.iter().enumerate() {
            if let Some(before) = mounts[..place]
                .iter()
                .find(|it| prefix(it) == prefix(mount))
            {
                return Err(format!(
                    "{} and {} have the same path: change or remove one of them",
                    before.named_with_value(),
                    mount.named_with_value()
                ));
            }
        }
        Ok(())
    }
}
