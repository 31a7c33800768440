//! Tests of a site below a path, and of the headers for all responses.

use super::*;

/// The response of `handle` to a GET.
fn get(arguments: &[&str], target: &str) -> String {
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
    let ended = run(&[&["handle"], arguments].concat(), request.as_bytes());
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{arguments:?}");
    text(ended.stdout).replace('\r', "")
}

#[test]
fn everything_is_below_the_base_and_the_rest_says_where() {
    let folder = Folder::new(
        "base",
        &[
            ("index.html", b"<h1>index</h1>"),
            ("404.html", b"<h1>missing</h1>"),
            ("docs/index.html", b"<h1>docs</h1>"),
        ],
    );
    for base in ["/my/repo/", "/my/repo"] {
        let get = |target| get(&[folder.as_str(), "--base", base], target);
        for (target, location) in [
            ("/", "my/repo/"),
            ("/?a=b", "my/repo/?a=b"),
            ("/my/repo", "repo/"),
            ("/my/repo?a=b", "repo/?a=b"),
        ] {
            let response = get(target);
            assert!(response.starts_with("HTTP/1.1 302 Found\n"), "{response}");
            let location = format!("\nLocation: {location}\n");
            assert!(response.contains(&location), "{target}: {response}");
        }
        for (target, start, end) in [
            ("/my/repo/", "200", "<h1>index</h1>"),
            ("/my/repo/docs/", "200", "<h1>docs</h1>"),
            ("/my/repo/x", "404", "<h1>missing</h1>"),
            (
                "/index.html",
                "404",
                "404 Not Found: this site is at /my/repo/\n",
            ),
            ("/my/", "404", "404 Not Found: this site is at /my/repo/\n"),
            (
                "/my/repository",
                "404",
                "404 Not Found: this site is at /my/repo/\n",
            ),
        ] {
            let response = get(target);
            assert!(
                response.starts_with(&format!("HTTP/1.1 {start} ")),
                "{response}"
            );
            assert!(response.ends_with(end), "{target}: {response}");
        }
        let directory = get("/my/repo/docs");
        assert!(directory.contains("\nLocation: docs/\n"), "{directory}");
    }
    assert!(get(&[folder.as_str(), "--base", "/"], "/").ends_with("<h1>index</h1>"));
}

#[test]
fn the_demo_can_be_below_a_base() {
    let page = get(&["--base", "/demo/"], "/demo/login.py");
    assert!(page.contains("<h1>Log in</h1>"), "{page}");
    let page = get(&["--base", "/demo/"], "/login.py");
    assert!(page.ends_with("this site is at /demo/\n"), "{page}");
}

#[test]
fn a_base_is_part_of_the_url_and_a_key_of_the_config_file() {
    let folder = Folder::new(
        "base-config",
        &[
            ("site.toml", b"folder = 'public'\nbase = '/a/'\n"),
            ("public/index.html", b"hi"),
        ],
    );
    let config = folder.path.join("site.toml");
    let config = config.to_str().expect("a name in UTF-8");
    let program = Program::start(&["--config", config, "--port", "0"]);
    let line = program.error_line();
    assert!(line.ends_with("/a/\n"), "{line}");
    let line = complaint(&["--base", "repo"], 2);
    insta::assert_snapshot!(line, @r#"bytegate: --base "repo": not a path such as /repo/, of letters, digits and - . _ ~ (see bytegate --help)"#);
}

/// The headers that an option adds to a response, sorted.
fn added(arguments: &[&str], options: &[&str], target: &str) -> String {
    let lines = |response: String| -> Vec<String> {
        let head = response.split("\n\n").next().expect("a head");
        head.lines().map(String::from).collect()
    };
    let before = lines(get(arguments, target));
    let after = lines(get(&[arguments, options].concat(), target));
    let mut added: Vec<String> = after
        .into_iter()
        .filter(|line| !before.contains(line))
        .collect();
    // A file that was written just now has no tag and no date yet.
    let varying = ["Date: ", "ETag: ", "Last-Modified: "];
    added.retain(|line| !varying.iter().any(|name| line.starts_with(name)));
    added.sort();
    added.join("\n")
}

#[test]
fn pages_are_isolated_on_request() {
    let folder = Folder::new("isolated", &[("index.html", b"<h1>index</h1>")]);
    for target in ["/", "/missing"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(added(&[folder.as_str()], &["--isolated"], target), @r"
            Cross-Origin-Embedder-Policy: require-corp
            Cross-Origin-Opener-Policy: same-origin
            Cross-Origin-Resource-Policy: same-origin
            ");
        }
    }
    // Whoever may read a response may also embed it.
    let shared = added(&[folder.as_str(), "--cors"], &["--isolated"], "/");
    assert!(
        shared.contains("Cross-Origin-Resource-Policy: cross-origin"),
        "{shared}"
    );
}

#[test]
fn users_are_protected_on_request() {
    let folder = Folder::new("security", &[("index.html", b"<h1>index</h1>")]);
    insta::assert_snapshot!(added(&[folder.as_str()], &["--security"], "/"), @r"
    Cross-Origin-Opener-Policy: same-origin
    Referrer-Policy: same-origin
    X-Frame-Options: DENY
    ");
    let own = ["--security", "--header", "X-Frame-Options: SAMEORIGIN"];
    let kept = added(&[folder.as_str()], &own, "/");
    assert!(kept.contains("X-Frame-Options: SAMEORIGIN"), "{kept}");
}
