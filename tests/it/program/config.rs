//! Tests of the config file.

use super::*;

/// A folder with a page, and beside it a config file with this text.
fn configured(name: &str, config: &str) -> Folder {
    let files: [(&str, &[u8]); 3] = [
        ("site.toml", config.as_bytes()),
        ("public/start.html", b"<h1>start</h1>"),
        ("public/docs/a.txt", b"a"),
    ];
    Folder::new(name, &files)
}

/// The response of `handle` with the config file of a folder.
fn response_to(folder: &Folder, options: &[&str], path: &str) -> String {
    let config = folder.path.join("site.toml");
    let config = ["handle", "--config", config.to_str().expect("UTF-8")];
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let ended = run(&[&config, options].concat(), request.as_bytes());
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{options:?}");
    text(ended.stdout).replace('\r', "")
}

#[test]
fn the_documented_examples_are_config_files() {
    let help = text(run(&["--help"], b"").stdout);
    let readme = include_str!("../../../README.md");
    for (document, start, end) in [
        (
            &*help,
            "relative to the config file:\n",
            "\n  These rules can",
        ),
        (readme, "```toml\n", "```"),
    ] {
        let (_, example) = document.split_once(start).expect("an example");
        let (example, _) = example.split_once(end).expect("its end");
        let folder = configured("documented", example);
        std::fs::write(folder.path.join("public/missing.html"), "missing").expect("a file");
        let response = response_to(&folder, &[], "/blog/hello");
        assert!(response.starts_with("HTTP/1.1 301 "), "{response}");
        assert!(
            response.contains("\nLocation: /posts/hello\n"),
            "{response}"
        );
    }
}

#[test]
fn the_command_line_takes_precedence_option_by_option() {
    let folder = configured(
        "precedence",
        "folder = 'public'\nlisting = true\nindex = ['x.html', 'start.html']\ncache = 'max-age=1'\n",
    );
    let start = response_to(&folder, &[], "/");
    assert!(start.contains("<h1>start</h1>"), "{start}");
    assert!(start.contains("\nCache-Control: max-age=1\n"), "{start}");
    let start = response_to(&folder, &["--cache", "no-store"], "/");
    assert!(start.contains("<h1>start</h1>"), "{start}");
    assert!(start.contains("\nCache-Control: no-store\n"), "{start}");
    assert!(response_to(&folder, &[], "/docs/").contains("a.txt"));
    let docs = response_to(&folder, &["--listing=false"], "/docs/");
    assert!(docs.starts_with("HTTP/1.1 404 "), "{docs}");
    let other = folder.path.join("public/docs");
    let other = other.to_str().expect("UTF-8");
    assert!(response_to(&folder, &[other], "/a.txt").ends_with("\n\na"));
}

#[test]
fn options_for_other_commands_are_not_in_the_way() {
    let folder = configured("commands", "folder = 'public'\nport = 80\nopen = true\n");
    assert!(response_to(&folder, &[], "/docs/a.txt").ends_with("\n\na"));
}

#[test]
fn what_is_wrong_is_one_line_with_file_line_and_key() {
    for (config, message) in [
        (
            "\nlistings = true\n",
            "line 2: unknown option \"listings\": did you mean listing?",
        ),
        (
            "folder = 'public'\nport = true\n",
            "line 2: port: expected a number or text, found boolean",
        ),
        (
            "port = 70000\n",
            "line 1: port \"70000\": not a port from 0 to 65535",
        ),
        (
            "folder = 'public'\n[[redirect]]\npattern = '/a'\n",
            "line 2: redirect pattern \"/a\": a redirect is 'PATTERN TARGET' or 'PATTERN TARGET STATUS'",
        ),
    ] {
        let folder = configured("wrong", config);
        let file = folder.path.join("site.toml");
        let line = complaint(&["--config", file.to_str().expect("UTF-8")], 2);
        assert_eq!(line, format!("bytegate: {file:?} {message}"));
    }
    let folder = configured("no-toml", "listing true\n");
    let file = folder.path.join("site.toml");
    let line = complaint(&["--config", file.to_str().expect("UTF-8")], 2);
    assert!(
        line.starts_with(&format!("bytegate: {file:?} line 1: ")),
        "{line}"
    );
}

#[test]
fn a_file_or_folder_that_is_missing_is_named() {
    let line = complaint(&["--config", "/nonexistent.toml"], 1);
    assert!(
        line.starts_with("bytegate: cannot read \"/nonexistent.toml\": "),
        "{line}"
    );
    let folder = configured("no-folder", "folder = 'elsewhere'\n");
    let file = folder.path.join("site.toml");
    let line = complaint(&["handle", "--config", file.to_str().expect("UTF-8")], 1);
    let expected = folder.path.join("elsewhere");
    assert!(
        line.starts_with(&format!("bytegate: cannot read {expected:?}: ")),
        "{line}"
    );
}
