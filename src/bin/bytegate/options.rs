//! The options that were given, and the effect of each.

use crate::log_format::LogFormat;
use crate::proxies::{self, ProxyOptions};
use crate::table::Spec;
use crate::terminal::Color;
use crate::tls::TlsSettings;
use crate::users::User;
use crate::values::{self, Hosts, Value};
#[cfg(unix)]
use crate::wsgi::WsgiOptions;
use bytegate::Status;
use bytegate::config::Config;
use bytegate::net::Address;
use bytegate::site::SiteOptions;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The options that were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// The folder to serve, or `None` for the demo.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) site: SiteOptions,
    index: Vec<String>,
    /// Pages that should exist, with the option that names each.
    pub(crate) pages: Vec<(&'static str, String)>,
    /// Whether folders without an index are listed, if that was said.
    pub(crate) listing: Option<bool>,
    pub(crate) memory: bool,
    pub(crate) users: Vec<User>,
    pub(crate) auth_file: Option<PathBuf>,
    /// The path below which everything is served, without a slash at its end: empty, or `/repo`.
    pub(crate) base: String,
    pub(crate) cors: bool,
    pub(crate) isolated: bool,
    pub(crate) security: bool,
    /// The suffixes of paths that go to the demo application.
    pub(crate) suffixes: Vec<String>,
    pub(crate) verbose: bool,
    pub(crate) config: Config,
    pub(crate) bind: Option<IpAddr>,
    pub(crate) port: Option<u16>,
    /// Further addresses, or the only ones if neither `bind` nor `port` is set.
    pub(crate) listen: Vec<Address>,
    pub(crate) hosts: Hosts,
    pub(crate) tls: TlsSettings,
    pub(crate) open: bool,
    /// Whether the address is printed as a QR code, if that was said.
    pub(crate) qr: Option<bool>,
    pub(crate) color: Color,
    pub(crate) no_access_log: bool,
    pub(crate) log_format: LogFormat,
    pub(crate) log_file: Option<PathBuf>,
    pub(crate) admin: Option<Address>,
    pub(crate) drain_delay: Option<Duration>,
    pub(crate) stop_timeout: Option<Duration>,
    pub(crate) connections: Option<usize>,
    pub(crate) connections_per_address: Option<usize>,
    pub(crate) buffered_bytes: Option<usize>,
    pub(crate) proxies: ProxyOptions,
    #[cfg(unix)]
    pub(crate) wsgi: WsgiOptions,
    /// All options, as they were given.
    pub(crate) settings: Vec<Setting>,
}

/// A value that was given for an option.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) option: &'static Spec,
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    CommandLine,
    File { path: Arc<PathBuf>, line: usize },
}

impl Options {
    /// Returns the default options for a folder or for the demo.
    pub(crate) fn of(folder: Option<PathBuf>) -> Options {
        Options {
            folder,
            ..Options::default()
        }
    }

    /// Sets an option.
    ///
    /// # Errors
    /// Returns an error that names the option, its value and its origin, if the value is invalid.
    pub(crate) fn set(&mut self, setting: Setting) -> Result<(), String> {
        // Files that a config file names are relative to it, as the folder is.
        let folder = match &setting.origin {
            Origin::CommandLine => None,
            Origin::File { path, .. } => path.parent(),
        };
        let folder = folder.unwrap_or(Path::new(""));
        self.apply(setting.option, &setting.value, folder)
            .map_err(|error| format!("{setting}: {error}"))?;
        self.settings.push(setting);
        Ok(())
    }

    /// Returns all values that were given for an option.
    pub(crate) fn all<'a>(
        &'a self,
        name: &'a str,
    ) -> impl DoubleEndedIterator<Item = &'a Setting> + use<'a> {
        let settings = self.settings.iter();
        settings.filter(move |setting| setting.option.name == name)
    }

    /// Returns whether an option was given.
    #[cfg(unix)]
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    fn apply(&mut self, option: &'static Spec, value: &Value, folder: &Path) -> Result<(), String> {
        let name = option.name;
        let text = || value.text();
        let switch = || values::switch(value.text()?);
        if let Some(missing) = option.missing_feature() {
            let is_off = option.takes.is_optional() && text()? == "false";
            return if is_off { Ok(()) } else { Err(missing) };
        }
        match name {
            "listing" => {
                let is_on = switch()?;
                self.change(|site| site.listing(is_on))?;
                self.listing = Some(is_on);
            }
            "no-listing" => {
                if switch()? {
                    self.change(|site| site.listing(false))?;
                    self.listing = Some(false);
                }
            }
            "index" => {
                self.index.push(text()?.to_string());
                let index = self.index.clone();
                self.change(|site| site.index(index))?;
            }
            "pretty-urls" => {
                let is_on = switch()?;
                self.change(|site| site.pretty_urls(is_on))?;
            }
            "spa" => {
                if let Some(page) = values::single_page(text()?) {
                    self.change(|site| site.single_page(page))?;
                    self.pages.push((name, page.to_string()));
                }
            }
            "not-found" => {
                let page = text()?;
                self.change(|site| site.error_page(Status::NOT_FOUND, page))?;
                self.pages.push((name, page.to_string()));
            }
            "error-page" => {
                let (status, page) = value.error_page()?;
                self.change(|site| site.error_page(status, &page))?;
                self.pages.push((name, page));
            }
            "redirect" => {
                let (pattern, target, status) = value.redirect()?;
                self.change(|site| site.redirect(&pattern, &target, status))?;
            }
            "rewrite" => {
                let (pattern, target) = value.rewrite()?;
                self.change(|site| site.rewrite(&pattern, &target))?;
            }
            "cache" => {
                let (pattern, value) = value.cache()?;
                self.change(|site| site.cache_control(&pattern, &value))?;
            }
            "header" => {
                let (pattern, name, value) = value.header()?;
                self.change(|site| site.header(&pattern, &name, &value))?;
            }
            "download" => {
                let pattern = text()?;
                self.change(|site| site.download(pattern))?;
            }
            "type" => {
                let (suffix, media_type) = value.media_type()?;
                self.change(|site| site.media_type(&suffix, &media_type))?;
            }
            "no-charset" => {
                let is_off = switch()?;
                self.change(|site| site.charset(!is_off))?;
            }
            "precompressed" => {
                let is_on = switch()?;
                self.change(|site| site.precompressed(is_on))?;
            }
            #[cfg(feature = "compression")]
            "compress" => {
                if switch()? {
                    self.change(SiteOptions::compress)?;
                }
            }
            "encoded-names" => {
                let policy = values::encoded_names(text()?)?;
                self.change(|site| site.encoded_names(policy))?;
            }
            "dotfiles" => {
                let policy = values::dotfiles(text()?)?;
                self.change(|site| site.dotfiles(policy))?;
            }
            "symlinks" => {
                let policy = values::symlinks(text()?)?;
                self.change(|site| site.symlinks(policy))?;
            }
            "memory" => self.memory = switch()?,
            "file-cache" => {
                let bytes = values::size(text()?)?;
                self.change(|site| site.cache_bytes(bytes))?;
            }
            "auth" => self.users.push(User::parse(text()?)?),
            "auth-file" => self.auth_file = Some(values::file(text()?, folder)?),
            "base" => self.base = values::base(text()?)?,
            "cors" => self.cors = switch()?,
            "isolated" => self.isolated = switch()?,
            "security" => self.security = switch()?,
            "dynamic" => {
                let suffix = values::suffix(text()?)?;
                if !self.suffixes.contains(&suffix) {
                    self.suffixes.push(suffix);
                }
            }
            "verbose" => self.verbose = switch()?,
            "max-head" => {
                let bytes = values::head_size(text()?)?;
                self.config.limits.head_bytes = bytes;
                self.config.limits.header_line_bytes = bytes / 2;
            }
            "max-body" => self.config.limits.body_bytes = values::size(text()?)?,
            "bind" => self.bind = Some(values::bind(text()?)?),
            "port" => self.port = Some(values::port(text()?)?),
            "listen" => self.listen.push(values::address(text()?, folder)?),
            "host" => self.hosts.add(text()?)?,
            "open" => self.open = switch()?,
            "qr" => self.qr = Some(switch()?),
            "no-qr" => {
                if switch()? {
                    self.qr = Some(false);
                }
            }
            "tls" | "tls-cert" | "tls-key" | "client-ca" | "client-crl" | "redirect-http" => {
                self.tls.apply(name, value, folder)?;
            }
            "color" => self.color = values::color(text()?)?,
            "no-access-log" => self.no_access_log = switch()?,
            "log-format" => self.log_format = LogFormat::parse(text()?)?,
            "log-file" => self.log_file = Some(values::file(text()?, folder)?),
            "admin" => self.admin = Some(values::address(text()?, folder)?),
            "head-timeout" => self.config.timeouts.head = values::time(text()?)?,
            "idle-timeout" => self.config.timeouts.idle = values::time(text()?)?,
            "drain-delay" => self.drain_delay = Some(values::delay(text()?)?),
            "stop-timeout" => self.stop_timeout = Some(values::time(text()?)?),
            "connections" => self.connections = Some(values::count(text()?)?),
            "connections-per-address" => {
                self.connections_per_address = Some(values::count(text()?)?);
            }
            "buffered-bytes" => {
                let bytes = usize::try_from(values::size(text()?)?).unwrap_or(usize::MAX);
                self.buffered_bytes = Some(bytes);
            }
            "trust-proxy" => self.proxies.add_trusted(text()?)?,
            "forwarded" => self.proxies.is_rfc7239 = Some(proxies::is_rfc7239(text()?)?),
            "forwarded-host" => self.proxies.host = switch()?,
            "forwarded-prefix" => self.proxies.prefix = switch()?,
            "proxy-protocol" => self.proxies.add_protocol(text()?)?,
            #[cfg(unix)]
            name => self.wsgi.apply(name, value, folder)?,
            #[cfg(not(unix))]
            _ => return Err("only on Unix".to_string()),
        }
        Ok(())
    }

    /// Returns whether the program listens on `bind` and `port`.
    pub(crate) fn has_port(&self) -> bool {
        self.listen.is_empty() || self.bind.is_some() || self.port.is_some()
    }

    /// Returns whether the only clients are programs on this machine: all addresses are loopback, and no proxy was announced.
    /// Unix sockets are for proxies, and only systemd knows the addresses of its sockets.
    pub(crate) fn is_private(&self) -> bool {
        let is_loopback = |ip: IpAddr| ip.to_canonical().is_loopback();
        let is_proxied = self.hosts == Hosts::Any || self.proxies.is_behind_one();
        let mut listed = self.listen.iter();
        self.bind.is_none_or(is_loopback)
            && listed.all(|address| matches!(address, Address::Tcp(it) if is_loopback(it.ip())))
            && !is_proxied
    }

    /// Returns whether the site is a single-page application.
    pub(crate) fn has_single_page(&self) -> bool {
        self.pages.iter().any(|(option, _)| *option == "spa")
    }

    /// Returns the names of the files that are served for a directory.
    pub(crate) fn index_names(&self) -> String {
        if self.index.is_empty() {
            "index.html".to_string()
        } else {
            self.index.join(" or ")
        }
    }

    /// Changes the options of the site, unless that makes them invalid.
    fn change(&mut self, change: impl FnOnce(SiteOptions) -> SiteOptions) -> Result<(), String> {
        let changed = change(self.site.clone());
        drop(changed.clone().build().map_err(|error| error.to_string())?);
        self.site = changed;
        Ok(())
    }
}

impl Setting {
    /// Returns the option and where it was given: `--port`, or `port ("site.toml" line 2)`.
    pub(crate) fn named(&self) -> String {
        self.located(self.option.name.to_string())
    }

    /// Like [`named`](Setting::named), with the value.
    pub(crate) fn named_with_value(&self) -> String {
        let (name, takes) = (self.option.name, self.option.takes);
        self.located(match self.value.text().unwrap_or_default() {
            text if takes.is_implied(text) => name.to_string(),
            text if takes.is_optional() => format!("{name}={text}"),
            text => format!("{name} {text}"),
        })
    }

    fn located(&self, text: String) -> String {
        match &self.origin {
            Origin::CommandLine => format!("--{text}"),
            Origin::File { path, line } => format!("{text} ({path:?} line {line})"),
        }
    }

    /// Returns another option in the form that it has where this one was given.
    pub(crate) fn beside(&self, name: &str) -> String {
        match &self.origin {
            Origin::CommandLine => format!("--{name}"),
            Origin::File { .. } => name.to_string(),
        }
    }
}

impl fmt::Display for Setting {
    /// Writes the option and its value as they were given. A password is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.option.name;
        match &self.origin {
            Origin::CommandLine => write!(f, "--{name}")?,
            Origin::File { path, line } => write!(f, "{path:?} line {line}: {name}")?,
        }
        match &self.value {
            // It is a secret, or half of one.
            _ if name == "auth" => Ok(()),
            Value::Text(text) if self.option.takes.is_implied(text) => Ok(()),
            Value::Text(text) => write!(f, " {text:?}"),
            Value::Parts(parts) => {
                for (name, value) in parts {
                    write!(f, " {name} {value:?}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Completes, Takes};

    /// Returns the options after one of them is set.
    fn with(option: &'static Spec, value: Value) -> Result<Options, String> {
        let origin = Origin::CommandLine;
        let mut options = Options::default();
        options.set(Setting {
            option,
            value,
            origin,
        })?;
        Ok(options)
    }

    fn built() -> impl Iterator<Item = &'static Spec> {
        Spec::settings().filter(|option| option.missing_feature().is_none())
    }

    /// Returns a value that is not the default.
    fn good(option: &Spec) -> &'static str {
        match option.name {
            "redirect" | "rewrite" => "/a /b",
            "cache" => "no-store",
            "header" => "X-A: b",
            "type" => "a=text/plain",
            "spa" | "not-found" | "download" | "dynamic" => "/a",
            "index" => "a",
            "auth" => "ada:lovelace",
            "base" => "/repo/",
            "error-page" => "405 /a",
            "host" => "dev.test",
            "trust-proxy" | "proxy-protocol" => "10.0.0.0/8",
            "application" => "shop:application",
            "static" => "/static=static",
            _ => match (option.completes, option.takes) {
                (Completes::Words(words), _) => words.last().expect("a word"),
                (Completes::Files | Completes::Programs, _) => "a/file",
                (_, Takes::Number) => "1000",
                _ => "true",
            },
        }
    }

    #[test]
    fn every_row_of_the_table_is_applied() {
        for option in built() {
            let set = with(option, Value::Text(good(option).to_string()));
            let mut options = set.unwrap_or_else(|error| panic!("{error}"));
            options.settings.clear();
            let (set, default) = (format!("{options:?}"), format!("{:?}", Options::default()));
            assert_ne!(set, default, "{option:?}");
        }
    }

    #[test]
    fn invalid_values_are_refused_by_name() {
        for option in built() {
            for wrong in [Value::Parts(vec![]), Value::Text(String::new())] {
                let error = with(option, wrong).unwrap_err();
                assert!(error.starts_with(&format!("--{}", option.name)), "{error}");
            }
        }
    }

    #[test]
    fn the_table_has_the_parts_of_each_rule() {
        for option in built() {
            let wrong = Value::Parts(vec![("x".to_string(), "y".to_string())]);
            let error = with(option, wrong).unwrap_err();
            let expected = match option.takes {
                Takes::Rules(parts) => format!("unknown key \"x\": use {}", parts.join(", ")),
                _ => "this option has no parts, so it cannot be a table".to_string(),
            };
            let expected = match option.name {
                // It may be a secret.
                "auth" => format!("--auth: {expected}"),
                name => format!("--{name} x \"y\": {expected}"),
            };
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn every_completed_word_is_a_value() {
        for option in built() {
            let Completes::Words(words) = option.completes else {
                continue;
            };
            for word in words {
                let set = with(option, Value::Text(word.to_string()));
                assert!(set.is_ok(), "{set:?}");
            }
        }
    }

    #[test]
    fn the_table_has_every_policy() {
        for option in built() {
            let Completes::Words(words) = option.completes else {
                continue;
            };
            let error = with(option, Value::Text("?".to_string())).unwrap_err();
            // Addresses have no list.
            if let Some((_, known)) = error.split_once(": not ") {
                let known: Vec<&str> = known.split(", ").flat_map(|it| it.split(" or ")).collect();
                let is_address = option.name == "bind";
                assert!(is_address || known == words, "{option:?}: {error}");
            }
        }
    }

    #[test]
    fn an_option_of_a_missing_feature_says_how_to_build_it() {
        let option = Spec::settings().find(|option| option.missing_feature().is_some());
        let Some(option) = option else {
            return;
        };
        let feature = option.feature.expect("a feature").name;
        let error = with(option, Value::Text("true".to_string())).unwrap_err();
        let advice =
            format!("this program was built without it: build it with --features net,{feature}");
        assert!(error.ends_with(&advice), "{error}");
    }
}
