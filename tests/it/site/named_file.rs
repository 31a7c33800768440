//! Files as responses of applications: validators, preconditions, ranges and names.

use bytegate::site::{NamedFile, SiteOptions};
use bytegate::testing::{Client, ClientResponse};
use bytegate::{Request, Response, Site};
use std::time::Duration;

/// 2001-09-09T01:46:40Z.
const MODIFIED: Duration = Duration::from_secs(1_000_000_000);

fn client() -> Client {
    Client::new(|request: &Request<'_>| {
        NamedFile::new("a.csv", "0123456789")
            .modified(MODIFIED)
            .attachment("\u{20ac}.csv")
            .respond(request)
    })
}

fn get(client: &Client, headers: &[(&str, &str)]) -> ClientResponse {
    let request = client.get("/");
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(name, value)
    });
    request.send()
}

#[test]
fn the_whole_file_has_a_media_type_validators_and_a_name() {
    let response = get(&client(), &[]);
    assert_eq!(response.status(), 200);
    for (name, value) in [
        ("Content-Type", "text/csv; charset=utf-8"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-cache"),
        ("Accept-Ranges", "bytes"),
        ("Last-Modified", "Sun, 09 Sep 2001 01:46:40 GMT"),
        (
            "Content-Disposition",
            "attachment; filename=\"_.csv\"; filename*=UTF-8''%E2%82%AC.csv",
        ),
    ] {
        assert_eq!(response.header(name), Some(value), "{name}");
    }
    assert_eq!(response.text(), "0123456789");
}

#[test]
fn a_client_with_a_current_copy_gets_304() {
    let client = client();
    let tag = get(&client, &[]).header("ETag").expect("a tag").to_string();
    let current = get(&client, &[("If-None-Match", &tag)]);
    assert_eq!(current.status(), 304);
    assert_eq!(current.header("ETag"), Some(&tag[..]));
    assert_eq!(current.header("Content-Disposition"), None);
    let date = "Sun, 09 Sep 2001 01:46:40 GMT";
    let current = get(&client, &[("If-Modified-Since", date)]);
    assert_eq!(current.status(), 304);
    let other = get(&client, &[("If-Match", "\"other\"")]);
    assert_eq!(other.status(), 412);
}

#[test]
fn a_download_is_resumed_only_if_the_file_is_the_same() {
    let client = client();
    let tag = get(&client, &[]).header("ETag").expect("a tag").to_string();
    let rest = get(&client, &[("Range", "bytes=7-"), ("If-Range", &tag)]);
    assert_eq!((rest.status().code(), rest.text()), (206, "789"));
    assert_eq!(rest.header("Content-Range"), Some("bytes 7-9/10"));
    assert!(rest.header("Content-Disposition").is_some());
    let whole = get(&client, &[("Range", "bytes=7-"), ("If-Range", "\"old\"")]);
    assert_eq!((whole.status().code(), whole.text()), (200, "0123456789"));
    let beyond = get(&client, &[("Range", "bytes=10-")]);
    assert_eq!(beyond.status(), 416);
    assert_eq!(beyond.header("Content-Range"), Some("bytes */10"));
}

#[test]
fn head_gets_the_headers_and_other_methods_get_the_whole_file() {
    let client = client();
    let head = client.request("HEAD", "/").send();
    assert_eq!(head.header("Content-Length"), Some("10"));
    let posted = client.request("POST", "/");
    let posted = posted
        .header("Range", "bytes=7-")
        .header("If-Match", "\"other\"");
    let posted = posted.send();
    assert_eq!((posted.status().code(), posted.text()), (200, "0123456789"));
}

#[test]
fn a_media_type_that_cannot_be_sent_makes_the_response_fail() {
    let client = Client::new(|request: &Request<'_>| -> Response {
        let file = NamedFile::new("a", "a").media_type("text/plain\r\nX: y");
        file.respond(request)
    });
    assert_eq!(get(&client, &[]).status(), 500);
}

#[cfg(feature = "folder")]
mod on_disk {
    use super::*;
    use std::fs;
    use std::io::ErrorKind;

    #[test]
    fn a_file_is_read_while_it_is_sent() {
        let folder = std::env::temp_dir().join(format!("bytegate-file-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("large.bin");
        let content: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
        fs::write(&path, &content).expect("a file");
        // What changed just now has no tag.
        std::thread::sleep(std::time::Duration::from_millis(30));
        let opened = path.clone();
        let client = Client::new(move |request: &Request<'_>| {
            NamedFile::open(&opened).expect("a file").respond(request)
        });
        let whole = get(&client, &[]);
        assert!(whole.body() == content);
        assert_eq!(
            whole.header("Content-Type"),
            Some("application/octet-stream")
        );
        assert!(whole.header("Last-Modified").is_some());
        let tag = whole.header("ETag").expect("a tag");
        assert_eq!(get(&client, &[("If-None-Match", tag)]).status(), 304);
        let parts = get(&client, &[("Range", "bytes=0-9,2999990-")]);
        assert_eq!(parts.status(), 206);
        let last = get(&client, &[("Range", "bytes=-10")]);
        assert!(last.body() == &content[content.len() - 10..]);

        fs::write(&path, "another").expect("a file");
        let changed = get(&client, &[("If-None-Match", tag)]);
        assert_eq!((changed.status().code(), changed.text()), (200, "another"));
        fs::remove_dir_all(&folder).expect("the folder is removed");
    }

    #[test]
    fn only_regular_files_are_opened() {
        let folder = NamedFile::open("src").expect_err("a folder");
        assert_eq!(folder.kind(), ErrorKind::InvalidInput);
        assert_eq!(folder.to_string(), "\"src\" is not a regular file");
        let missing = NamedFile::open("src/missing").expect_err("no file");
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        #[cfg(unix)]
        assert!(NamedFile::open("/dev/null").is_err());
    }
}

#[test]
fn a_site_sends_a_file_with_what_it_states() {
    let modified = Duration::from_secs(784_111_777);
    let file = NamedFile::new("report.csv", "apple,1\n")
        .modified(modified)
        .cache_control("private")
        .attachment("Report.csv");
    let options = SiteOptions::new().precompressed(true);
    let site = options.build().expect("valid options");
    // The second form is added later, and the first one keeps its headers.
    let site = site.file("/report", file).file("/report.gz", "compressed");
    let client = Client::new(site);
    let response = client.get("/report").send();
    assert_eq!(response.text(), "apple,1\n");
    for (name, value) in [
        ("Content-Type", "text/csv; charset=utf-8"),
        ("Content-Disposition", "attachment; filename=\"Report.csv\""),
        ("Cache-Control", "private"),
        ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("Vary", "Accept-Encoding"),
    ] {
        assert_eq!(response.header(name), Some(value));
    }
    let request = client.get("/report").header("Accept-Encoding", "gzip");
    let response = request.send();
    assert_eq!(response.header("Content-Encoding"), Some("gzip"));
    assert_eq!(response.header("Cache-Control"), Some("private"));
}

#[cfg(feature = "folder")]
#[test]
fn a_site_reads_an_opened_file() {
    let file = NamedFile::open("fixtures/site/index.html").expect("a file");
    let client = Client::new(Site::new().file("/page", file));
    let response = client.get("/page").send();
    let expected = std::fs::read_to_string("fixtures/site/index.html").expect("a file");
    assert_eq!(response.text(), expected);
    assert_eq!(
        response.header("Content-Type"),
        Some("text/html; charset=utf-8")
    );
}

#[test]
fn a_site_refuses_headers_that_cannot_be_sent() {
    let mut site = Site::new();
    let file = NamedFile::from("x").media_type("text/\nhtml");
    let error = site.try_file("/x", file).expect_err("an invalid header");
    #[cfg(feature = "folder")]
    assert_eq!(error.path(), Some("/x".as_ref()));
    assert!(error.to_string().contains("cannot be sent in a header"));
    assert!(!site.contains("/x"));
}
