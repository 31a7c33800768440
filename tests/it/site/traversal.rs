//! Paths that try to leave a folder, in every spelling that servers have fallen for.

use crate::temporary::Folder;
use bytegate::Gateway;
use bytegate::site::{Dotfiles, SiteOptions, Symlinks};
use std::fs;
use std::path::Path;

/// A text that must never be sent.
const SECRET: &[u8] = b"canary-4711";

fn has_secret(response: &[u8]) -> bool {
    response.windows(SECRET.len()).any(|it| it == SECRET)
}

/// Requests a target, valid or not.
fn response_to(gateway: &Gateway, target: &[u8]) -> bytes::Bytes {
    let request: [&[u8]; 3] = [
        b"GET ",
        target,
        b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ];
    gateway.handle(&request.concat())
}

/// Every constructor and every policy, with a secret around the folder, and folders beside it with the same prefix.
fn sites_around_a_secret(around: &Folder) -> Vec<Gateway> {
    let root = around.path("root");
    let new = || SiteOptions::new().dotfiles(Dotfiles::Serve);
    let sites = [
        new().listing(true).load(&root),
        new().listing(true).open(&root),
        new().symlinks(Symlinks::Follow).open(&root),
        new().symlinks(Symlinks::Refuse).open(&root),
        new().single_page("/a.txt").precompressed(true).open(&root),
        new()
            .rewrite("/x/**", "/$1")
            .rewrite("/y*z", "/b/$1")
            .open(&root),
    ];
    sites
        .map(|site| Gateway::new(site.expect("a folder")))
        .into()
}

fn around() -> Folder {
    Folder::new(&[
        ("secret.txt", SECRET),
        ("root2/secret.txt", SECRET),
        ("root.bak/secret.txt", SECRET),
        ("root/a.txt", b"a"),
        ("root/b/c.txt", b"c"),
    ])
}

/// Two dots, in every spelling that has fooled a server.
const DOTS: [&str; 38] = [
    "..",
    "%2e%2e",
    "%2E%2E",
    ".%2e",
    "%2e.",
    "%2E.",
    "%252e%252e",
    "%252E.",
    "%25252e%25252e",
    "%%32%65%%32%65",
    "%%32e%%32e",
    "%c0%ae%c0%ae",
    "%c0%2e%c0%2e",
    "%c0.%c0.",
    "%e0%80%ae%e0%80%ae",
    "%f0%80%80%ae%f0%80%80%ae",
    "%f8%80%80%80%ae",
    "%u002e%u002e",
    "%uff0e%uff0e",
    "%ef%bc%8e%ef%bc%8e",
    "%e2%80%a5",
    "%ff..",
    "..%00",
    "..%00.txt",
    "%00..",
    ".%00.",
    "..%0d",
    "..%0a",
    "..%09",
    "..%20",
    "%20..",
    "..;",
    "..;a=b",
    "..%3b",
    "...",
    "....",
    ". .",
    "&#46;&#46;",
];

/// Slashes, in the same way.
const SLASHES: [&str; 16] = [
    "/",
    "%2f",
    "%2F",
    "\\",
    "%5c",
    "%5C",
    "//",
    "/./",
    "%252f",
    "%255c",
    "%c0%af",
    "%c1%9c",
    "%e0%80%af",
    "%ef%bc%8f",
    "%u2215",
    "/b/../",
];

#[test]
fn no_path_leaves_the_folder() {
    let around = around();
    let names = ["secret.txt", "root2/secret.txt", "root.bak/secret.txt"];
    for gateway in sites_around_a_secret(&around) {
        for (dots, slash) in DOTS
            .iter()
            .flat_map(|dots| SLASHES.iter().map(move |slash| (dots, slash)))
        {
            for start in ["/", "/b/", "//", "/x/", "/y", "/a.txt/"] {
                for step in [
                    format!("{dots}{slash}"),
                    format!("{dots}{slash}").repeat(2),
                    format!("{dots}{slash}").repeat(9),
                ] {
                    for name in names {
                        for end in ["", "z", "/", "%00.txt", "?x"] {
                            let target = format!("{start}{step}{name}{end}");
                            let response = response_to(&gateway, target.as_bytes());
                            assert!(!has_secret(&response), "{target}");
                        }
                    }
                }
            }
        }
    }
}

/// Responses do not reveal whether something exists outside of the folder.
#[test]
fn paths_outside_of_the_folder_look_like_missing_files() {
    let around = around();
    let status = |response: &[u8]| response.get(9..12).map(<[u8]>::to_vec);
    for gateway in sites_around_a_secret(&around) {
        for dots in DOTS {
            for slash in SLASHES {
                let there = response_to(&gateway, format!("/{dots}{slash}secret.txt").as_bytes());
                let missing = response_to(&gateway, format!("/{dots}{slash}zzzzzz.txt").as_bytes());
                assert_eq!(status(&there), status(&missing), "/{dots}{slash}");
            }
        }
    }
}

/// Absolute paths, and names with a special meaning on some system.
#[test]
fn names_with_a_special_meaning_are_not_served() {
    let around = around();
    let secret = around.path("secret.txt");
    let secret = secret.to_str().expect("UTF-8");
    let mut targets: Vec<String> = [
        "C:/secret.txt",
        "C:secret.txt",
        "C:%5csecret.txt",
        "c%3a%5csecret.txt",
        "%5c%5clocalhost%5csecret.txt",
        "%5c%5c%3f%5cC:%5csecret.txt",
        "file:///secret.txt",
        "secret.txt::$DATA",
        "a.txt::$DATA",
        "a.txt:",
        "a.txt.",
        "a.txt%20",
        "A.TXT",
        "b::$INDEX_ALLOCATION/c.txt",
        "CON",
        "con.txt",
        "b/NUL",
        "b/nul.txt",
        "COM1",
        "COM%C2%B9",
        "LPT1.txt",
        "CONIN$",
        "AUX",
        "PRN.a.b",
        "~/secret.txt",
        "~root/secret.txt",
        "$HOME/secret.txt",
        "%24%7BHOME%7D/secret.txt",
        "%25HOME%25/secret.txt",
        "*",
        "?*",
        "b/*",
        "[a].txt",
        "{a,b}.txt",
        "|ls",
        "`id`",
        "-rf",
        "proc/self/root",
        "dev/fd/0",
    ]
    .map(ToString::to_string)
    .into();
    for start in ["", "/", "//", "file:", "file://", "%2f", "%2F%2F", "."] {
        targets.push(format!("{start}{secret}"));
        targets.push(format!("{start}{}", secret.replace('/', "%2f")));
    }
    for gateway in sites_around_a_secret(&around) {
        for target in &targets {
            let response = response_to(&gateway, format!("/{target}").as_bytes());
            assert!(!has_secret(&response), "{target}");
            let is_application =
                response.starts_with(b"HTTP/1.1 200 ") && response.ends_with(b"\r\n\r\na");
            let is_refused =
                response.starts_with(b"HTTP/1.1 404 ") || response.starts_with(b"HTTP/1.1 400 ");
            let is_query = target.starts_with('?');
            assert!(
                is_refused || is_application || is_query,
                "{target}: {}",
                String::from_utf8_lossy(&response)
            );
        }
    }
}

/// Every byte, raw and encoded, in the place of every character of a path that leads out.
#[test]
fn no_byte_lets_a_path_leave_the_folder() {
    let around = around();
    for gateway in sites_around_a_secret(&around) {
        for byte in 0..=255u8 {
            for at in 0..=4 {
                let mut raw = b"/../secret.txt".to_vec();
                raw.insert(at, byte);
                let mut replaced = b"/../secret.txt".to_vec();
                replaced[at.min(3)] = byte;
                let encoded = format!("%{byte:02x}");
                let mut inserted = b"/../secret.txt".to_vec();
                inserted.splice(at..at, encoded.bytes());
                for target in [raw, replaced, inserted] {
                    let response = response_to(&gateway, &target);
                    assert!(!has_secret(&response), "{}", target.escape_ascii());
                }
            }
        }
    }
}

/// A folder is swapped for a link that leads out, again and again, while requests go through it.
#[cfg(unix)]
#[test]
fn a_link_that_appears_meanwhile_does_not_lead_out() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let outside = Folder::new(&[
        ("c.txt", SECRET),
        ("deep/c.txt", SECRET),
        ("c.txt.gz", SECRET),
        ("canary-4711.txt", b"listed"),
    ]);
    let folder = Folder::new(&[
        ("b/c.txt", b"inside"),
        ("b/deep/c.txt", b"inside"),
        ("f.txt", b"inside"),
    ]);
    let makers = [
        (Symlinks::WithinRoot, true),
        (Symlinks::Refuse, true),
        (Symlinks::WithinRoot, false),
        // This one shows that the links exist and can be followed.
        (Symlinks::Follow, true),
    ];
    let gateways = makers.map(|(policy, is_cached)| {
        let options = SiteOptions::new().symlinks(policy).listing(true);
        let options = options.precompressed(true);
        // Without a cache, every request goes to the disk.
        let options = if is_cached {
            options
        } else {
            options.cache_bytes(0)
        };
        Gateway::new(options.open(&folder.0).expect("a folder"))
    });
    let is_over = AtomicBool::new(false);
    let targets = [
        "/b/c.txt",
        "/b/deep/c.txt",
        "/b/deep/../c.txt",
        "/b/",
        "/b",
        "/b/deep/",
        "/f.txt",
    ];
    let counts = std::thread::scope(|scope| {
        let askers = gateways.each_ref().map(|gateway| {
            let is_over = &is_over;
            scope.spawn(move || {
                let (mut served, mut missing, mut secrets) = (0, 0, 0);
                while !is_over.load(Ordering::Relaxed) {
                    for target in targets {
                        let response = response_to(gateway, target.as_bytes());
                        secrets += usize::from(has_secret(&response));
                        served += usize::from(response.ends_with(b"inside"));
                        missing += usize::from(response.starts_with(b"HTTP/1.1 404 "));
                    }
                }
                (served, missing, secrets)
            })
        });
        let start = std::time::Instant::now();
        let swap = |name: &str, target: &Path| {
            fs::rename(folder.path(name), folder.path("away")).expect("it is moved");
            folder.link(name, target);
            std::thread::yield_now();
            fs::remove_file(folder.path(name)).expect("a link");
            fs::rename(folder.path("away"), folder.path(name)).expect("it is moved");
            std::thread::yield_now();
        };
        while start.elapsed() < std::time::Duration::from_secs(2) {
            swap("b", &outside.0);
            swap("b", Path::new("../../../../../../../../../.."));
            swap("b/deep", &outside.path("deep"));
            swap("f.txt", &outside.path("c.txt"));
        }
        is_over.store(true, Ordering::Relaxed);
        askers.map(|asker| asker.join().expect("no panic"))
    });
    for (count, (policy, _)) in counts.iter().zip(makers) {
        let (served, missing, secrets) = *count;
        assert!(served > 10 && missing > 10, "{policy:?}: {count:?}");
        assert_eq!(
            secrets > 0,
            policy == Symlinks::Follow,
            "{policy:?}: {count:?}"
        );
    }
}
