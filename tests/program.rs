//! Tests that run the built program: what it reads, what it writes, and how it ends.
#![cfg(feature = "net")]

#[path = "program/config.rs"]
mod config;
#[path = "../src/bin/bytegate/demo/mod.rs"]
mod demo;
#[path = "program/folder.rs"]
mod folder;
mod laws;
#[cfg(unix)]
#[path = "program/start.rs"]
mod start;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here should take.
const DEADLINE: Duration = Duration::from_secs(20);

/// A run of the program, killed when it is dropped.
struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
}

/// A run that has ended.
struct Ended {
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl Program {
    fn start(arguments: &[&str]) -> Program {
        Program::start_with(arguments, Stdio::piped())
    }

    fn start_with(arguments: &[&str], stdout: Stdio) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bytegate"));
        Program::run(command.args(arguments), stdout)
    }

    fn run(command: &mut Command, stdout: Stdio) -> Program {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        Program {
            stdin: child.stdin.take(),
            stdout: lines(child.stdout.take()),
            stderr: lines(child.stderr.take()),
            child,
        }
    }

    fn write(&mut self, input: &[u8]) {
        let stdin = self.stdin.as_mut().expect("the input is open");
        // The program may have ended already.
        let _ = stdin.write_all(input).and_then(|()| stdin.flush());
    }

    /// Closes the input and waits for the program to end.
    fn end(mut self) -> Ended {
        self.stdin = None;
        self.ended()
    }

    /// Waits for the program to end while its input stays open.
    fn ended(&mut self) -> Ended {
        let started = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("a child") {
                Some(status) => break status,
                None => assert!(started.elapsed() < DEADLINE, "the program does not end"),
            }
            thread::sleep(Duration::from_millis(2));
        };
        Ended {
            code: status.code(),
            stdout: self.stdout.iter().collect::<Vec<_>>().concat(),
            stderr: text(self.stderr.iter().collect::<Vec<_>>().concat()),
        }
    }

    /// The next line of standard output.
    fn line(&self) -> String {
        text(self.stdout.recv_timeout(DEADLINE).expect("a line"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe line by line.
fn lines(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let Some(mut pipe) = pipe.map(BufReader::new) else {
            return;
        };
        let mut line = Vec::new();
        while pipe
            .read_until(b'\n', &mut line)
            .is_ok_and(|count| count > 0)
        {
            // A test that has failed no longer listens.
            let _ = sender.send(std::mem::take(&mut line));
        }
    });
    receiver
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("text in UTF-8")
}

/// Runs the program with this input.
fn run(arguments: &[&str], input: &[u8]) -> Ended {
    let mut program = Program::start(arguments);
    program.write(input);
    program.end()
}

/// The only line on standard error of a run that must fail with this exit code.
fn complaint(arguments: &[&str], code: i32) -> String {
    let ended = run(arguments, b"");
    assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.stderr);
    assert_eq!(ended.stdout, b"", "{arguments:?}");
    let line = ended.stderr.strip_suffix('\n').expect("a whole line");
    assert_eq!(line.lines().count(), 1, "{arguments:?}: {line}");
    line.to_string()
}

/// A new folder, removed when it is dropped.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn new(name: &str, files: &[(&str, &[u8])]) -> Folder {
        let name = format!("program-{name}-{}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        for (file, content) in files {
            let file = path.join(file);
            std::fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
            std::fs::write(file, content).expect("a file");
        }
        Folder { path }
    }

    fn as_str(&self) -> &str {
        self.path.to_str().expect("a name in UTF-8")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

mod command_line {
    use super::*;

    #[test]
    fn the_routes_of_what_would_be_served_are_listed() {
        let routes = run(&["routes"], b"");
        assert_eq!((routes.code, &*routes.stderr), (Some(0), ""));
        insta::assert_snapshot!(text(routes.stdout), @r"
        suffix   .py
        fallback
          files    7 files
        ");
        let folder = Folder::new("routes", &[("index.html", b"")]);
        let suffixes = ["--dynamic", ".a", "--dynamic=.bc"];
        let live = run(&[&["routes", folder.as_str()], &suffixes[..]].concat(), b"");
        insta::assert_snapshot!(text(live.stdout), @r"
        suffix   .bc
        suffix   .a
        fallback
          folder   as it is at each request
        ");
        let in_memory = run(&["routes", folder.as_str(), "--memory"], b"");
        insta::assert_snapshot!(text(in_memory.stdout), @r"
        fallback
          files    1 file
        ");
    }

    #[test]
    fn help_is_printed_to_standard_output() {
        let help = run(&["--help"], b"");
        assert_eq!((help.code, &*help.stderr), (Some(0), ""));
        insta::assert_snapshot!(text(help.stdout.clone()), @r#"
        bytegate: HTTP/1.1, bytes in, bytes out

        Usage:
          bytegate [serve] [DIR] [OPTIONS]
          bytegate handle [DIR] [OPTIONS]
          bytegate routes [DIR] [OPTIONS]
          bytegate explain

        Commands:
          serve    Serve the files of DIR as they are at each request, over TCP. Without DIR,
                   serve the demo. This is the default.
          handle   Read requests from standard input, write their answers to standard output.
          routes   List the routes that would be served, in the order they are tried.
          explain  Read requests from standard input and explain how they are understood:
                   line, fields and framing of each, or which rule is broken, and where.

        Folder options (serve, handle and routes with DIR):
          --listing            Show directories without an index as a list of their files
          --index NAME         Serve this file for its directory; may be given several times,
                               the first that exists is served [default: index.html]
          --pretty-urls        Answer /about with about.html, if there is no file about
          --spa[=PAGE]         Send PAGE for paths that do not exist, so that an application in
                               the browser can interpret them [PAGE: /index.html]
          --not-found PAGE     Send PAGE with 404 [default: /404.html, if it exists]
          --error-page RULE    Send PAGE with an error about a path or a file: 'STATUS PAGE'
          --redirect RULE      Redirect paths: 'PATTERN TARGET' or 'PATTERN TARGET STATUS'
                               [STATUS: 302]
          --rewrite RULE       Serve another file for matching paths: 'PATTERN TARGET'
          --cache RULE         Set Cache-Control: 'VALUE' for all files, or 'PATTERN VALUE'
                               [default: no-cache, or nothing with --memory]
          --header RULE        Set a field of responses with files: 'NAME: VALUE' for all, or
                               'PATTERN NAME: VALUE'
          --download PATTERN   Let browsers save these files instead of showing them
          --type SUFFIX=TYPE   Set the media type of a suffix: glsl=text/plain
          --no-charset         Do not declare text to be UTF-8, for pages that declare another
                               charset themselves
          --precompressed      Send FILE.br, FILE.zst or FILE.gz in place of FILE to clients
                               that accept it
          --encoded-names HOW  Serve FILE.br, FILE.zst and FILE.gz, requested by that name, as
                               compressed files or as their content, as games that were
                               exported for the web need it: files or content [default: files]
          --dotfiles POLICY    Names that begin with a dot: refuse, well-known or serve
                               [default: well-known]
          --symlinks POLICY    Symbolic links: refuse, within or follow. 'within' follows those
                               that stay in DIR [default: within]
          --file-cache SIZE    Keep at most this much of DIR in memory [default: 64M]
          --memory             Read DIR into memory at the start; later changes are not served

        Options of serve, handle and routes:
          --cors               Let pages of any origin read the responses
          --dynamic SUFFIX     Send paths ending in SUFFIX to the demo application; may be given
                               several times [default: .py without DIR, nothing with DIR]
          --config FILE        Read options from a TOML file
          --verbose            Print to standard error which options apply and where each was
                               set, and list every file that is not served

        Options of serve and handle:
          --max-head SIZE      Refuse larger request heads; one field line may take half of
                               it [default: 32K]
          --max-content SIZE   Refuse larger request contents [default: 1M]

        Options of serve:
          --bind ADDR          Listen on this IP address; 0.0.0.0 or :: for all addresses of
                               this machine, so that others can connect [default: 127.0.0.1]
          -p, --port N         Listen on this port; 0 for any that is free [default: 7890]
          --host NAME          Serve requests for this host too: dev.test or *.dev.test; may be
                               given several times. 'any' is for a proxy on this machine that
                               passes on the hosts of its requests [default: localhost,
                               *.localhost and IP addresses; any if --bind lets others connect]
          --open               Open the page in the browser
          --no-access-log      Do not write a line for each request to standard output
          --head-timeout TIME  Close connections whose head takes longer [default: 10s]
          --idle-timeout TIME  Close connections that are idle for this long [default: 75s]
          --stop-timeout TIME  After a signal to stop, let requests in progress take this
                               long [default: 8s]
          --connections N      Accept this many connections at once; when all are in use,
                               idle and slow ones are closed to make room [default: 10000,
                               or half of the limit on open files]
          --connections-per-address N
                               Accept this many from one address; more for a proxy on another
                               machine [default: 2500, or a quarter of the above]
          --buffered-bytes SIZE
                               Hold at most this much of requests and responses that are on
                               their way; beyond it, send 503 [default: 256M]

          -h, --help           Print this help
          -V, --version        Print the version

        PATTERN is the path of a file, in which * stands for any characters but / and ** for
        any characters. Without a / at its beginning it matches in every folder: *.pdf. In
        --cache and --header, a pattern begins with / or *. In TARGET, $1 to $9 stand for what
        the stars matched: '/blog/* /posts/$1 301'. RULE options may be given several times,
        and so may --download and --type.
        SIZE is a number of bytes, or of K, M or G (1024 bytes, and so on): 16384, 64K, 1M.
        TIME is a number of seconds, or has a unit: 10, 500ms, 10s, 2m, 1h.

        FILE has the names of the long options as keys. The value of an option without one is
        true or false, several values are a list, and a rule may be a table of its parts. DIR
        is the key folder, relative to FILE:

          folder = "public"
          port = 8080
          listing = true
          index = ["index.html", "index.htm"]
          cache = ["no-cache", "/assets/** max-age=31536000, immutable"]

          [[redirect]]         # also rewrite, cache, header, type
          pattern = "/blog/*"  # cache and header: pattern, if any
          target = "/posts/$1" # cache: value; header: name, value; type: suffix, type
          status = 301

        An option on the command line takes the place of all values that FILE has for it;
        --listing=false turns off what FILE turns on.

        Exit codes:
          0  done
          1  a file, stream or address could not be used
          2  the command line or the config file is invalid
          3  explain: the input breaks a rule
        "#);
        for arguments in [&["-h"][..], &["serve", "-h"], &["explain", "--help"]] {
            assert_eq!(run(arguments, b"").stdout, help.stdout);
        }
    }

    #[test]
    fn version_is_the_crate_version() {
        for option in ["--version", "-V"] {
            let version = run(&[option], b"");
            assert_eq!((version.code, &*version.stderr), (Some(0), ""));
            let expected = concat!("bytegate ", env!("CARGO_PKG_VERSION"), "\n");
            assert_eq!(text(version.stdout), expected);
        }
    }

    #[test]
    fn bad_usage_prints_one_line_and_exits_with_2() {
        let complaints: Vec<String> = [
            &["--prot", "80"][..],
            &["-x"],
            &["nonsense"],
            &["Cargo.toml"],
            &["serve", "a", "b"],
            &["--port", "x"],
            &["--port", "65536"],
            &["--port"],
            &["--bind", "example.org"],
            &["--dynamic="],
            &["--no-access-log=1"],
            &["explain", "a"],
            &["handle", "--port", "1"],
            &["--listing"],
            &["fixtures/site", "--dotfiles", "all"],
            &["fixtures/site", "--download", "/a?b"],
            &["fixtures/site", "--redirect", "/a"],
            &["fixtures/site", "--redirect", "/a $1"],
            &["fixtures/site", "--header", "Content-Length: 1"],
            &["fixtures/site", "--not-found", "404.html"],
        ]
        .iter()
        .map(|arguments| complaint(arguments, 2))
        .collect();
        insta::assert_snapshot!(complaints.join("\n"), @r#"
        bytegate: invalid option '--prot' (see bytegate --help)
        bytegate: invalid option '-x' (see bytegate --help)
        bytegate: "nonsense" is neither a command (serve, handle, routes, explain) nor a folder (see bytegate --help)
        bytegate: "Cargo.toml" is neither a command (serve, handle, routes, explain) nor a folder (see bytegate --help)
        bytegate: unexpected argument "b" (see bytegate --help)
        bytegate: --port "x": not a port from 0 to 65535 (see bytegate --help)
        bytegate: --port "65536": not a port from 0 to 65535 (see bytegate --help)
        bytegate: missing argument for option '--port' (see bytegate --help)
        bytegate: --bind "example.org": not an IP address such as 127.0.0.1 or ::1 (see bytegate --help)
        bytegate: --dynamic "": a suffix must not be empty (see bytegate --help)
        bytegate: --no-access-log "1": not true or false (see bytegate --help)
        bytegate: explain takes no arguments (see bytegate --help)
        bytegate: handle does not take --port (see bytegate --help)
        bytegate: --listing: this option requires a folder (see bytegate --help)
        bytegate: --dotfiles "all": not refuse, well-known or serve (see bytegate --help)
        bytegate: --download "/a?b": the pattern or target "/a?b" has '?', but a pattern is compared with the path alone: write "*" for a character of a name, and leave out a query (see bytegate --help)
        bytegate: --redirect "/a": a redirect is 'PATTERN TARGET' or 'PATTERN TARGET STATUS' (see bytegate --help)
        bytegate: --redirect "/a $1": the pattern or target "$1" is not a valid target: it must begin with a single "/", or with a scheme and a host, as in "https://host/" (see bytegate --help)
        bytegate: --header "Content-Length: 1": the field "Content-Length" cannot be set: the server sets it itself (see bytegate --help)
        bytegate: --not-found "404.html": "404.html" is not a valid path for a page: a path begins with / and has no empty, '.' or '..' segment, no backslash and no control character (see bytegate --help)
        "#);
    }

    #[test]
    fn an_error_is_one_line_whatever_it_names() {
        complaint(&["--a\nb"], 2);
        complaint(&["a\nb"], 2);
        complaint(&["handle", "/a\nb"], 1);
    }

    #[test]
    fn a_missing_folder_is_named() {
        for command in ["serve", "handle"] {
            insta::allow_duplicates! {
                insta::assert_snapshot!(complaint(&[command, "/nonexistent"], 1), @r#"bytegate: cannot read "/nonexistent": No such file or directory (os error 2)"#);
            }
        }
    }

    #[test]
    fn a_file_is_not_a_folder() {
        let folder = Folder::new("file", &[("a.txt", b"")]);
        let file = folder.path.join("a.txt");
        for command in ["serve", "handle"] {
            let line = complaint(&[command, file.to_str().expect("a name in UTF-8")], 1);
            assert_eq!(line, format!("bytegate: {file:?} is not a folder"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_unreadable_folder_is_named() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new("unreadable", &[("closed/a.txt", b"")]);
        let closed = folder.path.join("closed");
        let set_mode = |mode| {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&closed, permissions).expect("the mode can be set");
        };
        set_mode(0o000);
        // The superuser can read everything.
        if std::fs::read_dir(&closed).is_err() {
            let closed = closed.display().to_string();
            let line = complaint(&["handle", &closed], 1);
            let expected = format!("bytegate: cannot read {closed:?}: ");
            assert!(line.starts_with(&expected), "{line}");
        }
        set_mode(0o700);
    }

    #[test]
    fn a_port_in_use_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = taken.local_addr().expect("an address").port().to_string();
        let line = complaint(&["--port", &port], 1);
        let (start, end) = line.split_once(&port).expect("the port");
        assert_eq!(start, "bytegate: cannot listen on 127.0.0.1:");
        assert!(
            end.ends_with("(the port is in use: stop the other program or choose another port)"),
            "{line}"
        );
    }

    #[test]
    fn an_address_of_another_machine_is_named() {
        let line = complaint(&["--bind", "192.0.2.1", "--port", "0"], 1);
        assert!(line.starts_with("bytegate: cannot listen on 192.0.2.1:0: "));
        assert!(
            line.ends_with("(this machine has no such address)"),
            "{line}"
        );
    }
}

mod handle {
    use super::*;
    use bytegate::Gateway;

    const GET: &[u8] = b"GET /about.html HTTP/1.1\r\nHost: x\r\n\r\n";

    /// The output without its `Date` lines.
    fn without_date(output: &[u8]) -> Vec<u8> {
        let lines = output.split_inclusive(|&octet| octet == b'\n');
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
    fn it_answers_as_the_library_does() {
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
        Content-Length: 73
        Connection: close

        400 Bad Request: the input ended inside the content (RFC 9112 section 8)
        ");
    }

    #[test]
    fn answers_have_a_date() {
        let ended = run(&["handle"], GET);
        let output = String::from_utf8_lossy(&ended.stdout).into_owned();
        let date = output.lines().find_map(|line| line.strip_prefix("Date: "));
        let date = date.expect("a clock");
        assert!(date.len() == 29 && date.ends_with(" GMT"), "{date}");
    }

    #[test]
    fn an_answer_is_written_while_the_input_is_still_open() {
        let mut program = Program::start(&["handle"]);
        for _ in 0..3 {
            program.write(b"GET /script.js HTTP/1.1\r\nHost: x\r\n\r\n");
            assert_eq!(program.line(), "HTTP/1.1 200 OK\r\n");
            let script = include_str!("../fixtures/site/script.js");
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
        for octet in request.chunks(1) {
            program.write(octet);
        }
        assert_eq!(program.line(), "HTTP/1.1 100 Continue\r\n");
        program.write(b"name=ada");
        let ended = program.end();
        assert!(ended.stdout.starts_with(b"\r\nHTTP/1.1 200 OK\r\n"));
    }

    #[test]
    fn it_ends_after_the_last_answer_even_if_the_input_is_open() {
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
        assert!(output.ends_with(include_bytes!("../fixtures/site/index.html")));
        let gateway = Gateway::new(demo::site());
        let output = handle(&["--dynamic", ".cgi"], GET);
        assert_eq!(output, gateway.handle(GET));
    }
}

mod explain {
    use super::*;

    /// The explanation of input that breaks no rule.
    fn understood(input: &str) -> String {
        explained(input.as_bytes(), 0)
    }

    /// The explanation of input that breaks a rule; checks that the caret points at the named byte.
    fn refused(input: impl AsRef<[u8]>) -> String {
        let input = input.as_ref();
        let explanation = explained(input, 3);
        let lines: Vec<&str> = explanation.lines().collect();
        let at = lines
            .iter()
            .find_map(|line| line.strip_prefix("refused at byte "));
        let at: usize = at.and_then(|at| at.parse().ok()).expect("a byte");
        let caret = lines
            .iter()
            .position(|line| line.trim() == "^")
            .expect("a caret");
        let column = lines[caret].len() - 1;
        let shown = input[at.saturating_sub(30)..].escape_ascii().to_string();
        let before = input[at.saturating_sub(30)..at].escape_ascii().count();
        assert_eq!(column, "  where    ".len() + before, "{explanation}");
        let marked = lines[caret - 1].get(column..).unwrap_or_default();
        assert!(shown[before..].starts_with(marked), "{explanation}");
        explanation
    }

    fn explained(input: &[u8], code: i32) -> String {
        let ended = run(&["explain"], input);
        assert_eq!((ended.code, &*ended.stderr), (Some(code), ""));
        text(ended.stdout)
    }

    #[test]
    fn a_good_request() {
        let input = "GET /docs/?page=2 HTTP/1.1\r\nHost: example.org:8080\r\nAccept: */*\r\n\r\n";
        insta::assert_snapshot!(understood(input), @r"
        request 1, from byte 0
          method   GET
          target   /docs/?page=2 (origin-form)
          path     /docs/
          query    page=2
          version  HTTP/1.1
          host     example.org, port 8080
          field    Host: example.org:8080
          field    Accept: */*
          content  none: no Content-Length or Transfer-Encoding
          then     the connection stays open
        ");
    }

    #[test]
    fn two_pipelined_requests_with_content() {
        let input = "POST /login.py HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\
                     Expect: 100-continue\r\n\r\nname=adaGET / HTTP/1.0\r\n\r\n";
        insta::assert_snapshot!(understood(input), @r"
        request 1, from byte 0
          method   POST
          target   /login.py (origin-form)
          path     /login.py
          version  HTTP/1.1
          host     x
          field    Host: x
          field    Content-Length: 8
          field    Expect: 100-continue
          expects  100 Continue before it sends the content
          content  8 bytes (Content-Length)
          then     the connection stays open

        request 2, from byte 85
          method   GET
          target   / (origin-form)
          path     /
          version  HTTP/1.0
          host     none, as HTTP/1.0 allows
          content  none: no Content-Length or Transfer-Encoding
          then     the connection closes
        ");
    }

    #[test]
    fn chunked_content_with_trailers() {
        let input = "PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
                     5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 7\r\n\r\n";
        insta::assert_snapshot!(understood(input), @r"
        request 1, from byte 0
          method   PUT
          target   /a (origin-form)
          path     /a
          version  HTTP/1.1
          host     x
          field    Host: x
          field    Transfer-Encoding: chunked
          content  11 bytes (chunked)
          trailer  X-Sum: 7
          then     the connection stays open
        ");
    }

    #[test]
    fn every_form_of_a_target() {
        let input = "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n\
                     GET http://[::1]:80/a?b HTTP/1.1\r\nHost: [::1]:80\r\n\r\n";
        let explanation = understood(input);
        assert!(explanation.contains("  target   * (asterisk-form)\n"));
        assert!(explanation.contains("  target   http://[::1]:80/a?b (absolute-form)\n"));
        assert!(explanation.contains("  host     [::1], port 80\n"));
    }

    #[test]
    fn no_input() {
        insta::assert_snapshot!(understood(""), @"no request: the input is empty");
    }

    #[test]
    fn an_empty_line_is_not_a_request_but_not_empty_input_either() {
        assert!(!understood("\r\n").contains("the input is empty"));
    }

    #[test]
    fn bytes_after_the_last_request_are_counted() {
        let input = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /";
        let explanation = understood(input);
        let last = "5 bytes after the last request are not read\n";
        assert!(explanation.ends_with(last), "{explanation}");
    }

    #[test]
    fn a_space_before_the_colon() {
        let input = "GET / HTTP/1.1\r\nHost : x\r\n\r\n";
        insta::assert_snapshot!(refused(input), @r"
        refused at byte 20
          rule     whitespace is not allowed between a field name and its colon
          source   RFC 9112 section 5.1
          where    GET / HTTP/1.1\r\nHost : x\r\n\r\n
                                         ^
          answer   400 Bad Request, then the connection closes
        ");
    }

    #[test]
    fn a_line_feed_alone() {
        insta::assert_snapshot!(refused("GET / HTTP/1.1\nHost: x\n\n"), @r"
        refused at byte 14
          rule     a line must end with CR LF, not with a line feed alone
          source   RFC 9112 section 2.2
          where    GET / HTTP/1.1\nHost: x\n\n
                                 ^
          answer   400 Bad Request, then the connection closes
        ");
    }

    #[test]
    fn a_missing_host() {
        insta::assert_snapshot!(refused("GET / HTTP/1.1\r\n\r\n"), @r"
        refused at byte 16
          rule     an HTTP/1.1 request must have a Host field
          source   RFC 9112 section 3.2
          where    GET / HTTP/1.1\r\n\r\n
                                     ^
          answer   400 Bad Request, then the connection closes
        ");
    }

    #[test]
    fn content_length_and_transfer_encoding_together() {
        let input = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\
                     Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        insta::assert_snapshot!(refused(input), @r"
        refused at byte 64
          rule     Transfer-Encoding and Content-Length must not be used together
          source   RFC 9112 section 6.3
          where    Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n
                                                   ^
          answer   400 Bad Request, then the connection closes
        ");
    }

    #[test]
    fn a_chunk_that_is_longer_than_its_size() {
        let input = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
                     5\r\nhello world\r\n0\r\n\r\n";
        insta::assert_snapshot!(refused(input), @r"
        request 1, from byte 0
          method   POST
          target   / (origin-form)
          path     /
          version  HTTP/1.1
          host     x
          field    Host: x
          field    Transfer-Encoding: chunked

        refused at byte 64
          rule     chunk data must be followed by CR LF after exactly its size
          source   RFC 9112 section 7.1
          where    -Encoding: chunked\r\n\r\n5\r\nhello world\r\n0\r\n\r\n
                                                       ^
          answer   400 Bad Request, then the connection closes
        ");
    }

    #[test]
    fn a_second_request_that_breaks_a_rule() {
        let input = "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /\u{e4} HTTP/1.1\r\nHost: x\r\n\r\n";
        insta::assert_snapshot!(refused(input), @r"
        request 1, from byte 0
          method   GET
          target   / (origin-form)
          path     /
          version  HTTP/1.1
          host     x
          field    Host: x
          content  none: no Content-Length or Transfer-Encoding
          then     the connection stays open

        refused at byte 32
          rule     the target contains a byte that must be percent-encoded
          source   RFC 9112 section 3.2
          where    T / HTTP/1.1\r\nHost: x\r\n\r\nGET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n
                                                       ^
          answer   400 Bad Request, then the connection closes
        ");
    }

    #[test]
    fn input_that_ends_too_early() {
        insta::assert_snapshot!(refused("GET / HTTP/1.1\r\nHost: x\r\n"), @r"
        refused at byte 25
          rule     the input ended inside a head
          source   RFC 9112 section 8
          where    GET / HTTP/1.1\r\nHost: x\r\n
                                                ^
          answer   400 Bad Request, then the connection closes
        ");
    }

    #[test]
    fn bytes_that_are_not_text() {
        insta::assert_snapshot!(refused(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), @r"
        refused at byte 0
          rule     the method must be a token followed by one space
          source   RFC 9110 section 5.6.2
          where    \x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03
                   ^
          answer   400 Bad Request, then the connection closes
        ");
    }

    #[test]
    fn every_fixture_is_explained_as_its_name_says() {
        let exchanges = laws::exchange::Exchange::all();
        for exchange in &exchanges {
            match exchange.name().split('-').next() {
                Some("refuse") => refused(&exchange.input),
                Some("accept") => explained(&exchange.input, 0),
                _ => continue,
            };
        }
    }
}

/// Unix only, because some of these tests stop the server with a signal.
#[cfg(unix)]
mod serve {
    use super::*;
    use bytegate::testing::{ClientResponse, StreamClient};
    use bytegate::{Method, Status};

    /// A server on a free port.
    struct Server {
        program: Program,
        address: String,
        /// The line that it printed when it was ready.
        greeting: String,
    }

    impl Server {
        fn start(arguments: &[&str]) -> Server {
            Server::start_with(arguments, Stdio::piped())
        }

        fn start_with(arguments: &[&str], stdout: Stdio) -> Server {
            let arguments = [&["serve", "--port", "0"], arguments].concat();
            Server::ready(Program::start_with(&arguments, stdout))
        }

        /// Starts a server with a soft limit on open files.
        fn start_with_open_files(limit: u32) -> Server {
            let mut shell = Command::new("sh");
            let script =
                format!("ulimit -Sn {limit} && exec \"$0\" serve --port 0 --no-access-log");
            shell.args(["-c", &script, env!("CARGO_BIN_EXE_bytegate")]);
            Server::ready(Program::run(&mut shell, Stdio::piped()))
        }

        fn ready(program: Program) -> Server {
            let greeting = text(program.stderr.recv_timeout(DEADLINE).expect("a line"));
            let (_, url) = greeting.split_once("http://").expect("a URL");
            let (address, _) = url.split_once('/').expect("the end of the URL");
            Server {
                address: address.to_string(),
                greeting,
                program,
            }
        }

        fn connect(&self) -> StreamClient<TcpStream> {
            let client = StreamClient::connect(&self.address).expect("the server listens");
            let socket = client.stream();
            socket.set_read_timeout(Some(DEADLINE)).expect("a deadline");
            client
        }

        /// A new connection, after a request and the end of our side.
        fn asked(&self, request: impl AsRef<[u8]>) -> StreamClient<TcpStream> {
            let mut client = self.connect();
            client.send(request).expect("it is sent");
            client.end_input().expect("it is open");
            client
        }

        /// Everything that comes back on a new connection, after we close our side of it.
        fn ask(&self, request: impl AsRef<[u8]>) -> Vec<u8> {
            to_end(self.asked(request))
        }

        /// The one response that comes back on a new connection, after we close our side of it.
        fn answer(&self, request: impl AsRef<[u8]>) -> ClientResponse {
            last_response(self.asked(request))
        }

        fn get(&self, path: &str) -> ClientResponse {
            self.answer(get(path))
        }

        /// Tells the server to stop and waits for it to end.
        fn stop(self) -> Ended {
            self.signal("-TERM");
            self.ended()
        }

        fn signal(&self, signal: &str) {
            let id = self.program.child.id().to_string();
            let kill = Command::new("kill").args([signal, &id]).status();
            assert!(kill.expect("a system with kill").success());
        }

        /// Waits for the server to end.
        fn ended(mut self) -> Ended {
            self.program.ended()
        }
    }

    fn to_end(mut stream: impl Read) -> Vec<u8> {
        let mut output = Vec::new();
        stream.read_to_end(&mut output).expect("a clean close");
        output
    }

    fn last_response(mut client: StreamClient<TcpStream>) -> ClientResponse {
        let responses = client.last_responses(&[Method::GET]);
        responses.expect("one response").remove(0)
    }

    fn get(path: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
    }

    /// The lines of the log with the dates masked.
    fn without_dates(log: Vec<u8>) -> String {
        let masked = text(log).lines().map(mask_date).collect::<Vec<_>>();
        masked.join("\n")
    }

    /// Masks a date such as `[10/Oct/2000:13:55:36 +0000]`.
    fn mask_date(line: &str) -> String {
        let (before, rest) = line.split_once('[').expect("a date");
        let (date, after) = rest.split_once(']').expect("the end of the date");
        let shape: String = date
            .chars()
            .map(|character| match character {
                '0'..='9' => '0',
                'A'..='Z' => 'A',
                'a'..='z' => 'a',
                other => other,
            })
            .collect();
        assert_eq!(shape, "00/Aaa/0000:00:00:00 +0000", "{line}");
        format!("{before}[date]{after}")
    }

    #[test]
    fn it_prints_its_url_and_serves_the_demo() {
        let server = Server::start(&[]);
        let greeting = server.greeting.replace(&server.address, "ADDRESS");
        insta::assert_snapshot!(greeting, @"bytegate serves the demo site on http://ADDRESS/ (Ctrl-C stops it)");
        assert!(server.address.starts_with("127.0.0.1:"));
        let page = server.get("/");
        assert_eq!((page.status().code(), page.reason()), (200, "OK"));
        assert_eq!(page.body(), include_bytes!("../fixtures/site/index.html"));
    }

    #[test]
    fn it_serves_a_folder_and_names_it() {
        let folder = Folder::new("serve", &[("index.html", b"<h1>mine</h1>")]);
        let server = Server::start(&[folder.as_str()]);
        let expected = format!("bytegate serves {} on http://", folder.as_str());
        assert!(
            server.greeting.starts_with(&expected),
            "{}",
            server.greeting
        );
        assert_eq!(server.get("/").text(), "<h1>mine</h1>");
    }

    #[test]
    fn it_listens_on_the_given_address() {
        let server = Server::start(&["--bind", "127.0.0.2"]);
        assert!(server.address.starts_with("127.0.0.2:"));
        assert_eq!(server.get("/").status(), Status::OK);
    }

    #[test]
    fn it_logs_a_line_for_each_request() {
        let server = Server::start(&[]);
        for request in [
            get("/"),
            [get("/docs?a=b"), get("/nope.html")].concat(),
            "HEAD /style.css HTTP/1.0\r\n\r\n".to_string(),
            "POST /login.py HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nname="
                .to_string(),
            "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n".to_string(),
            "GET /\"\\\u{1b}[2J HTTP/1.1\r\nHost: localhost\r\n\r\n".to_string(),
            "\u{16}\u{3}\u{1}\r\n".to_string(),
            String::new(),
        ] {
            server.ask(request);
        }
        let ended = server.stop();
        assert_eq!(
            (ended.code, &*ended.stderr),
            (Some(0), "bytegate: stopped\n")
        );
        insta::assert_snapshot!(without_dates(ended.stdout), @r#"
        127.0.0.1 - - [date] "GET / HTTP/1.1" 200 3098
        127.0.0.1 - - [date] "GET /docs?a=b HTTP/1.1" 301 22
        127.0.0.1 - - [date] "GET /nope.html HTTP/1.1" 404 843
        127.0.0.1 - - [date] "HEAD /style.css HTTP/1.0" 200 0
        127.0.0.1 - - [date] "POST /login.py HTTP/1.1" 400 73
        127.0.0.1 - - [date] "OPTIONS * HTTP/1.1" 204 0
        127.0.0.1 - - [date] "GET /\"" 400 96
        127.0.0.1 - - [date] "\x16" 400 91
        "#);
    }

    #[test]
    fn a_log_line_is_written_as_soon_as_the_answer() {
        let server = Server::start(&[]);
        server.get("/login.py");
        let line = server.program.line();
        assert!(line.contains("\"GET /login.py HTTP/1.1\" 200 "), "{line}");
    }

    #[test]
    fn without_an_access_log_nothing_is_logged() {
        let server = Server::start(&["--no-access-log"]);
        assert_eq!(server.get("/").status(), Status::OK);
        let ended = server.stop();
        assert_eq!((ended.code, &ended.stdout[..]), (Some(0), &b""[..]));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_log_that_cannot_be_written_does_not_stop_the_server() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let server = Server::start_with(&[], full.expect("a full device").into());
        for _ in 0..3 {
            assert_eq!(server.get("/").status(), Status::OK);
        }
        assert_eq!(server.stop().code, Some(0));
    }

    #[test]
    fn garbage_is_refused_and_does_not_affect_others() {
        let server = Server::start(&[]);
        for garbage in [&b"\0\xff\x16\x03 \r\n\r\n"[..], b"GET", b"\n", b""] {
            let output = server.ask(garbage);
            assert!(output.is_empty() || output.starts_with(b"HTTP/1.1 400 "));
        }
        assert_eq!(server.get("/").status(), Status::OK);
        let ended = server.stop();
        assert_eq!(
            (ended.code, &*ended.stderr),
            (Some(0), "bytegate: stopped\n")
        );
    }

    #[test]
    fn a_dynamic_suffix_goes_to_the_application() {
        let server = Server::start(&["--dynamic", ".cgi"]);
        let page = server.get("/a.cgi");
        let expected = "The application has no page <code>/a.cgi</code>.";
        assert!(page.text().contains(expected), "{page:?}");
        let page = server.get("/login.py");
        assert_eq!(page.body(), include_bytes!("../fixtures/site/404.html"));
    }

    #[test]
    fn a_signal_stops_a_server_without_connections_at_once() {
        for signal in ["-TERM", "-INT"] {
            let server = Server::start(&[]);
            server.get("/");
            let asked = Instant::now();
            server.signal(signal);
            let ended = server.ended();
            assert_eq!(
                (ended.code, &*ended.stderr),
                (Some(0), "bytegate: stopped\n")
            );
            assert!(asked.elapsed() < Duration::from_secs(3));
        }
    }

    #[test]
    fn a_second_signal_ends_the_program_at_once() {
        for (second, code) in [("-INT", 130), ("-TERM", 143)] {
            let server = Server::start(&["--stop-timeout", "60s"]);
            let mut client = server.connect();
            let head = "POST /login.py HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 26\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\n";
            client.send(head).expect("it is sent");
            let mut interim = [0; 25];
            client.read_exact(&mut interim).expect("an interim answer");

            server.signal("-INT");
            let asked = Instant::now();
            while TcpStream::connect(&server.address).is_ok() {
                assert!(asked.elapsed() < DEADLINE, "the server does not stop");
                thread::sleep(Duration::from_millis(2));
            }
            server.signal(second);
            let ended = server.ended();
            assert_eq!((ended.code, &*ended.stderr), (Some(code), ""));
        }
    }

    #[test]
    fn a_signal_lets_a_request_in_progress_be_answered() {
        let server = Server::start(&[]);
        let mut client = server.connect();
        let head = "POST /login.py HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 26\r\n\
            Content-Type: application/x-www-form-urlencoded\r\n\r\n";
        client.send(head).expect("it is sent");
        let mut interim = [0; 25];
        client.read_exact(&mut interim).expect("an interim answer");

        server.signal("-TERM");
        // Once nothing listens any more, the server has seen the signal.
        let asked = Instant::now();
        while TcpStream::connect(&server.address).is_ok() {
            assert!(asked.elapsed() < DEADLINE, "the server does not stop");
            thread::sleep(Duration::from_millis(2));
        }
        client
            .send("name=ada&password=lovelace")
            .expect("it is still read");
        let page = last_response(client);
        assert_eq!(page.header("Location"), Some("/login.py?welcome=ada"));
        let ended = server.ended();
        assert_eq!(
            (ended.code, &*ended.stderr),
            (Some(0), "bytegate: stopped\n")
        );
    }

    fn get_from(host: &str) -> String {
        format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")
    }

    #[test]
    fn a_page_whose_name_was_pointed_at_this_machine_reads_nothing() {
        let server = Server::start(&["--host", "dev.test", "--host=*.dev.test"]);
        let address = server.address.clone();
        for host in [
            &*address,
            "localhost",
            "app.localhost:80",
            "[::1]",
            "DEV.test",
            "a.dev.test",
        ] {
            assert_eq!(server.answer(get_from(host)).status(), Status::OK, "{host}");
        }
        for host in ["rebind.attacker.example", "localhost.example", "x"] {
            let answer = server.answer(get_from(host));
            assert_eq!(answer.status(), Status::MISDIRECTED_REQUEST, "{host}");
            assert!(!answer.text().contains("<h1>"), "{host}");
        }
        insta::assert_snapshot!(server.answer(get_from("x")).text(), @"421 Misdirected Request: bytegate serves only localhost, IP addresses, and names that it was given with --host, but this request is for x; --host any serves all names, for a proxy on the same machine");
    }

    #[test]
    fn every_host_is_served_if_that_is_asked_for_or_others_can_connect() {
        for (arguments, status) in [
            (&["--host", "any"][..], 200),
            (&["--host", "any", "--host", "dev.test"], 200),
            (&["--bind", "0.0.0.0"], 200),
            (&["--bind", "0.0.0.0", "--host", "dev.test"], 421),
            (&["--bind", "localhost"], 421),
        ] {
            let server = Server::start(arguments);
            let answer = server.answer(get_from("rebind.attacker.example"));
            assert_eq!(answer.status().code(), status, "{arguments:?}");
        }
    }

    #[test]
    fn message_limits_can_be_set() {
        let server = Server::start(&["--max-head", "1K", "--max-content=5"]);
        let long = "x".repeat(500);
        let status = |request: String| server.answer(request).status().code();
        assert_eq!(
            status(format!(
                "GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"
            )),
            200
        );
        let fields = format!("X: {long}\r\nY: {long}\r\n");
        assert_eq!(
            status(format!("GET / HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")),
            431
        );
        assert_eq!(
            status(format!(
                "GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}{long}\r\n\r\n"
            )),
            431
        );
        let post = |length: usize| {
            let content = "x".repeat(length);
            format!(
                "POST /login.py HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: {length}\r\n\r\n{content}"
            )
        };
        assert_eq!(status(post(5)), 200);
        assert_eq!(status(post(6)), 413);
    }

    #[test]
    fn timeouts_can_be_set() {
        let server = Server::start(&["--head-timeout=300ms", "--idle-timeout=600ms"]);
        let start = Instant::now();
        let mut half = server.connect();
        half.send("GET / HT").expect("it is sent");
        assert_eq!(last_response(half).status(), Status::REQUEST_TIMEOUT);
        let took = start.elapsed();
        assert!(
            (Duration::from_millis(250)..DEADLINE / 2).contains(&took),
            "{took:?}"
        );

        let start = Instant::now();
        let mut idle = server.connect();
        idle.send(get("/")).expect("it is sent");
        last_response(idle);
        let took = start.elapsed();
        assert!(
            (Duration::from_millis(550)..DEADLINE / 2).contains(&took),
            "{took:?}"
        );
    }

    fn get_page(client: &mut StreamClient<TcpStream>) {
        client.send(get("/")).expect("it is sent");
        let page = client.response(Method::GET).expect("an answer");
        assert!(page.text().ends_with("</html>\n"), "{}", page.text());
    }

    #[test]
    fn the_connection_limit_can_be_set_and_idle_connections_make_room() {
        let server = Server::start(&["--connections", "5"]);
        let connect = |_| {
            let mut client = server.connect();
            get_page(&mut client);
            client
        };
        let mut clients: Vec<_> = (0..12).map(connect).collect();
        assert_eq!(to_end(clients.swap_remove(0)), b"");
        let complaint = server
            .program
            .stderr
            .recv_timeout(DEADLINE)
            .expect("a line");
        insta::assert_snapshot!(text(complaint), @"bytegate: all 5 connections are in use: idle and slow ones are closed to make room (see connections)");
    }

    #[test]
    fn the_soft_limit_on_open_files_is_raised_at_start() {
        let server = Server::start_with_open_files(100);
        let mut clients: Vec<_> = (0..120).map(|_| server.connect()).collect();
        clients.iter_mut().for_each(get_page);
        // None was closed to make room.
        get_page(&mut clients[0]);
    }

    #[test]
    fn idle_connections_give_way_when_no_descriptor_is_free() {
        let mut shell = Command::new("sh");
        let script =
            "ulimit -n 100 && exec \"$0\" serve --port 0 --no-access-log --connections 1000";
        shell.args(["-c", script, env!("CARGO_BIN_EXE_bytegate")]);
        let server = Server::ready(Program::run(&mut shell, Stdio::piped()));
        let mut clients = Vec::new();
        // More than there are descriptors. Each is answered soon, because an older one is closed.
        for _ in 0..150 {
            let start = Instant::now();
            let mut client = server.connect();
            get_page(&mut client);
            assert!(start.elapsed() < Duration::from_secs(5));
            clients.push(client);
        }
    }

    #[test]
    fn downloads_that_nobody_reads_leave_a_descriptor_for_another_client() {
        let folder = Folder::new("unread", &[("index.html", b"hello")]);
        let large = std::fs::File::create(folder.path.join("large.bin")).expect("a file");
        large.set_len(50 << 20).expect("a length");
        let mut shell = Command::new("sh");
        let script = "ulimit -n 300 && exec \"$0\" serve \"$1\" --port 0 --no-access-log";
        let program = env!("CARGO_BIN_EXE_bytegate");
        shell.args(["-c", script, program, folder.as_str()]);
        let server = Server::ready(Program::run(&mut shell, Stdio::piped()));
        let unread: Vec<_> = (0..230)
            .map(|_| {
                let mut client = server.connect();
                client.send(get("/large.bin")).expect("it is sent");
                client
            })
            .collect();
        std::thread::sleep(Duration::from_millis(500));
        for _ in 0..3 {
            let start = Instant::now();
            let mut client = server.connect();
            client.send(get("/")).expect("it is sent");
            let page = client.response(Method::GET).expect("an answer");
            assert_eq!(page.text(), "hello");
            assert!(start.elapsed() < Duration::from_secs(5));
        }
        drop(unread);
    }

    #[test]
    fn a_client_that_does_not_read_delays_a_stop_only_briefly() {
        let large = vec![b'x'; 32 << 20];
        let folder = Folder::new("large", &[("large.bin", &large)]);
        let server = Server::start(&[folder.as_str(), "--stop-timeout", "1s"]);
        let mut client = server.connect();
        client.send(get("/large.bin")).expect("it is sent");
        client.response_head(Method::GET).expect("an answer begins");
        let asked = Instant::now();
        let ended = server.stop();
        assert_eq!(
            (ended.code, &*ended.stderr),
            (Some(0), "bytegate: stopped\n")
        );
        let took = asked.elapsed();
        assert!(
            (Duration::from_millis(900)..Duration::from_secs(4)).contains(&took),
            "{took:?}"
        );
    }

    #[test]
    fn a_signal_closes_idle_connections() {
        let server = Server::start(&[]);
        let mut quiet = server.connect();
        quiet.send(get("/")).expect("it is sent");
        let asked = Instant::now();
        server.signal("-TERM");
        let page = last_response(quiet);
        assert_eq!(page.body(), include_bytes!("../fixtures/site/index.html"));
        assert_eq!(server.ended().code, Some(0));
        assert!(asked.elapsed() < Duration::from_secs(5));
    }
}
