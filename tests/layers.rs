//! A file imports only from its own layer and from earlier ones in the list.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const LAYERS: [&str; 22] = [
    "values",
    "config",
    "syntax",
    "headers",
    "message",
    "files",
    "body",
    "response",
    "request",
    "events",
    "upload",
    "connection",
    "application",
    "middleware",
    "site",
    "routing",
    "wsgi",
    "gateway",
    "blocking",
    "bridge",
    "net",
    "testing",
];

/// The layers in which only the files below may use the standard library.
fn core_layers() -> impl Iterator<Item = &'static str> {
    let layers = LAYERS.iter().copied();
    layers.filter(|name| !matches!(*name, "files" | "blocking" | "bridge" | "net"))
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
                assert!(
                    !import.starts_with(char::is_uppercase),
                    "{}:{number}: name the file that has it, not the root: {line}",
                    path.display(),
                );
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

/// A request of the test client sends itself, and a connection reads the client's clock. Users hold one and need the
/// other.
const KNOWN_CIRCLE: [(&str, &str); 2] = [
    ("testing/request", "testing/client"),
    ("testing/wire", "testing/client"),
];

/// The name of a module: `message/body`, or `message` for the file of a folder itself.
fn module(path: &Path) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let name = path.strip_prefix(source).expect("a source file");
    let name = name.with_extension("");
    match name.ends_with("mod") {
        true => name.parent().expect("a folder").display().to_string(),
        false => name.display().to_string(),
    }
}

/// The modules of this crate that a file imports from. Re-exports do not count.
fn imports(path: &Path, modules: &BTreeSet<String>) -> BTreeSet<String> {
    let own = module(path);
    let is_folder = path.ends_with("mod.rs");
    let text = fs::read_to_string(path).expect("a source file");
    let text = text.split("#[cfg(test)]\nmod tests").next().expect("code");
    let uses = text.split("\nuse ").skip(1);
    let uses = uses.filter_map(|import| import.split(';').next());
    let mut found = BTreeSet::new();
    for import in
        uses.filter(|import| import.starts_with("super::") || import.starts_with("crate::"))
    {
        let (path, names) = import.split_once("::{").unwrap_or((import, ""));
        for name in names.trim_end_matches('}').split(',') {
            let mut at: Vec<&str> = own.split('/').collect();
            at.truncate(at.len() - usize::from(!is_folder));
            let steps = path.split("::").chain([name.trim()]);
            for (index, step) in steps.enumerate() {
                match step {
                    "crate" => at.clear(),
                    // The first one is the folder of the file.
                    "super" if index == 0 && !is_folder => {}
                    "super" => at.truncate(at.len() - 1),
                    step => at.push(step),
                }
            }
            // The rest of the path names an item.
            while !at.is_empty() && !modules.contains(&at.join("/")) {
                at.pop();
            }
            found.insert(at.join("/"));
        }
    }
    found.remove(&own);
    found.remove("");
    found
}

#[test]
fn imports_have_no_cycles() {
    let paths: Vec<PathBuf> = LAYERS.iter().flat_map(|name| layer(name)).collect();
    let modules: BTreeSet<String> = paths.iter().map(|path| module(path)).collect();
    let mut left: BTreeMap<String, BTreeSet<String>> = paths
        .iter()
        .map(|path| (module(path), imports(path, &modules)))
        .collect();
    for (from, to) in KNOWN_CIRCLE {
        let imports = left.get_mut(from).expect("a module");
        assert!(imports.remove(to), "{from} no longer imports {to}");
    }
    let count: usize = left.values().map(BTreeSet::len).sum();
    assert!(count > 400, "only {count} imports found");

    // A module that imports none of the others is in no circle.
    while let Some(free) = left.iter().find(|(_, imports)| imports.is_empty()) {
        let free = free.0.clone();
        left.remove(&free);
        left.values_mut().for_each(|imports| {
            imports.remove(&free);
        });
    }
    assert!(left.is_empty(), "a circle is among these: {left:#?}");
}

/// Files that need the standard library and are compiled only with the `std` feature, or with one that includes it.
const WITH_STD: [&str; 26] = [
    "middleware/compression.rs",
    "middleware/rate_limit.rs",
    "middleware/server_timing.rs",
    "site/named_file.rs",
    "site/files.rs",
    "site/folder/error.rs",
    "site/from_folder.rs",
    "site/listing_cache.rs",
    "site/folder/live.rs",
    "site/folder/load.rs",
    "site/folder/names.rs",
    "site/folder/root.rs",
    "site/folder/spellings.rs",
    "site/folder/tree.rs",
    "gateway/chain.rs",
    "gateway/clock.rs",
    "gateway/this_thread.rs",
    "events/broadcast.rs",
    "body/channel.rs",
    "events/event_sender.rs",
    "body/reader.rs",
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

/// Calls that make a thread wait, in code that is not async.
const WAITS: [&str; 8] = [
    "thread::sleep",
    "park(",
    "park_timeout(",
    "block_on(",
    ".wait(",
    "wait_timeout(",
    "recv_timeout(",
    ".recv()",
];

/// Files that may wait, or begin to serve by waiting, with the reason.
const MAY_WAIT: [(&str, &str); 11] = [
    (
        "src/gateway/clock.rs",
        "its caller serves one connection on a thread",
    ),
    (
        "src/gateway/this_thread.rs",
        "`handle` and blocking streams have a thread for themselves",
    ),
    (
        "src/blocking",
        "each blocking stream has a thread for itself",
    ),
    (
        "src/gateway/handle.rs",
        "its documentation says that it waits for deferred responses",
    ),
    (
        "src/body/channel.rs",
        "the blocking sender is for threads of applications",
    ),
    (
        "src/net/running.rs",
        "the thread that it starts runs the server",
    ),
    (
        "src/net/accept.rs",
        "the threads that it starts run all connections",
    ),
    ("src/net/run.rs", "its caller's thread runs the server"),
    (
        "src/net/signals.rs",
        "the thread that it starts waits for the second signal",
    ),
    ("src/testing", "tests wait for the server"),
    (
        "src/bin/bytegate",
        "its main thread runs the server; others wait for browsers",
    ),
];

/// A thread that serves a connection serves many others, which would wait too.
#[test]
fn nothing_that_serves_a_connection_waits() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = BTreeSet::new();
    for path in files(&root.join("src")) {
        let text = fs::read_to_string(&path).expect("a source file");
        let text = text.split("#[cfg(test)]\nmod tests").next().expect("code");
        let name = path.strip_prefix(root).expect("a source file");
        for (number, line) in text.lines().enumerate() {
            let is_code = !line.trim_start().starts_with("//") && !line.contains("fn ");
            let waits = WAITS.iter().any(|wait| line.contains(wait)) && !line.contains(".await");
            if !is_code || !waits {
                continue;
            }
            let allowed = MAY_WAIT.iter().find(|(file, _)| name.starts_with(file));
            let place = format!("{}:{}", name.display(), number + 1);
            let (file, _) = allowed.unwrap_or_else(|| panic!("{place} waits: {line}"));
            used.insert(*file);
        }
    }
    assert_eq!(used.len(), MAY_WAIT.len(), "only these wait: {used:?}");
}
