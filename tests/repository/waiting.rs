//! No code that serves a connection makes its thread wait.

use crate::layers::files;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

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
const MAY_WAIT: [(&str, &str); 13] = [
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
        "src/net/threads.rs",
        "the threads that it starts run all connections",
    ),
    ("src/net/run.rs", "its caller's thread runs the server"),
    (
        "src/net/signals.rs",
        "the thread that it starts waits for the second signal",
    ),
    (
        "src/net/takeover.rs",
        "its caller has a thread for the new process",
    ),
    (
        "src/python",
        "its threads watch processes and receive long responses, and the start waits for the import",
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
