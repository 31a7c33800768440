//! Options of a folder.

use super::spec::{Completes, Spec, Takes, number, row, switch, text, texts};

pub(super) const OPTIONS: &[Spec] = &[
    switch(
        "listing",
        "List the files of directories that have no index",
    )
    .default("with serve, if only this machine can connect, and without --spa and '--host any'"),
    switch("no-listing", "Send 404 for directories that have no index"),
    texts(
        "index",
        "NAME",
        "Serve this file for its directory; may be given several times: the first that exists is \
         served",
    )
    .default("index.html"),
    switch(
        "pretty-urls",
        "Serve about.html for /about, if no file about exists",
    ),
    row(
        "spa",
        Takes::SwitchOrText,
        "PAGE",
        "Send PAGE for paths that do not exist, so that an application in the browser can \
         interpret them [PAGE: /index.html]",
    ),
    text("not-found", "PAGE", "Send PAGE with 404").default("/404.html, if it exists"),
    row(
        "error-page",
        Takes::Rules(&["status", "page"]),
        "RULE",
        "Set the page for errors about paths and files: 'STATUS PAGE'",
    ),
    row(
        "redirect",
        Takes::Rules(&["pattern", "target", "status"]),
        "RULE",
        "Redirect paths: 'PATTERN TARGET' or 'PATTERN TARGET STATUS' [STATUS: 302]",
    ),
    row(
        "rewrite",
        Takes::Rules(&["pattern", "target"]),
        "RULE",
        "Serve another file for matching paths: 'PATTERN TARGET'",
    ),
    row(
        "cache",
        Takes::Rules(&["pattern", "value"]),
        "RULE",
        "Set Cache-Control: 'VALUE' for all files, or 'PATTERN VALUE'",
    )
    .default("no-cache, or nothing with --memory"),
    row(
        "header",
        Takes::Rules(&["pattern", "name", "value"]),
        "RULE",
        "Set a response header for files: 'NAME: VALUE' for all, or 'PATTERN NAME: VALUE'",
    ),
    texts(
        "download",
        "PATTERN",
        "Make browsers save these files instead of showing them",
    ),
    row(
        "type",
        Takes::Rules(&["suffix", "type"]),
        "SUFFIX=TYPE",
        "Set the media type of a suffix: glsl=text/plain",
    ),
    switch(
        "no-charset",
        "Do not declare text to be UTF-8, for pages that declare another charset themselves",
    ),
    switch(
        "precompressed",
        "Send FILE.br, FILE.zst or FILE.gz in place of FILE to clients that accept it",
    ),
    switch(
        "compress",
        "Compress text files of 1K to 4M with gzip, once after each change, for clients that \
         accept it; with --memory, also larger files",
    )
    .feature("compression", cfg!(feature = "compression")),
    text(
        "encoded-names",
        "HOW",
        "How to serve FILE.br, FILE.zst and FILE.gz when they are requested by that name: as \
         compressed files, or as their content, which games exported for the web need: files or \
         content",
    )
    .default("files")
    .completes(Completes::Words(&["files", "content"])),
    text(
        "dotfiles",
        "POLICY",
        "Names that begin with a dot: refuse, well-known or serve",
    )
    .default("well-known")
    .completes(Completes::Words(&["refuse", "well-known", "serve"])),
    text(
        "symlinks",
        "POLICY",
        "Symbolic links: refuse, within or follow. 'within' follows those that stay in DIR",
    )
    .default("within")
    .completes(Completes::Words(&["refuse", "within", "follow"])),
    number(
        "file-cache",
        "SIZE",
        "Keep at most this much of DIR in memory",
    )
    .default("64M"),
    switch(
        "memory",
        "Read DIR into memory at the start, and ignore later changes",
    ),
];
