//! Applications in Python: the rules of PEP 3333, and the processes that run them. Each test is skipped, with a printed
//! line, where Python is not installed.

mod battery;
mod crashes;
mod exchanges;
mod frameworks;
mod replacement;
mod silence;
mod starting;
mod waiting;

use crate::temporary::Folder;
use crate::turn::Turn;
use bytegate::python::{Kind, Python, Workers};
use bytegate::testing::{Client, Server, hostile_requests, malformed_requests};
use bytegate::{Application, Gateway, Method, Status};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// Returns the turn of a test, or `None` if there is no Python.
fn turn() -> Option<Turn> {
    has_python().then(Turn::shared)
}

/// Returns the turn of a test that measures the whole process, or `None` if there is no Python.
fn turn_alone() -> Option<Turn> {
    has_python().then(Turn::alone)
}

fn has_python() -> bool {
    let found = Command::new("python3").arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: there is no python3");
    }
    found
}

/// The lines that an application logs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn text(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }

    #[track_caller]
    fn wait_for(&self, words: &str) {
        wait_until(words, || self.text().contains(words));
    }
}

#[track_caller]
fn wait_until(what: &str, mut is_done: impl FnMut() -> bool) {
    let until = Instant::now() + 30 * SECOND;
    while !is_done() {
        assert!(Instant::now() < until, "not in time: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn python(application: &str) -> (Python, Log) {
    let log = Log::default();
    let lines = log.0.clone();
    let python = Python::new(application)
        .folder("fixtures/python")
        .stop_timeout(2 * SECOND)
        .log(move |line| lines.lock().unwrap().push(line.to_string()));
    (python, log)
}

fn start(python: Python) -> Workers {
    python.start().unwrap_or_else(|error| panic!("{error}"))
}

/// Returns why an application is not started.
fn refusal(python: Python) -> String {
    python
        .start()
        .expect_err("it cannot be started")
        .to_string()
}

fn is_running(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat"));
    status.is_ok_and(|status| !status.contains(") Z "))
}

fn pid(client: &Client) -> u32 {
    client.get("/pid").text().parse().expect("a number")
}
