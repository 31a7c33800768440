//! The server that the program starts.

use super::*;
use bytegate::testing::{ClientResponse, StreamClient};
use bytegate::{Method, Status};

/// A server on a free port.
pub(super) struct Server {
    pub(super) program: Program,
    pub(super) address: String,
    /// The line that it printed when it was ready.
    pub(super) greeting: String,
}

impl Server {
    pub(super) fn start(arguments: &[&str]) -> Server {
        Server::start_with(arguments, Stdio::piped())
    }

    pub(super) fn start_with(arguments: &[&str], stdout: Stdio) -> Server {
        let arguments = [&["serve", "--port", "0"], arguments].concat();
        Server::ready(Program::start_with(&arguments, stdout))
    }

    /// Starts a server with a soft limit on open files.
    fn start_with_open_files(limit: u32) -> Server {
        let mut shell = Command::new("sh");
        let script = format!("ulimit -Sn {limit} && exec \"$0\" serve --port 0 --no-access-log");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_bytegate")]);
        Server::ready(Program::run(&mut shell, Stdio::piped()))
    }

    pub(super) fn ready(program: Program) -> Server {
        // Other lines may come first, about files that are not served.
        let greeting = loop {
            let line = program.error_line();
            if line.starts_with("bytegate serves") {
                break line;
            }
        };
        let (_, url) = greeting.split_once("http://").expect("a URL");
        let (address, _) = url.split_once('/').expect("the end of the URL");
        Server {
            address: address.to_string(),
            greeting,
            program,
        }
    }

    pub(super) fn connect(&self) -> StreamClient<TcpStream> {
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
    pub(super) fn ask(&self, request: impl AsRef<[u8]>) -> Vec<u8> {
        to_end(self.asked(request))
    }

    /// The one response that comes back on a new connection, after we close our side of it.
    pub(super) fn response(&self, request: impl AsRef<[u8]>) -> ClientResponse {
        last_response(self.asked(request))
    }

    pub(super) fn get(&self, path: &str) -> ClientResponse {
        self.response(get(path))
    }

    /// Tells the server to stop and waits for it to end.
    pub(super) fn stop(self) -> Ended {
        self.signal("-TERM");
        self.ended()
    }

    pub(super) fn signal(&self, signal: &str) {
        let id = self.program.child.id().to_string();
        let kill = Command::new("kill").args([signal, &id]).status();
        assert!(kill.expect("a system with kill").success());
    }

    /// Waits for the server to end.
    pub(super) fn ended(mut self) -> Ended {
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

pub(super) fn get(path: &str) -> String {
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
    insta::assert_snapshot!(greeting, @"bytegate serves the demo site on http://ADDRESS/");
    assert!(server.address.starts_with("127.0.0.1:"));
    let page = server.get("/");
    assert_eq!((page.status().code(), page.reason()), (200, "OK"));
    assert_eq!(
        page.body(),
        include_bytes!("../../../fixtures/site/index.html")
    );
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
        "POST /login.py HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nname=".to_string(),
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
        127.0.0.1 - - [date] "POST /login.py HTTP/1.1" 400 70
        127.0.0.1 - - [date] "OPTIONS * HTTP/1.1" 204 0
        127.0.0.1 - - [date] "GET /\"" 400 96
        127.0.0.1 - - [date] "\x16" 400 91
        "#);
}

#[test]
fn a_log_line_is_written_as_soon_as_the_response() {
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
    assert_eq!(
        page.body(),
        include_bytes!("../../../fixtures/site/404.html")
    );
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
        assert!(asked.elapsed() < DEADLINE / 2);
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
        // Sooner, it would count as the same signal.
        thread::sleep(Duration::from_millis(300));
        server.signal(second);
        let ended = server.ended();
        assert_eq!((ended.code, &*ended.stderr), (Some(code), ""));
    }
}

#[test]
fn a_signal_that_is_sent_twice_at_once_stops_the_program_in_order() {
    let server = Server::start(&[]);
    server.signal("-INT");
    server.signal("-INT");
    let ended = server.ended();
    assert_eq!(
        (ended.code, &*ended.stderr),
        (Some(0), "bytegate: stopped\n")
    );
}

#[test]
fn a_signal_lets_a_request_in_progress_get_its_response() {
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
        assert_eq!(
            server.response(get_from(host)).status(),
            Status::OK,
            "{host}"
        );
    }
    for host in ["rebind.attacker.example", "localhost.example", "x"] {
        let response = server.response(get_from(host));
        assert_eq!(response.status(), Status::MISDIRECTED_REQUEST, "{host}");
        assert!(!response.text().contains("<h1>"), "{host}");
    }
    insta::assert_snapshot!(server.response(get_from("x")).text(), @"421 Misdirected Request: bytegate serves only localhost, IP addresses, and names that it was given with --host, but this request is for x; --host any serves all names, for a proxy on the same machine");
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
        let response = server.response(get_from("rebind.attacker.example"));
        assert_eq!(response.status().code(), status, "{arguments:?}");
    }
}

#[test]
fn message_limits_can_be_set() {
    let server = Server::start(&["--max-head", "1K", "--max-body=5"]);
    let long = "x".repeat(500);
    let status = |request: String| server.response(request).status().code();
    assert_eq!(
        status(format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"
        )),
        200
    );
    let headers = format!("X: {long}\r\nY: {long}\r\n");
    assert_eq!(
        status(format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"
        )),
        431
    );
    assert_eq!(
        status(format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}{long}\r\n\r\n"
        )),
        431
    );
    let post = |length: usize| {
        let body = "x".repeat(length);
        format!(
            "POST /login.py HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{body}"
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
    insta::assert_snapshot!(text(complaint), @"bytegate: all 5 connections are in use: idle and slow ones are closed to make room (see --connections, or Options::max_connections)");
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
fn a_limit_on_open_files_that_is_too_low_is_an_error() {
    for arguments in ["serve", "wsgi shop:application"] {
        let mut shell = Command::new("sh");
        let script = format!("ulimit -n 20 && exec \"$0\" {arguments} --port 0");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_bytegate")]);
        let ended = Program::run(&mut shell, Stdio::piped()).end();
        let expected = "bytegate: a process may have only 20 open files here, and the server needs 64: \
                        raise the limit (ulimit -n)\n";
        assert_eq!((ended.code, &*ended.stderr), (Some(1), expected));
    }
}

#[test]
fn idle_connections_give_way_when_no_descriptor_is_free() {
    let mut shell = Command::new("sh");
    let script = "ulimit -n 100 && exec \"$0\" serve --port 0 --no-access-log --connections 1000";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_bytegate")]);
    let server = Server::ready(Program::run(&mut shell, Stdio::piped()));
    let mut clients = Vec::new();
    // More than there are descriptors. Each gets a response soon, because an older one is closed.
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
    let folder = Folder::new("large", &[("index.html", b""), ("large.bin", &large)]);
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
        (Duration::from_millis(900)..DEADLINE / 2).contains(&took),
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
    assert_eq!(
        page.body(),
        include_bytes!("../../../fixtures/site/index.html")
    );
    assert_eq!(server.ended().code, Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5));
}
