//! The command line.

mod config_file;
mod folder;
mod given;
mod values;

pub(crate) use folder::FolderOptions;

use bytegate::Config;
use given::{Given, Kind};
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) const HELP: &str = include_str!("help.txt");

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
    pub(crate) opens_browser: bool,
    pub(crate) stop_timeout: Option<Duration>,
    pub(crate) connections: Option<usize>,
}

/// The content to serve.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// The folder, or `None` for the demo site.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) options: FolderOptions,
    /// What the paths for the demo application end with.
    pub(crate) suffixes: Vec<String>,
    pub(crate) config: Config,
    pub(crate) is_verbose: bool,
}

/// Parses the command line, and the config file that it names. `arguments` begins with the program's name.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Command, lexopt::Error> {
    let mut parser = Parser::from_iter(arguments);
    let mut given = Given::default();
    while let Some(argument) = parser.next()? {
        let name = match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Short('p') => "port".to_string(),
            Arg::Long("config") => {
                given.config = Some(parser.value()?.into());
                continue;
            }
            Arg::Long("over") => {
                given.options.over.push(parser.value()?.into());
                continue;
            }
            Arg::Long(name) if given::kind(name).is_some() => name.to_string(),
            Arg::Value(value) => {
                take_value(&mut given, value)?;
                continue;
            }
            other => return Err(other.unexpected()),
        };
        match given::kind(&name) {
            Some(Kind::Value) => {
                let set = |value: &str| given.set(&name, value);
                parser.value()?.parse_with(set)?;
            }
            _ => given.set(&name, "true")?,
        }
    }
    if let Some(file) = given.config.take() {
        given = config_file::read(&file)?.overridden_by(given);
    }
    given.into_command()
}

/// Takes a value without an option: a command at the beginning, or a folder.
fn take_value(given: &mut Given, value: OsString) -> Result<(), lexopt::Error> {
    let is_first = given.command.is_none() && given.folder.is_none();
    match value.to_str() {
        Some(command @ ("serve" | "handle" | "routes" | "explain")) if is_first => {
            given.command = Some(command.to_string());
        }
        Some(text) if is_first && !is_like_a_path(text) => {
            return Err(format!("there is neither a command nor a folder {text:?}").into());
        }
        _ if given.folder.is_none() => given.folder = Some(value.into()),
        _ => return Err(Arg::Value(value).unexpected()),
    }
    Ok(())
}

/// Returns whether a text is meant to be a path, and not a misspelled command.
fn is_like_a_path(text: &str) -> bool {
    text.contains(['/', '\\', '.']) || Path::new(text).exists()
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
                options: FolderOptions::default(),
                suffixes: vec![".py".to_string()],
                config: Config::default(),
                is_verbose: false,
            },
            address: "127.0.0.1:7890".parse().unwrap(),
            access_log: true,
            opens_browser: false,
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
            "--open",
            "--verbose",
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
                options: FolderOptions::default(),
                suffixes: vec![".cgi".to_string(), "/api".to_string()],
                config,
                is_verbose: true,
            },
            address: "[::1]:80".parse().unwrap(),
            access_log: false,
            opens_browser: true,
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
            (&["sevre"], "neither a command nor a folder \"sevre\""),
            (&["--listing"], "bytegate . --listing"),
            (&[".", "--header", "X-Own"], "not a field such as"),
            (
                &[".", "--header", "Content-Length: 1"],
                "\"Content-Length\"",
            ),
            (&[".", "--redirect", "/a"], "PATTERN TARGET [STATUS]"),
            (&[".", "--redirect", "/a /b 200"], "200 is not the status"),
            (&[".", "--redirect", "/a /$1"], "$1"),
            (
                &[".", "--rewrite", "/a https://example.com/"],
                "https://example.com/",
            ),
            (&[".", "--type", "js"], "glsl=text/plain"),
            (&[".", "--dotfiles", "all"], "refuse, well-known and serve"),
            (&[".", "--symlinks", "all"], "refuse, within and follow"),
            (&[".", "--spa", "index.html"], "\"index.html\""),
            (&["routes", "--listing", "."], "routes takes only a folder"),
            (&["--config", "no/such/file.toml"], "cannot read"),
            (&["serve", "a", "b"], "unexpected argument \"b\""),
            (&["explain", "a"], "explain takes no arguments"),
            (&["handle", "--port", "1"], "handle takes only a folder"),
        ] {
            let error = parse_all(arguments).unwrap_err();
            assert!(error.contains(message), "{arguments:?}: {error}");
        }
    }

    #[test]
    fn a_folder_needs_no_command_and_has_no_demo_application() {
        let Ok(Command::Serve(serve)) = parse_all(&["fixtures/site", "-p", "80", "--listing"])
        else {
            panic!("a folder is served");
        };
        assert_eq!(serve.content.folder, Some("fixtures/site".into()));
        assert_eq!(serve.content.suffixes, Vec::<String>::new());
        assert_eq!(serve.address.port(), 80);
        assert!(serve.content.options.is_on("listing"));
        assert_eq!(
            parse_all(&["serve", "fixtures/site", "-p", "80", "--listing"]),
            Ok(Command::Serve(serve))
        );
    }

    /// Writes a config file and parses a command line with it.
    fn parse_with(name: &str, text: &str, arguments: &[&str]) -> Result<Command, String> {
        let file =
            std::env::temp_dir().join(format!("bytegate-{}-{name}.toml", std::process::id()));
        std::fs::write(&file, text).expect("a file");
        let config = ["--config", file.to_str().expect("a path in UTF-8")];
        let parsed = parse_all(&[&config, arguments].concat());
        let _ = std::fs::remove_file(file);
        parsed
    }

    #[test]
    fn a_config_file_has_the_same_words_and_the_command_line_wins() {
        let text = "folder = \"public\"\nport = 8080\nlisting = true\ncors = false\n\
                    cache = [\"no-cache\", \"/assets/** immutable\"]\nmax-head = \"64K\"\nverbose = true\n";
        let Ok(Command::Serve(serve)) =
            parse_with("words", text, &["--port", "9", "--max-head=16K"])
        else {
            panic!("a folder is served");
        };
        assert_eq!(serve.address.port(), 9);
        assert_eq!(
            serve.content.folder,
            Some(std::env::temp_dir().join("public"))
        );
        assert_eq!(serve.content.config.limits.head_bytes, 16_384);
        assert!(serve.content.is_verbose);
        let given: Vec<_> = serve.content.options.given().collect();
        let cache = |value| ("cache", value);
        // Tables are read in the order of their keys.
        for option in [
            ("listing", "true"),
            ("cors", "false"),
            cache("no-cache"),
            cache("/assets/** immutable"),
        ] {
            assert!(given.contains(&option), "{option:?}: {given:?}");
        }
        assert_eq!(given.len(), 4);
    }

    #[test]
    fn an_invalid_config_file_is_explained_with_its_line() {
        for (name, text, message) in [
            (
                "key",
                "port = 1\nlsting = true\n",
                "line 2: there is no option \"lsting\"",
            ),
            (
                "value",
                "\n\nport = \"x\"\n",
                "line 3: port: not a port from 0 to 65535",
            ),
            (
                "switch",
                "listing = 1\n",
                "line 1: listing: not true or false",
            ),
            ("type", "index = [true]\n", "line 1: index: not a text"),
            ("syntax", "port = 1\nlisting\n", "line 2: "),
            ("pattern", "cache = \"/a/*** x\"\n", "line 1: cache: "),
            ("twice", "port = 1\nport = 2\n", "line 2: "),
        ] {
            let error = parse_with(name, text, &["."]).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }
}
