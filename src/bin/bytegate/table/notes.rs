//! Text about all options.

/// A part of a section.
#[derive(Debug)]
pub(crate) enum Part {
    /// A paragraph.
    Text(&'static str),
    /// Lines that are printed as they are.
    Lines(&'static str),
    /// Terms and their meanings.
    Terms(&'static [(&'static str, &'static str)]),
    /// The parts of the rules that can be tables in a config file.
    Rules,
}

/// The titles of the sections that follow the options, and their parts.
pub(crate) const NOTES: &[(&str, &[Part])] = &[
    (
        "Values",
        &[
            Part::Text(
                "PATTERN is the path of a file, in which * stands for any characters but / and ** \
                 for any characters. A pattern that does not begin with / matches in every folder: \
                 *.pdf. In --cache and --header, a pattern must begin with / or *. In TARGET, $1 \
                 to $9 stand for the text that the stars matched: '/blog/* /posts/$1 301'. RULE \
                 options, --download and --type may be given several times.",
            ),
            Part::Text(
                "SIZE is a number of bytes, or of K, M or G (1024 bytes, and so on): 16384, 64K, \
                 1M.",
            ),
            Part::Text("TIME is a number of seconds, or has a unit: 10, 500ms, 10s, 2m, 1h."),
        ],
    ),
    (
        "Config file",
        &[
            Part::Text(
                "The config file is TOML; its keys are the long option names. Options that take no \
                 value are true or false, several values are a list, and a rule may be a table of \
                 its parts. The key for DIR is folder. This folder, and the files \
                 that options name, are relative to the config file:",
            ),
            Part::Lines(
                "folder = \"public\"
port = 8080
listing = true
index = [\"index.html\", \"index.htm\"]
cache = [\"no-cache\", \"/assets/** max-age=31536000, immutable\"]

[[redirect]]
pattern = \"/blog/*\"
target = \"/posts/$1\"
status = 301
",
            ),
            Part::Rules,
            Part::Text(
                "An option on the command line replaces all values that the config file has for \
                 it: --listing=false turns off a listing that the file turns on.",
            ),
        ],
    ),
    (
        "Environment",
        &[Part::Terms(&[
            ("BYTEGATE_AUTH", "users and passwords, as in --auth-file"),
            (
                "NO_COLOR",
                "if it is not empty, the access log has no colors",
            ),
            (
                "XDG_STATE_HOME",
                "the folder for the certificate of --tls [default: ~/.local/state]",
            ),
        ])],
    ),
    (
        "Signals",
        &[Part::Terms(&[
            (
                "SIGHUP",
                "read the config file, the folder, the users, the certificates and the revocation \
                 lists again; if anything is wrong, nothing changes",
            ),
            (
                "SIGUSR1",
                "open the file of --log-file again, after it was moved",
            ),
            (
                "SIGUSR2",
                "start the program again, possibly a new version, and hand the sockets over to it; \
                 then complete the requests in progress, and end",
            ),
            (
                "SIGINT, SIGTERM",
                "complete the requests in progress, and end; a second one ends the program at once",
            ),
        ])],
    ),
    (
        "Exit status",
        &[Part::Terms(&[
            ("0", "done"),
            ("1", "a file, stream or address could not be used"),
            ("2", "the command line or the config file is invalid"),
            ("3", "explain: the input breaks a rule"),
        ])],
    ),
];
