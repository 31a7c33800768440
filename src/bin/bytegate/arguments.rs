//! The command line.

use bytegate::Gateway;
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

pub(crate) const HELP: &str = "\
bytegate: HTTP/1.1, bytes in, bytes out

Usage:
  bytegate [serve] [DIR] [--bind ADDR] [--port N] [--dynamic SUFFIX]... [--no-access-log]
  bytegate handle [DIR] [--dynamic SUFFIX]...
  bytegate explain

Commands:
  serve    Serve the files of DIR, or the demo site, over TCP. The default.
  handle   Read requests from standard input, write their answers to standard output.
  explain  Read requests from standard input and tell how they are understood:
           line, fields and framing of each, or which rule is broken, and where.

Options:
  --bind ADDR        Listen on this IP address [default: 127.0.0.1]
  --port N           Listen on this port; 0 for any that is free [default: 7890]
  --dynamic SUFFIX   Send paths that end so to the demo application instead of the
                     site; may be given several times [default: .py]
  --no-access-log    Do not write a line for each request to standard output
  -h, --help         Print this help
  -V, --version      Print the version

Exit codes:
  0  done
  1  something could not be read, written or listened to
  2  the command line is not understood
  3  explain: the input breaks a rule
";

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Version,
    Serve(Serve),
    Handle(Content),
    Explain,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Serve {
    pub(crate) content: Content,
    pub(crate) address: SocketAddr,
    pub(crate) access_log: bool,
}

/// What is served.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// The demo site if none.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) suffixes: Vec<String>,
}

/// Everything that was given, before it is known which command it belongs to.
#[derive(Default)]
struct Given {
    command: Option<String>,
    folder: Option<PathBuf>,
    bind: Option<IpAddr>,
    port: Option<u16>,
    suffixes: Vec<String>,
    no_access_log: bool,
}

/// `arguments` begins with the program's name.
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
            Arg::Long("dynamic") => given
                .suffixes
                .push(parser.value()?.parse_with(parse_suffix)?),
            Arg::Long("no-access-log") => given.no_access_log = true,
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
        let for_serve = self.bind.is_some() || self.port.is_some() || self.no_access_log;
        let for_content = self.folder.is_some() || !self.suffixes.is_empty();
        match self.command.as_deref() {
            Some("handle") if for_serve => Err("handle takes only a folder and --dynamic".into()),
            Some("handle") => Ok(Command::Handle(self.into_content())),
            Some("explain") if for_serve || for_content => Err("explain takes no arguments".into()),
            Some("explain") => Ok(Command::Explain),
            _ => {
                let bind = self.bind.unwrap_or(Ipv4Addr::LOCALHOST.into());
                Ok(Command::Serve(Serve {
                    address: SocketAddr::new(bind, self.port.unwrap_or(7890)),
                    access_log: !self.no_access_log,
                    content: self.into_content(),
                }))
            }
        }
    }

    fn into_content(self) -> Content {
        Content {
            folder: self.folder,
            suffixes: match self.suffixes.is_empty() {
                true => vec![Gateway::DYNAMIC_SUFFIX.to_string()],
                false => self.suffixes,
            },
        }
    }
}

fn parse_command(value: OsString) -> Result<String, lexopt::Error> {
    match value.to_str() {
        Some(command @ ("serve" | "handle" | "explain")) => Ok(command.to_string()),
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
            },
            address: "127.0.0.1:7890".parse().unwrap(),
            access_log: true,
        }
    }

    #[test]
    fn no_argument_serves_the_demo() {
        assert_eq!(parse_all(&[]), Ok(Command::Serve(demo())));
        assert_eq!(parse_all(&["serve"]), Ok(Command::Serve(demo())));
    }

    #[test]
    fn everything_can_be_set() {
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
        ];
        let expected = Serve {
            content: Content {
                folder: Some("dir".into()),
                suffixes: vec![".cgi".to_string(), "/api".to_string()],
            },
            address: "[::1]:80".parse().unwrap(),
            access_log: false,
        };
        assert_eq!(parse_all(&arguments), Ok(Command::Serve(expected)));
        assert_eq!(parse_all(&["handle"]), Ok(Command::Handle(demo().content)));
        assert_eq!(parse_all(&["explain"]), Ok(Command::Explain));
        assert_eq!(parse_all(&["serve", "-h"]), Ok(Command::Help));
        assert_eq!(parse_all(&["-V"]), Ok(Command::Version));
    }

    #[test]
    fn a_bad_command_line_says_what_is_wrong() {
        for (arguments, message) in [
            (&["--prot", "80"][..], "invalid option '--prot'"),
            (&["--port", "x"], "not a port from 0 to 65535"),
            (&["--port", "65536"], "not a port from 0 to 65535"),
            (&["--port"], "missing argument"),
            (&["--bind", "example.com"], "not an IP address"),
            (&["--dynamic", ""], "a suffix must not be empty"),
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
