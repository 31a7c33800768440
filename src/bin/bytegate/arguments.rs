//! The command line.

use crate::demo;
use bytegate::Config;
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const HELP: &str = "\
bytegate: HTTP/1.1, bytes in, bytes out

Usage:
  bytegate [serve] [DIR] [OPTIONS]
  bytegate handle [DIR] [--dynamic SUFFIX]... [--max-head SIZE] [--max-content SIZE]
  bytegate routes [DIR] [--dynamic SUFFIX]...
  bytegate explain

Commands:
  serve    Serve the files of DIR, or the demo site, over TCP. The default.
  handle   Read requests from standard input, write their answers to standard output.
  routes   List the routes of what would be served, in the order they are tried.
  explain  Read requests from standard input and explain how they are understood:
           line, fields and framing of each, or which rule is broken, and where.

Options:
  --bind ADDR          Listen on this IP address [default: 127.0.0.1]
  --port N             Listen on this port; 0 for any that is free [default: 7890]
  --dynamic SUFFIX     Send paths ending in SUFFIX to the demo application instead of
                       the site; may be given several times [default: .py]
  --no-access-log      Do not write a line for each request to standard output
  --max-head SIZE      Refuse larger request heads; one field line may take half of
                       it [default: 32K]
  --max-content SIZE   Refuse larger request contents [default: 1M]
  --head-timeout TIME  Close connections whose head takes longer [default: 10s]
  --idle-timeout TIME  Close connections that are idle for this long [default: 75s]
  --stop-timeout TIME  After a signal to stop, let requests in progress take this
                       long [default: 8s]
  --connections N      Accept this many connections at once; when all are in use,
                       idle ones are closed to make room [default: 10000, or what
                       the limit on open files leaves]
  -h, --help           Print this help
  -V, --version        Print the version

SIZE is a number of bytes, or of K, M or G (1024 bytes, and so on): 16384, 64K, 1M.
TIME is a number of seconds, or has a unit: 10, 500ms, 10s, 2m, 1h.

Exit codes:
  0  done
  1  a file, stream or address could not be used
  2  the command line is invalid
  3  explain: the input breaks a rule
";

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Version,
    Serve(Serve),
    Handle(Content),
    Routes(Content),
    Explain,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Serve {
    pub(crate) content: Content,
    pub(crate) address: SocketAddr,
    pub(crate) access_log: bool,
    pub(crate) stop_timeout: Option<Duration>,
    pub(crate) connections: Option<usize>,
}

/// The content to serve.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// The folder, or `None` for the demo site.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) suffixes: Vec<String>,
    pub(crate) config: Config,
}

/// All given arguments, before it is known which command they belong to.
#[derive(Default)]
struct Given {
    command: Option<String>,
    folder: Option<PathBuf>,
    bind: Option<IpAddr>,
    port: Option<u16>,
    suffixes: Vec<String>,
    no_access_log: bool,
    max_head: Option<u32>,
    max_content: Option<u64>,
    head_timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
    stop_timeout: Option<Duration>,
    connections: Option<usize>,
}

/// Parses the command line. `arguments` begins with the program's name.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Command, lexopt::Error> {
    let mut parser = Parser::from_iter(arguments);
    let mut given = Given::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Long("bind") => given.bind = Some(parser.value()?.parse_with(parse_bind)?),
            Arg::Long("port") => given.port = Some(parser.value()?.parse_with(parse_port)?),
            Arg::Long("dynamic") => {
                let suffix = parser.value()?.parse_with(parse_suffix)?;
                if !given.suffixes.contains(&suffix) {
                    given.suffixes.push(suffix);
                }
            }
            Arg::Long("no-access-log") => given.no_access_log = true,
            Arg::Long("max-head") => given.max_head = Some(parser.value()?.parse_with(parse_head)?),
            Arg::Long("max-content") => {
                given.max_content = Some(parser.value()?.parse_with(parse_size)?)
            }
            Arg::Long("head-timeout") => {
                given.head_timeout = Some(parser.value()?.parse_with(parse_time)?)
            }
            Arg::Long("idle-timeout") => {
                given.idle_timeout = Some(parser.value()?.parse_with(parse_time)?)
            }
            Arg::Long("stop-timeout") => {
                given.stop_timeout = Some(parser.value()?.parse_with(parse_time)?)
            }
            Arg::Long("connections") => {
                given.connections = Some(parser.value()?.parse_with(parse_count)?)
            }
            Arg::Value(value) if given.command.is_none() => {
                given.command = Some(parse_command(value)?)
            }
            Arg::Value(value) if given.folder.is_none() => given.folder = Some(value.into()),
            other => return Err(other.unexpected()),
        }
    }
    given.into_command()
}

impl Given {
    fn into_command(self) -> Result<Command, lexopt::Error> {
        let for_serve = self.bind.is_some()
            || self.port.is_some()
            || self.no_access_log
            || self.head_timeout.is_some()
            || self.idle_timeout.is_some()
            || self.stop_timeout.is_some()
            || self.connections.is_some();
        let for_requests = self.max_head.is_some() || self.max_content.is_some();
        let for_content = self.folder.is_some() || !self.suffixes.is_empty();
        match self.command.as_deref() {
            Some("handle") if for_serve => {
                Err("handle takes only a folder, --dynamic, --max-head and --max-content".into())
            }
            Some("handle") => Ok(Command::Handle(self.into_content())),
            Some("routes") if for_serve || for_requests => {
                Err("routes takes only a folder and --dynamic".into())
            }
            Some("routes") => Ok(Command::Routes(self.into_content())),
            Some("explain") if for_serve || for_requests || for_content => {
                Err("explain takes no arguments".into())
            }
            Some("explain") => Ok(Command::Explain),
            _ => {
                let bind = self.bind.unwrap_or(Ipv4Addr::LOCALHOST.into());
                Ok(Command::Serve(Serve {
                    address: SocketAddr::new(bind, self.port.unwrap_or(7890)),
                    access_log: !self.no_access_log,
                    stop_timeout: self.stop_timeout,
                    connections: self.connections,
                    content: self.into_content(),
                }))
            }
        }
    }

    fn into_content(self) -> Content {
        let mut config = Config::default();
        let Config {
            limits, timeouts, ..
        } = &mut config;
        if let Some(bytes) = self.max_head {
            limits.head_bytes = bytes;
            limits.field_line_bytes = bytes / 2;
        }
        limits.content_bytes = self.max_content.unwrap_or(limits.content_bytes);
        timeouts.head = self.head_timeout.unwrap_or(timeouts.head);
        timeouts.idle = self.idle_timeout.unwrap_or(timeouts.idle);
        Content {
            config,
            folder: self.folder,
            suffixes: match self.suffixes.is_empty() {
                true => vec![demo::DYNAMIC_SUFFIX.to_string()],
                false => self.suffixes,
            },
        }
    }
}

fn parse_command(value: OsString) -> Result<String, lexopt::Error> {
    match value.to_str() {
        Some(command @ ("serve" | "handle" | "routes" | "explain")) => Ok(command.to_string()),
        _ => {
            let value = value.to_string_lossy();
            Err(format!("no command {value:?}; to serve a folder: bytegate serve {value}").into())
        }
    }
}

fn parse_bind(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        text => text
            .parse()
            .map_err(|_| "not an IP address such as 127.0.0.1 or ::1".to_string()),
    }
}

fn parse_port(text: &str) -> Result<u16, String> {
    text.parse()
        .map_err(|_| "not a port from 0 to 65535".to_string())
}

fn parse_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("not a number greater than 0".to_string()),
    }
}

/// The smallest limit for a head. No browser request fits in less.
const LEAST_HEAD: u64 = 256;

fn parse_head(text: &str) -> Result<u32, String> {
    match parse_size(text)? {
        bytes if bytes < LEAST_HEAD => Err(format!("a head needs at least {LEAST_HEAD} bytes")),
        bytes => u32::try_from(bytes).map_err(|_| "a head must be smaller than 4G".to_string()),
    }
}

fn parse_size(text: &str) -> Result<u64, String> {
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

fn parse_time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let unit: Option<u64> = match text.get(digits.len()..).unwrap_or_default() {
        "ms" => Some(1),
        "" | "s" => Some(1000),
        "m" => Some(60 * 1000),
        "h" => Some(60 * 60 * 1000),
        _ => None,
    };
    let millis = unit.and_then(|unit| parse_digits(digits)?.checked_mul(unit));
    match millis {
        Some(0) => Err("a time must not be zero".to_string()),
        Some(millis) => Ok(Duration::from_millis(millis)),
        None => Err("not a time such as 500ms, 10s or 2m".to_string()),
    }
}

/// Parses digits and nothing else. The parser of the standard library would accept a sign.
fn parse_digits(digits: &str) -> Option<u64> {
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

fn parse_suffix(text: &str) -> Result<String, String> {
    match text {
        "" => Err("a suffix must not be empty".to_string()),
        text => Ok(text.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_all(arguments: &[&str]) -> Result<Command, String> {
        let arguments = ["bytegate"].iter().chain(arguments).map(OsString::from);
        parse(arguments).map_err(|error| error.to_string())
    }

    fn demo() -> Serve {
        Serve {
            content: Content {
                folder: None,
                suffixes: vec![".py".to_string()],
                config: Config::default(),
            },
            address: "127.0.0.1:7890".parse().unwrap(),
            access_log: true,
            stop_timeout: None,
            connections: None,
        }
    }

    #[test]
    fn the_demo_is_served_by_default() {
        assert_eq!(parse_all(&[]), Ok(Command::Serve(demo())));
        assert_eq!(parse_all(&["serve"]), Ok(Command::Serve(demo())));
    }

    #[test]
    fn every_option_can_be_set() {
        let arguments = [
            "serve",
            "dir",
            "--bind",
            "::1",
            "--port=80",
            "--dynamic",
            ".cgi",
            "--dynamic=/api",
            "--no-access-log",
            "--max-head=64K",
            "--max-content=5",
            "--head-timeout=500ms",
            "--idle-timeout=2m",
            "--stop-timeout=3",
            "--connections=7",
        ];
        let mut config = Config::default();
        config.limits.head_bytes = 65_536;
        config.limits.field_line_bytes = 32_768;
        config.limits.content_bytes = 5;
        config.timeouts.head = Duration::from_millis(500);
        config.timeouts.idle = Duration::from_secs(120);
        let expected = Serve {
            content: Content {
                folder: Some("dir".into()),
                suffixes: vec![".cgi".to_string(), "/api".to_string()],
                config,
            },
            address: "[::1]:80".parse().unwrap(),
            access_log: false,
            stop_timeout: Some(Duration::from_secs(3)),
            connections: Some(7),
        };
        assert_eq!(parse_all(&arguments), Ok(Command::Serve(expected)));
        assert_eq!(parse_all(&["handle"]), Ok(Command::Handle(demo().content)));
        assert_eq!(parse_all(&["routes"]), Ok(Command::Routes(demo().content)));
        assert_eq!(parse_all(&["explain"]), Ok(Command::Explain));
        assert_eq!(parse_all(&["serve", "-h"]), Ok(Command::Help));
        assert_eq!(parse_all(&["-V"]), Ok(Command::Version));
    }

    #[test]
    fn invalid_command_lines_are_explained() {
        for (arguments, message) in [
            (&["--prot", "80"][..], "invalid option '--prot'"),
            (&["--port", "x"], "not a port from 0 to 65535"),
            (&["--port", "65536"], "not a port from 0 to 65535"),
            (&["--port"], "missing argument"),
            (&["--bind", "example.com"], "not an IP address"),
            (&["--dynamic", ""], "a suffix must not be empty"),
            (&["--connections", "0"], "not a number greater than 0"),
            (&["--max-head", "255"], "a head needs at least 256 bytes"),
            (&["--max-head", "4G"], "a head must be smaller than 4G"),
            (&["--max-content", "1T"], "not a size such as"),
            (&["--max-content", "+1"], "not a size such as"),
            (&["--max-content", "K"], "not a size such as"),
            (&["--max-content", "99999999999999G"], "not a size such as"),
            (&["--head-timeout", "0"], "a time must not be zero"),
            (&["--idle-timeout", "1d"], "not a time such as"),
            (&["--stop-timeout", "-1"], "not a time such as"),
            (&["handle", "--idle-timeout", "1"], "handle takes only"),
            (&["routes", "--port", "1"], "routes takes only a folder"),
            (
                &["routes", "--max-head", "1K"],
                "routes takes only a folder",
            ),
            (
                &["explain", "--max-head", "1K"],
                "explain takes no arguments",
            ),
            (&["fixtures/site"], "bytegate serve fixtures/site"),
            (&["serve", "a", "b"], "unexpected argument \"b\""),
            (&["explain", "a"], "explain takes no arguments"),
            (&["handle", "--port", "1"], "handle takes only a folder"),
        ] {
            let error = parse_all(arguments).unwrap_err();
            assert!(error.contains(message), "{arguments:?}: {error}");
        }
    }
}
