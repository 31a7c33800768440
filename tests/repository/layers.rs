//! The layers and rooms of the source: each file imports only downwards, in no circle, and only rooms that say so reach
//! anything outside of the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// From the lowest to the highest. A file imports from its own layer and from lower ones.
const LAYERS: [&str; 24] = [
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
    "tls",
    "blocking",
    "bridge",
    "net",
    "python",
    "testing",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All source files of a folder, including those in subfolders. Tables and styles are not source, and neither is what Cargo
/// writes.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a layer is a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true if path.ends_with("target") => {}
            true => found.extend(files(&path)),
            false if path.extension().is_some_and(|suffix| suffix == "rs") => found.push(path),
            false => {}
        }
    }
    found
}

/// A path as it is written: `super::body::Body`, as segments.
type Segments = Vec<String>;

/// A file of the crate, without comments and unit tests.
struct Module {
    is_folder: bool,
    lines: Vec<String>,
    /// The paths in its `use` items and in its code.
    used: BTreeSet<Segments>,
    /// The names of its `pub use` items, and the paths that they stand for.
    exported: Vec<(String, Segments)>,
}

impl Module {
    fn read(path: &Path) -> Module {
        let text = fs::read_to_string(path).expect("a source file");
        let text = text.split("mod tests {").next().expect("code");
        let is_code = |line: &&str| {
            let line = line.trim_start();
            let is_declaration = line.ends_with(';') && line.split(' ').rev().nth(1) == Some("mod");
            !line.starts_with("//") && !is_declaration
        };
        let lines: Vec<String> = text.lines().filter(is_code).map(String::from).collect();
        let code = lines.join("\n");
        let (mut used, mut exported) = (BTreeSet::new(), Vec::new());
        let mut rest = String::new();
        for item in code.split_inclusive(';') {
            // A `use` item begins a line.
            let mut places = item.match_indices("use ").map(|(at, _)| at);
            let start = places.find(|at| {
                let before = item[..*at].rsplit('\n').next().unwrap_or_default().trim();
                before.is_empty() || before.starts_with("pub")
            });
            let Some(start) = start else {
                rest.push_str(item);
                continue;
            };
            let before = &item[..start];
            rest.push_str(before.rsplit_once('\n').map_or("", |(code, _)| code));
            let is_export = before
                .rsplit('\n')
                .next()
                .is_some_and(|it| it.contains("pub"));
            let mut paths = Vec::new();
            expand(&item[start + "use ".len()..item.len() - 1], &[], &mut paths);
            for path in paths {
                if is_export {
                    exported.push((path.last().expect("a name").clone(), path))
                } else {
                    used.insert(path);
                }
            }
        }
        let is_of_path = |it: char| it.is_alphanumeric() || it == '_' || it == ':';
        let words = rest.split(|it| !is_of_path(it));
        let is_exported = |word: &str| exported.iter().any(|(name, _)| name == word);
        let paths =
            words.filter(|word| is_exported(word) || word.contains("::") && !word.starts_with(':'));
        used.extend(paths.map(|path| path.split("::").map(String::from).collect::<Segments>()));
        Module {
            is_folder: path.ends_with("mod.rs"),
            lines,
            used,
            exported,
        }
    }
}

/// Expands `a::{b, c::{d, e}}` to its paths. A new name (`as`) is dropped.
fn expand(tree: &str, before: &[String], found: &mut Vec<Segments>) {
    let tree = tree.trim();
    let (path, names) = match tree.split_once('{') {
        Some((path, names)) => (path, names.trim_end().strip_suffix('}')),
        None => (tree, None),
    };
    let path = path.split(" as ").next().unwrap_or_default();
    let steps = path.split("::").map(|step| step.trim().to_string());
    let path: Segments = before
        .iter()
        .cloned()
        .chain(steps.filter(|step| !step.is_empty()))
        .collect();
    let Some(names) = names else {
        // `a::{self, b}` names `a` itself.
        let is_self = path.len() > 1 && path.last().is_some_and(|last| last == "self");
        found.push(path[..path.len() - usize::from(is_self)].to_vec());
        return;
    };
    let (mut depth, mut start) = (0, 0);
    for (at, character) in names.char_indices().chain([(names.len(), ',')]) {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !names[start..at].trim().is_empty() {
                    expand(&names[start..at], &path, found);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// All files of the layers, by their name: `message/head`, or `message` for the `mod.rs` of a folder.
struct Crate(BTreeMap<String, Module>);

impl Crate {
    fn read() -> Crate {
        let source = source();
        let paths = LAYERS.iter().flat_map(|layer| files(&source.join(layer)));
        let modules = paths.chain([source.join("lib.rs")]).map(|path| {
            let name = path.strip_prefix(&source).expect("a source file");
            let name = match name.file_name().and_then(|name| name.to_str()) {
                Some("lib.rs") => String::new(),
                Some("mod.rs") => name.parent().expect("a folder").display().to_string(),
                _ => name.with_extension("").display().to_string(),
            };
            (name, Module::read(&path))
        });
        Crate(modules.collect())
    }

    /// Returns the modules of a layer.
    fn layer<'a>(&'a self, layer: &'a str) -> impl Iterator<Item = (&'a str, &'a Module)> {
        let modules = self.0.iter().map(|(name, module)| (&**name, module));
        modules.filter(move |(name, _)| name.split('/').next() == Some(layer))
    }

    /// Returns the module that has the item at a path written in `from`, through all re-exports. Returns `None` for an
    /// item of another crate.
    fn find(&self, from: &str, path: &[String]) -> Option<String> {
        let (first, mut rest) = path.split_first()?;
        let parent = |name: &str| {
            name.rsplit_once('/')
                .map_or("", |(parent, _)| parent)
                .to_string()
        };
        let mut at = match &**first {
            "crate" => String::new(),
            "self" => from.to_string(),
            "super" => parent(from),
            name => {
                let child = [from, "/", name].concat();
                let module = &self.0[from];
                if !module.is_folder || !self.0.contains_key(&child) {
                    let mut exported = module.exported.iter();
                    let (_, path) = exported.find(|(exported, _)| exported == name)?;
                    // A name of another crate may be the name of a module, too.
                    return (path != &[name]).then(|| self.module_of(from, path))?;
                }
                child
            }
        };
        while let Some((step, more)) = rest.split_first() {
            let inner = match &*at {
                "" => step.clone(),
                at => [at, "/", step].concat(),
            };
            if step == "super" {
                at = parent(&at);
            } else if self.0.contains_key(&inner) {
                at = inner;
            } else {
                let exported = self.0.get(&at).map(|it| it.exported.iter());
                let mut exported = exported.into_iter().flatten();
                let (_, path) = exported.find(|(name, _)| name == step)?;
                return self.module_of(&at, path).or(Some(at));
            }
            rest = more;
        }
        Some(at)
    }

    /// Like [`find`](Crate::find), but an item that is not re-exported is in the last module of its path.
    fn module_of(&self, from: &str, path: &[String]) -> Option<String> {
        (1..=path.len())
            .rev()
            .find_map(|length| self.find(from, &path[..length]))
    }

    /// Returns the other modules that a module uses, apart from its re-exports.
    fn uses(&self, name: &str) -> BTreeSet<String> {
        let paths = self.0[name].used.iter();
        let found = paths.filter_map(|path| self.module_of(name, path));
        found.filter(|it| it != name).collect()
    }
}

#[test]
fn no_layer_imports_from_a_later_one() {
    let all = Crate::read();
    let place = |name: &str| {
        LAYERS
            .iter()
            .position(|it| name.split('/').next() == Some(it))
    };
    let mut imports = 0;
    for layer in LAYERS {
        for (name, module) in all.layer(layer) {
            let exported = module.exported.iter().map(|(_, path)| path);
            for path in module.used.iter().chain(exported) {
                let text = path.join("::");
                let Some(target) = all.module_of(name, path) else {
                    continue;
                };
                if path[0] == "crate" {
                    imports += 1;
                    let first = &path[1];
                    assert!(
                        all.0.contains_key(first),
                        "{name}: name the file that has {text}, not the root of the crate"
                    );
                }
                assert!(
                    place(&target) <= place(name),
                    "{name} imports {text} from a later layer: {target}"
                );
            }
        }
    }
    assert!(imports > 400, "only {imports} imports found");
}

/// Two files that use each other, with the reason.
const KNOWN_CIRCLES: [(&str, &str, &str); 2] = [
    (
        "testing/request",
        "testing/client",
        "a request of the test client sends itself",
    ),
    (
        "testing/wire",
        "testing/client",
        "a connection of the test client reads its clock",
    ),
];

#[test]
fn imports_have_no_cycles() {
    let all = Crate::read();
    let names = all.0.keys().filter(|name| !name.is_empty());
    let mut left: BTreeMap<String, BTreeSet<String>> =
        names.map(|name| (name.clone(), all.uses(name))).collect();
    for (from, to, _) in KNOWN_CIRCLES {
        let uses = left.get_mut(from).expect("a module");
        assert!(uses.remove(to), "{from} no longer uses {to}");
    }
    let count: usize = left.values().map(BTreeSet::len).sum();
    assert!(count > 600, "only {count} uses found");

    let mut circles = Vec::new();
    for (name, uses) in &left {
        let back = uses.iter().filter(|used| reaches(&left, used, name));
        circles.extend(back.map(|used| format!("{name} -> {used}")));
    }
    assert!(circles.is_empty(), "these are in circles: {circles:#?}");
}

/// Returns whether a module uses another one, by way of others if need be.
fn reaches(uses: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let (mut seen, mut waiting) = (BTreeSet::new(), Vec::from([from]));
    while let Some(name) = waiting.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name) {
            waiting.extend(uses[name].iter().map(String::as_str));
        }
    }
    false
}

#[test]
fn a_mod_rs_only_declares_and_re_exports() {
    const ITEMS: [&str; 8] = [
        "fn", "struct", "enum", "trait", "impl", "const", "static", "type",
    ];
    let all = Crate::read();
    for (name, module) in all.0.iter().filter(|(_, module)| module.is_folder) {
        let mut lines = module.lines.iter().filter(|line| !line.starts_with(' '));
        let is_item = |line: &&String| {
            let line = line
                .trim_start_matches("pub ")
                .trim_start_matches("pub(crate) ");
            ITEMS.contains(&line.split([' ', '<']).next().unwrap_or_default())
        };
        let item = lines.find(is_item);
        assert_eq!(item, None, "{name}/mod.rs");
    }
}

/// The outside of the program, and the paths that lead there.
const OUTSIDE: [(&str, &[&str]); 4] = [
    ("files", &["std::fs", "std::os", "cap_std", "rustix"]),
    (
        "sockets",
        &[
            "std::net",
            "std::os",
            "async_net",
            "smol",
            "socket2",
            "rustix",
        ],
    ),
    ("threads", &["std::thread"]),
    (
        "clocks",
        &["std::time::Instant", "std::time::SystemTime", "smol::Timer"],
    ),
];

/// The parts of the standard library that reach nothing: data, locks, traits and errors. Everything that is also in
/// `core` or `alloc` is among them.
const INSIDE: [&str; 23] = [
    "borrow",
    "boxed",
    "cell",
    "collections",
    "convert",
    "error",
    "ffi",
    "fmt",
    "format",
    "future",
    "hash",
    "io",
    "iter",
    "mem",
    "ops",
    "panic",
    "path",
    "pin",
    "prelude",
    "string",
    "sync",
    "task",
    "vec",
];

/// Methods of `std::path::Path` that ask the file system.
const PATH_METHODS: [&str; 6] = [
    ".canonicalize()",
    ".exists()",
    ".is_symlink()",
    ".metadata()",
    ".read_dir()",
    ".symlink_metadata()",
];

/// Files outside of those rooms that reach something, with the reason.
const EXEMPT: [(&str, &str, &str); 4] = [
    (
        "gateway/clock",
        "clocks",
        "the front end with the system clocks, for loops that have none",
    ),
    (
        "body/reader",
        "files",
        "`Body::file` takes an open file, and passes it on",
    ),
    (
        "gateway/this_thread",
        "threads",
        "`handle` waits for a deferred response on the thread that calls it",
    ),
    (
        "middleware/server_timing",
        "clocks",
        "the time that an application takes passes while time, as an argument, stands still",
    ),
];

/// Returns the things that a path of another crate reaches, or `None` for nothing. Unknown parts of the standard library count.
fn reached(path: &[String]) -> Option<Vec<&'static str>> {
    let text = path.join("::");
    let leads = |to: &&str| text == **to || text.starts_with(&format!("{to}::"));
    let kinds = OUTSIDE.iter().filter(|(_, paths)| paths.iter().any(leads));
    let kinds: Vec<&str> = kinds.map(|(kind, _)| *kind).collect();
    match (&*path[0], path.get(1)) {
        ("std", Some(part)) if kinds.is_empty() => {
            let is_inside = INSIDE.contains(&&**part)
                || text == "std::time::Duration"
                || text == "std::time::UNIX_EPOCH";
            (!is_inside).then(|| Vec::from(["the system"]))
        }
        _ => (!kinds.is_empty()).then_some(kinds),
    }
}

/// Returns the things that the code in a folder may reach: its `mod.rs` has a line such as `// May reach files and clocks.`
fn permitted(room: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(source().join(room).join("mod.rs")).unwrap_or_default();
    let mut lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("// May reach "));
    let kinds = lines.next().unwrap_or_default().trim_end_matches('.');
    let kinds = kinds.split(", ").flat_map(|kind| kind.split(" and "));
    kinds
        .filter(|kind| !kind.is_empty())
        .map(String::from)
        .collect()
}

#[test]
fn only_rooms_that_say_so_reach_files_sockets_threads_and_clocks() {
    let all = Crate::read();
    let mut exempt_used = BTreeSet::new();
    let mut rooms_used = BTreeSet::new();
    for layer in LAYERS {
        for (name, module) in all.layer(layer) {
            let mut reach: BTreeSet<(Vec<&str>, String)> = BTreeSet::new();
            for path in module
                .used
                .iter()
                .chain(module.exported.iter().map(|(_, path)| path))
            {
                reach.extend(reached(path).map(|kinds| (kinds, path.join("::"))));
            }
            let lines = module.lines.iter();
            let asks = lines.filter(|line| PATH_METHODS.iter().any(|it| line.contains(it)));
            reach.extend(asks.map(|line| (Vec::from(["files"]), line.trim().to_string())));
            // A folder may lie in another one. The innermost that says something counts.
            let mut room = name;
            while !room.is_empty() && permitted(room).is_empty() {
                room = room.rsplit_once('/').map_or("", |(outer, _)| outer);
            }
            let permitted = permitted(room);
            for (kinds, text) in reach {
                if kinds.iter().any(|kind| permitted.contains(*kind)) {
                    rooms_used.extend(
                        kinds
                            .iter()
                            .map(|kind| (room.to_string(), kind.to_string())),
                    );
                    continue;
                }
                let exempt = EXEMPT
                    .iter()
                    .find(|(file, kind, _)| *file == name && kinds.contains(kind));
                let (file, ..) =
                    exempt.unwrap_or_else(|| panic!("{name} reaches {kinds:?}: {text}"));
                exempt_used.insert(*file);
            }
        }
    }
    assert_eq!(
        exempt_used.len(),
        EXEMPT.len(),
        "only these need it: {exempt_used:?}"
    );
    for room in [
        "files",
        "site/folder",
        "blocking",
        "bridge",
        "net",
        "python",
        "testing",
    ] {
        for kind in permitted(room) {
            let used = (room.to_string(), kind);
            assert!(rooms_used.contains(&used), "nothing needs it: {used:?}");
        }
    }
}

/// A file covers one topic and is short enough to read in one go.
#[test]
fn no_file_is_too_long() {
    for name in LAYERS {
        for path in files(&source().join(name)) {
            let text = fs::read_to_string(&path).expect("a source file");
            let without_tests = text.split("#[cfg(test)]\nmod tests").next();
            let lines = without_tests.unwrap_or_default().lines().count();
            assert!(lines <= 500, "{} has {lines} lines", path.display());
        }
    }
}

/// Tests are read too.
#[test]
fn no_file_of_tests_is_too_long() {
    for path in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")) {
        let text = fs::read_to_string(&path).expect("a file of tests");
        let lines = text.lines().count();
        assert!(lines <= 600, "{} has {lines} lines", path.display());
    }
}
