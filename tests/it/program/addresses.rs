//! The addresses that the program listens on.

use super::serve::{Server, get};
use super::*;
use bytegate::Method;
use bytegate::testing::StreamClient;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};

/// The response to a GET over a Unix socket, with a host.
fn get_over(path: &Path, host: &str) -> bytegate::testing::ClientResponse {
    let stream = UnixStream::connect(path).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    let mut client = StreamClient::new(stream);
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
    client.send(request).expect("it is sent");
    client.response(Method::GET).expect("a response")
}

/// The lines that the program prints when it is ready, up to a last one.
fn lines_until(program: &Program, last: &str) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        lines.push(program.error_line().trim_end().to_string());
        if lines.iter().any(|line| line.contains(last)) {
            return lines;
        }
    }
}

#[test]
fn several_addresses_of_several_kinds_are_served_and_shown() {
    let folder = Folder::new("addresses", &[("site/index.html", b"hi")]);
    let path = folder.path.join("b.sock");
    let unix = format!("unix:{},mode=600", path.display());
    let site = folder.path.join("site");
    let arguments = ["--listen", "127.0.0.1:0", "--listen", &*unix, "--port", "0"];
    let arguments = [&["serve", site.to_str().expect("text")], &arguments[..]].concat();
    let program = Program::start(&arguments);
    let lines = lines_until(&program, "unix:");
    let [first, second, third] = &lines[..] else {
        panic!("{lines:?}")
    };
    let first = first.split_once(" on ").expect("a URL").1;
    let second = second.strip_prefix("  and on ").expect("a second URL");
    assert_eq!(*third, format!("  and on unix:{}", path.display()));
    for url in [first, second] {
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let mut client = StreamClient::connect(address).expect("it listens");
        assert_eq!(client.get("/").expect("a response").text(), "hi");
    }
    assert_ne!(first, second);
    assert_eq!(get_over(&path, "localhost").text(), "hi");
    // Requests for other names may come from rebound pages, because browsers can connect to the ports.
    assert_eq!(get_over(&path, "example.com").status(), 421);
    let mode = std::fs::metadata(&path).expect("a socket").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    stop(program);
    assert!(!path.exists());
}

#[test]
fn a_proxy_that_connects_over_a_unix_socket_may_ask_for_any_host() {
    let folder = Folder::new("unix-only", &[("site/a.txt", b"hi")]);
    let path = folder.path.join("b.sock");
    let unix = format!("unix:{}", path.display());
    let site = folder.path.join("site");
    let program = Program::start(&["serve", site.to_str().expect("text"), "--listen", &unix]);
    let lines = lines_until(&program, "bytegate serves");
    let end = format!(" on unix:{}", path.display());
    assert!(lines[0].ends_with(&end), "{lines:?}");
    // Others can ask a proxy, so the files are not listed.
    assert_eq!(get_over(&path, "example.com").status(), 404);
    let ended = stop(program);
    assert!(
        ended.stdout.starts_with(b"uid\\x20"),
        "{:?}",
        text(ended.stdout)
    );
}

/// Stops the program and waits for its end.
fn stop(mut program: Program) -> Ended {
    let id = program.child.id().to_string();
    let kill = Command::new("kill").args(["-TERM", &id]).status();
    assert!(kill.expect("a system with kill").success());
    let ended = program.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended
}

#[test]
fn addresses_that_cannot_be_opened_are_named() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = holder.local_addr().expect("an address").to_string();
    let folder = Folder::new("taken", &[("file", b"")]);
    let file = format!("unix:{}/file", folder.as_str());
    let long = format!("unix:/{}", "x".repeat(200));
    let free = ["serve", "--listen", "127.0.0.1:0", "--listen"];
    for (address, reason) in [
        (&taken, "(the port is in use"),
        (&file, ": a file that is not a socket has this path"),
        (
            &long,
            ": the path has 201 bytes, but the path of a socket has at most ",
        ),
        (
            &"systemd".to_string(),
            ": systemd passed no socket to this process",
        ),
    ] {
        let line = complaint(&[&free[..], &[address]].concat(), 1);
        let start = format!("bytegate: cannot listen on {address}: ");
        assert!(line.starts_with(&start) && line.contains(reason), "{line}");
    }
    let line = complaint(&["serve", "--listen", "::1:80"], 2);
    let reason = "--listen \"::1:80\": an IPv6 address needs brackets, such as [::1]:80";
    assert!(line.contains(reason), "{line}");
}

#[test]
fn sockets_of_systemd_are_served_by_name_and_systemd_is_told() {
    let folder = Folder::new("systemd", &[("site/index.html", b"hi")]);
    let web = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = web.local_addr().expect("an address");
    let path = folder.path.join("b.sock");
    let unix = UnixListener::bind(&path).expect("a socket");
    let notify = folder.path.join("notify");
    let manager = std::os::unix::net::UnixDatagram::bind(&notify).expect("a socket");
    manager
        .set_read_timeout(Some(DEADLINE))
        .expect("a deadline");
    let message = || {
        let mut bytes = [0; 1000];
        let count = manager.recv(&mut bytes).expect("a message");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    // Descriptors begin at 3, and the process of the service has the number that was announced.
    let script = r#"export LISTEN_PID=$$; exec "$0" "$@" 3<&0 4<&1 </dev/null >/dev/null"#;
    let site = folder.path.join("site");
    let mut child = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_bytegate"), "serve"])
        .arg(&site)
        .args(["--listen", "systemd:proxy", "--listen", "systemd:web"])
        .envs([("LISTEN_FDS", "2"), ("LISTEN_FDNAMES", "web:proxy")])
        .env("NOTIFY_SOCKET", &notify)
        .stdin(Stdio::from(OwnedFd::from(web.try_clone().expect("a copy"))))
        .stdout(Stdio::from(OwnedFd::from(unix)))
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    let program = Program {
        stdin: None,
        stdout: lines(None::<std::fs::File>),
        stderr: lines(child.stderr.take()),
        child,
    };
    let shown = lines_until(&program, "  and on ");
    let first = format!(
        "bytegate serves {} on unix:{}",
        site.display(),
        path.display()
    );
    assert!(shown[0].starts_with(&first), "{shown:?}");
    assert_eq!(shown[1], format!("  and on http://{address}/"));
    assert_eq!(message(), "READY=1");
    let mut client = StreamClient::connect(address).expect("it listens");
    client.send(get("/")).expect("it is sent");
    assert_eq!(
        client.response(Method::GET).expect("a response").text(),
        "hi"
    );
    assert_eq!(get_over(&path, "localhost").text(), "hi");
    stop(program);
    assert_eq!(message(), "STOPPING=1");
    // The sockets are not those of the program.
    assert!(path.exists());
    assert!(TcpStream::connect(address).is_ok());
}

#[test]
fn a_server_that_drains_serves_new_clients_until_the_delay_is_over() {
    let folder = Folder::new("drain", &[("index.html", b"hi")]);
    let server = Server::start(&[folder.as_str(), "--drain-delay", "300ms"]);
    server.signal("-TERM");
    // The first signal may still be on its way, and the delay may have passed on a busy machine.
    let _ = StreamClient::connect(&server.address).map(|mut client| client.get("/"));
    assert_eq!(server.ended().code, Some(0));
}
