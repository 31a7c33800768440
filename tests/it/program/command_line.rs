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
          folder   live: changes are picked up
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
          serve    Serve the files in DIR over TCP, picking up changes, or the demo
                   without DIR. If DIR is a single file, serve it at / and at its name.
                   This is the default command.
          handle   Read requests from standard input, write the responses to standard
                   output.
          routes   List the routes in match order.
          explain  Read requests from standard input and show how they are parsed: the
                   request line, headers and framing of each, or the rule that is
                   broken, and where.
          wsgi     Serve a Python application, such as shop.wsgi:application, over TCP
                   (Unix only). With DIR, existing files are served, except Python
                   sources, and the application gets all other paths. An application
                   with one parameter, as in the tutorial, gets only the paths that end
                   in .py.

        Folder options (serve, handle and routes with DIR):
          --listing            List the files of directories that have no index
                               [default: with serve, if only this machine can connect,
                               and without --spa and '--host any']
          --no-listing         Send 404 for directories that have no index
          --index NAME         Serve this file for its directory; may be given several
                               times: the first that exists is served
                               [default: index.html]
          --pretty-urls        Serve about.html for /about, if no file about exists
          --spa[=PAGE]         Send PAGE for paths that do not exist, so that an
                               application in the browser can interpret them
                               [PAGE: /index.html]
          --not-found PAGE     Send PAGE with 404 [default: /404.html, if it exists]
          --error-page RULE    Set the page for errors about paths and files:
                               'STATUS PAGE'
          --redirect RULE      Redirect paths: 'PATTERN TARGET' or
                               'PATTERN TARGET STATUS' [STATUS: 302]
          --rewrite RULE       Serve another file for matching paths: 'PATTERN TARGET'
          --cache RULE         Set Cache-Control: 'VALUE' for all files, or
                               'PATTERN VALUE' [default: no-cache, or nothing with
                               --memory]
          --header RULE        Set a response header for files: 'NAME: VALUE' for all,
                               or 'PATTERN NAME: VALUE'
          --download PATTERN   Make browsers save these files instead of showing them
          --type SUFFIX=TYPE   Set the media type of a suffix: glsl=text/plain
          --no-charset         Do not declare text to be UTF-8, for pages that declare
                               another charset themselves
          --precompressed      Send FILE.br, FILE.zst or FILE.gz in place of FILE to
                               clients that accept it
          --compress           Compress text files of 1K to 4M with gzip, once after
                               each change, for clients that accept it; with --memory,
                               also larger files (feature compression)
          --encoded-names HOW  How to serve FILE.br, FILE.zst and FILE.gz when they are
                               requested by that name: as compressed files, or as their
                               content, which games exported for the web need: files or
                               content [default: files]
          --dotfiles POLICY    Names that begin with a dot: refuse, well-known or serve
                               [default: well-known]
          --symlinks POLICY    Symbolic links: refuse, within or follow. 'within'
                               follows those that stay in DIR [default: within]
          --file-cache SIZE    Keep at most this much of DIR in memory [default: 64M]
          --memory             Read DIR into memory at the start, and ignore later
                               changes

        Options of serve, handle and routes:
          --auth USER:PASSWORD Require this name and password (Basic); may be given
                               several times. Other users of this machine see the
                               password in ps: prefer --auth-file or BYTEGATE_AUTH
          --auth-file FILE     Let in only the users in FILE, which has USER:PASSWORD on
                               each line. Others must not be able to read FILE: chmod
                               600 FILE [default: the lines of the variable
                               BYTEGATE_AUTH, if it is set]
          --base PATH          Serve everything below PATH, such as /repo/, and redirect
                               / to PATH. Patterns leave PATH out; targets of --redirect
                               include it
          --isolated           Isolate pages from other origins (COOP, COEP, CORP), so
                               that games may use threads. Browsers do so only over
                               HTTPS and on localhost
          --security           Set headers that protect users: no guessing of media
                               types, no frames, no referrer for other sites
          --cors               Let pages of any origin read the responses (CORS)
          --dynamic SUFFIX     Send paths ending in SUFFIX to the demo application; may
                               be given several times [default: .py without DIR, nothing
                               with DIR]
          --verbose            Print to standard error each option that applies and
                               where it was set, and each file that is not served

        Options of serve and handle:
          --max-head SIZE      Refuse larger request heads; one header line may take
                               half of it [default: 32K]
          --max-body SIZE      Refuse larger request bodies
                               [default: 1M, or 64M for wsgi]

        Options of serve (addresses):
          --bind ADDR          Listen on this IP address; 0.0.0.0 or :: for all
                               addresses of this machine, so that others can connect
                               [default: 127.0.0.1]
          -p, --port N         Listen on this port; 0 for any free port [default: the
                               first free port from 7890 to 7899]
          --listen ADDRESS     Listen on this address, instead of --bind and --port or
                               in addition to them: 0.0.0.0:80, [::]:80,
                               unix:/run/web.sock, unix:/run/web.sock,mode=660, systemd,
                               or systemd:NAME for the sockets that a unit calls NAME;
                               may be given several times
          --host NAME          Also serve requests for this host: dev.test or
                               *.dev.test; may be given several times. Use 'any' behind
                               a local proxy that forwards the Host header [default:
                               localhost, *.localhost and IP addresses; any if --bind
                               lets others connect]
          --open               Open the page in the browser
          --qr                 Print the address as a QR code, for phones on the same
                               network [default: with --bind, if standard error is a
                               terminal]
          --no-qr              Do not print a QR code

        Options of serve (TLS):
          --tls                Serve HTTPS. Without --tls-cert, create a self-signed
                               certificate for localhost, the names and addresses of
                               this machine, and --host; print its fingerprint, and keep
                               it for the next start (feature self-signed)
          --tls-cert FILE      Serve HTTPS with the certificate in FILE (PEM), followed
                               by its intermediate certificates; may be given several
                               times: the client's host name selects one, or else the
                               first is used (feature tls)
          --tls-key FILE       The private key of the certificate (PEM); the first
                               --tls-key is for the first --tls-cert (feature tls)
          --client-ca FILE     Accept only clients with a certificate that an authority
                               in FILE (PEM) has signed (feature tls)
          --client-crl FILE    Refuse clients whose certificate is revoked by a list in
                               FILE (CRL, PEM), or whose authority has no current list
                               there; may be given several times (feature tls)
          --redirect-http PORT Also listen on PORT, or on an address as in --listen, and
                               redirect HTTP to HTTPS, except below
                               /.well-known/acme-challenge/, which certificate
                               authorities read over HTTP (feature tls)

        Options of serve (proxies in front of it):
          --trust-proxy RANGE  Trust proxies in this range, such as 10.0.0.0/24 or
                               127.0.0.1, to name the address and the scheme of their
                               clients; 'unix' for peers on Unix sockets; may be given
                               several times [default: no proxy is trusted]
          --forwarded HEADER   The header in which trusted proxies name clients:
                               x-forwarded, for X-Forwarded-For and X-Forwarded-Proto,
                               or forwarded (RFC 7239) [default: x-forwarded]
          --forwarded-host     Also believe X-Forwarded-Host from trusted proxies, which
                               must always set it
          --forwarded-prefix   Also believe X-Forwarded-Prefix from trusted proxies,
                               which must always set it: the prefix that they remove
                               from the path
          --proxy-protocol RANGE
                               Accept connections only from proxies in this range, and
                               only with a PROXY header (version 1 or 2); 'unix' for
                               peers on Unix sockets; may be given several times

        Options of serve (logs and monitoring):
          --color WHEN         Color the access log: auto, always or never [default:
                               auto, which colors it on a terminal, unless NO_COLOR is
                               set]
          --no-access-log      Do not write a line for each request to standard output
          --log-format FORMAT  The format of the access log: common, combined, which
                               adds Referer and User-Agent, or json [default: common]
          --log-file FILE      Append the access log to FILE instead; SIGUSR1 opens it
                               again, after it was moved
          --admin ADDRESS      Serve /metrics for Prometheus, /healthz and /readyz on
                               this address: 127.0.0.1:9100 or
                               unix:/run/web-admin.sock,mode=660

        Options of serve (timeouts and limits):
          --head-timeout TIME  Close connections whose request head takes longer
                               [default: 10s]
          --idle-timeout TIME  Close connections that are idle for this long
                               [default: 75s]
          --drain-delay TIME   After a signal to stop, still accept connections for this
                               long, so that a load balancer notices the stop
                               [default: 0s]
          --stop-timeout TIME  After a signal to stop, give requests in progress this
                               much time [default: 8s]
          --connections N      Accept this many connections at once; when all are in
                               use, close idle and slow ones to make room [default:
                               10000, or half of the limit on open files]
          --connections-per-address N
                               Accept this many connections from one address; raise it
                               for a proxy on another machine [default: 2500, or a
                               quarter of the default above]
          --buffered-bytes SIZE
                               Hold at most this many bytes of incomplete requests and
                               unsent responses; beyond it, send 503 [default: 256M]

        Options of wsgi, which also takes the options of serve:
          --workers N          Run this many Python processes [default: 1]
          --threads N          Run this many threads in each process [default: 1]
          --python PATH        Use this interpreter, 3.9 or newer [default: from the
                               active virtual environment, from .venv, or python3]
          --reload             Load the application again when its source changes, as a
                               SIGHUP always does
          --static PATH=DIR    Serve the files in DIR below PATH; may be given several
                               times
          --timeout TIME       If the application is silent for longer, send 504 and
                               replace the process [default: 30s]
          --max-requests N     Replace each process after about this many requests
          --max-memory SIZE    Replace a process that uses more memory (Linux only)
          --lenient            Let the application return text instead of bytes
          --application NAME   The application, MODULE:APPLICATION; mainly for the
                               config file

        Other options:
          --config FILE        Read options from a TOML file
          --man                Print the manual page: bytegate --man | man -l -
          --completions SHELL  Print completions for a shell: bash, zsh or fish
          -h, --help           Print this help
          -V, --version        Print the version

        Values:
          PATTERN is the path of a file, in which * stands for any characters but / and
          ** for any characters. A pattern that does not begin with / matches in every
          folder: *.pdf. In --cache and --header, a pattern must begin with / or *. In
          TARGET, $1 to $9 stand for the text that the stars matched:
          '/blog/* /posts/$1 301'. RULE options, --download and --type may be given
          several times.
          SIZE is a number of bytes, or of K, M or G (1024 bytes, and so on): 16384,
          64K, 1M.
          TIME is a number of seconds, or has a unit: 10, 500ms, 10s, 2m, 1h.

        Config file:
          The config file is TOML; its keys are the long option names. Options that take
          no value are true or false, several values are a list, and a rule may be a
          table of its parts. The key for DIR is folder. This folder, and the files that
          options name, are relative to the config file:

            folder = "public"
            port = 8080
            listing = true
            index = ["index.html", "index.htm"]
            cache = ["no-cache", "/assets/** max-age=31536000, immutable"]

            [[redirect]]
            pattern = "/blog/*"
            target = "/posts/$1"
            status = 301

          These rules can be tables with these parts: error-page (status, page),
          redirect (pattern, target, status), rewrite (pattern, target), cache (pattern,
          value), header (pattern, name, value), type (suffix, type).
          An option on the command line replaces all values that the config file has for
          it: --listing=false turns off a listing that the file turns on.

        Environment:
          BYTEGATE_AUTH   users and passwords, as in --auth-file
          NO_COLOR        if it is not empty, the access log has no colors
          XDG_STATE_HOME  the folder for the certificate of --tls
                          [default: ~/.local/state]

        Signals:
          SIGHUP           read the config file, the folder, the users, the certificates
                           and the revocation lists again; if anything is wrong, nothing
                           changes
          SIGUSR1          open the file of --log-file again, after it was moved
          SIGUSR2          start the program again, possibly a new version, and hand the
                           sockets over to it; then complete the requests in progress,
                           and end
          SIGINT, SIGTERM  complete the requests in progress, and end; a second one ends
                           the program at once

        Exit status:
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

#[cfg(not(feature = "rustls"))]
#[test]
fn a_program_without_tls_says_how_to_build_one_with_it() {
    for (arguments, feature) in [
        (&["--tls"][..], "self-signed"),
        (&["--tls-cert", "a", "--tls-key", "b"], "tls"),
        (&["--redirect-http", "80"], "tls"),
    ] {
        let line = complaint(arguments, 2);
        let advice = format!("built without it: build it with --features net,{feature} (");
        assert!(line.contains(&advice), "{line}");
    }
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

#[cfg(unix)]
#[test]
fn a_value_that_is_not_text_is_named() {
    use std::os::unix::ffi::OsStrExt;
    let mut command = Command::new(env!("CARGO_BIN_EXE_bytegate"));
    command.arg("--log-file");
    command.arg(std::ffi::OsStr::from_bytes(b"a\xff"));
    let ended = Program::run(&mut command, Stdio::piped()).end();
    let expected =
        "bytegate: --log-file: argument is invalid unicode: \"a\\xFF\" (see bytegate --help)\n";
    assert_eq!((ended.code, &*ended.stderr), (Some(2), expected));
}
