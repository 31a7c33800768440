//! What the command line or a config file sets, before it is known which command it belongs to.

use super::folder::FolderOptions;
use super::values::*;
use super::{Command, Content, Serve};
use crate::demo;
use bytegate::Config;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// All given options.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) command: Option<String>,
    pub(super) folder: Option<PathBuf>,
    pub(super) config: Option<PathBuf>,
    pub(super) options: FolderOptions,
    bind: Option<IpAddr>,
    port: Option<u16>,
    suffixes: Vec<String>,
    no_access_log: Option<bool>,
    open: Option<bool>,
    verbose: Option<bool>,
    max_head: Option<u32>,
    max_content: Option<u64>,
    head_timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
    stop_timeout: Option<Duration>,
    connections: Option<usize>,
}

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Nothing,
    Value,
}

/// Returns what an option takes, or `None` if there is no option of that name. Options that take paths are not among
/// them.
pub(super) fn kind(name: &str) -> Option<Kind> {
    match name {
        "no-access-log" | "open" | "verbose" => Some(Kind::Nothing),
        "bind" | "port" | "dynamic" | "max-head" | "max-content" | "head-timeout"
        | "idle-timeout" | "stop-timeout" | "connections" => Some(Kind::Value),
        name => FolderOptions::kind(name),
    }
}

impl Given {
    /// Sets an option. Options that take nothing are set to `true` or `false`.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "bind" => self.bind = Some(parse_bind(value)?),
            "port" => self.port = Some(parse_port(value)?),
            "dynamic" => {
                let suffix = parse_suffix(value)?;
                if !self.suffixes.contains(&suffix) {
                    self.suffixes.push(suffix);
                }
            }
            "no-access-log" => self.no_access_log = Some(parse_switch(value)?),
            "open" => self.open = Some(parse_switch(value)?),
            "verbose" => self.verbose = Some(parse_switch(value)?),
            "max-head" => self.max_head = Some(parse_head(value)?),
            "max-content" => self.max_content = Some(parse_size(value)?),
            "head-timeout" => self.head_timeout = Some(parse_time(value)?),
            "idle-timeout" => self.idle_timeout = Some(parse_time(value)?),
            "stop-timeout" => self.stop_timeout = Some(parse_time(value)?),
            "connections" => self.connections = Some(parse_count(value)?),
            name => self.options.set(name, value)?,
        }
        Ok(())
    }

    /// Returns these options with others that are preferred.
    pub(super) fn overridden_by(self, other: Given) -> Given {
        Given {
            command: other.command,
            folder: other.folder.or(self.folder),
            config: other.config,
            options: self.options.overridden_by(other.options),
            bind: other.bind.or(self.bind),
            port: other.port.or(self.port),
            suffixes: match other.suffixes.is_empty() {
                true => self.suffixes,
                false => other.suffixes,
            },
            no_access_log: other.no_access_log.or(self.no_access_log),
            open: other.open.or(self.open),
            verbose: other.verbose.or(self.verbose),
            max_head: other.max_head.or(self.max_head),
            max_content: other.max_content.or(self.max_content),
            head_timeout: other.head_timeout.or(self.head_timeout),
            idle_timeout: other.idle_timeout.or(self.idle_timeout),
            stop_timeout: other.stop_timeout.or(self.stop_timeout),
            connections: other.connections.or(self.connections),
        }
    }

    pub(super) fn into_command(self) -> Result<Command, lexopt::Error> {
        let for_serve = self.bind.is_some()
            || self.port.is_some()
            || self.no_access_log.is_some()
            || self.open.is_some()
            || self.head_timeout.is_some()
            || self.idle_timeout.is_some()
            || self.stop_timeout.is_some()
            || self.connections.is_some();
        let for_requests = self.max_head.is_some() || self.max_content.is_some();
        let for_folder = self.options.first();
        let for_content = self.folder.is_some() || !self.suffixes.is_empty();
        let command = self.command.as_deref().unwrap_or("serve");
        if let (None, Some(option), "serve" | "handle") = (&self.folder, for_folder, command) {
            return Err(
                format!("--{option} needs a folder, such as: bytegate . --{option}").into(),
            );
        }
        match command {
            "handle" if for_serve => Err(
                "handle takes only a folder, its options, --dynamic, --max-head and --max-content"
                    .into(),
            ),
            "routes" if for_serve || for_requests || for_folder.is_some() => {
                Err("routes takes only a folder and --dynamic".into())
            }
            "explain" if for_serve || for_content || for_requests || for_folder.is_some() => {
                Err("explain takes no arguments".into())
            }
            "handle" => Ok(Command::Handle(self.into_content())),
            "routes" => Ok(Command::Routes(self.into_content())),
            "explain" => Ok(Command::Explain),
            _ => {
                let bind = self.bind.unwrap_or(Ipv4Addr::LOCALHOST.into());
                Ok(Command::Serve(Serve {
                    address: SocketAddr::new(bind, self.port.unwrap_or(7890)),
                    access_log: !self.no_access_log.unwrap_or(false),
                    opens_browser: self.open.unwrap_or(false),
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
            suffixes: match (&self.folder, self.suffixes.is_empty()) {
                (None, true) => vec![demo::DYNAMIC_SUFFIX.to_string()],
                _ => self.suffixes,
            },
            folder: self.folder,
            options: self.options,
            is_verbose: self.verbose.unwrap_or(false),
        }
    }
}
