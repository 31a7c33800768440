//! Clients that people use, downloading from a folder over TCP.
#![cfg(all(unix, feature = "net"))]

#[path = "laws/folder.rs"]
mod temporary;

use bytegate::net::{self, Running};
use bytegate::{AccessLog, Gateway, Site, SiteOptions};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use temporary::Folder;

/// A server of a folder, and what it has logged.
struct Server {
    running: Running,
    log: Arc<Mutex<String>>,
}

impl Server {
    fn of(site: Site) -> Server {
        let log: Arc<Mutex<String>> = Arc::default();
        let lines = log.clone();
        let access_log = AccessLog::to(move |line| lines.lock().unwrap().push_str(line));
        let gateway = Gateway::new(site).with(access_log);
        let running = net::start("127.0.0.1:0", gateway, net::Options::default());
        Server {
            running: running.expect("a free port"),
            log,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.address())
    }

    /// Returns how many responses had a status.
    fn count(&self, status: &str) -> usize {
        let log = self.log.lock().unwrap();
        log.matches(&format!("\" {status} ")).count()
    }
}

fn open(folder: &Folder) -> Site {
    Site::open(&folder.0).expect("a folder")
}

/// Returns whether a program is here. Without it, its test is skipped.
fn is_here(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        println!("skipped: {program} is not here");
    }
    found
}

#[track_caller]
fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .output()
        .expect("a program");
    let (text, errors) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{program}: {text}{errors}");
    text
}

/// Bytes that differ from place to place.
fn content(length: usize) -> Vec<u8> {
    let mut content = Vec::with_capacity(length + 8);
    let mut number = 0x9e37_79b9_7f4a_7c15_u64;
    while content.len() < length {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        content.extend_from_slice(&number.to_be_bytes());
    }
    content.truncate(length);
    content
}

#[test]
fn curl_resumes_a_download() {
    if !is_here("curl") {
        return;
    }
    let file = content(6_000_000);
    let folder = Folder::new(&[("a.bin", &file)]);
    let server = Server::of(open(&folder));
    let here = Folder::new(&[("a.bin", &file[..1_234_567])]);
    run(
        &here.0,
        "curl",
        &["-sSf", "-C", "-", "-O", &server.url("/a.bin")],
    );
    assert!(fs::read(here.path("a.bin")).expect("a file") == file);
    assert_eq!((server.count("206"), server.count("200")), (1, 0));
}

#[test]
fn wget_mirrors_a_site() {
    if !is_here("wget") {
        return;
    }
    let files: [(&str, &[u8]); 5] = [
        (
            "index.html",
            b"<a href=docs/>docs</a> <img src='a%20b.png'> <a href=none.html>none</a>",
        ),
        ("a b.png", b"png"),
        (
            "docs/index.html",
            b"<a href=more/>more</a> <a href=../>up</a>",
        ),
        (
            "docs/more/index.html",
            b"<link rel=stylesheet href=/style.css>",
        ),
        ("style.css", b"body { background: url(bg.svg) }"),
    ];
    let folder = Folder::new(&files);
    folder.write("bg.svg", b"<svg/>");
    folder.write("none.html", b"there");
    let server = Server::of(open(&folder));
    let here = Folder::new(&[]);
    run(
        &here.0,
        "wget",
        &[
            "-q",
            "--mirror",
            "-nH",
            "-e",
            "robots=off",
            &server.url("/"),
        ],
    );
    for path in [
        "index.html",
        "a b.png",
        "docs/index.html",
        "docs/more/index.html",
        "style.css",
        "bg.svg",
        "none.html",
    ] {
        let copy = fs::read(here.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(copy, fs::read(folder.path(path)).expect("a file"), "{path}");
    }
}

#[test]
fn wget_downloads_only_what_is_newer() {
    if !is_here("wget") {
        return;
    }
    let folder = Folder::new(&[("a.txt", b"one")]);
    let set_time = |seconds| {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let file = fs::File::options()
            .write(true)
            .open(folder.path("a.txt"))
            .expect("a file");
        file.set_modified(time).expect("a time");
    };
    set_time(1_700_000_000);
    let server = Server::of(open(&folder));
    let here = Folder::new(&[]);
    let get = || run(&here.0, "wget", &["-q", "-N", &server.url("/a.txt")]);
    get();
    get();
    assert_eq!((server.count("200"), server.count("304")), (1, 1));
    folder.write("a.txt", b"two");
    set_time(1_700_000_100);
    std::thread::sleep(Duration::from_millis(20));
    get();
    assert_eq!(fs::read(here.path("a.txt")).expect("a file"), b"two");
}

#[test]
fn aria2_downloads_eight_parts_at_once() {
    if !is_here("aria2c") {
        return;
    }
    let file = content(24 * 1024 * 1024);
    let folder = Folder::new(&[("a.bin", &file)]);
    let server = Server::of(open(&folder));
    let here = Folder::new(&[]);
    let url = server.url("/a.bin");
    run(
        &here.0,
        "aria2c",
        &["-q", "-x8", "-s8", "-k1M", "--file-allocation=none", &url],
    );
    assert!(fs::read(here.path("a.bin")).expect("a file") == file);
    assert!(server.count("206") >= 7, "{}", server.log.lock().unwrap());
}

#[test]
fn python_asks_for_parts_and_for_what_has_changed() {
    let has_requests = || {
        let python = Command::new("python3")
            .args(["-c", "import requests"])
            .status();
        python.is_ok_and(|status| status.success())
    };
    if !is_here("python3") || !has_requests() {
        println!("skipped: Python's requests are not here");
        return;
    }
    let file = content(3_000_000);
    let folder = Folder::new(&[("a.bin", &file), ("a.txt", b"text")]);
    let server = Server::of(open(&folder));
    let script = "
import requests, sys
base, file = sys.argv[1], open(sys.argv[2], 'rb').read()
session = requests.Session()
session.trust_env = False
whole = session.get(base + 'a.bin', stream=True)
assert b''.join(whole.iter_content(10_000)) == file
part = session.get(base + 'a.bin', headers={'Range': 'bytes=1000000-1999999'})
assert part.status_code == 206 and part.content == file[1_000_000:2_000_000]
again = session.get(base + 'a.bin', headers={'If-None-Match': whole.headers['ETag']})
assert again.status_code == 304 and not again.content
since = session.get(base + 'a.bin', headers={'If-Modified-Since': whole.headers['Last-Modified']})
assert since.status_code == 304
head = session.head(base + 'a.txt')
assert head.headers['Content-Length'] == '4' and head.headers['Content-Type'] == 'text/plain; charset=utf-8'
assert session.post(base + 'a.txt', data='x').status_code == 405
";
    let path = folder.path("a.bin").display().to_string();
    run(
        &folder.0,
        "python3",
        &["-c", script, &server.url("/"), &path],
    );
}

#[test]
fn every_client_finds_a_name_with_any_characters() {
    let names = [
        "a b",
        "a+b",
        "a#b",
        "a?b",
        "100%",
        "%41",
        "\u{e4}\u{f6}\u{fc}",
        "\u{6f22}\u{5b57}",
        "\u{1f600}",
        "[x]",
        "{x}",
        "a&b=c;d",
        "'q'",
        "\"q\"",
        "<x>",
        "a:b",
        "~x",
        "a,b",
        "x^y",
        "x|y",
        "x`y",
    ];
    let folder = Folder::new(&[]);
    for name in names {
        folder.write(name, name.as_bytes());
    }
    let site = SiteOptions::new()
        .listing(true)
        .open(&folder.0)
        .expect("a folder");
    let server = Server::of(site);
    let encode = |name: &str| {
        name.bytes()
            .map(|octet| format!("%{octet:02x}"))
            .collect::<String>()
    };
    if is_here("curl") {
        for name in names {
            let url = server.url(&format!("/{}", encode(name)));
            assert_eq!(run(&folder.0, "curl", &["-sSf", "-g", &url]), name);
        }
    }
    // Python follows the links of the list.
    let script = "
import html.parser, os, sys, urllib.parse, urllib.request
base = sys.argv[1]
class Links(html.parser.HTMLParser):
    found = []
    def handle_starttag(self, tag, attributes):
        href = dict(attributes).get('href') or ''
        if tag == 'a' and href and not href.startswith(('?', '../')) and href != './':
            self.found.append(href)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
links = Links()
links.feed(opener.open(base).read().decode())
texts = {opener.open(urllib.parse.urljoin(base, link)).read().decode() for link in links.found}
assert texts == set(os.listdir('.')), texts ^ set(os.listdir('.'))
";
    if is_here("python3") {
        run(&folder.0, "python3", &["-c", script, &server.url("/")]);
    }
}

/// While files are replaced, each response that looks whole is one version, from its first byte to its last.
#[test]
fn files_that_are_replaced_under_load_are_never_mixed() {
    for length in [1_000, 100_000, 1_000_000, 6_000_000] {
        let version = |number: u8| vec![number; length];
        let folder = Folder::new(&[("a.bin", &version(0))]);
        let server = Server::of(open(&folder));
        let (is_over, count) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        let received = download(&server);
                        let first = received.first().copied().expect("content");
                        let is_whole = received.len() == length;
                        assert!(
                            is_whole && received.iter().all(|&octet| octet == first),
                            "{length}"
                        );
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            for number in 1..60 {
                folder.write("new", &version(number));
                fs::rename(folder.path("new"), folder.path("a.bin")).expect("a file");
                std::thread::sleep(Duration::from_millis(10));
            }
            is_over.store(true, Ordering::Relaxed);
        });
        assert!(count.load(Ordering::Relaxed) > 5, "{length}");
    }
}

/// While files are overwritten in place, each response that looks whole is what the file was at one moment: a version, or
/// the beginning of one before the rest of the version before it.
#[test]
fn files_that_are_overwritten_under_load_break_off_or_are_whole() {
    for length in [1_000, 300_000, 6_000_000] {
        let version = |number: u8| vec![number; length];
        let folder = Folder::new(&[("a.bin", &version(0))]);
        let server = Server::of(open(&folder));
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        let received = download(&server);
                        let mut versions = received.clone();
                        versions.dedup();
                        let was_there = match versions[..] {
                            [_] => true,
                            [new, old] => new == old + 1,
                            _ => false,
                        };
                        assert!(
                            received.len() < length || was_there,
                            "{length}: {versions:?}"
                        );
                    }
                });
            }
            for number in 1..40 {
                let mut file = fs::File::options()
                    .write(true)
                    .open(folder.path("a.bin"))
                    .expect("a file");
                // The time of a write is when it begins, so each must be short.
                for block in version(number).chunks(4096) {
                    file.write_all(block).expect("a disk");
                }
                drop(file);
                std::thread::sleep(Duration::from_millis(15));
            }
            is_over.store(true, Ordering::Relaxed);
        });
    }
}

/// Downloads a file, as far as it comes.
fn download(server: &Server) -> Vec<u8> {
    let mut stream = std::net::TcpStream::connect(server.running.address()).expect("a server");
    let request = "GET /a.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("a connection");
    let mut reply = Vec::new();
    // A response that breaks off may end with an error.
    let _ = stream.read_to_end(&mut reply);
    let head = reply.windows(4).position(|it| it == b"\r\n\r\n");
    head.map_or(Vec::new(), |head| reply.split_off(head + 4))
}
