//! Help, usage and errors.

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
          bytegate wsgi MODULE:APPLICATION [DIR] [OPTIONS]

        Commands:
          serve    Serve the files of DIR as they are at each request, over TCP. Without DIR,
                   serve the demo. This is the default. DIR may be a single file, which is
                   then served at / and at its name.
          handle   Read requests from standard input, write the responses to standard output.
          routes   List the routes that would be served, in the order they are tried.
          explain  Read requests from standard input and explain how they are understood:
                   line, headers and framing of each, or which rule is broken, and where.
          wsgi     Serve an application in Python, such as shop.wsgi:application, over TCP. With
                   DIR, files that exist there are served, but never Python's sources, and the
                   application gets everything else. An application with one parameter, as in the
                   tutorial, gets the paths that end in .py (Unix only).

        Folder options (serve, handle and routes with DIR):
          --listing            Show directories without an index as a list of their files
                               [default for serve: if only this machine can connect, and
                               without --spa and '--host any']
          --no-listing         Send 404 for them
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
          --header RULE        Set a header of responses with files: 'NAME: VALUE' for all, or
                               'PATTERN NAME: VALUE'
          --download PATTERN   Let browsers save these files instead of showing them
          --type SUFFIX=TYPE   Set the media type of a suffix: glsl=text/plain
          --no-charset         Do not declare text to be UTF-8, for pages that declare another
                               charset themselves
          --precompressed      Send FILE.br, FILE.zst or FILE.gz in place of FILE to clients
                               that accept it
          --compress           Compress files of text with gzip for clients that accept it: once
                               after each change, from 1K to 4M, and larger ones with --memory
                               (feature compression)
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
          --auth USER:PASSWORD Let only this user in, who is asked for the password (Basic); may be
                               given several times. Other users of this machine see it in ps:
                               use one of the next two in place of it
          --auth-file FILE     Let in the users in FILE, with USER:PASSWORD on each line. Others must
                               not be able to read it: chmod 600 FILE
                               [default: the lines of the variable BYTEGATE_AUTH, if it is set]
          --base PATH          Serve everything below PATH, such as /repo/, and redirect / to it.
                               Patterns of paths do not have it; targets of --redirect do
          --isolated           Isolate pages from other origins (COOP, COEP, CORP), so that games may
                               use threads. Browsers do it only over https and on localhost
          --security           Set the headers by which browsers protect users: no guessing of types,
                               no frames, no referrer for other sites
          --cors               Let pages of any origin read the responses
          --dynamic SUFFIX     Send paths ending in SUFFIX to the demo application; may be given
                               several times [default: .py without DIR, nothing with DIR]
          --config FILE        Read options from a TOML file
          --verbose            Print to standard error which options apply and where each was
                               set, and list every file that is not served

        Options of serve and handle:
          --max-head SIZE      Refuse larger request heads; one header line may take half of
                               it [default: 32K]
          --max-content SIZE   Refuse larger request bodies [default: 1M]

        Options of serve:
          --bind ADDR          Listen on this IP address; 0.0.0.0 or :: for all addresses of
                               this machine, so that others can connect [default: 127.0.0.1]
          -p, --port N         Listen on this port; 0 for any that is free [default: the first of
                               7890 to 7899 that is free]
          --host NAME          Serve requests for this host too: dev.test or *.dev.test; may be
                               given several times. 'any' is for a proxy on this machine that
                               passes on the hosts of its requests [default: localhost,
                               *.localhost and IP addresses; any if --bind lets others connect]
          --open               Open the page in the browser
          --qr                 Print the address as a QR code, for phones in the same network
                               [default: with --bind, if standard error is a terminal]
          --no-qr              Do not print it
          --color WHEN         Color the lines about requests: auto, always or never [default: auto,
                               on a terminal, unless NO_COLOR is set]
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

        Options of wsgi, which takes the options of serve too:
          --workers N          Run this many processes of Python [default: 1]
          --threads N          Run this many threads in each of them [default: 1]
          --python PATH        Use this interpreter, 3.9 or newer [default: from the active
                               virtual environment, from .venv, or python3]
          --reload             Load the application again when its source changes; a SIGHUP does
                               that too
          --static PATH=DIR    Serve the files of DIR below PATH; may be given several times
          --timeout TIME       Replace a process whose application is silent for longer, and send
                               504 [default: 30s]
          --max-requests N     Replace each process after about this many requests
          --max-memory SIZE    Replace a process that uses more memory (Linux only)
          --lenient            Let the application return text in place of bytes
          --application NAME   The application, for the config file: MODULE:APPLICATION

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
        &["sevre"],
        &["--cors=ture"],
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
        bytegate: invalid option '--prot': did you mean --port? (see bytegate --help)
        bytegate: invalid option '-x' (see bytegate --help)
        bytegate: "nonsense" is neither a command (serve, handle, routes, explain, wsgi) nor a folder or file (see bytegate --help)
        bytegate: "sevre" is neither a command (serve, handle, routes, explain, wsgi) nor a folder or file: did you mean serve? (see bytegate --help)
        bytegate: --cors "ture": not true or false: did you mean true? (see bytegate --help)
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
        bytegate: --header "Content-Length: 1": the header "Content-Length" cannot be set: the server sets it itself (see bytegate --help)
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

#[cfg(unix)]
#[test]
fn a_device_is_not_a_folder() {
    for command in ["serve", "handle"] {
        let line = complaint(&[command, "/dev/null"], 1);
        assert_eq!(line, "bytegate: \"/dev/null\" is not a folder");
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
