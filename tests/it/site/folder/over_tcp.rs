//! Huge files over TCP.

use super::*;
use bytegate::Method;
use bytegate::testing::Server;
use std::io::Read;

const BYTES: usize = 80 * 1024 * 1024;

fn content(seed: u8) -> Vec<u8> {
    let mut content = vec![seed; BYTES];
    for (number, block) in content.chunks_exact_mut(4096).enumerate() {
        block[..8].copy_from_slice(&number.to_le_bytes());
    }
    content
}

/// Requests a file, which changes when the first bytes have arrived.
fn download(folder: &Folder, range: &str, change: impl FnOnce(&Folder)) -> Vec<u8> {
    let server = Server::start(Site::open(&folder.0).expect("a folder"));
    let mut client = server.connect();
    let request = format!("GET /a.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{range}\r\n");
    client.send(request).expect("a server");
    client.response_head(Method::GET).expect("a response");
    change(folder);
    let mut content = Vec::new();
    client
        .read_to_end(&mut content)
        .expect("the end of the response");
    content
}

#[test]
fn a_huge_file_arrives_whole_and_in_parts() {
    let expected = content(1);
    let folder = Folder::new(&[("a.bin", &expected)]);
    let whole = download(&folder, "", |_| {});
    assert_eq!(whole.len(), BYTES);
    assert_eq!(
        whole
            .iter()
            .zip(&expected)
            .position(|(one, other)| one != other),
        None
    );
    let part = download(&folder, "Range: bytes=1000-80000000\r\n", |_| {});
    assert!(part == expected[1000..=80_000_000]);
}

#[test]
fn a_huge_file_that_changes_while_it_is_sent_never_seems_complete() {
    let expected = content(1);
    type Change = fn(&Folder);
    let changes: [(&str, Change); 2] = [
        ("overwritten", |folder| folder.write("a.bin", &content(2))),
        ("truncated", |folder| folder.write("a.bin", b"")),
    ];
    for (name, change) in changes {
        let folder = Folder::new(&[("a.bin", &expected)]);
        let received = download(&folder, "", change);
        assert!(received.len() < BYTES, "{name}: {}", received.len());
    }
    let folder = Folder::new(&[("a.bin", &expected)]);
    let removed = |folder: &Folder| fs::remove_file(folder.path("a.bin")).expect("a file");
    assert!(download(&folder, "", removed) == expected);
}
