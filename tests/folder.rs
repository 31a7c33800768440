//! Sites from folders: read once, or live.
#![cfg(feature = "folder")]

#[path = "laws/folder.rs"]
mod temporary;

use bytegate::connection::CloseReason;
use bytegate::gateway::Wait;
use bytegate::request::ConnectionInfo;
use bytegate::site::{Dotfiles, EncodedNames, SiteOptions, Symlinks};
use bytegate::testing::{Client, ClientResponse};
use bytegate::{Gateway, Now, Site, Status};
use std::fs;
use std::io::Write;
use temporary::Folder;

/// Both constructors of a site from a folder: they serve existing files alike.
fn both(folder: &Folder, options: &SiteOptions) -> [Client; 2] {
    let loaded = options.clone().load(&folder.0).expect("a folder");
    let open = options.clone().open(&folder.0).expect("a folder");
    [Client::new(loaded), Client::new(open)]
}

fn get(client: &Client, path: &str) -> ClientResponse {
    client.get(path).send()
}

#[track_caller]
fn assert_texts(folder: &Folder, options: &SiteOptions, expected: &[(&str, Option<&str>)]) {
    for (client, maker) in both(folder, options).iter().zip(["loaded", "open"]) {
        for (path, text) in expected {
            let response = get(client, path);
            match text {
                Some(text) => assert_eq!(&response.text(), text, "{path}, {maker}"),
                None => assert_eq!(response.status(), Status::NOT_FOUND, "{path}, {maker}"),
            }
        }
    }
}

#[test]
fn files_indexes_and_directories_are_served() {
    let folder = Folder::new(&[
        ("index.html", b"home"),
        ("a/index.html", b"a"),
        ("b/c.txt", b"c"),
    ]);
    let expected = [
        ("/", Some("home")),
        ("/a/", Some("a")),
        ("/b/c.txt", Some("c")),
        ("/b/", None),
        ("/b", None),
        ("/b/c.txt/", None),
        ("/c", None),
    ];
    assert_texts(&folder, &SiteOptions::new(), &expected);
    for client in both(&folder, &SiteOptions::new()) {
        let response = get(&client, "/a?b");
        assert_eq!(response.status(), Status::MOVED_PERMANENTLY);
        assert_eq!(response.header("Location"), Some("/a/?b"));
    }
}

#[test]
fn a_path_with_two_slashes_is_not_redirected_to_another_host() {
    let folder = Folder::new(&[("example.com/index.html", b"x"), ("index.html", b"home")]);
    for client in both(&folder, &SiteOptions::new().listing(true)) {
        for path in [
            "//example.com",
            "//example.com/..",
            "///example.com",
            "/.//example.com",
        ] {
            let response = get(&client, path);
            let location = response.header("Location").unwrap_or("/");
            assert!(!location.starts_with("//"), "{path}: {location}");
        }
    }
}

#[test]
fn a_change_shows_at_the_next_request() {
    let folder = Folder::new(&[("a.txt", b"one")]);
    let client = Client::new(Site::open(&folder.0).expect("a folder"));
    assert_eq!(get(&client, "/a.txt").text(), "one");
    for text in ["two", "3", "", "four", "five", "sixx"] {
        folder.write("a.txt", text.as_bytes());
        assert_eq!(get(&client, "/a.txt").text(), text);
    }
    fs::rename(folder.path("a.txt"), folder.path("b.txt")).expect("a file");
    assert_eq!(get(&client, "/a.txt").status(), Status::NOT_FOUND);
    assert_eq!(get(&client, "/b.txt").text(), "sixx");
    folder.write("a.txt", b"new");
    assert_eq!(get(&client, "/a.txt").text(), "new");
    assert_eq!(
        get(&client, "/b.txt").header("Cache-Control"),
        Some("no-cache")
    );
}

#[test]
fn a_cached_copy_is_current_until_the_file_changes() {
    for bytes in [10, 500_000, 5_000_000] {
        let folder = Folder::new(&[("a.txt", &vec![b'a'; bytes])]);
        folder.settle();
        let client = Client::new(Site::open(&folder.0).expect("a folder"));
        let tag = get(&client, "/a.txt")
            .header("ETag")
            .expect("a tag")
            .to_string();
        let again = || client.get("/a.txt").header("If-None-Match", &tag).send();
        assert_eq!(again().status(), Status::NOT_MODIFIED);
        folder.write("a.txt", &vec![b'b'; bytes]);
        let changed = again();
        assert_eq!(changed.status(), Status::OK);
        assert_ne!(changed.header("ETag"), Some(&tag[..]));
    }
}

/// A time stamp cannot distinguish two changes in quick succession.
#[test]
fn a_file_changed_just_now_has_no_ambiguous_validator() {
    // In memory, in memory that is sent without a copy, and on the disk.
    for (bytes, cache_bytes, has_tag) in [
        (10, 1 << 20, true),
        (300_000, 1 << 20, true),
        (10_000, 10_000, false),
    ] {
        let folder = Folder::new(&[]);
        let site = SiteOptions::new().cache_bytes(cache_bytes).open(&folder.0);
        let client = Client::new(site.expect("a folder"));
        // On a busy machine, some responses come too late.
        let mut are_fresh = false;
        for _ in 0..100 {
            folder.write("a.txt", &vec![b'a'; bytes]);
            let start = std::time::Instant::now();
            let file = fs::File::options().write(true).open(folder.path("a.txt"));
            let mut file = file.expect("a file");
            file.write_all(b"a").expect("space");
            let first = get(&client, "/a.txt");
            let was_fresh = start.elapsed() < std::time::Duration::from_millis(8);
            assert_eq!(first.body().len(), bytes);
            if !was_fresh {
                continue;
            }
            are_fresh = true;
            assert_eq!(first.header("ETag").is_some(), has_tag);
            assert_eq!(first.header("Last-Modified"), None);
            let changed = ["b", "c"].map(|text| {
                use std::io::Seek;
                file.rewind().expect("a file");
                file.write_all(text.as_bytes()).expect("space");
                let request = client.get("/a.txt");
                let tag = first.header("ETag").unwrap_or("\"none\"");
                let since = "Fri, 01 Jan 2100 00:00:00 GMT";
                match text {
                    "b" => request.header("If-None-Match", tag).send(),
                    _ => request
                        .header("Range", "bytes=0-9")
                        .header("If-Range", tag)
                        .header("If-Modified-Since", since)
                        .send(),
                }
            });
            for (response, text) in changed.iter().zip([b'b', b'c']) {
                assert_eq!(response.status(), Status::OK, "{bytes}");
                assert_eq!(response.body()[0], text, "{bytes}");
            }
        }
        assert!(are_fresh, "{bytes}");
    }
}

#[test]
fn a_large_file_is_served_whole_and_in_parts() {
    let content: Vec<u8> = (0..1_500_000u32)
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let folder = Folder::new(&[("large.bin", &content)]);
    for client in both(&folder, &SiteOptions::new()) {
        let whole = get(&client, "/large.bin");
        assert_eq!(whole.body(), &content[..]);
        assert_eq!(whole.header("Accept-Ranges"), Some("bytes"));
        let part = client
            .get("/large.bin")
            .header("Range", "bytes=65530-65545")
            .send();
        assert_eq!(part.status(), Status::PARTIAL_CONTENT);
        assert_eq!(part.body(), &content[65530..=65545]);
        let parts = client
            .get("/large.bin")
            .header("Range", "bytes=0-1,1000000-1199999")
            .send();
        assert!(
            parts
                .header("Content-Type")
                .expect("a type")
                .starts_with("multipart/byteranges")
        );
        let contains = |part: &[u8]| parts.body().windows(part.len()).any(|it| it == part);
        assert!(contains(&content[1_000_000..1_200_000]));
    }
}

/// Requests a file of 5,000,000 bytes that changes after its first block was sent.
fn sent_with(change: impl FnOnce(&Folder)) -> (Vec<u8>, CloseReason) {
    let folder = Folder::new(&[("a.bin", &vec![b'a'; 5_000_000])]);
    let gateway = Gateway::new(Site::open(&folder.0).expect("a folder"));
    let mut session = gateway.session(ConnectionInfo::default());
    let mut input = b"GET /a.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec();
    let (mut output, mut change) = (Vec::new(), Some(change));
    loop {
        match session.turn(&mut input, Now::default()) {
            Wait::Write { .. } => output.extend_from_slice(&session.take_output()),
            Wait::Close(reason) => {
                let head = output
                    .windows(4)
                    .position(|it| it == b"\r\n\r\n")
                    .expect("a head")
                    + 4;
                return (output.split_off(head), reason);
            }
            _ => session.end_input(),
        }
        if output.len() > 1000 {
            if let Some(change) = change.take() {
                change(&folder);
            }
        }
    }
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_cut_off() {
    type Change = fn(&Folder);
    let changes: [(&str, Change); 4] = [
        ("overwritten", |folder| {
            folder.write("a.bin", &vec![b'b'; 5_000_000])
        }),
        ("truncated", |folder| folder.write("a.bin", b"")),
        ("truncated a little", |folder| {
            folder.write("a.bin", &vec![b'a'; 4_999_999])
        }),
        ("overwritten and grown", |folder| {
            folder.write("a.bin", &vec![b'b'; 6_000_000])
        }),
    ];
    for (name, change) in changes {
        let (content, reason) = sent_with(change);
        assert_eq!(reason, CloseReason::ResponseBroken, "{name}");
        assert!(content.len() < 5_000_000, "{name}: {}", content.len());
        assert!(content.iter().all(|&octet| octet == b'a'), "{name}");
    }
}

#[test]
fn a_file_that_grows_or_is_replaced_or_removed_while_it_is_sent_arrives_complete() {
    type Change = fn(&Folder);
    let changes: [(&str, Change); 3] = [
        ("grown", |folder| {
            let file = fs::File::options().append(true).open(folder.path("a.bin"));
            file.and_then(|mut file| file.write_all(b"more"))
                .expect("a file");
        }),
        ("removed", |folder| {
            fs::remove_file(folder.path("a.bin")).expect("a file")
        }),
        ("replaced", |folder| {
            folder.write("new", &vec![b'b'; 5_000_000]);
            fs::rename(folder.path("new"), folder.path("a.bin")).expect("a file");
        }),
    ];
    for (name, change) in changes {
        let (content, _) = sent_with(change);
        assert!(
            content == vec![b'a'; 5_000_000],
            "{name}: {}",
            content.len()
        );
    }
}

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
            .map(|octet| format!("%{octet:02X}"))
            .collect::<String>()
    };
    for client in both(&folder, &SiteOptions::new().listing(true)) {
        for name in names {
            assert_eq!(get(&client, &format!("/{}", encode(name))).text(), name);
        }
        assert_eq!(get(&client, "/").status(), Status::OK);
    }
}

#[test]
fn compressed_forms_are_sent_to_clients_that_accept_them() {
    let folder = Folder::new(&[
        ("a.css", b"plain"),
        ("a.css.gz", b"gzipped"),
        ("a.css.br", b"brotli"),
        ("b.css", b"plain"),
    ]);
    for client in both(&folder, &SiteOptions::new().precompressed(true)) {
        let accept = |coding: &str| {
            client
                .get("/a.css")
                .header("Accept-Encoding", coding)
                .send()
        };
        for (accepted, text, coding) in [
            ("gzip", "gzipped", Some("gzip")),
            ("gzip, br", "brotli", Some("br")),
            ("gzip, br;q=0.5", "gzipped", Some("gzip")),
            ("identity", "plain", None),
            ("gzip;q=0", "plain", None),
            ("*", "brotli", Some("br")),
            ("identity;q=0", "plain", None),
        ] {
            let response = accept(accepted);
            assert_eq!(response.text(), text, "{accepted}");
            assert_eq!(response.header("Content-Encoding"), coding, "{accepted}");
            assert_eq!(
                response.header("Content-Type"),
                Some("text/css; charset=utf-8")
            );
            assert_eq!(response.header("Vary"), Some("Accept-Encoding"));
        }
        assert_ne!(accept("gzip").header("ETag"), accept("br").header("ETag"));
        let tag = accept("gzip").header("ETag").expect("a tag").to_string();
        let again = client
            .get("/a.css")
            .header("Accept-Encoding", "gzip")
            .header("If-None-Match", tag)
            .send();
        assert_eq!(again.status(), Status::NOT_MODIFIED);
        assert_eq!(again.header("Vary"), Some("Accept-Encoding"));
        let part = client
            .get("/a.css")
            .header("Accept-Encoding", "gzip")
            .header("Range", "bytes=0-3")
            .send();
        assert_eq!(
            (part.text(), part.header("Content-Encoding")),
            ("gzip", Some("gzip"))
        );
        assert_eq!(get(&client, "/b.css").header("Vary"), None);
        // Under its own name, it is a file like any other.
        let itself = get(&client, "/a.css.gz");
        assert_eq!(itself.header("Content-Type"), Some("application/gzip"));
        assert_eq!(itself.header("Content-Encoding"), None);
    }
}

#[cfg(feature = "compression")]
#[test]
fn text_in_memory_is_compressed_on_request() {
    let text = "the same words again and again\n".repeat(200);
    let folder = Folder::new(&[
        ("a.txt", text.as_bytes()),
        ("a.png", text.as_bytes()),
        ("b.txt", b"b"),
    ]);
    let site = SiteOptions::new()
        .compressed(true)
        .load(&folder.0)
        .expect("a folder");
    let client = Client::new(site.file("/c.txt", text.clone()));
    for (path, coding) in [
        ("/a.txt", Some("gzip")),
        ("/c.txt", Some("gzip")),
        ("/a.png", None),
        ("/b.txt", None),
    ] {
        let response = client.get(path).header("Accept-Encoding", "gzip").send();
        assert_eq!(response.header("Content-Encoding"), coding, "{path}");
        assert_eq!(
            response.header("Vary"),
            coding.map(|_| "Accept-Encoding"),
            "{path}"
        );
        if coding.is_some() {
            let mut decoded = String::new();
            let mut decoder = flate2::read::GzDecoder::new(response.body());
            std::io::Read::read_to_string(&mut decoder, &mut decoded).expect("gzip");
            assert_eq!(decoded, text, "{path}");
            assert!(response.body().len() < text.len() / 10, "{path}");
            assert_eq!(get(&client, path).text(), text, "{path}");
        }
    }
}

#[test]
fn a_compressed_file_can_be_served_decoded() {
    let folder = Folder::new(&[("game.wasm.gz", b"gzipped"), ("game.data.br", b"brotli")]);
    let options = SiteOptions::new().encoded_names(EncodedNames::AsContent);
    for client in both(&folder, &options) {
        let wasm = get(&client, "/game.wasm.gz");
        assert_eq!(wasm.header("Content-Type"), Some("application/wasm"));
        assert_eq!(wasm.header("Content-Encoding"), Some("gzip"));
        assert_eq!(
            get(&client, "/game.data.br").header("Content-Encoding"),
            Some("br")
        );
    }
}

#[test]
fn directories_are_listed_on_request() {
    let folder = Folder::new(&[
        ("a.txt", b"abc"),
        ("b/c.txt", b"c"),
        (".env", b"x"),
        ("d/index.html", b"index"),
    ]);
    for client in both(&folder, &SiteOptions::new().listing(true)) {
        let page = get(&client, "/");
        assert!(
            page.header("Content-Type")
                .expect("a type")
                .starts_with("text/html")
        );
        for name in ["a.txt", "b/", "d/"] {
            assert!(
                page.text().contains(&format!("href=\"{name}\"")),
                "{name}: {}",
                page.text()
            );
        }
        assert!(!page.text().contains(".env"));
        assert_eq!(get(&client, "/b").header("Location"), Some("/b/"));
        assert_eq!(get(&client, "/d/").text(), "index");
        assert_eq!(get(&client, "/missing/").status(), Status::NOT_FOUND);
    }
    for client in both(&folder, &SiteOptions::new()) {
        assert_eq!(get(&client, "/b/").status(), Status::NOT_FOUND);
    }
}

/// Listing a large directory takes long, so it is not repeated for every client.
#[test]
fn a_large_listing_is_cached_and_never_made_for_head() {
    let folder = Folder::new(&[]);
    for number in 0..3000 {
        folder.write(&format!("file-{number}.txt"), b"x");
    }
    let site = SiteOptions::new().listing(true).open(&folder.0);
    let client = Client::new(site.expect("a folder"));
    let time = |request: &dyn Fn() -> ClientResponse| {
        let start = std::time::Instant::now();
        assert_eq!(request().status(), Status::OK);
        start.elapsed()
    };
    let list = || get(&client, "/?sort=time");
    let first = time(&list);
    let again = (0..20).map(|_| time(&list)).min().expect("20 times");
    assert!(again < first / 2, "{again:?} after {first:?}");
    let head = || client.head("/").send();
    let fastest = (0..20).map(|_| time(&head)).min().expect("20 times");
    assert!(fastest < first / 5, "{fastest:?} and {first:?}");
    assert_eq!(head().header("Content-Length"), None);
    assert_eq!(head().header("Content-Type"), list().header("Content-Type"));
    // It is up to date after a second, or twenty times the time that it took.
    folder.write("new.txt", b"x");
    let shows = (0..600).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        list().text().contains("new.txt")
    });
    assert!(shows, "the new file is not listed");
}

#[test]
fn pages_are_found_without_their_suffix() {
    let folder = Folder::new(&[
        ("about.html", b"about"),
        ("about/index.html", b"more"),
        ("plain", b"plain"),
        ("plain.html", b"page"),
        ("docs/\u{fc}ber uns.html", b"us"),
        ("style.css", b"a {}"),
    ]);
    for client in both(&folder, &SiteOptions::new().pretty_urls(true)) {
        for (path, text) in [
            ("/about", "about"),
            ("/about.html", "about"),
            ("/about/", "more"),
            ("/plain", "plain"),
            ("/docs/%C3%BCber%20uns", "us"),
        ] {
            assert_eq!(get(&client, path).text(), text, "{path}");
        }
        let about = get(&client, "/about");
        assert_eq!(
            about.header("Content-Type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(get(&client, "/docs").status(), Status::NOT_FOUND);
        for path in ["/style", "/plain/", "/about.htm", "/docs/.html", "/docs/"] {
            assert_eq!(get(&client, path).status(), Status::NOT_FOUND, "{path}");
        }
    }
    for client in both(&folder, &SiteOptions::new()) {
        assert_eq!(get(&client, "/about").status(), Status::MOVED_PERMANENTLY);
        assert_eq!(
            get(&client, "/docs/%C3%BCber%20uns").status(),
            Status::NOT_FOUND
        );
    }
}

#[test]
fn a_single_page_application_gets_its_page_for_unknown_paths() {
    let folder = Folder::new(&[("app.html", b"app"), ("404.html", b"nothing")]);
    for client in both(&folder, &SiteOptions::new().single_page("/app.html")) {
        for path in ["/", "/users/7", "/users/ada.lovelace", "/users/"] {
            assert_eq!(get(&client, path).status(), Status::OK, "{path}");
            assert_eq!(get(&client, path).text(), "app", "{path}");
        }
        for path in ["/missing.css", "/a/b.png", "/favicon.ico"] {
            assert_eq!(get(&client, path).status(), Status::NOT_FOUND, "{path}");
            assert_eq!(get(&client, path).text(), "nothing", "{path}");
        }
        assert_eq!(
            client.post("/users/7").body("x").send().status(),
            Status::NOT_FOUND
        );
    }
    let options = SiteOptions::new().error_page(Status::NOT_FOUND, "/app.html");
    for client in both(&folder, &options) {
        let response = get(&client, "/users/7");
        assert_eq!(
            (response.status(), response.text()),
            (Status::NOT_FOUND, "app")
        );
    }
}

#[test]
fn rules_apply_by_pattern() {
    let folder = Folder::new(&[
        ("assets/app-1f3d.js", b"run()"),
        ("a.pdf", b"%PDF"),
        ("new.html", b"new"),
    ]);
    let options = SiteOptions::new()
        .cache_control("/assets/**", "public, max-age=31536000, immutable")
        .header("*.js", "X-Own", "1")
        .download("*.pdf")
        .redirect("/old/*", "/new.html?from=$1", Status::PERMANENT_REDIRECT)
        .redirect("/away/**", "https://example.com/$1", Status::FOUND)
        .rewrite("/pretty/*", "/$1.html")
        .index(["new.html"])
        .charset(false)
        .media_type("PDF", "application/x-own");
    for client in both(&folder, &options) {
        let script = get(&client, "/assets/app-1f3d.js");
        assert_eq!(
            script.header("Cache-Control"),
            Some("public, max-age=31536000, immutable")
        );
        assert_eq!(script.header("X-Own"), Some("1"));
        assert_eq!(script.header("Content-Type"), Some("text/javascript"));
        let document = get(&client, "/a.pdf");
        assert_eq!(
            document.header("Content-Disposition"),
            Some("attachment; filename=\"a.pdf\"")
        );
        assert_eq!(document.header("Content-Type"), Some("application/x-own"));
        let moved = get(&client, "/old/a b".replace(' ', "%20").as_str());
        assert_eq!(moved.status(), Status::PERMANENT_REDIRECT);
        assert_eq!(moved.header("Location"), Some("/new.html?from=a%20b"));
        assert_eq!(
            get(&client, "/away/x/y?q").header("Location"),
            Some("https://example.com/x/y?q")
        );
        assert_eq!(get(&client, "/pretty/new").text(), "new");
        assert_eq!(get(&client, "/pretty/old").status(), Status::NOT_FOUND);
        assert_eq!(get(&client, "/").text(), "new");
    }
}

/// Most rules are for other paths, which differ at their beginning or their end.
#[test]
fn many_rules_cost_a_long_path_no_more_than_a_short_one() {
    let options = (0..300).fold(SiteOptions::new(), |options, number| {
        options
            .redirect(&format!("/old-{number}/**"), "/new/$1", Status::FOUND)
            .redirect(&format!("*.old-{number}"), "/$1", Status::FOUND)
            .rewrite(&format!("/{number}-*/**/x"), "/$1")
    });
    let site = options.build().expect("valid options");
    let client = Client::new(site.file("/a", "a"));
    let fastest = |path: &str| {
        let times = (0..50).map(|_| {
            let start = std::time::Instant::now();
            assert_eq!(get(&client, path).status(), Status::NOT_FOUND);
            start.elapsed()
        });
        times.min().expect("50 times")
    };
    let (short, long) = (fastest("/aa"), fastest(&format!("/{}", "a".repeat(8000))));
    assert!(long < short * 10, "{short:?} and {long:?}");
}

#[test]
fn invalid_options_are_named() {
    let new = SiteOptions::new;
    for (options, words) in [
        (new().cache_control("", "no-store"), "pattern"),
        (new().header("/a", "X Y", "1"), "\"X Y\""),
        (
            new().header("/a", "Content-Length", "1"),
            "\"Content-Length\"",
        ),
        (new().redirect("/a", "//host", Status::FOUND), "//host"),
        (new().redirect("/a", "/b", Status::OK), "200"),
        (new().redirect("/a/*", "/$2", Status::FOUND), "$2"),
        (
            new().rewrite("/a", "https://example.com/"),
            "https://example.com/",
        ),
        (new().index(["a/b"]), "\"a/b\""),
        (new().single_page("index.html"), "\"index.html\""),
        (new().error_page(Status::NOT_FOUND, "/../x"), "\"/../x\""),
        (new().media_type(".js", "text/javascript"), "\".js\""),
        (new().media_type("js", "javascript"), "\"javascript\""),
    ] {
        let error = options.clone().build().expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(
            options.load("no/such/folder").expect_err(words).to_string(),
            error
        );
    }
}

#[test]
fn sites_can_be_layered() {
    let upper = Folder::new(&[("style.css", b"upper"), ("only.txt", b"only")]);
    let lower = Folder::new(&[
        ("style.css", b"lower"),
        ("logo.svg", b"logo"),
        ("docs/index.html", b"docs"),
    ]);
    let load = |folder: &Folder| Site::load(&folder.0).expect("a folder");
    let open = |folder: &Folder| Site::open(&folder.0).expect("a folder");
    let listed = |folder: &Folder| {
        SiteOptions::new()
            .listing(true)
            .open(&folder.0)
            .expect("a folder")
    };
    for site in [
        load(&upper).over(load(&lower)),
        load(&upper).over(open(&lower)),
        open(&upper).over(load(&lower)),
        open(&upper).over(open(&lower)),
        listed(&upper).over(load(&lower)),
        Site::new().over(open(&upper)).over(open(&lower)),
    ] {
        let client = Client::new(site.file("/added.txt", "added"));
        for (path, text) in [
            ("/style.css", "upper"),
            ("/only.txt", "only"),
            ("/logo.svg", "logo"),
            ("/docs/", "docs"),
            ("/added.txt", "added"),
        ] {
            assert_eq!(get(&client, path).text(), text, "{path}");
        }
        assert_eq!(get(&client, "/docs").header("Location"), Some("/docs/"));
    }
    let page = get(&Client::new(listed(&upper).over(load(&lower))), "/");
    for name in ["style.css", "only.txt", "logo.svg", "docs/"] {
        assert_eq!(
            page.text().matches(&format!("href=\"{name}\"")).count(),
            1,
            "{name}"
        );
    }
}

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

/// A file larger than the system's queues is sent without being copied through the program.
#[cfg(feature = "server")]
mod over_tcp {
    use super::*;
    use bytegate::Method;
    use bytegate::testing::Server;
    use std::io::Read;

    const BYTES: usize = 80 * 1024 * 1024;

    fn content(seed: u8) -> Vec<u8> {
        let mut content = vec![seed; BYTES];
        for (number, block) in content.chunks_exact_mut(4096).enumerate() {
            block[..8].copy_from_slice(&number.to_le_bytes());
        }
        content
    }

    /// Requests a file, which changes when the first bytes have arrived.
    fn download(folder: &Folder, range: &str, change: impl FnOnce(&Folder)) -> Vec<u8> {
        let server = Server::start(Site::open(&folder.0).expect("a folder"));
        let mut client = server.connect();
        let request = format!("GET /a.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{range}\r\n");
        client.send(request).expect("a server");
        client.response_head(Method::GET).expect("a response");
        change(folder);
        let mut content = Vec::new();
        client
            .read_to_end(&mut content)
            .expect("the end of the response");
        content
    }

    #[test]
    fn a_huge_file_arrives_whole_and_in_parts() {
        let expected = content(1);
        let folder = Folder::new(&[("a.bin", &expected)]);
        let whole = download(&folder, "", |_| {});
        assert_eq!(whole.len(), BYTES);
        assert_eq!(
            whole
                .iter()
                .zip(&expected)
                .position(|(one, other)| one != other),
            None
        );
        let part = download(&folder, "Range: bytes=1000-80000000\r\n", |_| {});
        assert!(part == expected[1000..=80_000_000]);
    }

    #[test]
    fn a_huge_file_that_changes_while_it_is_sent_never_seems_complete() {
        let expected = content(1);
        type Change = fn(&Folder);
        let changes: [(&str, Change); 2] = [
            ("overwritten", |folder| folder.write("a.bin", &content(2))),
            ("truncated", |folder| folder.write("a.bin", b"")),
        ];
        for (name, change) in changes {
            let folder = Folder::new(&[("a.bin", &expected)]);
            let received = download(&folder, "", change);
            assert!(received.len() < BYTES, "{name}: {}", received.len());
        }
        let folder = Folder::new(&[("a.bin", &expected)]);
        let removed = |folder: &Folder| fs::remove_file(folder.path("a.bin")).expect("a file");
        assert!(download(&folder, "", removed) == expected);
    }
}

#[test]
fn a_rewrite_to_a_folder_serves_its_index_and_never_redirects_to_another_host() {
    let folder = Folder::new(&[("manual/index.html", b"manual"), ("empty/a.txt", b"a")]);
    let options = SiteOptions::new()
        .listing(true)
        .rewrite("docs", "/manual")
        .rewrite("/slash", "/manual/")
        .rewrite("/list", "/empty");
    for client in both(&folder, &options) {
        for path in ["/docs", "/a/docs", "/slash"] {
            assert_eq!(get(&client, path).text(), "manual", "{path}");
        }
        let other = get(&client, "//example.com/docs");
        assert_eq!((other.header("Location"), other.text()), (None, "manual"));
        // Otherwise the links in a list would lead elsewhere.
        assert_eq!(get(&client, "/list").status(), Status::NOT_FOUND);
        assert_eq!(get(&client, "/manual").header("Location"), Some("/manual/"));
    }
}

#[test]
fn file_errors_are_not_cacheable_and_have_pages() {
    let folder = Folder::new(&[
        ("a.js", b"run()"),
        ("416.html", b"<h1>no such part</h1>"),
        ("404.html", b"<h1>not here</h1>"),
    ]);
    let options = SiteOptions::new()
        .cache_control("**", "max-age=31536000, immutable")
        .header("**", "Expires", "Thu, 01 Jan 2099 00:00:00 GMT")
        .header("**", "Cross-Origin-Opener-Policy", "same-origin")
        .error_page(Status::RANGE_NOT_SATISFIABLE, "/416.html");
    for client in both(&folder, &options) {
        let whole = get(&client, "/a.js");
        let tag = whole.header("ETag").expect("a tag").to_string();
        let range = client.get("/a.js").header("Range", "bytes=9-").send();
        assert_eq!(range.status(), Status::RANGE_NOT_SATISFIABLE);
        assert_eq!(range.text(), "<h1>no such part</h1>");
        assert_eq!(
            range.header("Content-Type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(range.header("Content-Range"), Some("bytes */5"));
        assert_eq!(range.header("ETag"), Some(&*tag));
        let failed = client.get("/a.js").header("If-Match", "\"x\"").send();
        assert_eq!(failed.status(), Status::PRECONDITION_FAILED);
        assert_eq!(failed.text(), "412 Precondition Failed\n");
        let missing = get(&client, "/missing");
        assert_eq!(missing.text(), "<h1>not here</h1>");
        for name in ["ETag", "Last-Modified"] {
            assert_eq!(missing.header(name), None);
        }
        for error in [&range, &failed, &missing] {
            assert_eq!(error.header("Cache-Control"), None);
            assert_eq!(error.header("Expires"), None);
            let policy = error.header("Cross-Origin-Opener-Policy");
            assert_eq!(policy, Some("same-origin"));
        }
        let current = client.get("/a.js").header("If-None-Match", &tag).send();
        assert_eq!(current.status(), Status::NOT_MODIFIED);
        let kept = current.header("Cache-Control");
        assert_eq!(kept, Some("max-age=31536000, immutable"));
    }
}

#[test]
fn rules_add_to_vary_and_cannot_replace_headers_of_the_body() {
    let folder = Folder::new(&[("a.css", b"a {}"), ("a.css.gz", b"gzip")]);
    let options = SiteOptions::new()
        .precompressed(true)
        .header("**", "Vary", "Origin");
    for client in both(&folder, &options) {
        let fields = get(&client, "/a.css");
        let fields = fields.headers().iter();
        let vary: Vec<_> = fields
            .filter_map(|(name, value)| (name == "Vary").then_some(value))
            .collect();
        assert_eq!(vary, [&b"Accept-Encoding"[..], b"Origin"]);
    }
    for name in ["ETag", "last-modified", "Accept-Ranges", "Content-Range"] {
        let error = SiteOptions::new().header("**", name, "x").build();
        let error = error.map(|_| ()).unwrap_err().to_string();
        assert!(
            error.contains(name) && error.contains("cannot be set"),
            "{error}"
        );
    }
}

#[test]
fn a_redirect_keeps_its_fragment_after_the_query() {
    let options = SiteOptions::new().redirect("/old", "/new#top", Status::FOUND);
    let site = options.build().expect("valid options");
    let client = Client::new(Gateway::new(site));
    assert_eq!(get(&client, "/old").header("Location"), Some("/new#top"));
    assert_eq!(
        get(&client, "/old?q=1").header("Location"),
        Some("/new?q=1#top")
    );
}

#[test]
fn the_upper_site_decides_which_files_are_indexes() {
    let lower = Site::new()
        .file("/docs/index.html", "index")
        .file("/docs/start.html", "start");
    let options = || SiteOptions::new().index(["start.html"]);
    let upper = options()
        .build()
        .expect("valid options")
        .over(lower.clone());
    let client = Client::new(Gateway::new(upper));
    assert_eq!(get(&client, "/docs/").text(), "start");
    let upper = SiteOptions::new()
        .index([""; 0])
        .build()
        .expect("valid options");
    let client = Client::new(Gateway::new(upper.over(lower)));
    assert_eq!(get(&client, "/docs/").status(), Status::NOT_FOUND);
    assert_eq!(get(&client, "/docs/index.html").text(), "index");
}

#[test]
fn a_compressed_file_that_is_compressed_again_has_both_codings() {
    let folder = Folder::new(&[("game.wasm.gz", b"gzip"), ("game.wasm.gz.br", b"br")]);
    let options = SiteOptions::new()
        .precompressed(true)
        .encoded_names(EncodedNames::AsContent)
        .cache_control("*.wasm.gz", "max-age=60");
    for client in both(&folder, &options) {
        let plain = get(&client, "/game.wasm.gz");
        assert_eq!(plain.header("Content-Type"), Some("application/wasm"));
        assert_eq!(plain.header("Content-Encoding"), Some("gzip"));
        assert_eq!(plain.header("Cache-Control"), Some("max-age=60"));
        let coded = client
            .get("/game.wasm.gz")
            .header("Accept-Encoding", "br")
            .send();
        assert_eq!(coded.header("Content-Encoding"), Some("gzip, br"));
        assert_eq!(coded.body(), b"br");
    }
}

#[test]
fn other_methods_are_treated_alike_for_directories_and_files() {
    let folder = Folder::new(&[("a/index.html", b"a"), ("b/b.txt", b"b")]);
    for client in both(&folder, &SiteOptions::new().listing(true)) {
        for path in ["/a", "/a/", "/b", "/b/"] {
            let posted = client.post(path).body("x").send();
            assert_eq!(posted.status(), Status::METHOD_NOT_ALLOWED, "{path}");
            assert_eq!(posted.header("Allow"), Some("GET, HEAD, OPTIONS"));
        }
    }
}

#[test]
fn a_small_cache_keeps_large_files_on_the_disk() {
    let content = vec![b'x'; 300_000];
    let folder = Folder::new(&[("a.bin", &content), ("b.txt", b"b")]);
    for bytes in [0, 1, 100_000, 1 << 20, 64 << 20] {
        let site = SiteOptions::new().cache_bytes(bytes).open(&folder.0);
        let client = Client::new(Gateway::new(site.expect("a folder")));
        for _ in 0..3 {
            assert_eq!(get(&client, "/a.bin").body(), content, "{bytes}");
            assert_eq!(get(&client, "/b.txt").text(), "b", "{bytes}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_the_whole_folder_leads_to_all_of_it() {
    let folder = Folder::new(&[("index.html", b"index"), ("d/a.txt", b"a")]);
    std::os::unix::fs::symlink(".", folder.path("self")).expect("a link");
    for client in both(&folder, &SiteOptions::new()) {
        for (path, text) in [
            ("/self/", "index"),
            ("/self/d/a.txt", "a"),
            ("/self/self/self/index.html", "index"),
        ] {
            assert_eq!(get(&client, path).text(), text, "{path}");
        }
        assert_eq!(get(&client, "/self").header("Location"), Some("/self/"));
    }
}
