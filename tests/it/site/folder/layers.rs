//! Sites on top of each other.

use super::*;

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
        assert_eq!(get(&client, "/docs").header("Location"), Some("docs/"));
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
