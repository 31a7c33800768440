//! Files and folders that cannot be served.

use super::*;

#[cfg(unix)]
#[test]
fn files_that_cannot_be_served_are_skipped_and_reported() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new(&[
        ("a.txt", b"a"),
        ("back\\slash.txt", b"b"),
        (".env", b"secret"),
    ]);
    fs::write(
        folder
            .path("")
            .join(std::ffi::OsStr::from_bytes(b"\xff.txt")),
        "x",
    )
    .expect("a file");
    folder.link("broken", "nothing");
    folder.link("out", "/");
    let pipe = std::process::Command::new("mkfifo")
        .arg(folder.path("pipe"))
        .status();
    assert!(pipe.expect("mkfifo").success());
    assert_texts(
        &folder,
        &SiteOptions::new(),
        &[("/a.txt", Some("a")), ("/pipe", None)],
    );
    let site = Site::load(&folder.0).expect("a folder");
    let skipped: Vec<String> = site.skipped().iter().map(ToString::to_string).collect();
    for (name, reason) in [
        (".env", "its name begins with a dot"),
        ("back\\\\slash.txt", "its name has a backslash"),
        ("\\xFF.txt", "its name is not UTF-8"),
        ("broken", "the symbolic link is broken"),
        ("out", "the symbolic link points outside the folder"),
        ("pipe", "it is neither a file nor a folder"),
    ] {
        let is_named =
            |line: &&String| line.contains(&format!("{name}\"")) && line.contains(reason);
        assert_eq!(
            skipped.iter().filter(is_named).count(),
            1,
            "{name}: {skipped:#?}"
        );
    }
    assert_eq!(skipped.len(), 6, "{skipped:#?}");
}

#[cfg(unix)]
#[test]
fn a_survey_of_an_open_folder_reports_exactly_the_unserved_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new(&[
        ("a.txt", b"a"),
        ("b/c.txt", b"c"),
        ("b/back\\slash.txt", b"b"),
        (".env", b"secret"),
        (".well-known/x.txt", b"x"),
        ("b/unreadable.txt", b"u"),
        ("e/closed/d.txt", b"d"),
    ]);
    folder.link("within.txt", "b/c.txt");
    folder.link("loop", ".");
    folder.link("b/broken", "nothing");
    folder.link("b/out", "/etc");
    let pipe = std::process::Command::new("mkfifo")
        .arg(folder.path("b/pipe"))
        .status();
    assert!(pipe.expect("mkfifo").success());
    let set_mode = |path: &str, mode| {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(folder.path(path), mode).expect("the mode can be set");
    };
    set_mode("b/unreadable.txt", 0o000);
    set_mode("e/closed", 0o000);
    let root = folder.0.canonicalize().expect("a folder");
    for dotfiles in [Dotfiles::Refuse, Dotfiles::WellKnown, Dotfiles::Serve] {
        for symlinks in [Symlinks::Refuse, Symlinks::WithinRoot, Symlinks::Follow] {
            let options = SiteOptions::new().dotfiles(dotfiles).symlinks(symlinks);
            let site = options.listing(true).open(&folder.0).expect("a folder");
            let mut named = Vec::new();
            site.survey(|skipped| named.push(skipped.path));
            for path in [
                "a.txt",
                "b",
                "b/c.txt",
                "b/back\\slash.txt",
                "b/unreadable.txt",
                "b/broken",
                "b/out",
                "b/pipe",
                "e",
                "e/closed",
                ".env",
                ".well-known",
                "within.txt",
                "loop",
            ] {
                assert_eq!(
                    named
                        .iter()
                        .filter(|named| **named == root.join(path))
                        .count(),
                    usize::from(!site.contains(&format!("/{path}"))),
                    "{path} with {dotfiles:?} and {symlinks:?}: {named:#?}"
                );
            }
        }
    }
    set_mode("e/closed", 0o700);
}

#[test]
fn an_error_names_the_unusable_folder() {
    let folder = Folder::new(&[("a.txt", b"a")]);
    for path in [folder.path("a.txt"), folder.path("missing")] {
        for made in [Site::load(&path), Site::open(&path)] {
            let error = made.expect_err("no folder").to_string();
            assert!(error.contains(&format!("{path:?}")), "{error}");
        }
    }
}
