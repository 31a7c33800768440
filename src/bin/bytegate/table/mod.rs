//! The table of commands and options. The help, the manual page and the
//! completions are written from it.

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
pub(crate) use spec::{Completes, Spec, Takes};
