//! Notices to the administrator about events that happen again and again.

use super::options::Options;
use crate::blocking::notice;
use std::prelude::rust_2024::*;

/// A notice that is given in the log at most once a minute. If it names an option, it does so for users of the program and for
/// users of the library: `(see --connections, or Options::max_connections)`.
#[derive(Default)]
pub(super) struct Notice(notice::Notice);

/// The notices about connections without a PROXY header.
#[derive(Default)]
pub(super) struct WithoutHeader {
    pub(super) not_trusted: Notice,
    pub(super) invalid: Notice,
}

impl Notice {
    pub(super) fn give(&self, options: &Options, message: impl FnOnce() -> String) {
        self.0.give(|line| options.report(line), message);
    }
}
