//! A file imports only from its own layer and from earlier ones in the list.

use std::fs;
use std::path::{Path, PathBuf};

const LAYERS: [&str; 9] = [
    "values",
    "syntax",
    "message",
    "connection",
    "application",
    "gateway",
    "bridge",
    "net",
    "testing",
];

/// The layers in which only the files below may use the standard library.
fn core_layers() -> impl Iterator<Item = &'static str> {
    let layers = LAYERS.iter().copied();
    layers.filter(|name| !matches!(*name, "bridge" | "net"))
}

/// All source files of a layer, including those in subfolders. Tables and styles are not source.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a layer is a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false if path.extension().is_some_and(|suffix| suffix == "rs") => found.push(path),
            false => {}
        }
    }
    found
}

fn layer(name: &str) -> Vec<PathBuf> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name))
}

/// The lines of a file that are neither comments nor documentation.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).expect("a source file");
    let lines = text.lines().enumerate();
    let code = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.map(|(number, line)| (number + 1, line.to_string()))
        .collect()
}

#[test]
fn no_layer_imports_from_a_later_one() {
    let mut imports = 0;
    for (place, name) in LAYERS.iter().enumerate() {
        for path in layer(name) {
            for (number, line) in code(&path) {
                let Some((_, import)) = line.split_once("crate::") else {
                    continue;
                };
                let from = LAYERS
                    .iter()
                    .position(|layer| import.starts_with(&format!("{layer}::")));
                let Some(from) = from else { continue };
                imports += 1;
                assert!(
                    from <= place,
                    "{}:{number}: {name} imports from a later layer: {line}",
                    path.display(),
                );
            }
        }
    }
    assert!(imports > 50, "only {imports} imports found");
}

/// Files that need the standard library and are compiled only with the `std` feature, or with one that includes it.
const WITH_STD: [&str; 24] = [
    "application/middleware/compression.rs",
    "application/middleware/rate_limit.rs",
    "application/middleware/server_timing.rs",
    "application/site/files.rs",
    "site/folder/error.rs",
    "site/folder/live.rs",
    "site/folder/load.rs",
    "site/folder/mod.rs",
    "site/folder/names.rs",
    "site/folder/root.rs",
    "gateway/blocking.rs",
    "gateway/chain.rs",
    "gateway/handle.rs",
    "message/broadcast.rs",
    "message/channel.rs",
    "message/event_sender.rs",
    "message/reader.rs",
    "message/stored_file.rs",
    "testing/faults.rs",
    "testing/faulty_server.rs",
    "testing/pipe.rs",
    "testing/server.rs",
    "testing/strategy.rs",
    "testing/stream_client.rs",
];

#[test]
fn the_core_uses_no_clock_socket_thread_or_file() {
    for name in core_layers() {
        for path in layer(name) {
            let may_use_std = WITH_STD.iter().any(|file| path.ends_with(file));
            let uses_std = code(&path).iter().any(|(_, line)| line.contains("std::"));
            assert!(may_use_std || !uses_std, "{} uses std", path.display());
        }
    }
}

/// A file covers one topic and is short enough to read in one go.
#[test]
fn no_file_is_too_long() {
    for name in LAYERS {
        for path in layer(name) {
            let text = fs::read_to_string(&path).expect("a source file");
            let without_tests = text.split("#[cfg(test)]\nmod tests").next();
            let lines = without_tests.unwrap_or_default().lines().count();
            assert!(lines <= 500, "{} has {lines} lines", path.display());
        }
    }
}
