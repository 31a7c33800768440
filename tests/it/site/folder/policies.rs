//! Dotfiles, links and names.

use super::*;

#[test]
fn dotfiles_are_served_by_policy() {
    let folder = Folder::new(&[
        (".env", b"secret"),
        (".well-known/a.txt", b"known"),
        (".git/config", b"git"),
    ]);
    for (policy, dot, known) in [
        (Dotfiles::Refuse, None, None),
        (Dotfiles::WellKnown, None, Some("known")),
        (Dotfiles::Serve, Some("secret"), Some("known")),
    ] {
        let expected = [
            ("/.env", dot),
            ("/%2eenv", dot),
            ("/.git/config", dot.map(|_| "git")),
            ("/.well-known/a.txt", known),
        ];
        assert_texts(&folder, &SiteOptions::new().dotfiles(policy), &expected);
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_by_policy() {
    let outside = Folder::new(&[("secret.txt", b"secret"), ("folder/b.txt", b"outside")]);
    let folder = Folder::new(&[("a.txt", b"a"), ("real/b.txt", b"b"), (".data/c.txt", b"c")]);
    folder.link("file", "a.txt");
    folder.link(
        "absolute",
        fs::canonicalize(folder.path("a.txt")).expect("a file"),
    );
    folder.link("directory", "real");
    folder.link("deep/up", "../real");
    folder.link("hidden.txt", ".data/c.txt");
    folder.link("hidden", ".data");
    folder.write(".env", b"e");
    folder.write(".well-known/k.txt", b"k");
    // Through a hidden folder to one that is not hidden, and the other way round.
    folder.link(".data/back", "../real");
    folder.link("there", ".data/back");
    folder.link("deep/again", "../hidden");
    folder.link("up", ".");
    folder.link(
        "environment",
        fs::canonicalize(folder.path(".env")).expect("a file"),
    );
    folder.link("known", ".well-known");
    folder.link("broken", "nothing");
    folder.link("loop", "loop");
    folder.link("round", ".");
    folder.link("out.txt", outside.path("secret.txt"));
    folder.link("out", outside.path("folder"));
    let inside = [
        ("/file", "a"),
        ("/absolute", "a"),
        ("/directory/b.txt", "b"),
        ("/deep/up/b.txt", "b"),
        ("/there/b.txt", "b"),
    ];
    let hidden = [
        ("/hidden.txt", "c"),
        ("/hidden/c.txt", "c"),
        ("/up/.data/c.txt", "c"),
        ("/deep/again/c.txt", "c"),
        ("/environment", "e"),
    ];
    let out = [("/out.txt", "secret"), ("/out/b.txt", "outside")];
    for (policy, serves_inside, serves_out) in [
        (Symlinks::Refuse, false, false),
        (Symlinks::WithinRoot, true, false),
        (Symlinks::Follow, true, true),
    ] {
        for dotfiles in [Dotfiles::Refuse, Dotfiles::WellKnown, Dotfiles::Serve] {
            let mut expected = vec![("/a.txt", Some("a")), ("/broken", None), ("/loop", None)];
            expected.extend(inside.map(|(path, text)| (path, serves_inside.then_some(text))));
            expected.extend(out.map(|(path, text)| (path, serves_out.then_some(text))));
            let serves_hidden = serves_inside && dotfiles == Dotfiles::Serve;
            expected.extend(hidden.map(|(path, text)| (path, serves_hidden.then_some(text))));
            let serves_known = serves_inside && dotfiles != Dotfiles::Refuse;
            expected.push(("/known/k.txt", serves_known.then_some("k")));
            let options = SiteOptions::new().symlinks(policy).dotfiles(dotfiles);
            assert_texts(&folder, &options, &expected);
        }
    }
}

/// System files may never end, or wait until something is written to them.
#[cfg(target_os = "linux")]
#[test]
fn files_without_an_end_are_left_out() {
    let folder = Folder::new(&[("a.txt", b"a")]);
    folder.link("zero", "/dev/zero");
    folder.link("kmsg", "/proc/kmsg");
    folder.link("pagemap", "/proc/self/pagemap");
    let site = SiteOptions::new()
        .symlinks(Symlinks::Follow)
        .load(&folder.0);
    let site = site.expect("a folder");
    assert_eq!(site.paths().collect::<Vec<_>>(), ["/a.txt"]);
    assert_eq!(site.skipped().len(), 3, "{:?}", site.skipped());
}

/// Twenty folders with two links each make a million paths, and each leads to a file.
#[cfg(unix)]
#[test]
fn links_between_folders_are_followed_only_once() {
    let folder = Folder::new(&[]);
    for step in 0..20 {
        folder.write(&format!("{step}/a.txt"), b"a");
        folder.link(&format!("{step}/left"), format!("../{}", step + 1));
        folder.link(&format!("{step}/right"), format!("../{}", step + 1));
    }
    folder.write("20/end.txt", b"end");
    let path = format!("/0{}/end.txt", "/left/right".repeat(10));
    assert_texts(&folder, &SiteOptions::new(), &[(&path, Some("end"))]);
    let loaded = Site::load(&folder.0).expect("a folder");
    assert_eq!(loaded.paths().count(), 21);
}

#[cfg(unix)]
#[test]
fn packages_that_link_to_each_other_load_quickly() {
    let folder = Folder::new(&[]);
    for package in 0..12 {
        folder.write(&format!("packages/{package}/index.js"), b"run()");
        for other in 0..12 {
            folder.link(
                &format!("packages/{package}/node_modules/{other}"),
                format!("../../{other}"),
            );
        }
    }
    let path = "/packages/3/node_modules/7/node_modules/3/node_modules/5/index.js";
    assert_texts(&folder, &SiteOptions::new(), &[(path, Some("run()"))]);
}

#[test]
fn names_with_special_characters_are_found() {
    let names = [
        "a b",
        "a+b",
        "a#b",
        "a?b",
        "100%",
        "%41",
        "\u{e4}\u{f6}",
        "\u{6f22}\u{5b57}",
        "\u{1f600}",
        "[x]",
        "a&b;c=d",
        "'\"<>",
    ];
    let folder = Folder::new(&[]);
    for name in names {
        folder.write(name, name.as_bytes());
    }
    let encode = |name: &str| {
        name.bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect::<String>()
    };
    for client in both(&folder, &SiteOptions::new().listing(true)) {
        for name in names {
            assert_eq!(get(&client, &format!("/{}", encode(name))).text(), name);
        }
        assert_eq!(get(&client, "/").status(), Status::OK);
    }
}
