//! The program behind proxies.

use super::serve::Server;
use super::*;

const ASK: &str = "GET /env.py HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";

/// The address of the client in the access log, after one request with these bytes before it and these headers.
fn logged(arguments: &[&str], before: &str, headers: &str) -> String {
    let server = Server::start(arguments);
    let response = server.ask(format!("{before}{ASK}{headers}\r\n"));
    assert!(response.starts_with(b"HTTP/1.1 "), "{arguments:?}");
    let ended = server.stop();
    let log = String::from_utf8(ended.stdout).expect("text");
    log.split(' ').next().expect("an address").to_string()
}

#[test]
fn the_access_log_has_the_client_that_trusted_proxies_name() {
    const SENT: &str = "X-Forwarded-For: 127.0.0.2, 192.0.2.7\r\nForwarded: for=192.0.2.8\r\n";
    const LOCAL: &str = "127.0.0.1/32";
    assert_eq!(logged(&[], "", SENT), "127.0.0.1");
    assert_eq!(
        logged(&["--trust-proxy", "10.0.0.0/8"], "", SENT),
        "127.0.0.1"
    );
    assert_eq!(
        logged(
            &["--trust-proxy", "10.0.0.0/8", "--trust-proxy", LOCAL],
            "",
            SENT
        ),
        "192.0.2.7"
    );
    let arguments = ["--trust-proxy", LOCAL, "--forwarded", "forwarded"];
    assert_eq!(logged(&arguments, "", SENT), "192.0.2.8");
    let header = "PROXY TCP4 192.0.2.9 127.0.0.1 50000 80\r\n";
    assert_eq!(
        logged(&["--proxy-protocol", LOCAL], header, SENT),
        "192.0.2.9"
    );
    // The balancer in front of the proxy names the proxy, which names the client.
    let arguments = ["--proxy-protocol", LOCAL, "--trust-proxy", "192.0.2.9"];
    assert_eq!(logged(&arguments, header, SENT), "192.0.2.7");
}

#[test]
fn a_config_file_names_the_proxies() {
    let folder = crate::temporary::Folder::new(&[(
        "site.toml",
        b"trust-proxy = ['10.0.0.0/8', '127.0.0.1']\nforwarded = 'x-forwarded'\n",
    )]);
    let file = folder.path("site.toml");
    let arguments = ["--config", file.to_str().expect("text")];
    assert_eq!(
        logged(&arguments, "", "X-Forwarded-For: 192.0.2.7\r\n"),
        "192.0.2.7"
    );
}

#[test]
fn a_wrong_range_is_refused_with_advice() {
    for (arguments, expected) in [
        (
            ["--trust-proxy", "10.0.0.1/8"],
            "--trust-proxy \"10.0.0.1/8\": 10.0.0.1/8 has bits after its prefix: write 10.0.0.0/8, or 10.0.0.1 for one address",
        ),
        (
            ["--proxy-protocol", "localhost"],
            "--proxy-protocol \"localhost\": an address range must be written like 10.0.0.0/8, 2001:db8::/32 or 192.0.2.1",
        ),
        (
            ["--forwarded", "both"],
            "--forwarded \"both\": not x-forwarded or forwarded",
        ),
    ] {
        let ended = Program::start(&[&["serve"], &arguments[..]].concat()).end();
        assert_eq!(ended.code, Some(2));
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    }
}

#[test]
fn a_peer_that_is_not_trusted_is_named_in_the_log() {
    let server = Server::start(&["--proxy-protocol", "192.0.2.0/24"]);
    let mut client = server.connect();
    let _ = client.send(format!("{ASK}\r\n"));
    // The connection ends, or is reset because the request is not read.
    assert_eq!(client.read(&mut [0; 1]).unwrap_or_default(), 0);
    let ended = server.stop();
    let line = "bytegate: 127.0.0.1 is not a trusted proxy, so its connections are closed \
                (see --proxy-protocol, or Options::proxy_protocol)\n";
    assert!(ended.stderr.contains(line), "{}", ended.stderr);
}

#[test]
fn only_a_server_that_requires_headers_serves_all_hosts() {
    let ask = |before: &str| format!("{before}GET / HTTP/1.0\r\nHost: rebound.example\r\n\r\n");
    let status = |server: &Server, before: &str| server.response(ask(before)).status().code();
    let header = "PROXY TCP4 192.0.2.9 127.0.0.1 50000 80\r\n";
    let server = Server::start(&["--proxy-protocol", "127.0.0.1"]);
    assert_eq!(status(&server, header), 200);
    let named = ["--proxy-protocol", "127.0.0.1", "--host", "dev.test"];
    assert_eq!(status(&Server::start(&named), header), 421);
    assert_eq!(
        status(&Server::start(&["--trust-proxy", "127.0.0.1"]), ""),
        421
    );
    // The sockets are set up only once.
    let folder = Folder::new("proxies", &[("site.toml", b"port = 0\n")]);
    let file = folder.path.join("site.toml");
    let arguments = ["serve", "--config", file.to_str().expect("text")];
    let server = Server::ready(Program::start(&arguments));
    std::fs::write(&file, "port = 0\nproxy-protocol = '127.0.0.1'\n").expect("a file");
    server.signal("-HUP");
    let line = server.program.error_line();
    assert!(
        line.ends_with(", but a restart is needed for proxy-protocol\n"),
        "{line}"
    );
    assert_eq!(status(&server, ""), 421);
}
