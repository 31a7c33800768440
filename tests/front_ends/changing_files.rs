//! Files that change, shrink, vanish and are replaced while clients download them over TCP.

use crate::temporary::Folder;
use bytegate::testing::{ClientResponse, Server};
use bytegate::{Method, Site};
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a test writes.
const TIME: Duration = Duration::from_secs(2);
const CLIENTS: usize = 4;
/// Every line has the number of its version, which distinguishes mixtures from versions.
const LINE: usize = 16;

fn line(version: u32) -> String {
    format!("{version:015}\n")
}

fn version_with(version: u32, lines: usize) -> Vec<u8> {
    line(version).repeat(lines).into_bytes()
}

/// The version of a body. `lines` is the length of each version.
fn version_of(content: &[u8], lines: impl Fn(u32) -> usize) -> Option<u32> {
    let first = content.get(..LINE)?;
    let version: u32 = std::str::from_utf8(first).ok()?.trim().parse().ok()?;
    (content == version_with(version, lines(version))).then_some(version)
}

#[derive(Debug, Default)]
struct Download {
    status: u16,
    tag: String,
    content: Vec<u8>,
    is_complete: bool,
}

/// Downloads a file on a new connection, with a pause between reads.
fn download(server: &Server, path: &str, pause: Duration, after_head: impl FnOnce()) -> Download {
    let mut client = server.connect();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    client.send(request).expect("it is sent");
    let head = match client.response_head(Method::GET) {
        Ok(head) => head,
        Err(error) if is_cut_off(&error) => return Download::default(),
        Err(error) => panic!("{path}: {error}"),
    };
    after_head();
    let mut content = Vec::new();
    let mut block = vec![0; 256 * 1024];
    loop {
        thread::sleep(pause);
        match client.read(&mut block) {
            Ok(0) => return Download::new(&head, content),
            Ok(count) => content.extend_from_slice(&block[..count]),
            Err(error) if is_cut_off(&error) => return Download::new(&head, content),
            Err(error) => panic!("{path}: {error}"),
        }
    }
}

/// Returns whether a response was cut off. It may end with a reset.
fn is_cut_off(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof
    )
}

impl Download {
    fn new(head: &ClientResponse, content: Vec<u8>) -> Download {
        let length = head.header("Content-Length").expect("a length");
        let length: usize = length.parse().expect("a length");
        assert!(content.len() <= length, "more than was promised");
        Download {
            status: head.status().code(),
            tag: head.header("ETag").unwrap_or_default().to_string(),
            is_complete: content.len() == length,
            content,
        }
    }
}

/// Runs a writer in a thread for a while, with concurrent clients until it ends. Returns the clients' results.
fn under_load<R: Send>(
    write: impl Fn(u32) + Sync,
    client: impl Fn(usize, &AtomicBool) -> R + Sync,
) -> Vec<R> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (client, is_over) = (&client, &is_over);
                scope.spawn(move || client(number, is_over))
            })
            .collect();
        let start = Instant::now();
        for version in 2.. {
            if start.elapsed() > TIME {
                break;
            }
            write(version);
        }
        is_over.store(true, Ordering::Relaxed);
        let done = clients.into_iter().map(|client| client.join());
        done.map(|client| client.expect("no client panics"))
            .collect()
    })
}

/// Serves an open folder.
fn serve(folder: &Folder) -> Server {
    Server::start(Site::open(&folder.0).expect("a folder"))
}

/// Writes a version beside the file and moves it into place.
fn replace(folder: &Folder, path: &str, version: &[u8]) {
    folder.write("new", version);
    fs::rename(folder.path("new"), folder.path(path)).expect("a file");
}

#[test]
fn a_replaced_file_is_always_one_version_and_never_goes_back() {
    // In memory, in memory that is sent without a copy, from the disk, and from one to the other.
    let sizes: [fn(u32) -> usize; 4] = [
        |version| 100 + version as usize % 7,
        |version| 20_000 + version as usize % 7,
        |version| 300_000 + version as usize % 7,
        |version| if version % 2 == 0 { 100 } else { 300_000 },
    ];
    for lines in sizes {
        let folder = Folder::new(&[("a.txt", &version_with(1, lines(1)))]);
        let server = serve(&folder);
        let last = AtomicU32::new(1);
        let write = |version| {
            replace(&folder, "a.txt", &version_with(version, lines(version)));
            last.store(version, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(u64::from(version % 4)));
        };
        let counts = under_load(write, |_, is_over| {
            let (mut versions, mut tags) = (std::collections::BTreeMap::new(), 0);
            let mut newest = 0;
            while !is_over.load(Ordering::Relaxed) {
                let got = download(&server, "/a.txt", Duration::ZERO, || {});
                assert_eq!(got.status, 200);
                assert!(got.is_complete, "{} bytes", got.content.len());
                let version = version_of(&got.content, lines).expect("one of the versions");
                // A file that was too large for the memory may be replaced there by an older one for some milliseconds.
                let was_in_memory = lines(newest) < 300_000;
                assert!(
                    version >= newest || !was_in_memory,
                    "{version} after {newest}"
                );
                newest = version;
                // A large file that was replaced just now has no tag yet.
                let known = versions.entry(version).or_insert_with(String::new);
                if !got.tag.is_empty() {
                    assert!(known.is_empty() || *known == got.tag, "another tag");
                    *known = got.tag;
                    tags += 1;
                }
            }
            (versions.len(), tags)
        });
        // Otherwise the test has no effect.
        assert!(
            counts.iter().all(|(versions, _)| *versions > 3),
            "{counts:?}"
        );
        thread::sleep(Duration::from_millis(10));
        let got = download(&server, "/a.txt", Duration::ZERO, || {});
        let version = version_of(&got.content, lines);
        assert_eq!(version, Some(last.load(Ordering::Relaxed)));
    }
}

#[test]
fn a_file_that_vanishes_and_returns_is_whole_or_missing() {
    for lines in [100, 20_000, 300_000] {
        let folder = Folder::new(&[("a.txt", &version_with(1, lines))]);
        let server = serve(&folder);
        let write = |version| {
            fs::remove_file(folder.path("a.txt")).expect("a file");
            // Long enough that the change must be noticed.
            thread::sleep(Duration::from_millis(15));
            replace(&folder, "a.txt", &version_with(version, lines));
            thread::sleep(Duration::from_millis(5));
        };
        let counts = under_load(write, |_, is_over| {
            let (mut found, mut missing) = (0, 0);
            while !is_over.load(Ordering::Relaxed) {
                let got = download(&server, "/a.txt", Duration::ZERO, || {});
                assert!(got.is_complete, "{} bytes", got.content.len());
                match got.status {
                    200 => {
                        version_of(&got.content, |_| lines).expect("one of the versions");
                        found += 1;
                    }
                    404 => missing += 1,
                    other => panic!("{other}"),
                }
            }
            (found, missing)
        });
        let (found, missing) = counts
            .iter()
            .fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        assert!(found > 3 && missing > 3, "{counts:?}");
    }
}

/// A response that begins during a write has no version, and no server can know this. The same is true if a file is
/// written twice within one step of its modification time, and keeps its length. So the writer pauses between versions
/// for longer than a step, and clients leave out responses that began during a write.
#[test]
fn a_file_written_in_place_is_one_version_or_is_cut_off() {
    // Each version is longer or shorter than the one before, or as long.
    let lines = |version: u32| 400_000 + [0, 0, 4096, 100, 100][version as usize % 5];
    let folder = Folder::new(&[("a.txt", &version_with(1, lines(1)))]);
    let server = serve(&folder);
    // Odd while a version is written.
    let writes = AtomicU32::new(0);
    let write = |version| {
        let content = version_with(version, lines(version));
        let file = fs::File::options().write(true).open(folder.path("a.txt"));
        let mut file = file.expect("a file");
        writes.fetch_add(1, Ordering::SeqCst);
        file.set_len(content.len() as u64).expect("space");
        // In pieces, as editors and compilers do it.
        for piece in content.chunks(100_000) {
            file.write_all(piece).expect("space");
        }
        drop(file);
        writes.fetch_add(1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(20 + u64::from(version % 5) * 10));
    };
    let counts = under_load(write, |number, is_over| {
        let (mut whole, mut broken) = (0, 0);
        while !is_over.load(Ordering::Relaxed) {
            let before = writes.load(Ordering::SeqCst);
            let mut after = before;
            // Some clients are faster than the writer.
            let pause = Duration::from_millis([0, 0, 1, 4][number % CLIENTS]);
            let got = download(&server, "/a.txt", pause, || {
                after = writes.load(Ordering::SeqCst);
            });
            assert_eq!(got.status, 200);
            if before % 2 == 1 || before != after {
                continue;
            }
            if got.is_complete {
                let version = version_of(&got.content, lines);
                assert!(version.is_some(), "a mixture of versions");
                whole += 1;
            } else {
                broken += 1
            }
        }
        (whole, broken)
    });
    let (whole, broken) = counts
        .iter()
        .fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    assert!(whole > 3 && broken > 3, "{counts:?}");
}

/// A small file is read at once, so it is hardly ever cut off. If written from its beginning, it always consists of the
/// beginning of one version and the rest of the previous one.
#[test]
fn a_small_file_written_in_place_is_sent_as_a_snapshot() {
    for lines in [64, 20_000] {
        let folder = Folder::new(&[("a.txt", &version_with(1, lines))]);
        let server = serve(&folder);
        let write = |version| {
            let file = fs::File::options().write(true).open(folder.path("a.txt"));
            let mut file = file.expect("a file");
            for piece in version_with(version, lines).chunks(4096) {
                file.write_all(piece).expect("space");
            }
            thread::sleep(Duration::from_millis(20));
        };
        let counts = under_load(write, |_, is_over| {
            let mut versions = std::collections::BTreeSet::new();
            while !is_over.load(Ordering::Relaxed) {
                let got = download(&server, "/a.txt", Duration::ZERO, || {});
                assert_eq!(got.status, 200);
                if !got.is_complete {
                    continue;
                }
                let mut seen: Vec<u32> = std::str::from_utf8(&got.content)
                    .expect("text")
                    .lines()
                    .map(|line| line.parse().expect("a version"))
                    .collect();
                seen.dedup();
                let was_there = match seen[..] {
                    [_] => true,
                    [new, old] => new == old + 1,
                    _ => false,
                };
                assert!(was_there, "{seen:?}");
                versions.extend(seen);
            }
            versions.len()
        });
        assert!(counts.iter().all(|versions| *versions > 3), "{counts:?}");
    }
}

/// A log is always the beginning of its later self. So it is whole at any length that it had.
#[test]
fn a_growing_file_is_always_sent_whole() {
    // In memory, in memory that is sent without a copy, from the disk, and from the disk without a copy.
    let sizes = [10, 20_000, 300_000, 1_500_000];
    let mut seen = 0;
    for lines in sizes {
        let folder = Folder::new(&[]);
        // More than is written in the time.
        let text: String = (0..lines + 10_000).map(line).collect();
        let start = lines as usize * LINE;
        folder.write("app.log", &text.as_bytes()[..start]);
        let server = serve(&folder);
        let log = fs::File::options()
            .append(true)
            .open(folder.path("app.log"));
        let log = log.expect("a file");
        let write = |version| {
            let added = line(lines + version - 2);
            (&log).write_all(added.as_bytes()).expect("space");
            thread::sleep(Duration::from_millis(5));
        };
        let counts = under_load(write, |_, is_over| {
            let mut client = server.connect();
            let mut lengths = std::collections::BTreeSet::new();
            while !is_over.load(Ordering::Relaxed) {
                client
                    .send("GET /app.log HTTP/1.1\r\nHost: x\r\n\r\n")
                    .expect("the connection is kept");
                let got = client.response(Method::GET).expect("a whole response");
                assert_eq!(got.status(), 200);
                let length = got.body().len();
                assert!(length >= start && text.as_bytes().starts_with(got.body()));
                lengths.insert(length);
                // A connection ends after a number of requests.
                if got.header("Connection") == Some("close") {
                    client = server.connect();
                }
            }
            lengths.len()
        });
        seen += counts.iter().sum::<usize>();
    }
    // Otherwise the test has no effect. On a busy machine, a client may see the largest file only once.
    assert!(seen > sizes.len() * CLIENTS, "{seen} lengths");
}

/// A file that is written constantly costs as much as any other, and delays no other client.
#[test]
fn a_changing_file_does_not_delay_other_clients() {
    let folder = Folder::new(&[("app.log", b"a"), ("index.html", b"home")]);
    let gateway = bytegate::Gateway::new(Site::open(&folder.0).expect("a folder"));
    let now = || bytegate::Now::default();
    let request = b"GET /app.log HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut fastest = Duration::MAX;
    for version in 0..50 {
        folder.write("app.log", &version_with(version, 1));
        let start = Instant::now();
        let response = gateway.handle_at(request, now());
        fastest = fastest.min(start.elapsed());
        assert!(response.ends_with(line(version).as_bytes()));
    }
    // The step of the time stamps of files is longer.
    assert!(fastest < Duration::from_millis(4), "{fastest:?}");
}

/// Responses are also correct on a kept-alive connection: bytes after a truncated response are never taken for its
/// rest, because the connection closes.
#[test]
fn a_connection_closes_after_an_incomplete_response() {
    let content = version_with(1, 1_000_000);
    let folder = Folder::new(&[("a.txt", &content), ("b.txt", b"b")]);
    let server = serve(&folder);
    let mut client = server.connect();
    client
        .send("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\nGET /b.txt HTTP/1.1\r\nHost: x\r\n\r\n")
        .expect("it is sent");
    let head = client.response_head(Method::GET).expect("the beginning");
    folder.write("a.txt", &version_with(2, 10));
    let mut received = Vec::new();
    if let Err(error) = client.read_to_end(&mut received) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    assert!(
        !received.windows(4).any(|it| it == b"HTTP"),
        "an answer after the one that was cut off"
    );
    let got = Download::new(&head, received);
    assert!(!got.is_complete);
    // On a busy machine, the server notices the change before it sends the first byte.
    assert!(content.starts_with(&got.content), "bytes of two versions");
}
