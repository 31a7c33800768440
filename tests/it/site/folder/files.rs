//! Files, indexes and directories.

use super::*;

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
        assert_eq!(response.header("Location"), Some("a/?b"));
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
