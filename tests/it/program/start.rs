//! Tests of what `serve` says when it starts, and of `--open`. Unix only, because programs are scripts.

use super::*;
use bytegate::Status;
use bytegate::testing::StreamClient;

/// The URL in the first line.
fn url(line: &str) -> &str {
    let (_, url) = line.split_once(" on ").expect("a URL");
    url.split_whitespace().next().expect("a URL")
}

fn status(url: &str) -> Status {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut client = StreamClient::connect(address).expect("the server listens");
    client.get("/").expect("a page").status()
}

#[test]
fn a_folder_is_served_without_the_word_serve() {
    let folder = Folder::new("bare", &[("index.html", b"<h1>mine</h1>")]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_bytegate"));
    command.args([".", "-p0"]).current_dir(&folder.path);
    let program = Program::run(&mut command, Stdio::piped());
    let line = program.error_line();
    assert!(
        line.starts_with("bytegate serves . on http://127.0.0.1:"),
        "{line}"
    );
    assert_eq!(status(url(&line)), Status::OK);
}

#[test]
fn a_server_for_all_addresses_names_them_and_says_who_can_connect() {
    for (bind, own) in [("0.0.0.0", "http://127.0.0.1:"), ("::", "http://[::1]:")] {
        let program = Program::start(&["--bind", bind, "--port", "0"]);
        let first = program.error_line();
        if bind == "::" && first.contains("cannot listen on") {
            // This machine has no IPv6.
            continue;
        }
        assert!(url(&first).starts_with(own), "{first}");
        assert_eq!(status(url(&first)), Status::OK);
        let last = loop {
            let line = program.error_line();
            let Some(other) = line.strip_prefix("  and on ") else {
                break line;
            };
            assert_eq!(status(other.trim_end()), Status::OK, "{other}");
        };
        assert_eq!(
            last,
            format!("  reachable from the network, because of --bind {bind}\n")
        );
    }
}

/// Starts a server with `--open`, on a system where only this script opens pages.
#[cfg(target_os = "linux")]
fn start_with_browser(name: &str, script: Option<&str>) -> (Folder, Program, String) {
    use std::os::unix::fs::PermissionsExt;
    let script = script.map(|script| ("xdg-open", script.as_bytes()));
    let files = [Some(("a.txt", &b""[..])), script];
    let files: Vec<_> = files.into_iter().flatten().collect();
    let folder = Folder::new(name, &files);
    let opener = folder.path.join("xdg-open");
    if opener.exists() {
        let mode = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(opener, mode).expect("the mode can be set");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_bytegate"));
    command.args(["--port", "0", "--open"]);
    command.env("PATH", &folder.path).current_dir(&folder.path);
    let program = Program::run(&mut command, Stdio::piped());
    let line = program.error_line();
    let url = url(&line).to_string();
    (folder, program, url)
}

#[cfg(target_os = "linux")]
#[test]
fn the_page_is_opened_in_the_browser() {
    let script = "#!/bin/sh\necho \"$@\" > opened.new\n/bin/mv opened.new opened\n";
    let (folder, _program, url) = start_with_browser("open", Some(script));
    let started = Instant::now();
    let opened = loop {
        match std::fs::read_to_string(folder.path.join("opened")) {
            Ok(opened) => break opened,
            Err(_) => assert!(started.elapsed() < DEADLINE, "nothing is opened"),
        }
        thread::sleep(Duration::from_millis(2));
    };
    assert_eq!(opened, format!("{url}\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_browser_that_cannot_be_opened_is_one_line_and_the_server_goes_on() {
    for (script, reason) in [
        (None, "program not found"),
        (Some("#!/bin/sh\nexit 3\n"), "exit status: 3"),
    ] {
        let (_folder, program, url) = start_with_browser("no-browser", script);
        let line = program.error_line();
        assert_eq!(
            line,
            format!("bytegate: cannot open the browser with xdg-open: {reason}\n")
        );
        assert_eq!(status(&url), Status::OK);
    }
}
