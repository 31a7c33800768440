//! Requests on standard input.

use super::*;
use bytegate::Gateway;

const GET: &[u8] = b"GET /about.html HTTP/1.1\r\nHost: x\r\n\r\n";

/// The output without its `Date` lines.
fn without_date(output: &[u8]) -> Vec<u8> {
    let lines = output.split_inclusive(|&byte| byte == b'\n');
    lines
        .filter(|line| !line.starts_with(b"Date: "))
        .collect::<Vec<_>>()
        .concat()
}

/// Runs `handle`, which must succeed, and returns its output without dates.
fn handle(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let ended = run(&[&["handle"], arguments].concat(), input);
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
    without_date(&ended.stdout)
}

#[test]
fn it_responds_as_the_library_does() {
    for input in [
        GET,
        b"HEAD /about.html HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /logo.png HTTP/1.0\r\n\r\n",
        b"GET /nope.html HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PUT /style.css HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        &[GET, GET].concat(),
        &[
            GET,
            b"GET /nope.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            GET,
        ]
        .concat(),
        b"GET / HTTP/1.1\r\nHost: x",
        b"\x16\x03\x01\x00",
        b"\r\n",
        b"",
    ] {
        let expected = demo::gateway().handle(input);
        assert_eq!(
            handle(&[], input).escape_ascii().to_string(),
            expected.escape_ascii().to_string()
        );
    }
}

#[test]
fn it_serves_files_from_a_folder() {
    let folder = Folder::new(
        "handle",
        &[("index.html", b"<h1>mine</h1>\n"), ("a b/c.bin", b"\0\xff")],
    );
    let folder = folder.as_str();
    // What changed just now has no date.
    std::thread::sleep(std::time::Duration::from_millis(30));
    let output = handle(&[folder], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let lines = text(output).replace('\r', "");
    let dated = |line: &&str| line.starts_with("Last-Modified: ");
    assert_eq!(lines.lines().filter(dated).count(), 1);
    let lines: Vec<&str> = lines.lines().filter(|line| !dated(line)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
        HTTP/1.1 200 OK
        Content-Type: text/html; charset=utf-8
        X-Content-Type-Options: nosniff
        Accept-Ranges: bytes
        Cache-Control: no-cache
        ETag: "202a2b98f6ec6941ed554a1943558f47"
        Content-Length: 14

        <h1>mine</h1>
        "#);
    let output = handle(&[folder], b"GET /a%20b/c.bin HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(output.ends_with(b"\r\nContent-Length: 2\r\n\r\n\0\xff"));
    let output = handle(&[folder], b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(output.ends_with(b"\r\nContent-Length: 14\r\n\r\n"));
    let output = handle(&[folder], GET);
    assert!(output.starts_with(b"HTTP/1.1 404 "));
}

#[test]
fn files_left_out_of_a_folder_are_reported() {
    let folder = Folder::new("left-out", &[("a.txt", b"a"), (".env", b"secret")]);
    let input = b"GET /.env HTTP/1.1\r\nHost: x\r\n\r\n";
    let ended = run(&["handle", folder.as_str(), "--memory"], input);
    assert_eq!(ended.code, Some(0));
    assert!(ended.stdout.starts_with(b"HTTP/1.1 404 "));
    assert!(ended.stderr.starts_with("bytegate: left out "));
    assert!(
        ended
            .stderr
            .ends_with(".env\": its name begins with a dot\n")
    );
}

#[cfg(unix)]
#[test]
fn control_characters_in_a_reported_name_are_escaped() {
    let folder = Folder::new("control", &[("a\u{1b}[2J\nb", b"")]);
    let ended = run(&["handle", folder.as_str(), "--memory"], b"");
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stderr.lines().count(), 1, "{:?}", ended.stderr);
    assert!(!ended.stderr.contains('\u{1b}'), "{:?}", ended.stderr);
}

#[test]
fn incomplete_input_is_refused() {
    let output = handle(
        &[],
        b"POST /login.py HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na",
    );
    insta::assert_snapshot!(text(output).replace('\r', ""), @r"
        HTTP/1.1 400 Bad Request
        Content-Type: text/plain; charset=utf-8
        Content-Length: 70
        Connection: close

        400 Bad Request: the input ended inside the body (RFC 9112 section 8)
        ");
}

#[test]
fn responses_have_a_date() {
    let ended = run(&["handle"], GET);
    let output = String::from_utf8_lossy(&ended.stdout).into_owned();
    let date = output.lines().find_map(|line| line.strip_prefix("Date: "));
    let date = date.expect("a clock");
    assert!(date.len() == 29 && date.ends_with(" GMT"), "{date}");
}

#[test]
fn a_response_is_written_while_the_input_is_still_open() {
    let mut program = Program::start(&["handle"]);
    for _ in 0..3 {
        program.write(b"GET /script.js HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(program.line(), "HTTP/1.1 200 OK\r\n");
        let script = include_str!("../../../fixtures/site/script.js");
        let last = script.split_inclusive('\n').next_back();
        while Some(&*program.line()) != last {}
    }
    let ended = program.end();
    assert_eq!((ended.code, &ended.stdout[..]), (Some(0), &b""[..]));
}

#[test]
fn a_request_may_arrive_in_pieces() {
    let mut program = Program::start(&["handle"]);
    let request =
        b"POST /login.py HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 8\r\n\
        Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    for byte in request.chunks(1) {
        program.write(byte);
    }
    assert_eq!(program.line(), "HTTP/1.1 100 Continue\r\n");
    program.write(b"name=ada");
    let ended = program.end();
    assert!(ended.stdout.starts_with(b"\r\nHTTP/1.1 200 OK\r\n"));
}

#[test]
fn it_ends_after_the_last_response_even_if_the_input_is_open() {
    for last in [
        &b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"[..],
        b"GET / HTTP/1.0\r\n\r\n",
        b"nonsense\r\n",
    ] {
        let mut program = Program::start(&["handle"]);
        program.write(last);
        let ended = program.ended();
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
        assert!(ended.stdout.starts_with(b"HTTP/1.1 "));
    }
}

#[test]
fn a_dynamic_suffix_goes_to_the_application_instead_of_the_site() {
    let files: [(&str, &[u8]); 2] = [("a.cgi", b"source"), ("login.py", b"source")];
    let folder = Folder::new("dynamic", &files);
    let folder = folder.as_str();
    let get = |path: &str, arguments: &[&str]| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        text(handle(&[&[folder], arguments].concat(), request.as_bytes()))
    };
    for path in ["/login.py", "/a.cgi"] {
        assert!(get(path, &[]).ends_with("\r\n\r\nsource"));
    }
    let cgi = ["--dynamic", ".cgi"];
    assert!(get("/a.cgi", &cgi).contains("The application has no page <code>/a.cgi</code>."));
    assert!(get("/login.py", &cgi).ends_with("\r\n\r\nsource"));
    let both = ["--dynamic", ".cgi", "--dynamic=.py"];
    assert!(get("/a.cgi", &both).contains("<h1>No such page</h1>"));
    assert!(get("/login.py", &both).contains("<h1>Log in</h1>"));
}

#[test]
fn without_a_folder_it_serves_the_demo_site() {
    let output = handle(&[], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(output.ends_with(include_bytes!("../../../fixtures/site/index.html")));
    let gateway = Gateway::new(demo::site());
    let output = handle(&["--dynamic", ".cgi"], GET);
    assert_eq!(output, gateway.handle(GET));
}
