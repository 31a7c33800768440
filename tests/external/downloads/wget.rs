//! Downloads with wget.

use super::*;

/// A small site whose files link to each other in every way that wget follows.
fn linked_site() -> Folder {
    Folder::new(&[
        (
            "index.html",
            b"<link rel=stylesheet href=style.css><a href=docs/>docs</a> <a href='a%20b.html'>a b</a>",
        ),
        ("style.css", b"body { background: url('images/dot.svg') }"),
        (
            "images/dot.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        ),
        (
            "docs/index.html",
            b"<a href=..>home</a> <a href=deep/er/>deeper</a> <a href=/docs/large.bin>large</a>",
        ),
        (
            "docs/deep/er/index.html",
            b"<a href=\"%C3%A4.html\">a page</a>",
        ),
        ("docs/deep/er/\u{e4}.html", b"the end"),
        ("docs/large.bin", &[7; 300_000]),
        ("a b.html", b"<a href='index.html'>home</a>"),
    ])
}

/// The paths of all files below a folder.
fn paths(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path)
            } else {
                let path = path.strip_prefix(folder).expect("below");
                found.push(path.to_str().expect("UTF-8").to_string());
            }
        }
    }
    found.sort();
    found
}

fn has_wget() -> bool {
    has("wget", &["--version"], "wget")
}

/// Fails quickly if the server does not respond.
const PATIENT: [&str; 4] = ["-nv", "--timeout=20", "--tries=2", "--no-config"];

#[test]
fn wget_mirrors_a_site_and_then_finds_nothing_new() {
    if !has_wget() {
        return;
    }
    let folder = linked_site();
    let (server, watched) = serve(&folder);
    let (target, url) = (Folder::new(&[]), server.url("/"));
    let mirror = [
        "--mirror",
        "--no-host-directories",
        "--restrict-file-names=nocontrol",
        &url,
    ];
    let arguments = [&PATIENT[..], &mirror].concat();
    folder.settle();
    output_of("wget", &arguments, &target);
    assert_eq!(paths(&target.0), paths(&folder.0));
    for path in paths(&folder.0) {
        assert!(read(&target, &path) == read(&folder, &path), "{path}");
    }
    let first = watched.take();
    output_of("wget", &arguments, &target);
    // wget does not follow the links of a page that it was told to keep.
    let again = watched.take();
    let statuses: Vec<u16> = again.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [304], "{again:?}");
    // It does so if it compares the headers of HEAD instead.
    let with_head = [&arguments[..], &["--no-if-modified-since"]].concat();
    output_of("wget", &with_head, &target);
    let again = watched.take();
    assert_eq!(again.len(), first.len(), "{again:?}");
    assert!(again.iter().all(|it| it.method == "HEAD"), "{again:?}");
}

#[test]
fn wget_downloads_only_newer_files_again() {
    if !has_wget() {
        return;
    }
    let folder = Folder::new(&[]);
    let write = |text: &[u8], byte: u8, modified: SystemTime| {
        for (path, content) in [("small.txt", text), ("large.bin", &[byte; 200_000])] {
            folder.write(path, content);
            let file = fs::File::options().write(true).open(folder.path(path));
            let set = file.expect("a file").set_modified(modified);
            set.expect("a time");
        }
    };
    let (server, watched) = serve(&folder);
    let target = Folder::new(&[]);
    let fetch = || {
        let (small, large) = (server.url("/small.txt"), server.url("/large.bin"));
        let arguments = [&PATIENT[..], &["-N", &small, &large]].concat();
        output_of("wget", &arguments, &target);
        let statuses = watched.take().into_iter().map(|it| it.status);
        statuses.collect::<Vec<_>>()
    };
    // HTTP dates have a resolution of one second.
    write(b"one", 1, SystemTime::now() - Duration::from_secs(60));
    folder.settle();
    assert_eq!(fetch(), [200, 200]);
    assert_eq!(fetch(), [304, 304]);
    write(b"two", 2, SystemTime::now());
    wait_until_noticed();
    assert_eq!(fetch(), [200, 200]);
    assert_eq!(read(&target, "small.txt"), b"two");
    assert!(read(&target, "large.bin") == [2; 200_000]);
    assert_eq!(fetch(), [304, 304]);
}
