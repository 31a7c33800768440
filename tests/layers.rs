//! A file imports only from its own layer and those above it.

use std::fs;
use std::path::Path;

const LAYERS: [&str; 7] = [
    "values",
    "syntax",
    "message",
    "connection",
    "application",
    "demo",
    "net",
];

#[test]
fn no_layer_imports_from_one_below() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut imports = 0;
    for (place, layer) in LAYERS.iter().enumerate() {
        for file in fs::read_dir(src.join(layer)).expect("a layer is a folder") {
            let path = file.expect("an entry").path();
            let text = fs::read_to_string(&path).expect("a source file");
            for (number, line) in text.lines().enumerate() {
                let Some((_, import)) = line.split_once("crate::") else {
                    continue;
                };
                let from = LAYERS
                    .iter()
                    .position(|layer| import.starts_with(&format!("{layer}::")));
                if line.trim_start().starts_with("//") || from.is_none() {
                    continue;
                }
                imports += 1;
                assert!(
                    from <= Some(place),
                    "{}:{}: {layer} is above what it imports: {line}",
                    path.display(),
                    number + 1
                );
            }
        }
    }
    assert!(imports > 50, "only {imports} imports found");
}

#[test]
fn the_core_knows_no_clock_socket_thread_or_file() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for layer in &LAYERS[..6] {
        for file in fs::read_dir(src.join(layer)).expect("a layer is a folder") {
            let path = file.expect("an entry").path();
            let text = fs::read_to_string(&path).expect("a source file");
            let loads_folders = path.ends_with("application/folder.rs");
            assert!(
                loads_folders || !text.contains("std::"),
                "{} uses std",
                path.display()
            );
        }
    }
}
