//! Any target and fields as requests to a folder with a secret beside it: both makers of a site answer alike, with valid
//! responses, and never with the secret.
#![no_main]

use bytegate::testing::read_responses;
use bytegate::{Dotfiles, EncodedNames, Gateway, Method, SiteOptions, Status, Symlinks};
use libfuzzer_sys::fuzz_target;
use std::fs;
use std::sync::LazyLock;

static GATEWAYS: LazyLock<Vec<[Gateway; 2]>> = LazyLock::new(gateways);

const SECRET: &[u8] = b"the secret beside the folder";

fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_first() else {
        return;
    };
    let (target, fields) = match data.iter().position(|&octet| octet == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &b""[..]),
    };
    let mut request = [b"GET /", target, b" HTTP/1.1\r\nHost: x\r\n"].concat();
    for field in fields
        .split(|&octet| octet == b'\n')
        .filter(|field| !field.is_empty())
    {
        request.extend_from_slice(field);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"Connection: close\r\n\r\n");
    let makers = &GATEWAYS[usize::from(choice) % GATEWAYS.len()];
    let [loaded, open] = [&makers[0], &makers[1]].map(|gateway| {
        let output = gateway.handle(&request);
        assert!(
            !output.windows(SECRET.len()).any(|part| part == SECRET),
            "the secret"
        );
        let responses = read_responses(&output, &[Method::Get]).expect("valid responses");
        let response = responses.into_iter().next().expect("a response");
        let fields = [
            "Content-Type",
            "Content-Encoding",
            "Content-Range",
            "Location",
            "Vary",
            "ETag",
        ];
        let fields = fields.map(|name| response.field(name).map(str::to_string));
        // In memory, directories have no time, so that their lists differ.
        let is_list = response.content().starts_with(b"<!doctype html>");
        let content = (!is_list).then(|| response.content().to_vec());
        (response.status(), fields, content)
    });
    assert_eq!(loaded, open);
});

/// A folder, and for several options what is read from it once and what reads it for each request.
fn gateways() -> Vec<[Gateway; 2]> {
    let around = std::env::temp_dir().join(format!("bytegate-fuzz-site-{}", std::process::id()));
    let root = around.join("root");
    let files: [(&str, &[u8]); 10] = [
        ("index.html", b"index"),
        ("a.css", b"plain"),
        ("a.css.gz", b"gzip"),
        ("a.css.br", b"brotli"),
        ("b/index.html", b"b"),
        ("b/c d.txt", b"0123456789"),
        ("b/e/f", b"f"),
        (".well-known/g", b"g"),
        (".h", b"h"),
        ("404.html", b"nothing"),
    ];
    for (path, content) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    fs::write(around.join("secret"), SECRET).expect("a file");
    #[cfg(unix)]
    for (target, link) in [
        ("../secret", "l"),
        ("..", "m"),
        ("b", "n"),
        ("a.css", "o.css"),
    ] {
        let link = root.join(link);
        if !link.is_symlink() {
            std::os::unix::fs::symlink(target, link).expect("a link");
        }
    }
    let new = SiteOptions::new;
    let options = [
        new(),
        new()
            .listing(true)
            .dotfiles(Dotfiles::Serve)
            .symlinks(Symlinks::Refuse),
        new()
            .precompressed(true)
            .encoded_names(EncodedNames::AsContent)
            .single_page("/index.html"),
        new()
            .redirect("/r/**", "/b/$1", Status::FOUND)
            .rewrite("/w*/*", "/$2/$1")
            .download("*.txt")
            .cache_control("/b/**", "no-store"),
    ];
    let gateways = options.into_iter().map(|options| {
        // Files that were changed a moment ago are opened a little later.
        std::thread::sleep(std::time::Duration::from_millis(20));
        let loaded = options.clone().load(&root).expect("a folder");
        let open = options.open(&root).expect("a folder");
        [loaded.into(), open.into()]
    });
    gateways.collect()
}
