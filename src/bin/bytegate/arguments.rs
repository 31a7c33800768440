//! The command line.

use crate::combinations;
use crate::completions::Shell;
use crate::config::{self, Config};
use crate::demo;
use crate::meant;
use crate::options::{Options, Origin, Setting};
use crate::table::{CommandSpec, Scope, Spec};
use crate::users;
use crate::values::{self, Value};
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Man,
    Completions(Shell),
    Version,
    Serve(Options),
    Handle(Options),
    Routes(Options),
    Explain,
    /// The application, with its options.
    #[cfg(unix)]
    Wsgi(String, Options),
}

/// The reason why a command line is invalid.
#[derive(Debug)]
pub(crate) enum Invalid {
    /// The command line, or a value in a config file.
    Usage(String),
    /// A config file with an error.
    Config(String),
    /// A config file that cannot be read.
    Unreadable(String),
}

/// All arguments, before the command that they belong to is known.
#[derive(Default)]
struct Given {
    command: Option<&'static CommandSpec>,
    folder: Option<PathBuf>,
    config: Option<PathBuf>,
    settings: Vec<Setting>,
}

/// Parses the command line, and the config file that it names. `arguments` begins with the name of the program.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Invalid> {
    let mut parser = Parser::from_iter(arguments);
    let mut given = Given::default();
    while let Some(argument) = parser.next()? {
        let option = match argument {
            Arg::Value(value) => {
                given.value(value)?;
                continue;
            }
            Arg::Short(letter) => Spec::with_letter(letter),
            Arg::Long(name) => Spec::named(name),
        };
        let Some(option) = option else {
            return Err(unknown(argument));
        };
        match option.name {
            "help" => return Ok(Command::Help),
            "man" => return Ok(Command::Man),
            "version" => return Ok(Command::Version),
            "completions" => {
                let shell = parser.value()?.string()?;
                let complaint = |error| Invalid::Usage(format!("--completions {shell:?}: {error}"));
                return Ok(Command::Completions(
                    values::shell(&shell).map_err(complaint)?,
                ));
            }
            "config" => {
                given.config = Some(parser.value()?.into());
                continue;
            }
            _ => {}
        }
        let value = if option.takes.is_optional() {
            let value = parser.optional_value();
            value.unwrap_or_else(|| "true".into())
        } else {
            parser.value()?
        };
        let text = value
            .string()
            .map_err(|error| Invalid::Usage(format!("--{}: {error}", option.name)))?;
        given.setting(Setting {
            option,
            value: Value::Text(text),
            origin: Origin::CommandLine,
        });
    }
    given.into_command()
}

impl Given {
    /// Takes a positional argument: a command, if it is the first, or a folder.
    fn value(&mut self, value: OsString) -> Result<(), lexopt::Error> {
        if self.folder.is_some() {
            return Err(Arg::Value(value).unexpected());
        }
        if self.command.is_some_and(|it| it.name == "wsgi") && !self.has_application() {
            let option = Spec::named("application").ok_or("no such option")?;
            self.setting(Setting {
                option,
                value: Value::Text(value.string()?),
                origin: Origin::CommandLine,
            });
            return Ok(());
        }
        if self.command.is_some() {
            self.folder = Some(value.into());
            return Ok(());
        }
        self.command = CommandSpec::built().find(|command| value == command.name);
        if self.command.is_none() {
            if !Path::new(&value).is_dir() && !Path::new(&value).is_file() {
                return Err(neither(&value).into());
            }
            self.folder = Some(value.into());
        }
        Ok(())
    }

    /// Returns whether an application in Python is named.
    fn has_application(&self) -> bool {
        let mut settings = self.settings.iter();
        settings.any(|setting| setting.option.name == "application")
    }

    /// Takes an option. The last of several values applies, unless the option can be repeated.
    fn setting(&mut self, setting: Setting) {
        if !setting.option.takes.is_repeatable() {
            self.settings.retain(|it| it.option != setting.option);
        }
        self.settings.push(setting);
    }

    fn into_command(self) -> Result<Command, Invalid> {
        let command = self.command.unwrap_or(CommandSpec::usual());
        let (command, scopes) = (command.name, command.scopes);
        if command == "explain" {
            let is_plain =
                self.settings.is_empty() && self.folder.is_none() && self.config.is_none();
            return if is_plain {
                Ok(Command::Explain)
            } else {
                Err(Invalid::Usage("explain takes no arguments".to_string()))
            };
        }
        let is_for_other = |setting: &&Setting| !scopes.contains(&setting.option.scope());
        if let Some(setting) = self.settings.iter().find(is_for_other) {
            let message = format!("{command} does not take --{}", setting.option.name);
            return Err(Invalid::Usage(message));
        }
        let mut options = self.into_options()?;
        #[cfg(unix)]
        if command == "wsgi" {
            // Suffixes are for the application, if it is of that kind, and not for the demo.
            if !options.is_set("dynamic") {
                options.suffixes.clear();
            }
        }
        // Several commands can share one file.
        options
            .settings
            .retain(|it| scopes.contains(&it.option.scope()));
        combinations::check(&options).map_err(Invalid::Usage)?;
        Ok(match command {
            "handle" => Command::Handle(options),
            "routes" => Command::Routes(options),
            #[cfg(unix)]
            "wsgi" => {
                let needs = "wsgi needs an application: bytegate wsgi MODULE:APPLICATION";
                let application = options.wsgi.application.clone();
                Command::Wsgi(
                    application.ok_or(Invalid::Usage(needs.to_string()))?,
                    options,
                )
            }
            _ => Command::Serve(options),
        })
    }

    /// Returns the options of the config file and of the command line, which takes precedence.
    fn into_options(self) -> Result<Options, Invalid> {
        let config = match &self.config {
            Some(path) => read_config(path)?,
            None => Config::default(),
        };
        let mut options = Options::of(self.folder.or(config.folder));
        let is_given = |setting: &Setting| {
            let mut given = self.settings.iter();
            given.any(|it| it.option == setting.option)
        };
        let from_file = config.settings.into_iter().filter(|it| !is_given(it));
        let settings: Vec<Setting> = from_file.chain(self.settings.iter().cloned()).collect();
        for setting in settings {
            if setting.option.scope() == Scope::Folder && options.folder.is_none() {
                let message = format!("{setting}: this option requires a folder");
                return Err(Invalid::Usage(message));
            }
            options.set(setting).map_err(Invalid::Usage)?;
        }
        if options.folder.is_none() && options.suffixes.is_empty() {
            options.suffixes.push(demo::DYNAMIC_SUFFIX.to_string());
        }
        Ok(options)
    }
}

/// Returns the error for an unknown option, with the option that is probably meant.
fn unknown(argument: Arg<'_>) -> Invalid {
    let names = Spec::all().map(|spec| spec.name);
    let meant = match argument {
        Arg::Long(name) => meant::closest(name, names),
        Arg::Short(_) | Arg::Value(_) => None,
    };
    let message = argument.unexpected().to_string();
    Invalid::Usage(match meant {
        Some(meant) => format!("{message}: did you mean --{meant}?"),
        None => message,
    })
}

/// Returns the error for a first argument that is no command, folder or file, with the command that is probably meant.
fn neither(value: &OsStr) -> String {
    let path = Path::new(value);
    match path.metadata() {
        // A socket or a device, for example.
        Ok(_) => return format!("{value:?} is neither a folder nor a file"),
        Err(error) if path.components().count() > 1 => {
            return format!("cannot read {value:?}: {error}");
        }
        Err(_) => {}
    }
    let commands: Vec<&str> = CommandSpec::built().map(|command| command.name).collect();
    let meant = meant::question(&value.to_string_lossy(), commands.iter().copied());
    let commands = commands.join(", ");
    format!("{value:?} is neither a command ({commands}) nor a folder or file{meant}")
}

fn read_config(path: &Path) -> Result<Config, Invalid> {
    let unreadable = |error| Invalid::Unreadable(format!("cannot read {path:?}: {error}"));
    let mut file = File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    let config = config::parse(path, &text).map_err(Invalid::Config)?;
    if config.settings.iter().any(|it| it.option.name == "auth") {
        users::refuse_if_others_can_read(&file, path).map_err(Invalid::Unreadable)?;
    }
    Ok(config)
}

impl From<lexopt::Error> for Invalid {
    fn from(error: lexopt::Error) -> Invalid {
        Invalid::Usage(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn parse_all(arguments: &[&str]) -> Result<Command, String> {
        let arguments = ["bytegate"].iter().chain(arguments).map(OsString::from);
        parse(arguments).map_err(|error| match error {
            Invalid::Usage(message) | Invalid::Config(message) | Invalid::Unreadable(message) => {
                message
            }
        })
    }

    fn serve(arguments: &[&str]) -> Options {
        match parse_all(arguments) {
            Ok(Command::Serve(options)) => options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_demo_is_served_by_default() {
        for arguments in [&[][..], &["serve"]] {
            let options = serve(arguments);
            assert_eq!((options.folder, options.settings.len()), (None, 0));
            assert_eq!(options.suffixes, [".py"]);
        }
    }

    #[test]
    fn the_application_runs_beside_a_folder_only_on_request() {
        assert!(serve(&["serve", "fixtures"]).suffixes.is_empty());
        let options = serve(&["fixtures", "--dynamic", ".py"]);
        assert_eq!(options.suffixes, [".py"]);
    }

    #[test]
    fn a_folder_needs_no_command() {
        for folder in [".", "fixtures/site", "src/"] {
            assert_eq!(serve(&[folder]).folder, Some(folder.into()));
            assert_eq!(serve(&["serve", folder]).folder, Some(folder.into()));
        }
    }

    #[test]
    fn every_option_has_its_effect() {
        let options = serve(&[
            "serve",
            "dir",
            "--bind",
            "::1",
            "-p80",
            "--dynamic",
            ".cgi",
            "--dynamic=/api",
            "--no-access-log",
            "--max-head=64K",
            "--max-body=5",
            "--head-timeout=500ms",
            "--idle-timeout=2m",
            "--stop-timeout=3",
            "--connections=7",
            "--connections-per-address=3",
            "--buffered-bytes=1M",
        ]);
        let mut config = bytegate::config::Config::default();
        config.limits.head_bytes = 65_536;
        config.limits.header_line_bytes = 32_768;
        config.limits.body_bytes = 5;
        config.timeouts.head = Duration::from_millis(500);
        config.timeouts.idle = Duration::from_secs(120);
        assert_eq!(options.folder, Some("dir".into()));
        assert_eq!(options.suffixes, [".cgi", "/api"]);
        assert_eq!(options.config, config);
        assert_eq!(options.bind, "::1".parse().ok());
        assert_eq!(options.port, Some(80));
        assert!(options.no_access_log);
        assert_eq!(options.stop_timeout, Some(Duration::from_secs(3)));
        assert_eq!(options.connections, Some(7));
        assert_eq!(options.connections_per_address, Some(3));
        assert_eq!(options.buffered_bytes, Some(1 << 20));
    }

    #[test]
    fn each_command_is_found() {
        assert!(matches!(parse_all(&["handle"]), Ok(Command::Handle(_))));
        assert!(matches!(parse_all(&["routes"]), Ok(Command::Routes(_))));
        assert!(matches!(parse_all(&["explain"]), Ok(Command::Explain)));
        assert!(matches!(parse_all(&["serve", "-h"]), Ok(Command::Help)));
        assert!(matches!(parse_all(&["-V"]), Ok(Command::Version)));
    }

    #[test]
    fn a_switch_can_be_turned_off() {
        assert!(serve(&["--cors"]).cors);
        assert!(!serve(&["--cors", "--cors=false"]).cors);
        let options = serve(&["src", "--spa=/a.html", "--spa=false"]);
        assert_eq!(options.pages, []);
        assert!(!format!("{:?}", options.site).contains("/a.html"));
    }

    #[test]
    fn invalid_command_lines_are_explained() {
        for (arguments, message) in [
            (
                &["--prot", "80"][..],
                "invalid option '--prot': did you mean --port?",
            ),
            (&["--sap"], "invalid option '--sap': did you mean --spa?"),
            (&["--nonsense"], "invalid option '--nonsense'"),
            (&["--port", "x"], "--port \"x\": not a port from 0 to 65535"),
            (&["--port", "65536"], "not a port from 0 to 65535"),
            (&["--port"], "missing argument"),
            (&["-x"], "invalid option '-x'"),
            (&["--bind", "example.com"], "not an IP address"),
            (&["--host", "dev.test:80"], "not a name without a port"),
            (&["--host", "a b"], "not a name without a port"),
            (&["--host", "*"], "not a name without a port"),
            (&["--dynamic", ""], "a suffix must not be empty"),
            (&["--connections", "0"], "not a number greater than 0"),
            (&["--max-head", "255"], "a head needs at least 256 bytes"),
            (&["--max-head", "4G"], "a head must be smaller than 4G"),
            (&["--max-body", "1T"], "not a size such as"),
            (&["--max-body", "+1"], "not a size such as"),
            (&["--max-body", "K"], "not a size such as"),
            (&["--max-body", "99999999999999G"], "not a size such as"),
            (&["--head-timeout", "0"], "a time must not be zero"),
            (&["--idle-timeout", "1d"], "not a time such as"),
            (&["--stop-timeout", "-1"], "not a time such as"),
            (&["--cors=1"], "--cors \"1\": not true or false"),
            (&["--listing"], "--listing: this option requires a folder"),
            (&[".", "--download", ""], "--download \"\": the pattern"),
            (
                &[".", "--spa=a"],
                "--spa \"a\": \"a\" is not a valid path for a page",
            ),
            (&[".", "--dotfiles", "x"], "not refuse, well-known or serve"),
            (&[".", "--symlinks", "x"], "not refuse, within or follow"),
            (
                &[".", "--symlinks", "fllow"],
                "not refuse, within or follow: did you mean follow?",
            ),
            (&["--cors=ture"], "not true or false: did you mean true?"),
            (
                &["handle", "--idle-timeout", "1"],
                "handle does not take --idle",
            ),
            (&["routes", "--port", "1"], "routes does not take --port"),
            (
                &["routes", "--max-head", "1K"],
                "routes does not take --max-",
            ),
            (
                &["explain", "--max-head", "1K"],
                "explain takes no arguments",
            ),
            (&["explain", "a"], "explain takes no arguments"),
            (&["nonsense"], "\"nonsense\" is neither a command (serve, "),
            (&["sevre"], "nor a folder or file: did you mean serve?"),
            (&["src/nope"], "cannot read \"src/nope\": No such file"),
            (
                &["/dev/null"],
                "\"/dev/null\" is neither a folder nor a file",
            ),
            (&["serve", "a", "b"], "unexpected argument \"b\""),
            (&["src", "b"], "unexpected argument \"b\""),
        ] {
            let error = parse_all(arguments).unwrap_err();
            assert!(error.contains(message), "{arguments:?}: {error}");
        }
    }
}
