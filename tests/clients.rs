//! Download programs and a browser, over TCP against an open folder. Each is skipped, with a printed line, where it is
//! not installed.
#![cfg(feature = "server")]

#[path = "laws/browser.rs"]
mod browser;
#[path = "laws/folder.rs"]
mod folder;

use browser::Browser;
use bytegate::site::SiteOptions;
use bytegate::testing::Server;
use bytegate::{Application, Request, Response, Site};
use folder::Folder;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// Names that are hard to write in a URL. Each file contains its name.
const NAMES: [&str; 20] = [
    "plain",
    "a b",
    " a",
    "a+b",
    "a#b",
    "a?b",
    "100%",
    "%41",
    "%2F",
    "\u{e4}\u{f6}\u{fc}\u{df}",
    "\u{6f22}\u{5b57}",
    "\u{1f600}",
    "[x]",
    "{x}",
    "a&b;c=d",
    "'\"<>`",
    "a:b@c",
    "~a,b!$*()",
    "a|b^c",
    "javascript:alert(1)",
];

/// A site that records its responses.
#[derive(Clone)]
struct Watched {
    site: Site,
    answers: Arc<Mutex<Vec<Answer>>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Answer {
    method: String,
    path: String,
    range: Option<String>,
    status: u16,
}

impl Watched {
    fn new(site: Site) -> Watched {
        Watched {
            site,
            answers: Arc::default(),
        }
    }

    /// Takes the responses since the last call, except for files that programs request by themselves.
    fn take(&self) -> Vec<Answer> {
        let mut answers = std::mem::take(&mut *self.answers.lock().expect("no panic"));
        answers.retain(|answer| !["/robots.txt", "/favicon.ico"].contains(&&answer.path[..]));
        answers
    }
}

impl Application for Watched {
    fn call(&self, request: &Request<'_>) -> Response {
        let response = self.site.call(request);
        self.answers.lock().expect("no panic").push(Answer {
            method: request.method().to_string(),
            path: request.path().to_string(),
            range: request.headers().get("Range").map(ToString::to_string),
            status: response.status().code(),
        });
        response
    }
}

/// Serves an open folder.
fn serve(folder: &Folder) -> (Server, Watched) {
    let watched = Watched::new(Site::open(&folder.0).expect("a folder"));
    (Server::start(watched.clone()), watched)
}

/// Returns whether a program is installed. Prints a line if it is not.
fn has(program: &str, arguments: &[&str], package: &str) -> bool {
    let run = Command::new(program).args(arguments).output();
    let is_here = run.is_ok_and(|run| run.status.success());
    if !is_here {
        println!("skipped: {program} is not here (apt-get install {package})");
    }
    is_here
}

/// Runs a program that takes no proxy and reads no settings.
fn run(program: &str, arguments: &[&str], folder: &Folder) -> Output {
    Command::new(program)
        .args(arguments)
        .current_dir(&folder.0)
        .env("HOME", &folder.0)
        .env("no_proxy", "*")
        .env("NO_PROXY", "*")
        .output()
        .expect("the program starts")
}

/// Runs a program that must succeed, and returns its output.
#[track_caller]
fn output_of(program: &str, arguments: &[&str], folder: &Folder) -> String {
    let run = run(program, arguments, folder);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&run.stdout), text(&run.stderr));
    assert!(
        run.status.success(),
        "{program} {arguments:?}: {}\n{stdout}\n{stderr}",
        run.status
    );
    stdout
}

/// Waits until a change must have been noticed.
fn wait_until_noticed() {
    std::thread::sleep(Duration::from_millis(10));
}

/// Bytes without a period that could hide a wrong position.
fn numbers(bytes: usize) -> Vec<u8> {
    let numbers = 0..u32::try_from(bytes / 4).expect("a small file");
    numbers.flat_map(u32::to_le_bytes).collect()
}

fn encoded(name: &str) -> String {
    name.bytes().map(|octet| format!("%{octet:02X}")).collect()
}

fn read(folder: &Folder, path: &str) -> Vec<u8> {
    fs::read(folder.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn has_curl() -> bool {
    has("curl", &["--version"], "curl")
}

#[test]
fn curl_resumes_a_download_that_was_cut() {
    if !has_curl() {
        return;
    }
    let content = numbers(48 << 20);
    let folder = Folder::new(&[("large.bin", &content)]);
    let (server, _) = serve(&folder);
    let (target, url) = (Folder::new(&[]), server.url("/large.bin"));
    let slowly = ["--limit-rate", "1M", "--max-time", "1"];
    let cut = run(
        "curl",
        &[&["-sS", "-o", "part.bin"], &slowly[..], &[&url]].concat(),
        &target,
    );
    assert_eq!(cut.status.code(), Some(28), "a time-out");
    let received = read(&target, "part.bin").len();
    assert!(
        (1..content.len()).contains(&received),
        "{received} bytes were received"
    );
    let report = output_of(
        "curl",
        &[
            "-sS",
            "-C",
            "-",
            "-o",
            "part.bin",
            "-w",
            "%{http_code} %{size_download}",
            &url,
        ],
        &target,
    );
    assert_eq!(report, format!("206 {}", content.len() - received));
    assert!(read(&target, "part.bin") == content, "the bytes differ");
}

#[test]
fn curl_downloads_only_changed_files_again() {
    if !has_curl() {
        return;
    }
    for bytes in [100, 200_000] {
        let folder = Folder::new(&[("a.bin", &numbers(bytes))]);
        let (server, watched) = serve(&folder);
        let (target, url) = (Folder::new(&[]), server.url("/a.bin"));
        let tags = ["--etag-save", "tag", "--etag-compare", "tag"];
        let arguments = [&["-sS", "-o", "a.bin"], &tags[..], &[&url]].concat();
        target.write("tag", b"");
        output_of("curl", &arguments, &target);
        let copy = read(&target, "a.bin");
        assert!(copy == numbers(bytes));
        // Some versions of curl empty the ETag file if nothing is new.
        let kept = read(&target, "tag");
        output_of("curl", &arguments, &target);
        target.write("tag", &kept);
        folder.write("a.bin", b"changed");
        wait_until_noticed();
        output_of("curl", &arguments, &target);
        assert_eq!(read(&target, "a.bin"), b"changed");
        let statuses: Vec<u16> = watched.take().iter().map(|it| it.status).collect();
        assert_eq!(statuses, [200, 304, 200], "{bytes} bytes");
    }
}

/// A small site whose files link to each other in every way that wget follows.
fn linked_site() -> Folder {
    Folder::new(&[
        (
            "index.html",
            b"<link rel=stylesheet href=style.css><a href=docs/>docs</a> <a href='a%20b.html'>a b</a>",
        ),
        ("style.css", b"body { background: url('images/dot.svg') }"),
        (
            "images/dot.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        ),
        (
            "docs/index.html",
            b"<a href=..>home</a> <a href=deep/er/>deeper</a> <a href=/docs/large.bin>large</a>",
        ),
        (
            "docs/deep/er/index.html",
            b"<a href=\"%C3%A4.html\">a page</a>",
        ),
        ("docs/deep/er/\u{e4}.html", b"the end"),
        ("docs/large.bin", &[7; 300_000]),
        ("a b.html", b"<a href='index.html'>home</a>"),
    ])
}

/// The paths of all files below a folder.
fn paths(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => waiting.push(path),
                false => {
                    let path = path.strip_prefix(folder).expect("below");
                    found.push(path.to_str().expect("UTF-8").to_string());
                }
            }
        }
    }
    found.sort();
    found
}

fn has_wget() -> bool {
    has("wget", &["--version"], "wget")
}

/// Fails quickly if the server does not respond.
const PATIENT: [&str; 4] = ["-nv", "--timeout=20", "--tries=2", "--no-config"];

#[test]
fn wget_mirrors_a_site_and_then_finds_nothing_new() {
    if !has_wget() {
        return;
    }
    let folder = linked_site();
    let (server, watched) = serve(&folder);
    let (target, url) = (Folder::new(&[]), server.url("/"));
    let mirror = [
        "--mirror",
        "--no-host-directories",
        "--restrict-file-names=nocontrol",
        &url,
    ];
    let arguments = [&PATIENT[..], &mirror].concat();
    folder.settle();
    output_of("wget", &arguments, &target);
    assert_eq!(paths(&target.0), paths(&folder.0));
    for path in paths(&folder.0) {
        assert!(read(&target, &path) == read(&folder, &path), "{path}");
    }
    let first = watched.take();
    output_of("wget", &arguments, &target);
    // wget does not follow the links of a page that it was told to keep.
    let again = watched.take();
    let statuses: Vec<u16> = again.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [304], "{again:?}");
    // It does so if it compares the headers of HEAD instead.
    let with_head = [&arguments[..], &["--no-if-modified-since"]].concat();
    output_of("wget", &with_head, &target);
    let again = watched.take();
    assert_eq!(again.len(), first.len(), "{again:?}");
    assert!(again.iter().all(|it| it.method == "HEAD"), "{again:?}");
}

#[test]
fn wget_downloads_only_newer_files_again() {
    if !has_wget() {
        return;
    }
    let folder = Folder::new(&[]);
    let write = |text: &[u8], octet: u8, modified: SystemTime| {
        for (path, content) in [("small.txt", text), ("large.bin", &[octet; 200_000])] {
            folder.write(path, content);
            let file = fs::File::options().write(true).open(folder.path(path));
            let set = file.expect("a file").set_modified(modified);
            set.expect("a time");
        }
    };
    let (server, watched) = serve(&folder);
    let target = Folder::new(&[]);
    let fetch = || {
        let (small, large) = (server.url("/small.txt"), server.url("/large.bin"));
        let arguments = [&PATIENT[..], &["-N", &small, &large]].concat();
        output_of("wget", &arguments, &target);
        let statuses = watched.take().into_iter().map(|it| it.status);
        statuses.collect::<Vec<_>>()
    };
    // HTTP dates have a resolution of one second.
    write(b"one", 1, SystemTime::now() - Duration::from_secs(60));
    folder.settle();
    assert_eq!(fetch(), [200, 200]);
    assert_eq!(fetch(), [304, 304]);
    write(b"two", 2, SystemTime::now());
    wait_until_noticed();
    assert_eq!(fetch(), [200, 200]);
    assert_eq!(read(&target, "small.txt"), b"two");
    assert!(read(&target, "large.bin") == [2; 200_000]);
    assert_eq!(fetch(), [304, 304]);
}

#[test]
fn aria2_downloads_eight_parts_at_once() {
    if !has("aria2c", &["--version"], "aria2") {
        return;
    }
    let content = numbers(16 << 20);
    let folder = Folder::new(&[("large.bin", &content)]);
    let (server, watched) = serve(&folder);
    let target = Folder::new(&[]);
    let url = server.url("/large.bin");
    output_of(
        "aria2c",
        &[
            "-x8",
            "-s8",
            "-k1M",
            "--no-conf",
            "--file-allocation=none",
            "--timeout=20",
            "-q",
            &url,
        ],
        &target,
    );
    assert!(read(&target, "large.bin") == content, "the bytes differ");
    let answers = watched.take();
    let starts: std::collections::BTreeSet<String> = answers
        .iter()
        .filter(|answer| answer.status == 206)
        .filter_map(|answer| Some(answer.range.as_ref()?.split('-').next()?.to_string()))
        .collect();
    assert!(starts.len() >= 7, "{answers:?}");
}

fn has_requests() -> bool {
    has("python3", &["-c", "import requests"], "python3-requests")
}

/// Runs a Python script. `base` is the URL of the server, `folder` the served folder.
#[track_caller]
fn python(script: &str, server: &Server, folder: &Folder) {
    const BEGIN: &str = "import os, sys, urllib.parse, requests\n\
        base, folder = sys.argv[1:3]\n\
        session = requests.Session()\n\
        session.trust_env = False\n\
        def get(path, stream=False, **fields):\n\
        \x20   fields = {name.replace('_', '-'): value for name, value in fields.items()}\n\
        \x20   return session.get(base + path, headers=fields, stream=stream, timeout=20)\n\
        def same(one, other):\n\
        \x20   assert one == other, (one, other)\n";
    let script = [BEGIN, script].concat();
    let path = folder.0.to_str().expect("UTF-8");
    output_of("python3", &["-c", &script, &server.url(""), path], folder);
}

#[test]
fn requests_keeps_a_connection_and_its_copies() {
    if !has_requests() {
        return;
    }
    let folder = Folder::new(&[
        ("small.bin", &numbers(1000)),
        ("large.bin", &numbers(900_000)),
    ]);
    let (server, _) = serve(&folder);
    let script = "
for name in ['small.bin', 'large.bin']:
    with open(os.path.join(folder, name), 'rb') as file:
        content = file.read()
    path, length = '/' + name, len(content)
    whole = get(path)
    same((whole.status_code, len(whole.content)), (200, length))
    assert whole.content == content
    tag, date = whole.headers['ETag'], whole.headers['Last-Modified']
    for fields in [{'If_None_Match': tag}, {'If_Modified_Since': date}]:
        current = get(path, **fields)
        same((current.status_code, current.content), (304, b''))
        same(current.headers['ETag'], tag)
    # A range that is read in pieces, and one whose reader goes away.
    with get(path, stream=True, Range='bytes=100-') as part:
        same((part.status_code, part.headers['Content-Range']), (206, f'bytes 100-{length - 1}/{length}'))
        assert b''.join(part.iter_content(4096)) == content[100:]
    last = get(path, Range='bytes=-10')
    same((last.status_code, last.content), (206, content[-10:]))
    same(get(path, Range='bytes=0-9', If_Range=tag).content, content[:10])
    same(get(path, Range='bytes=0-9', If_Range='\"other\"').status_code, 200)
    beyond = get(path, Range=f'bytes={length}-')
    same((beyond.status_code, beyond.headers['Content-Range']), (416, f'bytes */{length}'))
    same(session.head(base + path, timeout=20).headers['Content-Length'], str(length))
pools = session.get_adapter(base).poolmanager.pools
same([pools[key].num_connections for key in pools.keys()], [1])
with get('/large.bin', stream=True) as left:
    next(left.iter_content(10))
same(get('/small.bin').status_code, 200)
";
    python(script, &server, &folder);
}

fn folder_of_names() -> Folder {
    let folder = Folder::new(&[]);
    for name in NAMES {
        folder.write(&format!("{name}.txt"), name.as_bytes());
        folder.write(&format!("in/{name}/index.html"), name.as_bytes());
    }
    folder
}

#[test]
fn curl_finds_every_name_encoded_or_typed() {
    if !has_curl() {
        return;
    }
    let folder = folder_of_names();
    let (server, _) = serve(&folder);
    let fetch = |name: &str, path: String| {
        // `-g`: brackets and braces are ordinary characters.
        let arguments = ["-sSgL", "-w", " %{http_code}", &server.url(&path)];
        let answer = output_of("curl", &arguments, &folder);
        assert_eq!(answer, format!("{name} 200"), "{path}");
    };
    for name in NAMES {
        fetch(name, format!("/{}.txt", encoded(name)));
        // By a redirect, which curl follows.
        fetch(name, format!("/in/{}", encoded(name)));
        // curl sends the typed text. It does not accept spaces, and no URL can contain these.
        if !name.contains([' ', '#', '?', '%', '"', '<', '>']) {
            fetch(name, format!("/{name}.txt"));
            fetch(name, format!("/in/{name}"));
        }
    }
}

#[test]
fn requests_finds_every_name_encoded_or_typed() {
    if !has_requests() {
        return;
    }
    let folder = folder_of_names();
    let (server, _) = serve(&folder);
    let script = "
names = [name[:-4] for name in os.listdir(folder) if name.endswith('.txt')]
same(len(names), 20)
for name in names:
    spellings = [urllib.parse.quote(name), urllib.parse.quote(name, safe='')]
    # requests encodes what a URL may not contain.
    if not set('#?%') & set(name):
        spellings.append(name)
    for spelling in spellings:
        for path in [f'/{spelling}.txt', f'/in/{spelling}']:
            answer = get(path)
            same((answer.status_code, answer.content.decode(), path), (200, name, path))
";
    python(script, &server, &folder);
}

fn start_browser() -> Option<Browser> {
    let browser = Browser::start();
    if browser.is_none() {
        println!("skipped: Chromium or chromedriver is not here (apt-get install chromium-driver)");
    }
    browser
}

/// A script can set this on a page; a reloaded page has lost it.
const MARK: &str = "window.mark";

#[test]
fn every_link_of_a_listing_can_be_clicked() {
    let Some(browser) = start_browser() else {
        return;
    };
    let folder = folder_of_names();
    let site = SiteOptions::new().listing(true).open(&folder.0);
    let server = Server::start(site.expect("a folder"));
    let click = |list: &str, text: &str, name: &str| {
        browser.open(&server.url(list));
        let codes: Vec<String> = text.chars().map(|it| u32::from(it).to_string()).collect();
        let clicked = browser.run(&format!(
            "const text = String.fromCodePoint({});
             const link = [...document.querySelectorAll('tbody a')].find(it => it.textContent === text);
             if (!link) return document.body.innerText;
             link.click();
             return 'clicked';",
            codes.join(", ")
        ));
        assert_eq!(clicked, "clicked", "{text}");
        browser.wait_until("document.querySelector('tbody') === null");
        browser.wait_until("document.readyState === 'complete'");
        let shown = browser.run("return document.documentElement.textContent;");
        assert_eq!(shown.trim(), name.trim(), "{text}");
    };
    for name in NAMES {
        click("/", &format!("{name}.txt"), name);
        // As HTML, this one is a tag.
        if !name.contains('<') {
            click("/in/", &format!("{name}/"), name);
        }
    }
    // Down and up again.
    browser.open(&server.url("/"));
    browser.run("document.querySelector('a.folder').click(); return '';");
    browser.wait_until("location.pathname === '/in/' && document.readyState === 'complete'");
    browser.run("document.querySelector('a.folder').click(); return '';");
    browser.wait_until("location.pathname === '/'");
}

/// Silence: mono, 16 bits, 44,100 times a second.
fn wave(seconds: u32) -> Vec<u8> {
    const RATE: u32 = 44_100;
    let length = seconds * RATE * 2;
    let mut wave = Vec::new();
    for (name, numbers) in [
        ("RIFF", &[length + 36][..]),
        ("WAVEfmt ", &[16, 0x0001_0001, RATE, RATE * 2, 0x0010_0002]),
        ("data", &[length]),
    ] {
        wave.extend_from_slice(name.as_bytes());
        wave.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    }
    wave.resize(wave.len() + length as usize, 0);
    wave
}

#[test]
fn chromium_seeks_in_media_before_it_is_loaded() {
    let Some(browser) = start_browser() else {
        return;
    };
    let folder = Folder::new(&[
        (
            "index.html",
            b"<audio src=silence.wav preload=metadata></audio>",
        ),
        ("silence.wav", &wave(300)),
    ]);
    let (server, watched) = serve(&folder);
    browser.open(&server.url("/"));
    browser.wait_until("document.querySelector('audio').readyState >= 1");
    let place = browser.run(
        "const audio = document.querySelector('audio');
         const seeked = new Promise(done => audio.onseeked = done);
         audio.currentTime = 280;
         await seeked;
         return [audio.duration, audio.seekable.end(0), audio.currentTime, audio.error].join(' ');",
    );
    assert_eq!(place, "300 300 280 ");
    let answers = watched.take();
    let is_far = |answer: &Answer| {
        let start = answer.range.as_ref()?.strip_prefix("bytes=")?.split('-');
        let start: u64 = start.clone().next()?.parse().ok()?;
        Some(answer.status == 206 && start > 20_000_000)
    };
    assert!(
        answers.iter().any(|answer| is_far(answer) == Some(true)),
        "{answers:?}"
    );
}

#[test]
fn chromium_goes_back_and_forward_without_loading_pages_again() {
    let Some(browser) = start_browser() else {
        return;
    };
    let folder = Folder::new(&[
        ("a.html", b"<title>a</title><a href=b.html>b</a>"),
        ("b.html", b"<title>b</title>"),
    ]);
    let (server, watched) = serve(&folder);
    let loaded = || {
        watched
            .take()
            .into_iter()
            .map(|it| it.path)
            .collect::<Vec<_>>()
    };
    browser.open(&server.url("/a.html"));
    browser.run(&format!("{MARK} = 'first'; return '';"));
    browser.run("document.querySelector('a').click(); return '';");
    browser.wait_until("document.title === 'b'");
    browser.run(&format!("{MARK} = 'second'; return '';"));
    assert_eq!(loaded(), ["/a.html", "/b.html"]);
    browser.back();
    browser.wait_until("document.title === 'a'");
    assert_eq!(browser.run(&format!("return {MARK};")), "first");
    browser.forward();
    browser.wait_until("document.title === 'b'");
    assert_eq!(browser.run(&format!("return {MARK};")), "second");
    assert_eq!(loaded(), [""; 0]);
    // An edit shows after a reload.
    folder.write("b.html", b"<title>edited</title>");
    wait_until_noticed();
    browser.run("location.reload(); return '';");
    browser.wait_until("document.title === 'edited'");
}
