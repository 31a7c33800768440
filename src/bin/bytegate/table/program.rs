//! Options that a config file cannot have.

use super::spec::{Completes, Spec, switch, text};

pub(super) const OPTIONS: &[Spec] = &[
    text("config", "FILE", "Read options from a TOML file").completes(Completes::Files),
    switch("man", "Print the manual page: bytegate --man | man -l -"),
    text(
        "completions",
        "SHELL",
        "Print completions for a shell: bash, zsh or fish",
    )
    .completes(Completes::Words(&["bash", "zsh", "fish"])),
    switch("help", "Print this help").short('h'),
    switch("version", "Print the version").short('V'),
];
