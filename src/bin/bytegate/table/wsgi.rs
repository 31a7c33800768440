//! Options of an application in Python.

use super::spec::{Completes, Spec, number, switch, text, texts};

pub(super) const OPTIONS: &[Spec] = &[
    number("workers", "N", "Run this many Python processes")
        .at_start()
        .default("1"),
    number("threads", "N", "Run this many threads in each process")
        .at_start()
        .default("1"),
    text("python", "PATH", "Use this interpreter, 3.9 or newer")
        .at_start()
        .default("from the active virtual environment, from .venv, or python3")
        .completes(Completes::Programs),
    switch(
        "reload",
        "Load the application again when its source changes, as a SIGHUP always does",
    )
    .at_start(),
    texts(
        "static",
        "PATH=DIR",
        "Serve the files in DIR below PATH; may be given several times",
    ),
    number(
        "timeout",
        "TIME",
        "If the application is silent for longer, send 504 and replace the process",
    )
    .at_start()
    .default("30s"),
    number(
        "max-requests",
        "N",
        "Replace each process after about this many requests",
    )
    .at_start(),
    number(
        "max-memory",
        "SIZE",
        "Replace a process that uses more memory (Linux only)",
    )
    .at_start(),
    switch(
        "lenient",
        "Let the application return text instead of bytes",
    )
    .at_start(),
    text(
        "application",
        "NAME",
        "The application, MODULE:APPLICATION; mainly for the config file",
    )
    .at_start(),
];
