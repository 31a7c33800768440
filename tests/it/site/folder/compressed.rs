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
            let mut decoded = String::new();
            let mut decoder = flate2::read::GzDecoder::new(response.body());
            std::io::Read::read_to_string(&mut decoder, &mut decoded).expect("gzip");
            assert_eq!(decoded, text, "{path}");
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
