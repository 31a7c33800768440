//! SIGHUP: the configuration is reloaded.

use super::serve::{Server, get};
use super::*;
use bytegate::Method;

/// A folder with a config file, and the server of it.
struct Site {
    folder: Folder,
    server: Server,
}

impl Site {
    fn start(name: &str, config: &str) -> Site {
        let folder = Folder::new(
            name,
            &[("site/a.txt", b"hi"), ("site/index.html", b"index")],
        );
        let file = folder.path.join("site.toml");
        let config = format!("folder = 'site'\nport = 0\n{config}");
        std::fs::write(&file, config).expect("a file");
        let file = file.to_str().expect("text");
        let server = Server::ready(Program::start(&["serve", "--config", file]));
        Site { folder, server }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path.join(name), text).expect("a file");
    }

    /// Reloads, and returns the line about it.
    fn reload(&self) -> String {
        self.server.signal("-HUP");
        loop {
            let line = self.server.program.error_line();
            if line.contains("reloaded") {
                return line.trim_end().to_string();
            }
        }
    }

    fn header(&self, name: &str) -> Option<String> {
        let response = self.server.get("/a.txt");
        response.header(name).map(str::to_string)
    }
}

#[test]
fn a_changed_configuration_is_applied_without_closing_connections() {
    let site = Site::start("reload", "cache = 'no-store'\n");
    let mut open = site.server.connect();
    let cache = |client: &mut bytegate::testing::StreamClient<TcpStream>| {
        client.send(get("/a.txt")).expect("it is sent");
        let response = client.response(Method::GET).expect("a response");
        response.header("cache-control").map(str::to_string)
    };
    assert_eq!(cache(&mut open).as_deref(), Some("no-store"));
    let config = "folder = 'site'\nport = 0\ncache = 'max-age=60'\nhost = 'dev.test'\n";
    site.write("site.toml", config);
    let folder = site.folder.path.join("site");
    let line = site.reload();
    assert_eq!(line, format!("bytegate: reloaded {}", folder.display()));
    assert_eq!(cache(&mut open).as_deref(), Some("max-age=60"));
    assert_eq!(site.header("cache-control").as_deref(), Some("max-age=60"));
    let request = "GET / HTTP/1.1\r\nHost: dev.test\r\n\r\n";
    assert_eq!(site.server.response(request).status(), 200);
    let ended = site.server.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[test]
fn a_configuration_that_is_wrong_changes_nothing_and_its_line_is_named() {
    let site = Site::start("reload-wrong", "cache = 'no-store'\n");
    let file = site.folder.path.join("site.toml");
    let missing = site.folder.path.join("missing");
    let auth = site.folder.path.join("users");
    site.write("users", "ada:lovelace\nhunter2\n");
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&auth, mode).expect("a mode");
    }
    for (config, reason) in [
        (
            "cache = 'max-age=60'\nlistings = true\n",
            format!("{file:?} line 2: unknown option \"listings\": did you mean listing?"),
        ),
        (
            "folder = 'missing'\ncache = 'max-age=60'\n",
            format!("cannot read {missing:?}: "),
        ),
        (
            "folder = 'site'\ncache = 'max-age=60'\nauth-file = 'users'\n",
            format!("{auth:?} line 2: not USER:PASSWORD"),
        ),
        ("port 0\n", format!("{file:?} line 1: ")),
        ("", "the config file has no options any more".to_string()),
        ("port = 0\n", "no folder is named any more".to_string()),
    ] {
        site.write("site.toml", config);
        let line = site.reload();
        let start = format!("bytegate: nothing is reloaded: {reason}");
        assert!(line.starts_with(&start), "{line}\n{start}");
        assert_eq!(site.header("cache-control").as_deref(), Some("no-store"));
    }
    std::fs::remove_file(&file).expect("a file");
    assert!(site.reload().starts_with("bytegate: nothing is reloaded: "));
    assert_eq!(site.header("cache-control").as_deref(), Some("no-store"));
}

#[test]
fn options_that_need_a_restart_are_named() {
    let site = Site::start("reload-port", "");
    let config = "folder = 'site'\nport = 1\nstop-timeout = '1s'\ncache = 'no-store'\n";
    site.write("site.toml", config);
    let line = site.reload();
    assert!(
        line.ends_with(", but a restart is needed for port, stop-timeout"),
        "{line}"
    );
    assert_eq!(site.header("cache-control").as_deref(), Some("no-store"));
}

#[test]
fn changed_users_are_let_in_at_once() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::start("reload-users", "");
    site.write("users", "ada:lovelace\n");
    let users = site.folder.path.join("users");
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(users, mode).expect("a mode");
    let get = |password: &str| {
        let credentials = match password {
            "" => String::new(),
            "lovelace" => "Authorization: Basic YWRhOmxvdmVsYWNl\r\n".to_string(),
            other => panic!("{other}"),
        };
        let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{credentials}\r\n");
        site.server.response(request).status().code()
    };
    assert_eq!(get(""), 200);
    site.write(
        "site.toml",
        "folder = 'site'\nport = 0\nauth-file = 'users'\n",
    );
    assert!(site.reload().starts_with("bytegate: reloaded "));
    assert_eq!((get(""), get("lovelace")), (401, 200));
    site.write("users", "bob:builder\n");
    assert!(site.reload().starts_with("bytegate: reloaded "));
    assert_eq!((get(""), get("lovelace")), (401, 401));
}
