//! Listings of directories.

use super::*;

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
        assert_eq!(get(&client, "/b").header("Location"), Some("b/"));
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
