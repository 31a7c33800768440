//! The table of commands and options. The help is written from it.

mod commands;
mod content;
mod folder;
mod groups;
mod notes;
mod program;
mod server;
mod spec;
mod wsgi;

pub(crate) use commands::CommandSpec;
pub(crate) use groups::{GROUPS, Scope};
pub(crate) use notes::{NOTES, Part};
#[cfg(test)]
pub(crate) use spec::Completes;
pub(crate) use spec::{Spec, Takes};
