//! The options for TLS, and the certificates that they name.

#[cfg(feature = "self-signed")]
use crate::addresses;
use crate::options::Options;
#[cfg(feature = "self-signed")]
use crate::self_signed::{Certificate, state_folder};
#[cfg(feature = "self-signed")]
use crate::values::Hosts;
use crate::values::{self, Value};
use bytegate::net::{self, Address};
use bytegate::request::Scheme;
#[cfg(feature = "self-signed")]
use bytegate::tls::TlsError;
#[cfg(feature = "rustls")]
use bytegate::tls::{Tls, TlsOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;
#[cfg(feature = "rustls")]
use std::time::{SystemTime, UNIX_EPOCH};

/// A certificate that expires within this time is reported.
#[cfg(feature = "rustls")]
const SOON: Duration = Duration::from_secs(14 * DAY);
#[cfg(feature = "rustls")]
const DAY: u64 = 24 * 60 * 60;

/// The options for TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsSettings {
    is_on: bool,
    certificates: Vec<PathBuf>,
    keys: Vec<PathBuf>,
    client_ca: Option<PathBuf>,
    revoked: Vec<PathBuf>,
    pub(crate) redirect_http: Option<RedirectFrom>,
}

/// The addresses from which requests are redirected to HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RedirectFrom {
    /// A port of the addresses of the server.
    Port(u16),
    Address(Address),
}

impl RedirectFrom {
    fn parse(text: &str, folder: &Path) -> Result<RedirectFrom, String> {
        if text.contains(':') || text == "systemd" {
            values::address(text, folder).map(RedirectFrom::Address)
        } else {
            let port = values::port(text).map(RedirectFrom::Port);
            port.map_err(|error| format!("{error}, or an address such as 0.0.0.0:80"))
        }
    }
}

impl TlsSettings {
    /// Sets an option. Files are relative to a folder.
    pub(crate) fn apply(&mut self, name: &str, value: &Value, folder: &Path) -> Result<(), String> {
        let text = value.text()?;
        match name {
            "tls" => self.is_on = values::switch(text)?,
            "tls-cert" => self.certificates.push(values::file(text, folder)?),
            "tls-key" => self.keys.push(values::file(text, folder)?),
            "client-ca" => self.client_ca = Some(values::file(text, folder)?),
            "client-crl" => self.revoked.push(values::file(text, folder)?),
            "redirect-http" => self.redirect_http = Some(RedirectFrom::parse(text, folder)?),
            _ => return Err("no such option".to_string()),
        }
        Ok(())
    }

    /// Returns whether the server speaks TLS.
    pub(crate) fn is_on(&self) -> bool {
        self.is_on || !self.certificates.is_empty()
    }

    /// Returns the scheme of the addresses.
    pub(crate) fn scheme(&self) -> Scheme {
        if self.is_on() {
            Scheme::Https
        } else {
            Scheme::Http
        }
    }
}

/// The certificates of the server, if it speaks TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct Certificates {
    #[cfg(feature = "rustls")]
    tls: Option<Tls>,
    /// Whether the program created the certificate.
    #[cfg(feature = "self-signed")]
    is_self_signed: bool,
    /// Lines about them, for the greeting.
    pub(crate) notes: Vec<String>,
}

impl Certificates {
    /// Reads the certificates that the options name, or creates one.
    ///
    /// # Errors
    /// Returns an error that names the file and the reason.
    #[cfg(feature = "rustls")]
    pub(crate) fn of(options: &Options) -> Result<Certificates, crate::Failure> {
        let settings = &options.tls;
        if !settings.is_on() {
            return Ok(Certificates::default());
        }
        let mut notes = Vec::new();
        let mut tls = TlsOptions::new();
        for (certificate, key) in settings.certificates.iter().zip(&settings.keys) {
            tls = tls.certificate_files(certificate, key);
        }
        if settings.certificates.is_empty() {
            tls = self_signed(tls, options, &mut notes)?;
        }
        if let Some(authorities) = &settings.client_ca {
            tls = tls.client_authorities_file(authorities);
        }
        for lists in &settings.revoked {
            tls = tls.client_revocation_file(lists);
        }
        let tls = tls.build()?;
        notes.extend(expiring(&tls));
        Ok(Certificates {
            tls: Some(tls),
            #[cfg(feature = "self-signed")]
            is_self_signed: settings.certificates.is_empty(),
            notes,
        })
    }

    /// Returns no certificates: this program was built without TLS.
    #[cfg(not(feature = "rustls"))]
    pub(crate) fn of(_: &Options) -> Result<Certificates, crate::Failure> {
        Ok(Certificates::default())
    }

    /// Returns the name of each certificate, and when it expires, since 1970.
    pub(crate) fn expirations(&self) -> Vec<(String, Duration)> {
        #[cfg(feature = "rustls")]
        if let Some(tls) = &self.tls {
            return tls.expirations();
        }
        Vec::new()
    }

    /// Sets the certificates in the options of a server.
    pub(crate) fn of_server(&self, options: net::Options) -> net::Options {
        #[cfg(feature = "rustls")]
        let options = {
            let mut options = options;
            options.tls.clone_from(&self.tls);
            options
        };
        options
    }

    /// Reads all files again, for later connections. The self-signed certificate is replaced first, if it expires soon
    /// or lacks a name. Returns lines about the certificates.
    ///
    /// # Errors
    /// Returns an error that names the file and the reason. Nothing has changed then.
    #[cfg_attr(not(feature = "self-signed"), expect(unused_variables))]
    pub(crate) fn reload(&self, options: &Options) -> Result<Vec<String>, String> {
        #[cfg(feature = "rustls")]
        if let Some(tls) = &self.tls {
            #[cfg(feature = "self-signed")]
            if self.is_self_signed {
                let renewed = kept(options).map_err(|error| error.to_string());
                drop(renewed?);
            }
            tls.reload().map_err(|error| error.to_string())?;
            return Ok(expiring(tls));
        }
        Ok(Vec::new())
    }
}

/// Returns the names for the self-signed certificate: the names of this machine, and those in the options.
#[cfg(feature = "self-signed")]
fn names(hosts: &Hosts) -> Vec<String> {
    let machine = host_name().filter(|name| is_host_name(name));
    let local = machine.iter().filter(|name| !name.contains('.'));
    let local: Vec<String> = local.map(|name| format!("{name}.local")).collect();
    let given: &[String] = match hosts {
        Hosts::Any => &[],
        Hosts::Named(names) => names,
    };
    let addresses = addresses::of_machine();
    let all = ["localhost".to_string()]
        .into_iter()
        .chain(machine)
        .chain(local);
    let all = all.chain(given.iter().cloned());
    let mut names: Vec<String> = Vec::new();
    for name in all.chain(addresses.iter().map(ToString::to_string)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(all(feature = "self-signed", unix))]
fn host_name() -> Option<String> {
    let system = rustix::system::uname();
    system.nodename().to_str().ok().map(str::to_lowercase)
}

#[cfg(all(feature = "self-signed", not(unix)))]
fn host_name() -> Option<String> {
    std::env::var("COMPUTERNAME")
        .ok()
        .map(|name| name.to_lowercase())
}

/// Returns whether a certificate can contain this name. Systems also allow others.
#[cfg(feature = "self-signed")]
fn is_host_name(name: &str) -> bool {
    let is_in_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(is_in_label);
    name != "localhost" && name.len() < 250 && name.split('.').all(is_label)
}

/// Returns a line about each certificate that expires soon.
#[cfg(feature = "rustls")]
fn expiring(tls: &Tls) -> Vec<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default();
    let lines = tls.expirations().into_iter().filter_map(|(name, until)| {
        let left = until.saturating_sub(now);
        (left < SOON).then(|| {
            let time = match left.as_secs() / DAY {
                0 => "within a day".to_string(),
                1 => "in 1 day".to_string(),
                days => format!("in {days} days"),
            };
            format!("the certificate for {name} expires {time}: renew it")
        })
    });
    lines.collect()
}

/// Adds the self-signed certificate.
#[cfg(feature = "self-signed")]
fn self_signed(
    tls: TlsOptions,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<TlsOptions, crate::Failure> {
    let (certificate, file) = kept(options)?;
    notes.push(
        "browsers warn about this certificate, which no authority has signed; its SHA-256 fingerprint is"
            .to_string(),
    );
    notes.push(certificate.fingerprint);
    Ok(match file {
        Ok(file) => tls.certificate_files(file.clone(), file),
        Err(error) => {
            notes.push(format!("the next start makes another one: {error}"));
            tls.certificate_pem(certificate.pem.clone(), certificate.pem)
        }
    })
}

/// Returns the self-signed certificate and its file.
#[cfg(feature = "self-signed")]
fn kept(options: &Options) -> Result<(Certificate, Result<PathBuf, String>), TlsError> {
    Certificate::in_folder(state_folder().as_deref(), &names(&options.hosts))
}

#[cfg(all(feature = "rustls", not(feature = "self-signed")))]
fn self_signed(_: TlsOptions, _: &Options, _: &mut [String]) -> Result<TlsOptions, crate::Failure> {
    Err("this program was built without self-signed certificates".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_begins_at_a_port_or_an_address() {
        let parsed = RedirectFrom::parse("80", Path::new(""));
        assert_eq!(parsed, Ok(RedirectFrom::Port(80)));
        for address in ["systemd:http", "systemd", "[::1]:80"] {
            let parsed = RedirectFrom::parse(address, Path::new(""));
            let expected = RedirectFrom::Address(address.parse().unwrap());
            assert_eq!(parsed, Ok(expected));
        }
        for wrong in ["", "http", "65536", "systemd:"] {
            assert!(
                RedirectFrom::parse(wrong, Path::new("")).is_err(),
                "{wrong}"
            );
        }
    }

    #[cfg(feature = "self-signed")]
    #[test]
    fn the_names_are_those_of_this_machine_and_those_given() {
        let mut hosts = Hosts::default();
        hosts.add("*.dev.test").unwrap();
        let names = names(&hosts);
        for name in ["localhost", "*.dev.test", "127.0.0.1"] {
            let count = names.iter().filter(|it| *it == name).count();
            assert_eq!(count, 1, "{name} in {names:?}");
        }
        for (name, expected) in [
            ("web-1", true),
            ("web.example.com", true),
            ("my_pc", false),
            ("", false),
            ("a..b", false),
            ("b\u{fc}ro", false),
        ] {
            assert_eq!(is_host_name(name), expected, "{name}");
        }
    }
}
