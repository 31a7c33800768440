//! Files that change while clients download them over TCP.
#![cfg(feature = "net")]

#[path = "laws/folder.rs"]
mod temporary;

use bytegate::net::{self, Running};
use bytegate::{Gateway, Site};
use std::fs;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use temporary::Folder;

fn serve(folder: &Folder) -> Running {
    let gateway = Gateway::new(Site::open(&folder.0).expect("a folder"));
    net::start("127.0.0.1:0", gateway, net::Options::default()).expect("a free port")
}

/// While files are replaced, each response that looks whole is one version, from its first byte to its last.
#[test]
fn files_that_are_replaced_under_load_are_never_mixed() {
    for length in [1_000, 100_000, 1_000_000, 6_000_000] {
        let version = |number: u8| vec![number; length];
        let folder = Folder::new(&[("a.bin", &version(0))]);
        let server = serve(&folder);
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
        let server = serve(&folder);
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
fn download(server: &Running) -> Vec<u8> {
    let mut stream = std::net::TcpStream::connect(server.address()).expect("a server");
    let request = "GET /a.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("a connection");
    let mut reply = Vec::new();
    // A response that breaks off may end with an error.
    let _ = stream.read_to_end(&mut reply);
    let head = reply.windows(4).position(|it| it == b"\r\n\r\n");
    head.map_or(Vec::new(), |head| reply.split_off(head + 4))
}
