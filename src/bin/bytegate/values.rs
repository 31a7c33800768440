//! The values of options: numbers, sizes, times, names, and rules with several parts.

use crate::completions::Shell;
use crate::meant;
use crate::terminal::Color;
use bytegate::Status;
use bytegate::net::{Address, InvalidAddress};
use bytegate::request::Authority;
use bytegate::site::{Dotfiles, EncodedNames, Symlinks};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The value of an option as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    /// A rule as a table in a config file: the names of its parts and their values.
    Parts(Vec<(String, String)>),
}

impl Value {
    /// # Errors
    /// Returns an error if this is a table.
    pub(crate) fn text(&self) -> Result<&str, String> {
        match self {
            Value::Text(text) => Ok(text),
            Value::Parts(_) => Err("this option has no parts, so it cannot be a table".to_string()),
        }
    }

    pub(crate) fn redirect(&self) -> Result<(String, String, Status), String> {
        const SHAPE: &str = "a redirect is 'PATTERN TARGET' or 'PATTERN TARGET STATUS'";
        match self.parts(["pattern", "target", "status"], words, SHAPE)? {
            [Some(pattern), Some(target), None] => Ok((pattern, target, Status::FOUND)),
            [Some(pattern), Some(target), Some(code)] => Ok((pattern, target, status(&code)?)),
            _ => Err(SHAPE.to_string()),
        }
    }

    pub(crate) fn rewrite(&self) -> Result<(String, String), String> {
        const SHAPE: &str = "a rewrite is 'PATTERN TARGET'";
        match self.parts(["pattern", "target"], words, SHAPE)? {
            [Some(pattern), Some(target)] => Ok((pattern, target)),
            _ => Err(SHAPE.to_string()),
        }
    }

    /// Returns a pattern and a value of `Cache-Control`.
    pub(crate) fn cache(&self) -> Result<(String, String), String> {
        const SHAPE: &str = "a cache rule is 'VALUE' or 'PATTERN VALUE'";
        let split = |text: &str| {
            let (pattern, value) = split_pattern(text);
            let is_given = !value.is_empty();
            is_given.then(|| [pattern, Some(value.to_string())])
        };
        match self.parts(["pattern", "value"], split, SHAPE)? {
            [_, Some(value)] if !is_cache_control(&value) => Err(format!(
                "{value:?} is not a value of Cache-Control, such as no-store or max-age=3600; a pattern begins with / or *"
            )),
            [pattern, Some(value)] => Ok((pattern.unwrap_or(EVERYTHING.to_string()), value)),
            _ => Err(SHAPE.to_string()),
        }
    }

    /// Returns a pattern, and the name and value of a header.
    pub(crate) fn header(&self) -> Result<(String, String, String), String> {
        const SHAPE: &str = "a header is 'NAME: VALUE' or 'PATTERN NAME: VALUE'";
        let split = |text: &str| {
            let (pattern, header) = split_pattern(text);
            let (name, value) = header.split_once(':')?;
            Some([pattern, Some(name.to_string()), Some(value.to_string())])
        };
        match self.parts(["pattern", "name", "value"], split, SHAPE)? {
            [pattern, Some(name), Some(value)] => {
                let pattern = pattern.unwrap_or(EVERYTHING.to_string());
                Ok((pattern, name, value.trim().to_string()))
            }
            _ => Err(SHAPE.to_string()),
        }
    }

    /// Returns a status and its page.
    pub(crate) fn error_page(&self) -> Result<(Status, String), String> {
        const SHAPE: &str = "an error page is 'STATUS PAGE', such as '405 /405.html'";
        match self.parts(["status", "page"], words, SHAPE)? {
            [Some(code), Some(page)] => Ok((status(&code)?, page)),
            _ => Err(SHAPE.to_string()),
        }
    }

    /// Returns a suffix and its media type.
    pub(crate) fn media_type(&self) -> Result<(String, String), String> {
        const SHAPE: &str = "a type is SUFFIX=TYPE, such as glsl=text/plain";
        let split = |text: &str| {
            let (suffix, media_type) = text.split_once('=')?;
            Some([Some(suffix.to_string()), Some(media_type.to_string())])
        };
        match self.parts(["suffix", "type"], split, SHAPE)? {
            [Some(suffix), Some(media_type)] => Ok((suffix, media_type)),
            _ => Err(SHAPE.to_string()),
        }
    }

    /// Returns the parts with these names. Text is split into them.
    fn parts<const N: usize>(
        &self,
        names: [&str; N],
        split: impl Fn(&str) -> Option<[Option<String>; N]>,
        shape: &str,
    ) -> Result<[Option<String>; N], String> {
        let parts = match self {
            Value::Text(text) => return split(text).ok_or_else(|| shape.to_string()),
            Value::Parts(parts) => parts,
        };
        if let Some((name, _)) = parts.iter().find(|(name, _)| !names.contains(&&**name)) {
            return Err(format!("unknown key {name:?}: use {}", names.join(", ")));
        }
        Ok(names.map(|name| {
            let part = parts.iter().find(|(other, _)| other == name);
            part.map(|(_, value)| value.clone())
        }))
    }
}

/// The pattern that every path matches.
const EVERYTHING: &str = "**";

/// Splits text at white space. Returns `None` if there are too many words.
fn words<const N: usize>(text: &str) -> Option<[Option<String>; N]> {
    let mut words = text.split_whitespace().map(str::to_string);
    let found = std::array::from_fn(|_| words.next());
    words.next().is_none().then_some(found)
}

/// Splits a pattern, which begins with a slash or a star, from the rest. Header values that follow can
/// begin with neither.
fn split_pattern(text: &str) -> (Option<String>, &str) {
    let text = text.trim();
    match text.split_once(char::is_whitespace) {
        _ if !text.starts_with(['/', '*']) => (None, text),
        Some((pattern, rest)) => (Some(pattern.to_string()), rest.trim_start()),
        None => (Some(text.to_string()), ""),
    }
}

fn status(code: &str) -> Result<Status, String> {
    let status = code.parse().ok().and_then(Status::new);
    status.ok_or_else(|| "a status is a number such as 301".to_string())
}

/// Returns whether a text has the form of Cache-Control: directives with or without a value, separated by commas (RFC 9111
/// section 5.2).
fn is_cache_control(text: &str) -> bool {
    let is_token = |text: &str| {
        let is_in_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        !text.is_empty() && text.bytes().all(is_in_token)
    };
    // Quoted header names may have commas between them.
    let unquoted: String = text.split('"').step_by(2).collect::<Vec<_>>().join("x");
    unquoted.split(',').all(|directive| {
        let (name, value) = directive
            .trim()
            .split_once('=')
            .unwrap_or((directive.trim(), "x"));
        is_token(name) && is_token(value)
    })
}

/// Parses the value of a switch.
pub(crate) fn switch(text: &str) -> Result<bool, String> {
    choice(text, [("true", true), ("false", false)])
}

/// Parses `--spa`: a page, `true` or `false`.
pub(crate) fn single_page(text: &str) -> Option<&str> {
    match text {
        "true" => Some("/index.html"),
        "false" => None,
        page => Some(page),
    }
}

pub(crate) fn dotfiles(text: &str) -> Result<Dotfiles, String> {
    let policies = [
        ("refuse", Dotfiles::Refuse),
        ("well-known", Dotfiles::WellKnown),
        ("serve", Dotfiles::Serve),
    ];
    choice(text, policies)
}

pub(crate) fn symlinks(text: &str) -> Result<Symlinks, String> {
    let policies = [
        ("refuse", Symlinks::Refuse),
        ("within", Symlinks::WithinRoot),
        ("follow", Symlinks::Follow),
    ];
    choice(text, policies)
}

pub(crate) fn encoded_names(text: &str) -> Result<EncodedNames, String> {
    let policies = [
        ("files", EncodedNames::AsFiles),
        ("content", EncodedNames::AsContent),
    ];
    choice(text, policies)
}

pub(crate) fn color(text: &str) -> Result<Color, String> {
    let choices = [
        ("auto", Color::Auto),
        ("always", Color::Always),
        ("never", Color::Never),
    ];
    choice(text, choices)
}

pub(crate) fn shell(text: &str) -> Result<Shell, String> {
    let shells = [
        ("bash", Shell::Bash),
        ("zsh", Shell::Zsh),
        ("fish", Shell::Fish),
    ];
    choice(text, shells)
}

/// Parses the path of a file, which is relative to a folder.
pub(crate) fn file(text: &str, folder: &Path) -> Result<PathBuf, String> {
    match text {
        "" => Err("a path must not be empty".to_string()),
        text => Ok(folder.join(text)),
    }
}

/// Parses the path below which a site is served. Returns it without a slash at its end.
pub(crate) fn base(text: &str) -> Result<String, String> {
    let base = text.strip_suffix('/').unwrap_or(text);
    let is_in_name = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~".contains(&octet);
    let is_name = |name: &str| !matches!(name, "" | "." | "..") && name.bytes().all(is_in_name);
    let mut names = base
        .strip_prefix('/')
        .into_iter()
        .flat_map(|base| base.split('/'));
    if text == "/" || (base.starts_with('/') && names.all(is_name)) {
        Ok(base.to_string())
    } else {
        Err("not a path such as /repo/, of letters, digits and - . _ ~".to_string())
    }
}

/// Returns the value that a word stands for.
pub(crate) fn choice<T, const N: usize>(text: &str, choices: [(&str, T); N]) -> Result<T, String> {
    let words = choices.each_ref().map(|(word, _)| *word);
    let mut choices = choices.into_iter();
    match choices.find(|(word, _)| *word == text) {
        Some((_, value)) => Ok(value),
        None => {
            let (last, others) = words.split_last().unwrap_or((&"", &[]));
            let meant = meant::question(text, words);
            Err(format!("not {} or {last}{meant}", others.join(", ")))
        }
    }
}

pub(crate) fn bind(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        text => {
            // As in a URL.
            let inner = text
                .strip_prefix('[')
                .and_then(|text| text.strip_suffix(']'));
            let address = match inner {
                Some(inner) => inner.parse().map(IpAddr::V6).ok(),
                None => text.parse().ok(),
            };
            address.ok_or_else(|| "not an IP address such as 127.0.0.1 or ::1".to_string())
        }
    }
}

/// The names that are served in addition to `localhost` and addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hosts {
    Any,
    Named(Vec<String>),
}

impl Default for Hosts {
    fn default() -> Hosts {
        Hosts::Named(Vec::new())
    }
}

impl Hosts {
    /// Adds a name, or all of them.
    pub(crate) fn add(&mut self, text: &str) -> Result<(), String> {
        let name = text.strip_prefix("*.").unwrap_or(text);
        let is_name = matches!(Authority::parse(name), Some(host) if host.host == name);
        match self {
            _ if !is_name || name.contains('*') || name.ends_with('.') => {
                Err("not a name without a port, such as dev.test or *.dev.test".to_string())
            }
            _ if text == "any" => {
                *self = Hosts::Any;
                Ok(())
            }
            Hosts::Any => Ok(()),
            Hosts::Named(names) => {
                names.push(text.to_string());
                Ok(())
            }
        }
    }
}

/// Parses an address. The path of a Unix socket is relative to `folder`.
pub(crate) fn address(text: &str, folder: &Path) -> Result<Address, String> {
    let address = text.parse();
    match address.map_err(|error: InvalidAddress| error.to_string())? {
        // An abstract name has no folder.
        Address::Unix { path, mode } if !path.to_string_lossy().starts_with('\0') => {
            let path = folder.join(path);
            Ok(Address::Unix { path, mode })
        }
        address => Ok(address),
    }
}

pub(crate) fn port(text: &str) -> Result<u16, String> {
    text.parse()
        .map_err(|_| "not a port from 0 to 65535".to_string())
}

pub(crate) fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("not a number greater than 0".to_string()),
    }
}

/// The smallest limit for a head. No browser request fits in less.
const LEAST_HEAD: u64 = 256;

pub(crate) fn head_size(text: &str) -> Result<u32, String> {
    match size(text)? {
        bytes if bytes < LEAST_HEAD => Err(format!("a head needs at least {LEAST_HEAD} bytes")),
        bytes => u32::try_from(bytes).map_err(|_| "a head must be smaller than 4G".to_string()),
    }
}

pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let unit: Option<u64> = match text.get(digits.len()..).unwrap_or_default() {
        "" => Some(1),
        "K" | "k" => Some(1 << 10),
        "M" | "m" => Some(1 << 20),
        "G" | "g" => Some(1 << 30),
        _ => None,
    };
    let size = unit.and_then(|unit| parse_digits(digits)?.checked_mul(unit));
    size.ok_or_else(|| "not a size such as 16384, 64K or 1M".to_string())
}

pub(crate) fn time(text: &str) -> Result<Duration, String> {
    match delay(text)? {
        Duration::ZERO => Err("a time must not be zero".to_string()),
        time => Ok(time),
    }
}

/// Parses a time, which may be zero.
pub(crate) fn delay(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let unit: Option<u64> = match text.get(digits.len()..).unwrap_or_default() {
        "ms" => Some(1),
        "" | "s" => Some(1000),
        "m" => Some(60 * 1000),
        "h" => Some(60 * 60 * 1000),
        _ => None,
    };
    let millis = unit.and_then(|unit| parse_digits(digits)?.checked_mul(unit));
    let wrong = || "not a time such as 500ms, 10s or 2m".to_string();
    millis.map(Duration::from_millis).ok_or_else(wrong)
}

/// Parses digits and nothing else. The parser of the standard library would accept a sign.
fn parse_digits(digits: &str) -> Option<u64> {
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

pub(crate) fn suffix(text: &str) -> Result<String, String> {
    match text {
        "" => Err("a suffix must not be empty".to_string()),
        text => Ok(text.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_a_path_of_plain_names() {
        for (text, expected) in [
            ("/", ""),
            ("/repo/", "/repo"),
            ("/repo", "/repo"),
            ("/a/b-1.2_~/", "/a/b-1.2_~"),
        ] {
            assert_eq!(base(text).as_deref(), Ok(expected));
        }
        for wrong in [
            "", "repo", "repo/", "//", "/a//b", "/a//", "/.", "/../a", "/a b", "/{a}", "/%41",
            "/a?b", "/*",
        ] {
            assert!(base(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn only_a_delay_may_be_zero() {
        for text in ["0", "0s", "0ms"] {
            assert_eq!(delay(text), Ok(Duration::ZERO));
            assert_eq!(time(text), Err("a time must not be zero".to_string()));
        }
        let two_minutes = Ok(Duration::from_secs(120));
        assert_eq!(
            (delay("2m"), time("120")),
            (two_minutes.clone(), two_minutes)
        );
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_string())
    }

    fn parts(parts: &[(&str, &str)]) -> Value {
        let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        Value::Parts(parts.iter().map(owned).collect())
    }

    #[test]
    fn text_and_table_forms_of_a_rule_are_equal() {
        let table = parts(&[("target", "/b"), ("pattern", "/a"), ("status", "308")]);
        assert_eq!(text(" /a  /b 308 ").redirect(), table.redirect());
        let table = parts(&[("pattern", "*.js"), ("target", "/b.js")]);
        assert_eq!(text("*.js /b.js").rewrite(), table.rewrite());
        let table = parts(&[("pattern", "/a/**"), ("value", "max-age=60, immutable")]);
        assert_eq!(text("/a/** max-age=60, immutable").cache(), table.cache());
        let table = parts(&[("name", "X-A"), ("value", "/b: c")]);
        assert_eq!(text("X-A:  /b: c ").header(), table.header());
        let table = parts(&[("suffix", "glsl"), ("type", "text/x; a=b")]);
        assert_eq!(text("glsl=text/x; a=b").media_type(), table.media_type());
    }

    #[test]
    fn the_first_character_distinguishes_a_pattern_from_a_value() {
        let owned = |(pattern, value): (&str, &str)| (pattern.to_string(), value.to_string());
        for (rule, expected) in [
            ("max-age=60", ("**", "max-age=60")),
            ("public, max-age=60", ("**", "public, max-age=60")),
            ("/a max-age=60", ("/a", "max-age=60")),
            ("*.css no-store", ("*.css", "no-store")),
            (
                "no-cache=\"Set-Cookie, X-A\",max-age=1",
                ("**", "no-cache=\"Set-Cookie, X-A\",max-age=1"),
            ),
        ] {
            assert_eq!(text(rule).cache(), Ok(owned(expected)), "{rule}");
        }
        for wrong in [
            "assets/** max-age=60",
            "/a /b",
            "a b",
            "max-age=",
            ",",
            "/a a;b",
        ] {
            let error = text(wrong).cache().unwrap_err();
            assert!(error.contains("a pattern begins with / or *"), "{error}");
        }
        assert!(text("/assets/**").cache().is_err());
        assert!(text("").cache().is_err());
    }

    #[test]
    fn a_redirect_without_a_status_is_temporary() {
        let (.., status) = text("/a /b").redirect().unwrap();
        assert_eq!(status, Status::FOUND);
    }

    #[test]
    fn errors_about_malformed_rules_name_the_expected_form() {
        for wrong in ["", "/a", "/a /b 301 x"] {
            let error = text(wrong).redirect().unwrap_err();
            assert!(error.contains("PATTERN TARGET STATUS"), "{error}");
        }
        let error = text("/a /b x").redirect().unwrap_err();
        assert!(error.contains("301"), "{error}");
        let error = text("X-A").header().unwrap_err();
        assert!(error.contains("NAME: VALUE"), "{error}");
        let error = parts(&[("pattern", "/a"), ("to", "/b")]).redirect();
        assert_eq!(
            error.unwrap_err(),
            "unknown key \"to\": use pattern, target, status"
        );
        assert!(parts(&[]).rewrite().is_err());
        assert!(parts(&[]).text().is_err());
    }
}
