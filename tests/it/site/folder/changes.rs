//! Files that change between requests, or while they are sent.

use super::*;

#[test]
fn a_change_shows_at_the_next_request() {
    let folder = Folder::new(&[("a.txt", b"one")]);
    let client = Client::new(Site::open(&folder.0).expect("a folder"));
    assert_eq!(get(&client, "/a.txt").text(), "one");
    for text in ["two", "3", "", "four", "five", "sixx"] {
        folder.write("a.txt", text.as_bytes());
        assert_eq!(get(&client, "/a.txt").text(), text);
    }
    fs::rename(folder.path("a.txt"), folder.path("b.txt")).expect("a file");
    assert_eq!(get(&client, "/a.txt").status(), Status::NOT_FOUND);
    assert_eq!(get(&client, "/b.txt").text(), "sixx");
    folder.write("a.txt", b"new");
    assert_eq!(get(&client, "/a.txt").text(), "new");
    assert_eq!(
        get(&client, "/b.txt").header("Cache-Control"),
        Some("no-cache")
    );
}

#[test]
fn a_cached_copy_is_current_until_the_file_changes() {
    for bytes in [10, 500_000, 5_000_000] {
        let folder = Folder::new(&[("a.txt", &vec![b'a'; bytes])]);
        folder.settle();
        let client = Client::new(Site::open(&folder.0).expect("a folder"));
        let tag = get(&client, "/a.txt")
            .header("ETag")
            .expect("a tag")
            .to_string();
        let again = || client.get("/a.txt").header("If-None-Match", &tag).send();
        assert_eq!(again().status(), Status::NOT_MODIFIED);
        folder.write("a.txt", &vec![b'b'; bytes]);
        let changed = again();
        assert_eq!(changed.status(), Status::OK);
        assert_ne!(changed.header("ETag"), Some(&tag[..]));
    }
}

/// A time stamp cannot distinguish two changes in quick succession.
#[test]
fn a_file_changed_just_now_has_no_ambiguous_validator() {
    // In memory, in memory that is sent without a copy, and on the disk.
    for (bytes, cache_bytes, has_tag) in [
        (10, 1 << 20, true),
        (300_000, 1 << 20, true),
        (10_000, 10_000, false),
    ] {
        let folder = Folder::new(&[]);
        let site = SiteOptions::new().cache_bytes(cache_bytes).open(&folder.0);
        let client = Client::new(site.expect("a folder"));
        // On a busy machine, some responses come too late.
        let mut are_fresh = false;
        for _ in 0..100 {
            folder.write("a.txt", &vec![b'a'; bytes]);
            let start = std::time::Instant::now();
            let file = fs::File::options().write(true).open(folder.path("a.txt"));
            let mut file = file.expect("a file");
            file.write_all(b"a").expect("space");
            let first = get(&client, "/a.txt");
            let was_fresh = start.elapsed() < std::time::Duration::from_millis(8);
            assert_eq!(first.body().len(), bytes);
            if !was_fresh {
                continue;
            }
            assert_eq!(first.header("ETag").is_some(), has_tag);
            assert_eq!(first.header("Last-Modified"), None);
            let changed = ["b", "c"].map(|text| {
                use std::io::Seek;
                file.rewind().expect("a file");
                let start = std::time::Instant::now();
                file.write_all(text.as_bytes()).expect("space");
                let request = client.get("/a.txt");
                let tag = first.header("ETag").unwrap_or("\"none\"");
                let since = "Fri, 01 Jan 2100 00:00:00 GMT";
                let response = match text {
                    "b" => request.header("If-None-Match", tag).send(),
                    _ => request
                        .header("Range", "bytes=0-9")
                        .header("If-Range", tag)
                        .header("If-Modified-Since", since)
                        .send(),
                };
                let is_fresh = start.elapsed() < std::time::Duration::from_millis(8);
                is_fresh.then_some(response)
            });
            are_fresh |= changed.iter().all(Option::is_some);
            for (response, text) in changed.iter().zip([b'b', b'c']) {
                let Some(response) = response else {
                    continue;
                };
                assert_eq!(response.status(), Status::OK, "{bytes}");
                assert_eq!(response.body()[0], text, "{bytes}");
            }
        }
        assert!(are_fresh, "{bytes}");
    }
}

#[test]
fn a_large_file_is_served_whole_and_in_parts() {
    let content: Vec<u8> = (0..1_500_000u32)
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let folder = Folder::new(&[("large.bin", &content)]);
    for client in both(&folder, &SiteOptions::new()) {
        let whole = get(&client, "/large.bin");
        assert_eq!(whole.body(), &content[..]);
        assert_eq!(whole.header("Accept-Ranges"), Some("bytes"));
        let part = client
            .get("/large.bin")
            .header("Range", "bytes=65530-65545")
            .send();
        assert_eq!(part.status(), Status::PARTIAL_CONTENT);
        assert_eq!(part.body(), &content[65530..=65545]);
        let parts = client
            .get("/large.bin")
            .header("Range", "bytes=0-1,1000000-1199999")
            .send();
        assert!(
            parts
                .header("Content-Type")
                .expect("a type")
                .starts_with("multipart/byteranges")
        );
        let contains = |part: &[u8]| parts.body().windows(part.len()).any(|it| it == part);
        assert!(contains(&content[1_000_000..1_200_000]));
    }
}

/// Requests a file of 5,000,000 bytes that changes after its first block was sent.
fn sent_with(change: impl FnOnce(&Folder)) -> (Vec<u8>, CloseReason) {
    let folder = Folder::new(&[("a.bin", &vec![b'a'; 5_000_000])]);
    let gateway = Gateway::new(Site::open(&folder.0).expect("a folder"));
    let mut session = gateway.session(ConnectionInfo::default());
    let mut input = b"GET /a.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec();
    let (mut output, mut change) = (Vec::new(), Some(change));
    loop {
        match session.turn(&mut input, Now::default()) {
            Wait::Write { .. } => output.extend_from_slice(&session.take_output()),
            Wait::Close(reason) => {
                let head = output
                    .windows(4)
                    .position(|it| it == b"\r\n\r\n")
                    .expect("a head")
                    + 4;
                return (output.split_off(head), reason);
            }
            _ => session.end_input(),
        }
        if output.len() > 1000 {
            if let Some(change) = change.take() {
                change(&folder);
            }
        }
    }
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_cut_off() {
    type Change = fn(&Folder);
    let changes: [(&str, Change); 4] = [
        ("overwritten", |folder| {
            folder.write("a.bin", &vec![b'b'; 5_000_000])
        }),
        ("truncated", |folder| folder.write("a.bin", b"")),
        ("truncated a little", |folder| {
            folder.write("a.bin", &vec![b'a'; 4_999_999])
        }),
        ("overwritten and grown", |folder| {
            folder.write("a.bin", &vec![b'b'; 6_000_000])
        }),
    ];
    for (name, change) in changes {
        let (content, reason) = sent_with(change);
        assert_eq!(reason, CloseReason::ResponseBroken, "{name}");
        assert!(content.len() < 5_000_000, "{name}: {}", content.len());
        assert!(content.iter().all(|&byte| byte == b'a'), "{name}");
    }
}

#[test]
fn a_file_that_grows_or_is_replaced_or_removed_while_it_is_sent_arrives_complete() {
    type Change = fn(&Folder);
    let changes: [(&str, Change); 3] = [
        ("grown", |folder| {
            let file = fs::File::options().append(true).open(folder.path("a.bin"));
            file.and_then(|mut file| file.write_all(b"more"))
                .expect("a file");
        }),
        ("removed", |folder| {
            fs::remove_file(folder.path("a.bin")).expect("a file")
        }),
        ("replaced", |folder| {
            folder.write("new", &vec![b'b'; 5_000_000]);
            fs::rename(folder.path("new"), folder.path("a.bin")).expect("a file");
        }),
    ];
    for (name, change) in changes {
        let (content, _) = sent_with(change);
        assert!(
            content == vec![b'a'; 5_000_000],
            "{name}: {}",
            content.len()
        );
    }
}
