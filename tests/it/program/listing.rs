//! Tests of folders without an index page.

use super::serve::Server;
use super::*;
use bytegate::Status;

fn folder(name: &str) -> Folder {
    Folder::new(
        name,
        &[
            ("a.txt", b"a"),
            ("sub/b.txt", b"b"),
            (".env", b"secret"),
            (".git/c", b"c"),
        ],
    )
}

/// The lines about the site that follow the addresses, without the files that are not served.
fn notes(server: &Server) -> String {
    let mut notes = String::new();
    // The survey of the folder names the hidden file after all notes.
    while !notes.contains("its name begins with a dot") {
        notes += &server.program.error_line();
    }
    let is_note = |line: &&str| {
        let is_address = line.starts_with("  and on ") || line.starts_with("  reachable from");
        line.starts_with("  ") && !is_address
    };
    notes
        .lines()
        .filter(is_note)
        .map(str::trim)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn it_is_listed_if_only_this_machine_can_connect() {
    let folder = folder("listed");
    for options in [
        &[][..],
        &["--memory"],
        &["--bind", "127.0.0.1"],
        &["--host", "a.test"],
    ] {
        let server = Server::start(&[&[folder.as_str()], options].concat());
        for (path, names) in [("/", ["a.txt", "sub/"]), ("/sub/", ["../", "b.txt"])] {
            let page = server.get(path);
            assert_eq!(page.status(), Status::OK, "{path} {options:?}");
            assert!(
                names
                    .iter()
                    .all(|name| page.text().contains(&format!("href=\"{name}\"")))
            );
            assert!(!page.text().contains(".env") && !page.text().contains(".git"));
        }
        if options.is_empty() {
            insta::assert_snapshot!(notes(&server), @"no index.html: / lists the files, for this machine only (--no-listing turns that off)");
        }
    }
}

#[test]
fn it_is_not_listed_for_others_and_the_page_says_how() {
    let folder = folder("not-listed");
    for options in [&["--bind", "0.0.0.0"][..], &["--host", "any"]] {
        let server = Server::start(&[&[folder.as_str()], options].concat());
        insta::allow_duplicates! {
            insta::assert_snapshot!(notes(&server), @"no index.html: / is not found; --listing shows the files to all who can connect");
        }
        let page = server.get("/?a=b");
        assert_eq!(page.status(), Status::NOT_FOUND);
        assert!(
            page.text()
                .contains("<h1>This folder has no index page</h1>")
        );
        assert!(page.text().contains("<code>--listing</code>"));
        assert!(!page.text().contains("a.txt"));
        // Only the root: whether other folders exist stays unknown.
        for path in ["/sub/", "/sub", "/nothing/", "/x"] {
            assert_eq!(server.get(path).text(), "404 Not Found\n", "{path}");
        }
        assert_eq!(server.get("/a.txt").text(), "a");
    }
}

#[test]
fn it_is_as_the_option_says() {
    let folder = folder("option");
    let config = folder.path.join("site.toml");
    std::fs::write(&config, "no-listing = true\n").expect("a file");
    let config = config.to_str().expect("a name in UTF-8");
    for (options, is_listed) in [
        (&["--bind", "0.0.0.0", "--listing"][..], true),
        (&["--no-listing"], false),
        (&["--listing=false"], false),
        (&["--listing", "--no-listing"], false),
        (&["--no-listing", "--listing"], true),
        (&["--config", config], false),
        (&["--config", config, "--listing"], true),
        (&["--config", config, "--no-listing=false"], true),
    ] {
        let server = Server::start(&[&[folder.as_str()], options].concat());
        let (page, notes) = (server.get("/"), notes(&server));
        if is_listed {
            assert_eq!(page.status(), Status::OK, "{options:?}");
        } else {
            assert_eq!(page.text(), "404 Not Found\n", "{options:?}");
            assert_eq!(
                notes,
                "no index.html: / is not found, because listings are turned off"
            );
        }
    }
}

#[test]
fn a_single_page_application_has_no_listings_by_default() {
    let folder = Folder::new("spa", &[("app.html", b"app"), ("assets/a.js", b"a")]);
    let server = Server::start(&[folder.as_str(), "--spa=/app.html"]);
    for path in ["/", "/assets/"] {
        assert_eq!(server.get(path).text(), "app", "{path}");
    }
    assert_eq!(server.get("/missing.js").status(), Status::NOT_FOUND);
}

#[test]
fn an_index_page_needs_no_note_and_a_page_for_errors_is_kept() {
    let files: [(&str, &[u8]); 3] = [
        ("start.htm", b"start"),
        ("404.html", b"mine"),
        (".env", b""),
    ];
    let folder = Folder::new("noted", &files);
    let server = Server::start(&[folder.as_str(), "--bind=0.0.0.0", "--index", "start.htm"]);
    assert_eq!((server.get("/").text(), &*notes(&server)), ("start", ""));
    let server = Server::start(&[
        folder.as_str(),
        "--bind=0.0.0.0",
        "--index=a",
        "--index=b.htm",
    ]);
    assert_eq!(server.get("/").text(), "mine");
    insta::assert_snapshot!(notes(&server), @"no a or b.htm: / is not found; --listing shows the files to all who can connect");
}

#[test]
fn an_empty_folder_is_called_empty() {
    let folder = Folder::new("empty", &[]);
    std::fs::create_dir_all(&folder.path).expect("a folder");
    let server = Server::start(&[folder.as_str()]);
    insta::assert_snapshot!(server.program.error_line().trim(), @"the folder is empty: / lists the files, for this machine only (--no-listing turns that off)");
    let page = server.get("/");
    assert!(
        page.text().contains("<p>This folder is empty.</p>"),
        "{page:?}"
    );
}

#[test]
fn other_commands_do_not_know_who_connects_and_list_only_on_request() {
    let folder = folder("handle");
    for (options, status) in [(&[][..], "404"), (&["--listing"], "200")] {
        let arguments = [&["handle", folder.as_str()], options].concat();
        let ended = run(&arguments, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        let response = text(ended.stdout);
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} ")),
            "{response}"
        );
    }
}
