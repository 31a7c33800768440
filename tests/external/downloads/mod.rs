//! Download programs and a browser, over TCP against an open folder.

mod aria2;
mod browser;
mod curl;
mod names;
mod requests;
mod wget;

use crate::chromium::Browser;
use crate::temporary::Folder;
use bytegate::site::SiteOptions;
use bytegate::testing::Server;
use bytegate::{Application, Request, Response, Site};
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
    responses: Arc<Mutex<Vec<Answer>>>,
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
            responses: Arc::default(),
        }
    }

    /// Takes the responses since the last call, except for files that programs request by themselves.
    fn take(&self) -> Vec<Answer> {
        let mut responses = std::mem::take(&mut *self.responses.lock().expect("no panic"));
        responses.retain(|response| !["/robots.txt", "/favicon.ico"].contains(&&response.path[..]));
        responses
    }
}

impl Application for Watched {
    fn call(&self, request: &Request<'_>) -> Response {
        let response = self.site.call(request);
        self.responses.lock().expect("no panic").push(Answer {
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
    name.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn read(folder: &Folder, path: &str) -> Vec<u8> {
    fs::read(folder.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
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

fn has_curl() -> bool {
    has("curl", &["--version"], "curl")
}

fn folder_of_names() -> Folder {
    let folder = Folder::new(&[]);
    for name in NAMES {
        folder.write(&format!("{name}.txt"), name.as_bytes());
        folder.write(&format!("in/{name}/index.html"), name.as_bytes());
    }
    folder
}
