//! Folders that are replaced while they are served.

use crate::temporary::Folder;
use bytegate::site::{Dotfiles, SiteOptions, Symlinks};
use bytegate::testing::Client;
use bytegate::{Gateway, Site, Status};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Serves the folder `site` of a folder.
fn served(folder: &Folder) -> (Client, Arc<Mutex<Vec<String>>>) {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let site = Site::open(folder.path("site")).expect("a folder");
    let kept = errors.clone();
    let gateway = Gateway::new(site)
        .on_error(move |error, _| kept.lock().expect("no panic").push(error.to_string()));
    (Client::new(gateway), errors)
}

#[track_caller]
fn assert_text(client: &Client, path: &str, expected: &str) {
    let response = client.get(path).send();
    assert_eq!(response.status(), Status::OK, "{path}");
    assert_eq!(response.text(), expected, "{path}");
}

#[test]
fn a_folder_that_is_removed_and_made_anew_is_served() {
    let folder = Folder::new(&[("site/a.txt", b"old"), ("site/only-old.txt", b"old")]);
    let (client, errors) = served(&folder);
    assert_text(&client, "/a.txt", "old");
    for round in ["new", "newer"] {
        fs::remove_dir_all(folder.path("site")).expect("a folder");
        folder.write("site/a.txt", round.as_bytes());
        assert_text(&client, "/a.txt", round);
        let missing = client.get("/only-old.txt").send();
        assert_eq!(missing.status(), Status::NOT_FOUND);
    }
    assert!(errors.lock().expect("no panic").is_empty());
}

#[test]
fn a_folder_that_is_renamed_away_is_replaced_by_its_successor() {
    let folder = Folder::new(&[("site/a.txt", b"old"), ("next/a.txt", b"new")]);
    let (client, _) = served(&folder);
    assert_text(&client, "/a.txt", "old");
    fs::rename(folder.path("site"), folder.path("previous")).expect("a folder");
    fs::rename(folder.path("next"), folder.path("site")).expect("a folder");
    assert_text(&client, "/a.txt", "new");
}

#[cfg(unix)]
#[test]
fn a_link_that_is_turned_leads_to_the_new_folder() {
    let folder = Folder::new(&[("1/a.txt", b"one"), ("2/a.txt", b"two")]);
    folder.link("site", "1");
    let (client, _) = served(&folder);
    assert_text(&client, "/a.txt", "one");
    folder.link("turned", "2");
    fs::rename(folder.path("turned"), folder.path("site")).expect("a link");
    assert_text(&client, "/a.txt", "two");
}

#[cfg(unix)]
#[test]
fn links_within_a_replaced_folder_are_judged_by_the_new_folder() {
    let folder = Folder::new(&[("1/a.txt", b"one"), ("2/a.txt", b"two"), ("2/.env", b"no")]);
    folder.link("2/relative.txt", "a.txt");
    folder.link("2/absolute.txt", folder.path("2/a.txt"));
    folder.link("2/hidden.txt", folder.path("2/.env"));
    folder.link("2/out.txt", folder.path("1/a.txt"));
    folder.link("site", "1");
    for symlinks in [Symlinks::WithinRoot, Symlinks::Follow] {
        let options = SiteOptions::new()
            .symlinks(symlinks)
            .dotfiles(Dotfiles::Refuse);
        let client = Client::new(options.open(folder.path("site")).expect("a folder"));
        assert_text(&client, "/a.txt", "one");
        // Renamed, so that the place of the folder changes, too.
        folder.link("turned", "2");
        fs::rename(folder.path("turned"), folder.path("site")).expect("a link");
        assert_text(&client, "/relative.txt", "two");
        assert_text(&client, "/absolute.txt", "two");
        assert_eq!(client.get("/hidden.txt").send().status(), Status::NOT_FOUND);
        let out = client.get("/out.txt").send();
        assert_eq!(out.status().is_success(), symlinks == Symlinks::Follow);
        fs::remove_file(folder.path("site")).expect("a link");
        folder.link("site", "1");
    }
}

/// A folder that is moved, with a link to it left at its path, is the same folder in another place.
#[cfg(unix)]
#[test]
fn a_hidden_file_of_a_moved_folder_stays_hidden() {
    let folder = Folder::new(&[("site/a.txt", b"text"), ("site/.env", b"secret")]);
    folder.link("site/hidden.txt", folder.path("site/.env"));
    let options = SiteOptions::new().symlinks(Symlinks::Follow);
    let client = Client::new(options.open(folder.path("site")).expect("a folder"));
    assert_text(&client, "/a.txt", "text");
    fs::rename(folder.path("site"), folder.path("moved")).expect("a folder");
    folder.link("site", "moved");
    assert_text(&client, "/a.txt", "text");
    assert_eq!(client.get("/hidden.txt").send().status(), Status::NOT_FOUND);
}

#[test]
fn a_folder_that_is_gone_is_reported_once_and_served_when_it_is_back() {
    let folder = Folder::new(&[("site/a.txt", b"text"), ("site/b/c.txt", b"text")]);
    let (client, errors) = served(&folder);
    for outage in 1..=2 {
        assert_text(&client, "/a.txt", "text");
        fs::rename(folder.path("site"), folder.path("away")).expect("a folder");
        for path in ["/a.txt", "/b/c.txt", "/b", "/", "/missing"] {
            let status = client.get(path).send().status();
            assert_eq!(status, Status::SERVICE_UNAVAILABLE, "{path}");
        }
        let errors = errors.lock().expect("no panic");
        assert_eq!(errors.len(), outage, "{errors:?}");
        assert!(errors[0].starts_with("cannot read \""), "{errors:?}");
        assert!(errors[0].contains("site\": "), "{errors:?}");
        fs::rename(folder.path("away"), folder.path("site")).expect("a folder");
    }
    fs::remove_dir_all(folder.path("site")).expect("a folder");
    folder.write("site", b"a file");
    let status = client.get("/a.txt").send().status();
    assert_eq!(status, Status::SERVICE_UNAVAILABLE);
}

/// The files of the program are served even when the folder below them is gone.
#[test]
fn files_in_memory_survive_the_folder_below_them() {
    let folder = Folder::new(&[("site/a.txt", b"text")]);
    let open = Site::open(folder.path("site")).expect("a folder");
    let client = Client::new(Site::new().file("/b.txt", "memory").over(open));
    fs::rename(folder.path("site"), folder.path("away")).expect("a folder");
    assert_text(&client, "/b.txt", "memory");
    let status = client.get("/a.txt").send().status();
    assert_eq!(status, Status::SERVICE_UNAVAILABLE);
}

/// Requests that come while a folder is swapped get a file of one of the folders, or none. No request gets anything from
/// outside, although the path of a hidden file in one folder is the path of a served file in the other.
#[cfg(unix)]
#[test]
fn no_request_leaves_a_folder_that_is_swapped() {
    let folder = Folder::new(&[
        ("1/d/a.txt", b"one"),
        ("2/e/a.txt", b"two"),
        ("secret/a.txt", b"secret"),
    ]);
    folder.link("1/e", folder.path("secret"));
    folder.link("2/d", "../secret");
    folder.link("site", "1");
    let site = Site::open(folder.path("site")).expect("a folder");
    let gateway = Gateway::new(site);
    let is_over = AtomicBool::new(false);
    let seen = [AtomicBool::new(false), AtomicBool::new(false)];
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let client = Client::new(gateway.clone());
            while !is_over.load(Ordering::Relaxed) {
                for (number, path) in ["/d/a.txt", "/e/a.txt"].into_iter().enumerate() {
                    let response = client.get(path).send();
                    match response.status() {
                        Status::OK => {
                            assert_eq!(response.text(), ["one", "two"][number]);
                            seen[number].store(true, Ordering::Relaxed);
                        }
                        status => assert_eq!(status, Status::NOT_FOUND),
                    }
                }
            }
        });
        // At least this often, and until both folders were seen.
        let end = Instant::now() + Duration::from_secs(20);
        let is_seen = || seen.iter().all(|seen| seen.load(Ordering::Relaxed));
        let mut round = 0;
        while round < 2_000 || !is_seen() && Instant::now() < end && !asking.is_finished() {
            folder.link("turned", ["2", "1"][round % 2]);
            fs::rename(folder.path("turned"), folder.path("site")).expect("a link");
            round += 1;
        }
        is_over.store(true, Ordering::Relaxed);
        asking.join().expect("no panic");
    });
    assert!(
        seen.iter().all(|seen| seen.load(Ordering::Relaxed)),
        "{seen:?}"
    );
}
