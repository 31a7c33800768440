//! Paths in several Unicode spellings: each file has one, and every rule, mount and middleware sees it.

use crate::temporary::Folder;
use bytegate::middleware::{BasicAuth, with_middleware};
use bytegate::site::{SiteOptions, Skipped};
use bytegate::testing::{Client, ClientResponse};
use bytegate::{Request, Router, Site, Status};
use std::fs;

const SECRET: &str = "secret";
/// The path of the secret in its own spelling, and in others.
const PATH: &str = "/m%C3%BCll/%E1%BB%87.txt";
const OTHERS: [&str; 5] = [
    "/mu%CC%88ll/%E1%BB%87.txt",
    "/m%C3%BCll/e%CC%A3%CC%82.txt",
    "/m%C3%BCll/e%CC%82%CC%A3.txt",
    "/mu%CC%88ll/%C3%AA%CC%A3.txt",
    "/mu%CC%88ll/%E1%BA%B9%CC%82.txt",
];

/// The same folder with composed names, with decomposed ones, and with both.
fn folders() -> [Folder; 3] {
    [
        Folder::new(&[("m\u{fc}ll/\u{1ec7}.txt", SECRET.as_bytes())]),
        Folder::new(&[("mu\u{308}ll/e\u{323}\u{302}.txt", SECRET.as_bytes())]),
        Folder::new(&[("mu\u{308}ll/\u{1ec7}.txt", SECRET.as_bytes())]),
    ]
}

/// The site of each folder: read once and left open, and one that is made in code.
fn sites(options: &SiteOptions, mut use_site: impl FnMut(Site, &str)) {
    for folder in folders() {
        use_site(options.clone().load(&folder.0).expect("a folder"), "loaded");
        use_site(options.clone().open(&folder.0).expect("a folder"), "open");
    }
    let site = options.clone().build().expect("valid options");
    use_site(
        site.file("/mu\u{308}ll/e\u{302}\u{323}.txt", SECRET),
        "code",
    );
}

fn get(client: &Client, path: &str) -> ClientResponse {
    client.get(path).send()
}

/// Returns the path that a relative reference in the response for a path leads to.
fn resolved(path: &str, reference: &str) -> String {
    assert!(!reference.starts_with('/'), "{reference}");
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    let mut rest = reference;
    while let Some(after) = rest.strip_prefix("../") {
        folders.pop();
        rest = after;
    }
    [folders.join("/").as_str(), "/", rest].concat()
}

fn assert_redirects(client: &Client, path: &str, target: &str, place: &str) {
    let response = get(client, path);
    let location = response.header("Location").map(|it| resolved(path, it));
    assert_eq!(location.as_deref(), Some(target), "{path}, {place}");
    assert_eq!(response.status(), Status::MOVED_PERMANENTLY, "{path}");
    assert!(!response.text().contains(SECRET));
}

#[test]
fn a_file_is_served_in_one_spelling_and_the_others_lead_there() {
    sites(&SiteOptions::new(), |site, place| {
        let client = Client::new(site);
        assert_eq!(get(&client, PATH).text(), SECRET, "{place}");
        for path in OTHERS {
            assert_redirects(&client, path, PATH, place);
            assert_redirects(
                &client,
                &format!("{path}?a=%CC%88"),
                &format!("{PATH}?a=%CC%88"),
                place,
            );
            let posted = client.post(path).body("x").send();
            assert_eq!(posted.status(), Status::METHOD_NOT_ALLOWED);
        }
        for path in ["/mull/%E1%BB%87.txt", "/mu%CC%88ll/e.txt", "/mu%CC%88"] {
            assert_eq!(get(&client, path).status(), Status::NOT_FOUND, "{path}");
        }
    });
}

#[test]
fn every_rule_holds_for_every_spelling() {
    for written in ["/m\u{fc}ll/**", "/mu\u{308}ll/**"] {
        let redirected = SiteOptions::new().redirect(written, "/closed", Status::FOUND);
        sites(&redirected, |site, place| {
            let client = Client::new(site);
            assert_eq!(get(&client, PATH).header("Location"), Some("/closed"));
            OTHERS
                .iter()
                .for_each(|path| assert_redirects(&client, path, PATH, place));
        });
        let rewritten = SiteOptions::new().rewrite(written, "/closed");
        sites(&rewritten, |site, _| {
            let client = Client::new(site.over(Site::new().file("/closed", "closed")));
            assert_eq!(get(&client, PATH).text(), "closed");
            OTHERS
                .iter()
                .for_each(|path| assert_redirects(&client, path, PATH, "rewritten"));
        });
        let marked = SiteOptions::new()
            .header(written, "X-Mark", "a")
            .cache_control(written, "no-store")
            .download(written);
        sites(&marked, |site, place| {
            let client = Client::new(site);
            let response = get(&client, PATH);
            assert_eq!(response.header("X-Mark"), Some("a"), "{written}, {place}");
            assert_eq!(response.header("Cache-Control"), Some("no-store"));
            assert!(response.header("Content-Disposition").is_some());
            OTHERS
                .iter()
                .for_each(|path| assert_redirects(&client, path, PATH, place));
        });
    }
}

#[test]
fn no_spelling_gets_past_a_route_or_a_mount() {
    let closed = || BasicAuth::new("realm", |_: &str, _: &str| false);
    let inside = |_: &Request<'_>| SECRET;
    let unauthorized = |client: &Client, place: &str| {
        assert_eq!(get(client, PATH).status(), Status::UNAUTHORIZED, "{place}");
        for path in OTHERS {
            // The mount may match before a site sees the rest of the path.
            match get(client, path).status() {
                Status::UNAUTHORIZED => {}
                _ => assert_redirects(client, path, PATH, place),
            }
        }
    };
    for prefix in ["/m\u{fc}ll", "/mu\u{308}ll"] {
        sites(&SiteOptions::new(), |site, place| {
            let mounted = Router::new().mount(prefix, with_middleware(closed(), inside));
            unauthorized(&Client::new(mounted.fallback(site.clone())), place);
            let mounted = Router::new().mount(prefix, with_middleware(closed(), inside));
            unauthorized(&Client::new(mounted.files(site.clone())), place);
            let route = [prefix, "/{name}"].concat();
            let routed = Router::new().any(&route, with_middleware(closed(), inside));
            unauthorized(&Client::new(routed.fallback(site)), place);
        });
    }
}

#[test]
fn a_mounted_site_redirects_below_its_prefix() {
    sites(&SiteOptions::new(), |site, place| {
        let client = Client::new(Router::new().mount("/a b/\u{fc}", site));
        let at = |path: &str| format!("/a%20b/%C3%BC{path}");
        assert_eq!(get(&client, &at(PATH)).text(), SECRET, "{place}");
        OTHERS
            .iter()
            .for_each(|path| assert_redirects(&client, &at(path), &at(PATH), place));
    });
}

#[test]
fn no_spelling_leads_to_another_host() {
    let options = SiteOptions::new()
        .listing(true)
        .rewrite("/**", "/a.txt")
        .redirect("/**/x", "/y", Status::FOUND);
    sites(&options, |site, place| {
        let client = Client::new(site.over(Site::new().file("/a.txt", "a")));
        for path in [
            "//host.example/u%CC%88",
            "//host.example/u%CC%88/x",
            "///u%CC%88/x",
            "/u%CC%88//host.example/x",
        ] {
            let response = get(&client, path);
            let location = response.header("Location").unwrap_or("/");
            assert!(!location.starts_with("//"), "{path}: {location}, {place}");
        }
    });
}

#[test]
fn no_other_character_stands_for_one_of_ascii() {
    let names = ["\u{212a}.txt", "a\u{37e}.txt", "a\u{1fef}.txt"];
    let folder = Folder::new(&[("K.txt", b"k"), ("a;.txt", b"a"), ("a`.txt", b"a")]);
    for name in names {
        folder.write(name, b"other");
    }
    let loaded = Site::load(&folder.0).expect("a folder");
    assert_eq!(loaded.skipped().len(), names.len());
    let open = SiteOptions::new().listing(true).open(&folder.0);
    let open = open.expect("a folder");
    let mut skipped: Vec<Skipped> = Vec::new();
    open.survey(|it| skipped.push(it));
    assert_eq!(skipped.len(), names.len(), "{skipped:?}");
    let code = Site::new().file("/K.txt", "k");
    for site in [loaded, open, code] {
        let client = Client::new(site);
        assert_eq!(get(&client, "/K.txt").text(), "k");
        for path in [
            "/%E2%84%AA.txt",
            "/%E2%84%AA%CC%A7.txt",
            "/a%CD%BE.txt",
            "/a%E1%BF%AF.txt",
        ] {
            assert_eq!(get(&client, path).status(), Status::NOT_FOUND, "{path}");
        }
        assert!(!get(&client, "/").text().contains('\u{212a}'));
    }
    for name in names {
        let added = Site::new().try_file(&["/", name].concat(), "");
        assert!(added.is_err(), "{name}");
    }
}

#[test]
fn of_two_spellings_in_a_folder_the_composed_one_is_served() {
    let folder = Folder::new(&[("\u{fc}.txt", b"composed"), ("u\u{308}.txt", b"other")]);
    let loaded = Site::load(&folder.0).expect("a folder");
    let open = SiteOptions::new().listing(true).open(&folder.0);
    let open = open.expect("a folder");
    let mut skipped = Vec::new();
    open.survey(|it| skipped.push(it.path));
    let other = folder.0.canonicalize().expect("a folder");
    assert_eq!(skipped, [other.join("u\u{308}.txt")]);
    for site in [loaded, open] {
        let client = Client::new(site);
        assert_eq!(get(&client, "/%C3%BC.txt").text(), "composed");
        assert_redirects(&client, "/u%CC%88.txt", "/%C3%BC.txt", "");
    }
}

#[test]
fn a_folder_in_another_spelling_is_listed_with_links_that_are_served() {
    let folder = Folder::new(&[("u\u{308}/e\u{301}.txt", b"e"), ("u\u{308}/b/c.txt", b"c")]);
    let site = SiteOptions::new().listing(true).open(&folder.0);
    let client = Client::new(site.expect("a folder"));
    assert!(get(&client, "/").text().contains("href=\"%C3%BC/\""));
    let page = get(&client, "/%C3%BC/").text().to_string();
    assert!(page.contains("href=\"%C3%A9.txt\"") && page.contains("href=\"b/\""));
    assert_redirects(&client, "/%C3%BC", "/%C3%BC/", "");
    assert_redirects(&client, "/u%CC%88/", "/%C3%BC/", "");
}

#[test]
fn a_name_that_appears_in_another_spelling_is_found_soon() {
    let folder = Folder::new(&[("a.txt", b"a")]);
    let client = Client::new(Site::open(&folder.0).expect("a folder"));
    let path = "/%C3%BC.txt";
    for _ in 0..3 {
        assert_eq!(get(&client, path).status(), Status::NOT_FOUND);
        folder.write("u\u{308}.txt", b"u");
        let found = (0..2000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            get(&client, path).status() == Status::OK
        });
        assert!(found, "it is not found within two seconds");
        fs::remove_file(folder.path("u\u{308}.txt")).expect("a file");
    }
}

/// A path outside of ASCII that does not exist costs about as much as another one, however large the folder is.
#[test]
fn a_missing_path_outside_of_ascii_reads_no_folder_again() {
    let folder = Folder::new(&[]);
    for number in 0..2000 {
        folder.write(&format!("{number}-e\u{301}.txt"), b"");
    }
    folder.settle();
    let site = SiteOptions::new().pretty_urls(true).precompressed(true);
    let client = Client::new(site.open(&folder.0).expect("a folder"));
    let fastest = |path: &str| {
        let times = (0..200).map(|_| {
            let start = std::time::Instant::now();
            assert_eq!(get(&client, path).status(), Status::NOT_FOUND);
            start.elapsed()
        });
        times.min().expect("200 times")
    };
    let (ascii, other) = (fastest("/missing"), fastest("/missing-%C3%A9"));
    // Reading the names takes a hundred times as long.
    assert!(other < ascii * 5, "{other:?} and {ascii:?}");
}
