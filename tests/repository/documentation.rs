//! Each public type and free function has its own example in its documentation. It is a doc-test, so it runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The opening fences of examples that are at least compiled.
const COMPILED: [&str; 3] = ["```", "```no_run", "```should_panic"];

/// The source files of the library. The program has no public API.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true if path.ends_with("src/bin") => {}
            true => found.extend(files(&path)),
            false if path.extension().is_some_and(|suffix| suffix == "rs") => found.push(path),
            false => {}
        }
    }
    found
}

/// The name that a line makes public. The lint `unreachable_pub` ensures that everything `pub` is reachable.
fn public_name(line: &str) -> Option<&str> {
    let declaration = line.trim_start().strip_prefix("pub ")?;
    let mut words = declaration.split(|char: char| !char.is_alphanumeric() && char != '_');
    match words.find(|word| !["async", "const"].contains(word))? {
        "struct" | "enum" | "trait" | "type" => words.next(),
        // Functions that are indented are methods.
        "fn" if line.starts_with("pub ") => words.next(),
        _ => None,
    }
}

/// Whether an item is not part of the documentation. A trait that seals another one is in a separate module.
fn is_hidden(above: &[&str]) -> bool {
    let own = above.iter().rev().map(|line| line.trim());
    let mut own = own.take_while(|line| line.starts_with("///") || line.starts_with("#["));
    let is_sealed = above
        .last()
        .is_some_and(|line| line.trim_end().ends_with("mod sealed {"));
    is_sealed || own.any(|line| line == "#[doc(hidden)]")
}

/// Whether the documentation above an item has an example.
fn has_example(above: &[&str]) -> bool {
    let lines = above.iter().rev().map(|line| line.trim_start());
    // Attributes, which may take several lines, can be between the documentation and the item.
    let own = lines.take_while(|line| {
        line.starts_with("///") || !(line.is_empty() || line.ends_with(['}', ';']))
    });
    let mut fences: Vec<_> = own
        .filter_map(|line| Some(line.strip_prefix("///")?.trim()))
        .filter(|line| line.starts_with("```"))
        .collect();
    fences.reverse();
    // Every other fence begins a block.
    fences
        .iter()
        .step_by(2)
        .any(|fence| COMPILED.contains(fence))
}

/// The types of this crate that a file re-exports.
fn exported_types(text: &str) -> impl Iterator<Item = &str> {
    let exports = text.split("\npub use ").skip(1);
    exports
        .filter_map(|export| Some(export.split_once(';')?.0))
        .filter(|export| !export.starts_with("bytes::"))
        .flat_map(|export| export.split(|char: char| !char.is_alphanumeric()))
        .filter(|name| name.starts_with(char::is_uppercase))
}

#[test]
fn each_public_type_and_function_has_an_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut exported) = (BTreeSet::new(), BTreeSet::new());
    let mut without = Vec::new();
    for path in files(&root.join("src")) {
        let text = fs::read_to_string(&path).expect("a source file");
        exported.extend(exported_types(&text).map(str::to_string));
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let Some(name) = public_name(line) else {
                continue;
            };
            found.insert(name.to_string());
            if is_hidden(&lines[..index]) {
                continue;
            }
            if !has_example(&lines[..index]) {
                let path = path.strip_prefix(root).expect("a path below the root");
                without.push(format!("{}:{}: {name}", path.display(), index + 1));
            }
        }
    }
    assert!(
        without.is_empty(),
        "no example of its own:\n{}",
        without.join("\n")
    );

    // Otherwise, a declaration could have been overlooked.
    assert!(exported.len() > 100, "only {} types found", exported.len());
    let overlooked: Vec<_> = exported.difference(&found).collect();
    assert!(overlooked.is_empty(), "no declaration of {overlooked:?}");
}

/// The names in the crate root apart from its modules.
fn root_names(text: &str) -> Vec<String> {
    let exports = text.split("\npub use ").skip(1);
    let exports = exports.filter_map(|export| Some(export.split_once(';')?.0));
    let names = exports.flat_map(|export| {
        let (path, names) = export.split_once("::{").unwrap_or((export, ""));
        let last = path.rsplit("::").next().filter(|_| names.is_empty());
        let names = names.trim_end_matches('}').split(',').chain(last);
        names.map(|name| name.trim().to_string())
    });
    names.filter(|name| !name.is_empty()).collect()
}

#[test]
fn the_root_has_few_names() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
    let names = root_names(&fs::read_to_string(root).expect("the root"));
    assert!(names.len() > 10, "only {names:?} found");
    assert!(names.len() <= 20, "{} names: {names:?}", names.len());
    let unique: BTreeSet<_> = names.iter().collect();
    assert_eq!(unique.len(), names.len(), "{names:?}");
}

#[test]
fn each_public_module_states_its_purpose_and_begins_with_an_example() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let root = fs::read_to_string(source.join("lib.rs")).expect("the root");
    let modules = root
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod "));
    let modules: Vec<_> = modules.map(|name| name.trim_end_matches(';')).collect();
    assert!(modules.len() > 15, "only {modules:?} found");
    for name in modules.into_iter().filter(|name| *name != "manual") {
        let text = fs::read_to_string(source.join(name).join("mod.rs")).expect("a module");
        let page: Vec<_> = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        let example = page
            .iter()
            .position(|line| COMPILED.contains(&line[3..].trim()));
        let purpose = page.first().map_or(0, |line| line.len());
        assert!(purpose > 20, "{name} does not say who needs it");
        assert!(
            example.is_some_and(|at| at < 15),
            "{name} does not begin with an example"
        );
    }
}

/// Phrases that read as translated, and what to write instead.
const PHRASES: [(&str, &str); 7] = [
    ("that of", "repeat the noun"),
    ("those of", "repeat the noun"),
    ("of its own", "own, separate"),
    ("of their own", "own, separate"),
    ("is there", "has arrived, is ready, exists"),
    ("whoever", "name who it is"),
    ("in vain", "say what fails"),
];

/// The text that people read: comments of the library and of examples, and pages.
fn prose(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a file");
    if path.extension().is_some_and(|suffix| suffix == "rs") {
        let comments = text.lines().map(str::trim_start);
        let comments = comments.filter(|line| line.starts_with("//"));
        comments.collect::<Vec<_>>().join("\n")
    } else {
        text
    }
}

#[test]
fn the_prose_uses_plain_phrases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = files(&root.join("src"));
    paths.extend(files(&root.join("examples")));
    paths.extend(["README.md", "CONTRIBUTING.md"].map(|name| root.join(name)));
    paths.extend(
        [
            "guide",
            "operations",
            "security",
            "performance",
            "troubleshooting",
        ]
        .map(|name| root.join(format!("src/manual/{name}.md"))),
    );
    let mut found = Vec::new();
    for path in &paths {
        for (number, line) in prose(path).lines().enumerate() {
            // The list of words in CONTRIBUTING quotes them.
            let line = line.split('|').next().unwrap_or_default();
            let words = format!(" {line} ");
            for (phrase, instead) in PHRASES {
                if words.contains(&format!(" {phrase} ")) {
                    found.push(format!(
                        "{} ({}): {phrase:?}: {instead}",
                        path.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(paths.len() > 150, "only {} files found", paths.len());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn an_owned_request_has_every_method_of_a_request() {
    // A builder starts a request, and an owned request is owned already.
    let mut missing = methods_of("Request", "    pub fn ");
    missing.retain(|name| name != "builder" && name != "into_owned");
    assert!(missing.len() > 30, "{missing:?}");
    let mut owned = methods_of("OwnedRequest", "    pub fn ");
    owned.extend(methods_of("forward!", "    fn "));
    missing.retain(|name| !owned.contains(name));
    assert!(missing.is_empty(), "not on OwnedRequest: {missing:?}");
}

/// Returns the names after `start` in the blocks of `src/request` that begin with `impl` and the type, or with the macro.
fn methods_of(of: &str, start: &str) -> Vec<String> {
    let is_start = |line: &str| {
        let line = line.replace("<'a>", "").replace("<'_>", "");
        line == format!("impl {of} {{") || line == format!("{of} {{")
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir("src/request").unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut is_inside = false;
        for line in text.lines() {
            is_inside = match line {
                "}" => false,
                line => is_inside || is_start(line),
            };
            let name = line.strip_prefix(start).filter(|_| is_inside);
            let name = name.and_then(|rest| rest.split(['<', '(', '[']).next());
            names.extend(name.map(|name| name.trim().to_string()));
        }
    }
    names
}
