//! Lines of the log name an option as each of their readers knows it.

use crate::layers::files;
use std::fs;
use std::path::Path;

#[test]
fn each_notice_names_an_option_of_the_program_and_of_the_library() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |path: &Path| fs::read_to_string(path).expect("a source file");
    let table = read(&source.join("bin/bytegate/table/server.rs"));
    let options = read(&source.join("net/options.rs"));
    let mut named = Vec::new();
    for path in files(&source.join("net")) {
        let text = read(&path);
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            let Some((_, rest)) = line.split_once("see ") else {
                continue;
            };
            let place = path.display();
            let names = rest.split_once(')').map(|(names, _)| names);
            let names = names.and_then(|it| it.strip_prefix("--")?.split_once(", or Options::"));
            let (flag, field) = names.unwrap_or_else(|| panic!("{place} names no option: {line}"));
            assert!(table.contains(&format!("\"{flag}\"")), "{place}: {flag}");
            assert!(
                options.contains(&format!("    pub {field}: ")),
                "{place}: {field}"
            );
            named.push(field.to_string());
        }
    }
    named.sort_unstable();
    named.dedup();
    let all = [
        "buffered_bytes",
        "connections_per_address",
        "max_connections",
        "proxy_protocol",
    ];
    assert_eq!(named, all);
}
