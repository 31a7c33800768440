//! Compressed forms of files.

use super::*;

#[test]
fn the_only_form_of_a_file_has_the_headers_of_the_file() {
    let folder = Folder::new(&[("app.css.gz", b"gzipped")]);
    let options = SiteOptions::new()
        .precompressed(true)
        .header("*.css", "X-Rule", "css")
        .header("*.gz", "X-Rule", "gz")
        .cache_control("*.gz", "no-store");
    for (client, cache) in both(&folder, &options).iter().zip([None, Some("no-cache")]) {
        let get = |path: &str| client.get(path).header("Accept-Encoding", "gzip").send();
        let response = get("/app.css");
        assert_eq!(response.body(), b"gzipped");
        for (name, value) in [
            ("Content-Encoding", Some("gzip")),
            ("Content-Type", Some("text/css; charset=utf-8")),
            ("X-Rule", Some("css")),
            ("Cache-Control", cache),
        ] {
            assert_eq!(response.header(name), value, "{name}");
        }
        let itself = get("/app.css.gz");
        assert_eq!(itself.header("X-Rule"), Some("gz"));
        assert_eq!(itself.header("Cache-Control"), Some("no-store"));
    }
}

#[test]
fn compressed_forms_are_sent_to_clients_that_accept_them() {
    let folder = Folder::new(&[
        ("a.css", b"plain"),
        ("a.css.gz", b"gzipped"),
        ("a.css.br", b"brotli"),
        ("b.css", b"plain"),
    ]);
    for client in both(&folder, &SiteOptions::new().precompressed(true)) {
        let accept = |coding: &str| {
            client
                .get("/a.css")
                .header("Accept-Encoding", coding)
                .send()
        };
        for (accepted, text, coding) in [
            ("gzip", "gzipped", Some("gzip")),
            ("gzip, br", "brotli", Some("br")),
            ("gzip, br;q=0.5", "gzipped", Some("gzip")),
            ("identity", "plain", None),
            ("gzip;q=0", "plain", None),
            ("*", "brotli", Some("br")),
            ("identity;q=0", "plain", None),
        ] {
            let response = accept(accepted);
            assert_eq!(response.text(), text, "{accepted}");
            assert_eq!(response.header("Content-Encoding"), coding, "{accepted}");
            assert_eq!(
                response.header("Content-Type"),
                Some("text/css; charset=utf-8")
            );
            assert_eq!(response.header("Vary"), Some("Accept-Encoding"));
        }
        assert_ne!(accept("gzip").header("ETag"), accept("br").header("ETag"));
        let tag = accept("gzip").header("ETag").expect("a tag").to_string();
        let again = client
            .get("/a.css")
            .header("Accept-Encoding", "gzip")
            .header("If-None-Match", tag)
            .send();
        assert_eq!(again.status(), Status::NOT_MODIFIED);
        assert_eq!(again.header("Vary"), Some("Accept-Encoding"));
        let part = client
            .get("/a.css")
            .header("Accept-Encoding", "gzip")
            .header("Range", "bytes=0-3")
            .send();
        assert_eq!(
            (part.text(), part.header("Content-Encoding")),
            ("gzip", Some("gzip"))
        );
        assert_eq!(get(&client, "/b.css").header("Vary"), None);
        // Under its own name, it is a file like any other.
        let itself = get(&client, "/a.css.gz");
        assert_eq!(itself.header("Content-Type"), Some("application/gzip"));
        assert_eq!(itself.header("Content-Encoding"), None);
    }
}

/// Returns the content of gzip.
#[cfg(feature = "compression")]
fn decoded(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(body);
    std::io::Read::read_to_end(&mut decoder, &mut decoded).expect("gzip");
    decoded
}

#[cfg(feature = "compression")]
#[test]
fn text_of_an_open_folder_is_compressed_up_to_a_limit() {
    let text = "the same words again and again\n".repeat(200);
    let large = "a line of a large file\n".repeat(30_000);
    let huge = "a line of a huge file\n".repeat(200_000);
    let folder = Folder::new(&[
        ("a.txt", text.as_bytes()),
        ("large.js", large.as_bytes()),
        ("huge.csv", huge.as_bytes()),
        ("a.png", text.as_bytes()),
        ("small.txt", b"small"),
        ("own.css", text.as_bytes()),
        ("own.css.gz", b"its own form"),
    ]);
    let options = SiteOptions::new().compress().precompressed(true);
    let client = Client::new(options.open(&folder.0).expect("a folder"));
    for (path, content) in [
        ("/a.txt", Some(&*text)),
        ("/large.js", Some(&*large)),
        ("/huge.csv", None),
        ("/a.png", None),
        ("/small.txt", None),
    ] {
        let plain = get(&client, path);
        let response = client.get(path).header("Accept-Encoding", "gzip").send();
        let coding = content.map(|_| "gzip");
        assert_eq!(response.header("Content-Encoding"), coding, "{path}");
        let varies = content.map(|_| "Accept-Encoding");
        assert_eq!(response.header("Vary"), varies, "{path}");
        assert_eq!(plain.header("Vary"), varies, "{path}");
        if let Some(content) = content {
            assert_eq!(plain.text(), content, "{path}");
            assert_eq!(decoded(response.body()), content.as_bytes(), "{path}");
            assert!(response.body().len() < content.len() / 10, "{path}");
        }
    }
    let own = client.get("/own.css").header("Accept-Encoding", "gzip");
    assert_eq!(own.send().body(), b"its own form");
}

#[cfg(feature = "compression")]
#[test]
fn a_compressed_form_of_an_open_folder_has_its_own_tag_and_ranges_and_follows_the_file() {
    let text = "the same words again and again\n".repeat(200);
    let folder = Folder::new(&[("a.txt", text.as_bytes())]);
    let site = SiteOptions::new().compress().open(&folder.0);
    let client = Client::new(site.expect("a folder"));
    let get_coded = || client.get("/a.txt").header("Accept-Encoding", "gzip");
    let (plain, coded) = (get(&client, "/a.txt"), get_coded().send());
    let tag = coded.header("ETag").expect("a tag").to_string();
    assert!(tag.starts_with('"'), "it is strong: {tag}");
    assert_ne!(plain.header("ETag"), Some(&*tag));
    let current = get_coded().header("If-None-Match", &tag).send();
    assert_eq!(current.status(), 304);
    let part = get_coded().header("Range", "bytes=2-5").send();
    assert_eq!(
        (part.status().code(), part.body()),
        (206, &coded.body()[2..6])
    );
    assert_eq!(part.header("Content-Encoding"), Some("gzip"));
    // A part of one form is never joined with a part of the other.
    let other = client
        .get("/a.txt")
        .header("Range", "bytes=2-5")
        .header("If-Range", &tag)
        .send();
    assert_eq!((other.status().code(), other.text()), (200, &*text));
    let head = client
        .head("/a.txt")
        .header("Accept-Encoding", "gzip")
        .send();
    assert_eq!(
        head.header("Content-Length"),
        coded.header("Content-Length")
    );

    let text = text.to_uppercase();
    std::fs::write(folder.0.join("a.txt"), &text).expect("it is written");
    // Longer than a file is served without a look at the folder.
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(decoded(get_coded().send().body()), text.as_bytes());
}

#[cfg(feature = "compression")]
#[test]
fn text_in_memory_is_compressed_on_request() {
    let text = "the same words again and again\n".repeat(200);
    let folder = Folder::new(&[
        ("a.txt", text.as_bytes()),
        ("a.png", text.as_bytes()),
        ("b.txt", b"b"),
    ]);
    let site = SiteOptions::new()
        .compress()
        .load(&folder.0)
        .expect("a folder");
    let client = Client::new(site.file("/c.txt", text.clone()));
    for (path, coding) in [
        ("/a.txt", Some("gzip")),
        ("/c.txt", Some("gzip")),
        ("/a.png", None),
        ("/b.txt", None),
    ] {
        let response = client.get(path).header("Accept-Encoding", "gzip").send();
        assert_eq!(response.header("Content-Encoding"), coding, "{path}");
        assert_eq!(
            response.header("Vary"),
            coding.map(|_| "Accept-Encoding"),
            "{path}"
        );
        if coding.is_some() {
            assert_eq!(decoded(response.body()), text.as_bytes(), "{path}");
            assert!(response.body().len() < text.len() / 10, "{path}");
            assert_eq!(get(&client, path).text(), text, "{path}");
        }
    }
}

#[test]
fn a_compressed_file_can_be_served_decoded() {
    let folder = Folder::new(&[("game.wasm.gz", b"gzipped"), ("game.data.br", b"brotli")]);
    let options = SiteOptions::new().encoded_names(EncodedNames::AsContent);
    for client in both(&folder, &options) {
        let wasm = get(&client, "/game.wasm.gz");
        assert_eq!(wasm.header("Content-Type"), Some("application/wasm"));
        assert_eq!(wasm.header("Content-Encoding"), Some("gzip"));
        assert_eq!(
            get(&client, "/game.data.br").header("Content-Encoding"),
            Some("br")
        );
    }
}
