//! Listings of directories.

use super::*;
use bytegate::Session;
use bytegate::gateway::FrontEnd;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

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

/// A front end whose waker counts.
struct Counting {
    waker: Waker,
    woken: Arc<Count>,
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Count>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Counting {
    fn new() -> Counting {
        let woken = Arc::<Count>::default();
        Counting {
            waker: woken.clone().into(),
            woken,
        }
    }
}

impl FrontEnd for Counting {
    fn now(&mut self) -> Now {
        Now::default()
    }

    fn waker(&self) -> &Waker {
        &self.waker
    }
}

/// The body of the response that a session has made.
fn body(mut session: Session) -> String {
    let output = String::from_utf8(session.take_output()).expect("text");
    let (_, body) = output.split_once("\r\n\r\n").expect("a head");
    body.to_string()
}

fn large_folder(files: usize) -> Folder {
    let folder = Folder::new(&[]);
    for number in 0..files {
        folder.write(&format!("{number}.txt"), b"");
    }
    folder
}

#[test]
fn other_requests_of_the_thread_get_responses_while_a_large_folder_is_listed() {
    let folder = large_folder(3000);
    let options = SiteOptions::new().listing(true);
    for site in [options.clone().load(&folder.0), options.open(&folder.0)] {
        let gateway = Gateway::new(site.expect("a folder"));
        let connect = || gateway.session(ConnectionInfo::default());
        let (mut listing, mut other) = (connect(), connect());
        let mut front_end = Counting::new();
        let mut request = &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..];
        let mut turns = 0;
        while let Wait::Pending { .. } = listing.turn(&mut request, &mut front_end) {
            turns += 1;
            // Otherwise, nothing would go on.
            assert_eq!(front_end.woken.0.load(Ordering::Relaxed), turns);
            let mut file = &b"HEAD /1.txt HTTP/1.1\r\nHost: x\r\n\r\n"[..];
            let wait = other.turn(&mut file, Now::default());
            assert!(matches!(wait, Wait::Write { .. }), "{wait:?}");
            assert!(other.take_output().starts_with(b"HTTP/1.1 200 "));
        }
        assert!(turns > 10, "{turns}");
        let html = body(listing);
        let (_, rows) = html.split_once("<tbody>").expect("rows");
        let names = rows.split("<bdi>").skip(1);
        let names = names.map(|row| row.split(".txt").next().expect("a name"));
        assert!(names.eq((0..3000).map(|number| number.to_string())));
        assert!(html.contains("<p>0 folders, 3000 files, 0 B</p>"));
        // Without a front end that waits, it is the same page.
        assert_eq!(get(&Client::new(gateway.clone()), "/").text(), html);
    }
}

#[test]
fn requests_for_the_same_large_folder_share_its_listing() {
    let folder = large_folder(3000);
    let turns = |count: usize| {
        let site = SiteOptions::new().listing(true).open(&folder.0);
        let gateway = Gateway::new(site.expect("a folder"));
        let request = &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..];
        let connect = |_| (gateway.session(ConnectionInfo::default()), request);
        let mut waiting: VecDeque<_> = (0..count).map(connect).collect();
        let (mut turns, mut pages) = (0, Vec::new());
        while let Some((mut session, mut input)) = waiting.pop_front() {
            match session.turn(&mut input, Now::default()) {
                Wait::Pending { .. } => {
                    turns += 1;
                    waiting.push_back((session, input));
                }
                _ => pages.push(body(session)),
            }
        }
        assert!(pages.len() == count && pages.iter().all(|page| *page == pages[0]));
        turns
    };
    let (one, eight) = (turns(1), turns(8));
    // Each request waits at least once.
    assert!(one > 10 && eight < one + 2 * 8, "{one} {eight}");
}
