//! Tests of the users who are let in.

use super::serve::Server;
use super::*;
use bytegate::testing::ClientResponse;
use std::os::unix::fs::PermissionsExt;

/// The response to a request with credentials, if there are any.
fn ask(server: &Server, credentials: Option<&str>) -> ClientResponse {
    let field = credentials.map_or(String::new(), |credentials| {
        format!(
            "Authorization: Basic {}\r\n",
            base64(credentials.as_bytes())
        )
    });
    server.response(format!("GET / HTTP/1.1\r\nHost: localhost\r\n{field}\r\n"))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| -> String {
        let value = group
            .iter()
            .fold(0, |value, byte| value << 8 | usize::from(*byte));
        let value = value << (8 * (3 - group.len()));
        let digit = |place: usize| {
            if place <= group.len() {
                char::from(DIGITS[value >> (18 - 6 * place) & 63])
            } else {
                '='
            }
        };
        (0..4).map(digit).collect()
    };
    bytes.chunks(3).map(group).collect()
}

/// A folder with a page and a file of users, with a mode.
fn with_users(name: &str, users: &str, mode: u32) -> (Folder, String) {
    let files: [(&str, &[u8]); 2] = [("public/index.html", b"mine"), ("users", users.as_bytes())];
    let folder = Folder::new(name, &files);
    let file = folder.path.join("users");
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(&file, permissions).expect("the mode can be set");
    let file = file.to_str().expect("a name in UTF-8").to_string();
    (folder, file)
}

/// A server that reads users from the environment.
fn with_variable(users: &str) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bytegate"));
    command.args(["--port", "0"]).env("BYTEGATE_AUTH", users);
    Program::run(&mut command, Stdio::piped())
}

/// Only Ada and Bob are let in.
fn lets_two_in(server: &Server) {
    for (credentials, status) in [
        (None, 401),
        (Some("ada:love:lace"), 200),
        (Some("bob:\u{df} 1"), 200),
        (Some("ada:\u{df} 1"), 401),
        (Some("bob:love:lace"), 401),
        (Some("ada:love"), 401),
        (Some("ada:love:lace2"), 401),
        (Some("ada:"), 401),
        (Some(""), 401),
    ] {
        let response = ask(server, credentials);
        assert_eq!(response.status().code(), status, "{credentials:?}");
        let challenge = (status == 401).then_some("Basic realm=\"bytegate\", charset=\"UTF-8\"");
        assert_eq!(response.header("WWW-Authenticate"), challenge);
    }
}

#[test]
fn users_can_be_named_in_options_a_file_the_environment_and_the_config_file() {
    let options = ["--auth", "ada:love:lace", "--auth=bob:\u{df} 1"];
    lets_two_in(&Server::start(&options));

    let (_folder, file) = with_users("users", "ada:love:lace\n\nbob:\u{df} 1\n", 0o600);
    lets_two_in(&Server::start(&["--auth-file", &file]));

    let (_folder, file) = with_users("users-both", "ada:love:lace", 0o400);
    lets_two_in(&Server::start(&[
        "--auth-file",
        &file,
        "--auth=bob:\u{df} 1",
    ]));

    lets_two_in(&Server::ready(with_variable(
        "ada:love:lace\nbob:\u{df} 1\n",
    )));

    // The path of the file is relative to the config file.
    let (folder, _file) = with_users("users-config", "ada:love:lace", 0o600);
    let config = folder.path.join("site.toml");
    std::fs::write(
        &config,
        "folder = 'public'\nauth-file = 'users'\nauth = ['bob:\u{df} 1']\n",
    )
    .expect("a file");
    let permissions = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&config, permissions).expect("the mode can be set");
    lets_two_in(&Server::start(&[
        "--config",
        config.to_str().expect("UTF-8"),
    ]));
}

#[test]
fn passwords_that_others_can_read_are_refused() {
    for mode in [0o644, 0o640, 0o604, 0o620] {
        let (folder, file) = with_users("open-users", "ada:lovelace\n", mode);
        let line = complaint(&["--auth-file", &file], 1);
        assert_eq!(
            line,
            format!(
                "bytegate: {file:?} has passwords, and other users of this machine can read or change it: \
                 run chmod 600 {file:?}"
            )
        );
        let config = folder.path.join("site.toml");
        std::fs::write(&config, "auth = 'ada:lovelace'\n").expect("a file");
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&config, permissions).expect("the mode can be set");
        let line = complaint(&["--config", config.to_str().expect("UTF-8")], 1);
        assert!(
            line.ends_with(&format!("run chmod 600 {config:?}")),
            "{line}"
        );
    }
}

#[test]
fn a_site_that_should_be_protected_is_never_served_without_users() {
    let (_folder, empty) = with_users("no-users", "\n", 0o600);
    let (_folder2, wrong) = with_users("wrong-users", "ada:lovelace\nhunter2\n", 0o600);
    let lines = [
        complaint(&["--auth-file", &empty], 1).replace(&empty, "FILE"),
        complaint(&["--auth-file", &wrong], 1).replace(&wrong, "FILE"),
        complaint(&["--auth-file", "/nonexistent"], 1),
        complaint(&["--auth", "hunter2"], 2),
        complaint(&["--auth", "ada:"], 2),
        with_variable("").end().stderr.trim_end().to_string(),
        with_variable("hunter2").end().stderr.trim_end().to_string(),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    bytegate: "FILE" has no users: it must have USER:PASSWORD on each line
    bytegate: "FILE" line 2: not USER:PASSWORD, such as ada:lovelace
    bytegate: cannot read "/nonexistent": No such file or directory (os error 2)
    bytegate: --auth: not USER:PASSWORD, such as ada:lovelace (see bytegate --help)
    bytegate: --auth: not USER:PASSWORD, such as ada:lovelace (see bytegate --help)
    bytegate: BYTEGATE_AUTH has no users: it must have USER:PASSWORD on each line
    bytegate: BYTEGATE_AUTH line 1: not USER:PASSWORD, such as ada:lovelace
    "#);
}

#[test]
fn no_password_is_printed() {
    let server = Server::start(&["--auth", "ada:lovelace", "--verbose"]);
    assert_eq!(ask(&server, Some("ada:lovelace")).status().code(), 200);
    let ended = server.stop();
    let output = text(ended.stdout) + &ended.stderr;
    assert!(output.contains(" - ada ["), "{output}");
    assert!(!output.contains("lovelace"), "{output}");
}

#[test]
fn a_network_is_told_that_passwords_are_sent_in_clear() {
    for (options, is_warned) in [
        (["--bind", "0.0.0.0"], true),
        (["--bind", "127.0.0.1"], false),
    ] {
        let server = Server::start(&[&["--auth", "a:b"], &options[..]].concat());
        let warning =
            "  passwords are sent unencrypted: use --tls, or put a proxy with TLS in front\n";
        let ended = server.stop();
        assert_eq!(
            ended.stderr.contains(warning),
            is_warned,
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn a_preflight_request_needs_no_password() {
    let server = Server::start(&["--auth", "a:b", "--cors"]);
    let preflight = "OPTIONS / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a.test\r\n\
                     Access-Control-Request-Method: GET\r\n\r\n";
    let response = server.response(preflight);
    assert_eq!(response.header("Access-Control-Allow-Origin"), Some("*"));
    assert_eq!(response.status().code(), 204);
}
