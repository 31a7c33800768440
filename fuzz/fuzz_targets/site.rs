//! Any bytes as the target of a request and as the options of a site. What is beside the folder is never sent, all laws
//! hold, and a folder that was read responds like one that is open.
#![no_main]

#[path = "../../tests/it/laws/mod.rs"]
#[allow(dead_code)]
mod laws;

use bytegate::site::{Dotfiles, EncodedNames, SiteOptions, Symlinks};
use bytegate::testing::ClientResponse;
use bytegate::{Gateway, Status};
use laws::reader;
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::UNIX_EPOCH;

const SECRET: &[u8] = b"canary-4711";

fuzz_target!(|input: &[u8]| {
    let Some((&[one, other], lines)) = input.split_first_chunk() else {
        return;
    };
    // A rule may contain it, and then it is none.
    if contains(input, SECRET) {
        return;
    }
    let flags = u16::from_le_bytes([one, other]);
    let mut lines = lines.split(|byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let request = request(flags, [line(), line(), line()]);
    let options = options(flags, [line(), line(), line(), line()]);
    // Options that are invalid have no site.
    let made = (options.clone().load(&*ROOT), options.open(&*ROOT));
    let (loaded, open) = match made {
        (Ok(loaded), Ok(open)) => (loaded, open),
        (Err(loaded), Err(open)) => return assert_eq!(loaded.to_string(), open.to_string()),
        (loaded, open) => panic!("{loaded:?} {open:?}"),
    };
    let [loaded, open] = [loaded, open].map(|site| {
        let transcript = laws::hold_for(&Gateway::new(site), &request, laws::a_moment());
        let has_secret = transcript
            .output
            .windows(SECRET.len())
            .any(|it| it == SECRET);
        assert!(!has_secret, "{}", request.escape_ascii());
        let responses = reader::read_all(&transcript.output, &transcript.responses);
        for location in responses
            .iter()
            .flat_map(|it| it.headers().get_all("location"))
        {
            let rest = location.strip_prefix(b"/").unwrap_or_default();
            let leads_away = rest.starts_with(b"/") || rest.starts_with(b"\\");
            assert!(!leads_away, "{}", request.escape_ascii());
        }
        responses
    });
    assert_eq!(
        loaded.iter().map(essence).collect::<Vec<_>>(),
        open.iter().map(essence).collect::<Vec<_>>(),
        "{}",
        request.escape_ascii()
    );
});

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|it| it == part)
}

/// A request for a target, with two fields.
fn request(flags: u16, [target, coding, range]: [&[u8]; 3]) -> Vec<u8> {
    let method: &[u8] = match flags >> 14 {
        0 | 1 => b"GET ",
        2 => b"HEAD ",
        _ => b"OPTIONS ",
    };
    let mut request = [method, target, b" HTTP/1.1\r\nHost: x\r\n"].concat();
    for (name, value) in [("Accept-Encoding: ", coding), ("Range: ", range)] {
        if !value.is_empty() {
            request.extend_from_slice(&[name.as_bytes(), value, b"\r\n"].concat());
        }
    }
    [&request[..], b"Connection: close\r\n\r\n"].concat()
}

/// Options from bits, and a redirect and a rewrite, each by pattern and target.
fn options(flags: u16, rules: [&[u8]; 4]) -> SiteOptions {
    let is_set = |bit: u16| flags & (1 << bit) != 0;
    let mut options = SiteOptions::new()
        .listing(is_set(0))
        .precompressed(is_set(1))
        .charset(!is_set(2))
        .pretty_urls(is_set(10))
        .dotfiles(match (is_set(3), is_set(4)) {
            (false, false) => Dotfiles::WellKnown,
            (true, false) => Dotfiles::Refuse,
            _ => Dotfiles::Serve,
        })
        // The third policy serves what is outside.
        .symlinks(if is_set(5) {
            Symlinks::Refuse
        } else {
            Symlinks::WithinRoot
        })
        .encoded_names(if is_set(6) {
            EncodedNames::AsContent
        } else {
            EncodedNames::AsFiles
        });
    if is_set(7) {
        options = options.single_page("/index.html");
    }
    if is_set(8) {
        options = options.index(["a b.txt", "index.html"]);
    }
    if is_set(9) {
        options = options
            .download("*.txt")
            .cache_control("/in/**", "no-store");
    }
    if is_set(11) {
        options = options
            .error_page(Status::RANGE_NOT_SATISFIABLE, "/404.html")
            .header("**", "Vary", "Origin");
    }
    let rules = rules.map(String::from_utf8_lossy);
    if !rules[0].is_empty() {
        options = options.redirect(&rules[0], &rules[1], Status::FOUND);
    }
    if !rules[2].is_empty() {
        options = options.rewrite(&rules[2], &rules[3]);
    }
    options
}

/// What both makers must agree about. Times of folders, and tags of large files, are known only to one.
fn essence(response: &ClientResponse) -> (u16, Vec<Option<&[u8]>>, BTreeSet<Vec<u8>>) {
    const FIELDS: [&str; 9] = [
        "content-type",
        "content-encoding",
        "content-range",
        "content-disposition",
        "vary",
        "location",
        "allow",
        "accept-ranges",
        "last-modified",
    ];
    let fields = FIELDS
        .map(|name| response.headers().get_all(name).next())
        .to_vec();
    let is_list = response
        .body()
        .starts_with(b"<!doctype html>\n<html lang=\"en\">");
    let is_parts = response
        .header("content-type")
        .is_some_and(|media_type| media_type.starts_with("multipart/byteranges"));
    if is_parts {
        // The boundary is made from the tag.
        return (response.status().code(), Vec::new(), BTreeSet::new());
    }
    let content = if is_list {
        links(response.body())
    } else {
        BTreeSet::from([response.body().to_vec()])
    };
    (response.status().code(), fields, content)
}

/// The targets of all links of a page.
fn links(page: &[u8]) -> BTreeSet<Vec<u8>> {
    let page = String::from_utf8_lossy(page);
    let parts = page.split("href=\"").skip(1);
    parts
        .filter_map(|part| part.split('"').next())
        // A folder that was read has composed names.
        .map(|link| link.replace("u%CC%88", "%C3%BC").into_bytes())
        .collect()
}

/// A folder that is made once, with a secret beside it and links to it.
static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
    // Each build of this file has a folder of its own.
    let program = std::env::current_exe().and_then(fs::metadata);
    let built = program.and_then(|it| it.modified()).expect("a time");
    let built = built.duration_since(UNIX_EPOCH).expect("a time").as_nanos();
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    let place = target.join(format!("site-{built}"));
    let root = place.join("root");
    if root.exists() {
        return root;
    }
    // Several fuzzers may begin at once.
    let own = place.with_extension(std::process::id().to_string());
    let write = |path: &str, content: &[u8]| {
        let path = own.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a file");
    };
    write("secret.txt", SECRET);
    write("root2/secret.txt", SECRET);
    for path in [
        "index.html",
        "404.html",
        "a b.txt",
        "100%.txt",
        "a+b#c?d",
        "style.css",
        "style.css.gz",
        "style.css.br",
        "game.wasm.gz",
        "game.wasm.gz.br",
        "in.html",
        "in/index.html",
        "in/deep/a.txt",
        "list/\u{6f22}.txt",
        "list/u\u{308}.txt",
        ".env",
        ".well-known/a.txt",
        "dir.d/.hidden/a.txt",
    ] {
        write(&format!("root/{path}"), path.as_bytes());
    }
    write("root/empty.txt", b"");
    write("root/large.bin", &[b'l'; 70_000]);
    for (link, target) in [
        ("link", "in"),
        ("self", "."),
        ("list/up", "../in/deep"),
        ("file", "a b.txt"),
        ("broken", "nothing"),
        ("loop", "loop"),
        ("out", ".."),
        ("out.txt", "../secret.txt"),
        ("in/out", "/"),
        ("in/deep/out", "../../../root2"),
    ] {
        symlink(target, own.join("root").join(link)).expect("a link");
    }
    // An open folder sends no Last-Modified for what was written just now, and a loaded one does.
    std::thread::sleep(std::time::Duration::from_millis(200));
    if fs::rename(&own, &place).is_err() {
        fs::remove_dir_all(&own).expect("a folder of its own");
    }
    root
});
