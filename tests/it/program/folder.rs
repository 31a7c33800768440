//! Tests of how a folder is served: alive or from memory, with each option.

use super::*;

/// The response of `handle` to a GET for a path of a folder.
fn get(folder: &Folder, options: &[&str], path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n");
    let ended = run(
        &[&["handle", folder.as_str()], options].concat(),
        request.as_bytes(),
    );
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{options:?}");
    text(ended.stdout).replace('\r', "")
}

#[test]
fn each_option_changes_what_it_says() {
    let folder = Folder::new(
        "options",
        &[
            ("index.html", b"<h1>index</h1>"),
            ("start.htm", b"<h1>start</h1>"),
            ("gone.html", b"<h1>gone</h1>"),
            ("a.glsl", b"void main() {}"),
            ("docs/a.pdf", b"%PDF"),
            ("style.css", b"a {}"),
            ("style.css.gz", b"gzipped"),
            (".env", b"secret"),
            (".well-known/x.txt", b"x"),
        ],
    );
    let index = "<h1>index</h1>";
    // An option, a path, and a part of the response without and with the option.
    for (options, path, without, with) in [
        (&["--listing"][..], "/docs/", "HTTP/1.1 404 ", "a.pdf"),
        (
            &["--listing=false"],
            "/docs/",
            "HTTP/1.1 404 ",
            "HTTP/1.1 404 ",
        ),
        (&["--index", "start.htm"], "/", index, "<h1>start</h1>"),
        (
            &["--index", "x", "--index=start.htm"],
            "/",
            index,
            "<h1>start</h1>",
        ),
        (
            &["--pretty-urls"],
            "/gone",
            "HTTP/1.1 404 ",
            "<h1>gone</h1>",
        ),
        (&["--spa"], "/any/page", "HTTP/1.1 404 ", index),
        (
            &["--spa=/start.htm"],
            "/any/page",
            "HTTP/1.1 404 ",
            "<h1>start</h1>",
        ),
        (&["--spa"], "/missing.css", "HTTP/1.1 404 ", "HTTP/1.1 404 "),
        (
            &["--not-found", "/gone.html"],
            "/x",
            "404 Not Found\n",
            "<h1>gone</h1>",
        ),
        (
            &["--redirect", "/old/* /new/$1"],
            "/old/a",
            "HTTP/1.1 404 ",
            "HTTP/1.1 302 ",
        ),
        (
            &["--redirect", "/old/* /new/$1 308"],
            "/old/a",
            "HTTP/1.1 404 ",
            "\nLocation: /new/a\n",
        ),
        (
            &["--rewrite", "/app/** /index.html"],
            "/app/a/b",
            "HTTP/1.1 404 ",
            index,
        ),
        (
            &["--cache", "max-age=60"],
            "/",
            "\nCache-Control: no-cache\n",
            "\nCache-Control: max-age=60\n",
        ),
        (
            &["--cache", "*.pdf no-store"],
            "/docs/a.pdf",
            "\nCache-Control: no-cache\n",
            "\nCache-Control: no-store\n",
        ),
        (
            &["--cache", "*.pdf no-store"],
            "/",
            "\nCache-Control: no-cache\n",
            "\nCache-Control: no-cache\n",
        ),
        (
            &["--header", "/docs/** X-A: b: c"],
            "/docs/a.pdf",
            "%PDF",
            "\nX-A: b: c\n",
        ),
        (
            &["--download", "*.pdf"],
            "/docs/a.pdf",
            "%PDF",
            "\nContent-Disposition: attachment;",
        ),
        (
            &["--type", "glsl=text/x-a"],
            "/a.glsl",
            "\nContent-Type: ",
            "\nContent-Type: text/x-a\n",
        ),
        (
            &["--no-charset"],
            "/",
            "text/html; charset=utf-8\n",
            "\nContent-Type: text/html\n",
        ),
        (
            &["--precompressed"],
            "/style.css",
            "a {}",
            "\nContent-Encoding: gzip\n",
        ),
        (&["--dotfiles", "serve"], "/.env", "HTTP/1.1 404 ", "secret"),
        (
            &["--dotfiles", "refuse"],
            "/.well-known/x.txt",
            "HTTP/1.1 200 ",
            "HTTP/1.1 404 ",
        ),
        (
            &["--cors"],
            "/",
            index,
            "\nAccess-Control-Allow-Origin: *\n",
        ),
    ] {
        let response = get(&folder, &[], path);
        assert!(
            response.contains(without),
            "{path} without {options:?}: {response}"
        );
        let is_changed = with != without;
        assert!(
            !is_changed || !response.contains(with),
            "{path}: {response}"
        );
        let response = get(&folder, options, path);
        assert!(
            response.contains(with),
            "{path} with {options:?}: {response}"
        );
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_as_far_as_is_said() {
    use std::os::unix::fs::symlink;
    let secret = Folder::new("links-secret", &[("secret.txt", b"secret")]);
    let folder = Folder::new("links", &[("a.txt", b"a")]);
    symlink("a.txt", folder.path.join("within.txt")).expect("a link");
    symlink(secret.path.join("secret.txt"), folder.path.join("out.txt")).expect("a link");
    for (policy, within, out) in [
        ("refuse", false, false),
        ("within", true, false),
        ("follow", true, true),
    ] {
        let is_served = |path| get(&folder, &["--symlinks", policy], path).contains(" 200 OK\n");
        assert_eq!(is_served("/within.txt"), within, "{policy}");
        assert_eq!(is_served("/out.txt"), out, "{policy}");
    }
}

#[test]
fn a_change_shows_in_a_live_folder_and_not_in_memory() {
    for (options, shown) in [(&[][..], "new"), (&["--memory"], "old")] {
        let folder = Folder::new("change", &[("a.txt", b"old"), ("404.html", b"missing")]);
        let mut program = Program::start(&[&["handle", folder.as_str()], options].concat());
        let get = b"GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n";
        program.write(get);
        while program.line() != "\r\n" {}
        std::fs::remove_file(folder.path.join("a.txt")).expect("it is removed");
        std::fs::write(folder.path.join("a.txt"), "new").expect("it is written");
        // Longer than a file is served without a look at the folder.
        thread::sleep(Duration::from_millis(100));
        program.write(get);
        let output = text(program.end().stdout);
        assert!(output.starts_with("old"), "{output}");
        assert!(output.ends_with(shown), "{options:?}: {output}");
    }
}

#[test]
fn a_page_that_does_not_exist_is_named_and_everything_else_is_served() {
    let folder = Folder::new("no-page", &[("a.txt", b"a")]);
    let options = ["--spa=/app.html", "--not-found", "/gone.html"];
    let request = b"GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n";
    let ended = run(
        &[&["handle", folder.as_str()], &options[..]].concat(),
        request,
    );
    assert!(ended.stdout.starts_with(b"HTTP/1.1 200 OK\r\n"));
    insta::assert_snapshot!(ended.stderr, @r#"
    bytegate: spa: there is no file "/app.html"
    bytegate: not-found: there is no file "/gone.html"
    "#);
}

#[test]
fn verbose_says_what_applies_and_where_it_comes_from() {
    let folder = Folder::new(
        "verbose",
        &[("a.txt", b"a"), ("web.toml", b"listing = true\n")],
    );
    let config = folder.path.join("web.toml");
    let config = config.to_str().expect("a name in UTF-8");
    let ended = run(
        &[
            "handle",
            folder.as_str(),
            "--memory",
            "--verbose",
            "--cache=no-store",
            "--config",
            config,
        ],
        b"",
    );
    let lines = ended.stderr.replace(folder.as_str(), "FOLDER");
    insta::assert_snapshot!(lines, @r#"
    bytegate: "FOLDER" is served from memory: 2 files
    bytegate: "FOLDER/web.toml" line 1: listing
    bytegate: command line: --memory
    bytegate: command line: --verbose
    bytegate: command line: --cache "no-store"
    bytegate: all other options use their defaults (see bytegate --help)
    "#);
}

#[test]
fn text_is_compressed_if_the_program_can() {
    let words = "the same words again and again\n".repeat(100);
    let folder = Folder::new("compress", &[("a.txt", words.as_bytes())]);
    let request = b"GET /a.txt HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n";
    for options in [&["--compress"][..], &["--compress", "--memory"]] {
        let arguments = [&["handle", folder.as_str()], options].concat();
        if cfg!(feature = "compression") {
            let output = run(&arguments, request).stdout;
            let head = String::from_utf8_lossy(&output);
            assert!(head.contains("\r\nContent-Encoding: gzip\r\n"), "{head}");
            assert!(output.len() < words.len() / 2);
        } else {
            insta::allow_duplicates! {
                insta::assert_snapshot!(complaint(&arguments, 2), @"bytegate: --compress: this program was built without it: build it with --features net,compression (see bytegate --help)");
            }
        }
    }
    let off = run(&["handle", folder.as_str(), "--compress=false"], request);
    assert!(text(off.stdout).ends_with(&words));
}

#[test]
fn a_single_file_is_served_and_nothing_beside_it() {
    let folder = Folder::new(
        "single",
        &[
            ("page.html", b"<h1>page</h1>"),
            ("index.html", b"secret"),
            ("404.html", b"secret"),
            ("page.html.bak", b"secret"),
            ("sub/page.html", b"secret"),
        ],
    );
    let file = folder.path.join("page.html");
    let file = file.to_str().expect("a name in UTF-8");
    for options in [&[][..], &["--memory"]] {
        let get = |path: &str| {
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            let ended = run(&[&["handle", file], options].concat(), request.as_bytes());
            assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{options:?}");
            text(ended.stdout).replace('\r', "")
        };
        for path in ["/", "/page.html", "/page.html?a=b", "/%70age.html"] {
            let page = get(path);
            assert!(page.starts_with("HTTP/1.1 200 OK\n"), "{path}: {page}");
            assert!(page.contains("\nContent-Type: text/html; charset=utf-8\n"));
            assert!(page.ends_with("\n\n<h1>page</h1>"), "{path}: {page}");
        }
        for path in [
            "/index.html",
            "/404.html",
            "/page.html.bak",
            "/page.html/",
            "/page.html/index.html",
            "/sub/page.html",
            "/sub/",
            "/sub",
            "/x",
            "/%2e%2e/page.html",
            "/%ff",
        ] {
            let page = get(path);
            assert!(page.starts_with("HTTP/1.1 404 "), "{path}: {page}");
            assert!(!page.contains("secret"), "{path}: {page}");
        }
    }
    let page = run(&["handle", file], b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(
        page.stdout
            .ends_with(b"404 Not Found: the only file here is /page.html\n")
    );
    let routes = run(&["routes", file], b"");
    assert_eq!(text(routes.stdout), "fallback\n  file     /page.html\n");
}

#[test]
fn a_single_file_is_served_as_it_is_now_and_is_gone_when_it_is_removed() {
    let folder = Folder::new("single-live", &[("a.txt", b"old"), ("404.html", b"secret")]);
    let file = folder.path.join("a.txt");
    let mut program = Program::start(&["handle", file.to_str().expect("a name in UTF-8")]);
    let ask = |program: &mut Program| {
        program.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        let status = program.line();
        while program.line() != "\r\n" {}
        status
    };
    assert_eq!(ask(&mut program), "HTTP/1.1 200 OK\r\n");
    std::fs::remove_file(&file).expect("it is removed");
    // Longer than a file is served without a look at the folder.
    thread::sleep(Duration::from_millis(100));
    program.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let output = text(program.end().stdout);
    assert!(output.starts_with("oldHTTP/1.1 404 "), "{output}");
    assert!(!output.contains("secret"), "{output}");
}

#[cfg(unix)]
#[test]
fn a_single_file_may_be_hidden_or_a_link_because_its_user_chose_it() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new("single-link", &[("target/b.txt", b"b"), ("here/.a", b"a")]);
    let link = folder.path.join("here/link.txt");
    symlink("../target/b.txt", &link).expect("a link");
    for (file, body) in [(link, "b"), (folder.path.join("here/.a"), "a")] {
        for options in [&[][..], &["--memory"]] {
            let file = file.to_str().expect("a name in UTF-8");
            let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
            let page = run(&[&["handle", file], options].concat(), request);
            let page = text(page.stdout);
            assert!(page.ends_with(&format!("\r\n\r\n{body}")), "{page}");
        }
    }
}

/// Reads standard error up to a line with this end. Returns the number of lines before it.
fn lines_before(program: &Program, end: &str) -> usize {
    let line = || text(program.stderr.recv_timeout(DEADLINE).expect("a line"));
    let before = std::iter::repeat_with(line).take_while(|line| !line.ends_with(end));
    before.count()
}

#[test]
fn what_a_live_folder_does_not_serve_is_named() {
    let folder = Folder::new("passed-over", &[("a.txt", b"a"), ("b/.git/c", b"c")]);
    let end = "b/.git\": its name begins with a dot\n";
    for arguments in [
        &["serve", folder.as_str(), "--port", "0"][..],
        &["handle", folder.as_str(), "--verbose"],
        &["routes", folder.as_str(), "--verbose"],
        &["routes", folder.as_str(), "--memory"],
    ] {
        lines_before(&Program::start(arguments), end);
    }
}

#[test]
fn only_the_first_files_that_are_not_served_are_named() {
    let folder = Folder::new("many-passed-over", &[("index.html", b"a")]);
    for number in 0..25 {
        std::fs::write(folder.path.join(format!(".{number}")), "").expect("a file");
    }
    let end = "5 more files and folders are not served; --verbose lists them\n";
    let program = Program::start(&["serve", folder.as_str(), "--port", "0"]);
    // The first line is the greeting.
    assert_eq!(lines_before(&program, end), 21);
    let program = Program::start(&["routes", folder.as_str(), "--memory"]);
    assert_eq!(lines_before(&program, end), 20);
}
