//! Tests of the port that the program listens on. Linux only, for its many loopback addresses.

use super::serve::Server;
use super::*;
use bytegate::Status;

/// A loopback address that no other test uses.
fn address(number: u8) -> String {
    let [.., high, low] = std::process::id().to_be_bytes();
    format!("127.{}.{high}.{low}", 100 + number)
}

#[test]
fn the_next_free_port_is_used_if_none_was_asked_for() {
    let address = address(1);
    let free = Server::ready(Program::start(&["--bind", &address]));
    assert_eq!(
        free.greeting,
        format!("bytegate serves the demo site on http://{address}:7890/\n")
    );
    let next = Server::ready(Program::start(&["--bind", &address]));
    assert_eq!(
        next.greeting,
        format!("bytegate serves the demo site on http://{address}:7891/ (port 7890 is taken)\n")
    );
    for server in [free, next] {
        assert_eq!(server.get("/").status(), Status::OK);
    }
}

#[test]
fn a_port_that_was_asked_for_is_an_error_if_it_is_taken() {
    let address = address(2);
    let _taken = TcpListener::bind((&*address, 7890)).expect("a free port");
    let folder = Folder::new("taken", &[("site.toml", b"port = 7890\n")]);
    let config = folder.path.join("site.toml");
    let config = config.to_str().expect("a name in UTF-8");
    for options in [["--port", "7890"], ["--config", config]] {
        let line = complaint(&[&["--bind", &address], &options[..]].concat(), 1);
        let line = line.replace(&address, "ADDRESS");
        insta::allow_duplicates! {
            insta::assert_snapshot!(line, @"bytegate: cannot listen on ADDRESS:7890: Address already in use (os error 98) (the port is in use: stop the other program or choose another port)");
        }
    }
}

#[test]
fn it_is_an_error_if_all_ports_are_taken() {
    let address = address(3);
    let listen = |port| TcpListener::bind((&*address, port)).expect("a free port");
    let _taken: Vec<TcpListener> = (7890..=7899).map(listen).collect();
    let line = complaint(&["--bind", &address], 1).replace(&address, "ADDRESS");
    insta::assert_snapshot!(line, @"bytegate: the ports 7890 to 7899 of ADDRESS are all in use: choose another one with --port");
}
