//! The formats of the access log, and log files.

use super::serve::Server;
use super::*;

/// Waits until a file has this many lines, and returns them.
fn lines_of(path: &Path, count: usize) -> Vec<String> {
    let started = Instant::now();
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if text.lines().count() >= count && text.ends_with('\n') {
            return text.lines().map(String::from).collect();
        }
        assert!(started.elapsed() < DEADLINE, "{path:?} has {text:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn waits_for(server: &Server, text: &str) {
    loop {
        let line = server.program.error_line();
        if line.contains(text) {
            return;
        }
    }
}

/// A server that logs to a file of a folder.
fn logging(folder: &Folder) -> (Server, PathBuf) {
    let path = folder.path.join("access.log");
    let server = Server::start(&["--log-file", path.to_str().expect("text")]);
    (server, path)
}

#[test]
fn lines_have_the_chosen_format() {
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a \"b\"\r\n\r\n";
    let server = Server::start(&["--log-format", "combined"]);
    server.ask(request);
    let line = server.program.line();
    assert!(
        line.ends_with(" \"GET / HTTP/1.1\" 200 3098 \"-\" \"a \\\"b\\\"\"\n"),
        "{line}"
    );
    let server = Server::start(&["--log-format", "json", "--color", "always"]);
    server.ask(request);
    let line = server.program.line();
    assert!(
        line.starts_with("{\"time\":\"20") && line.ends_with("\"error\":null}\n"),
        "{line}"
    );
    assert!(
        line.contains("\"peer\":\"127.0.0.1\"") && line.contains("\"user_agent\":\"a \\\"b\\\"\"")
    );
}

#[test]
fn a_reload_can_change_the_format() {
    let folder = Folder::new("log-format", &[("b.toml", b"port = 0\n")]);
    let config = folder.path.join("b.toml");
    let arguments = ["serve", "--config", config.to_str().expect("text")];
    let server = Server::ready(Program::start(&arguments));
    server.get("/");
    assert!(server.program.line().starts_with("127.0.0.1 - - ["));
    std::fs::write(&config, "port = 0\nlog-format = 'json'\n").expect("a file");
    server.signal("-HUP");
    waits_for(&server, "reloaded");
    server.get("/");
    assert!(server.program.line().starts_with("{\"time\""));
}

#[test]
fn a_log_file_is_opened_again_after_it_was_moved() {
    let folder = Folder::new("log-file", &[("access.log", b"before\n")]);
    let (server, path) = logging(&folder);
    server.get("/one");
    let lines = lines_of(&path, 2);
    assert_eq!(lines[0], "before");
    assert!(lines[1].contains("\"GET /one HTTP/1.1\" 404 "), "{lines:?}");
    let moved = folder.path.join("access.log.1");
    std::fs::rename(&path, &moved).expect("a move");
    server.get("/two");
    assert!(lines_of(&moved, 3)[2].contains("/two"));
    server.signal("-USR1");
    // No line is needed for it.
    let started = Instant::now();
    while !path.exists() {
        assert!(started.elapsed() < DEADLINE, "the file is not made");
        thread::sleep(Duration::from_millis(5));
    }
    server.get("/three");
    let lines = lines_of(&path, 1);
    assert!(lines.len() == 1 && lines[0].contains("/three"), "{lines:?}");
    assert_eq!(lines_of(&moved, 3).len(), 3);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(&path).expect("a file").permissions(),
    );
    assert_eq!(mode & 0o007, 0, "{mode:o}");
    let ended = server.stop();
    assert_eq!((ended.code, &ended.stdout[..]), (Some(0), &b""[..]));
}

#[test]
fn the_old_log_file_is_used_if_it_cannot_be_opened_again() {
    let folder = Folder::new("log-file-lost", &[("a", b"")]);
    let (server, path) = logging(&folder);
    let moved = folder.path.join("access.log.1");
    std::fs::rename(&path, &moved).expect("a move");
    std::fs::create_dir(&path).expect("a folder in its place");
    server.signal("-USR1");
    let line = server.program.error_line();
    let expected = format!("bytegate: cannot open the log file {}: ", path.display());
    assert!(line.starts_with(&expected), "{line}");
    assert!(
        line.ends_with(": the access log continues in the old file\n"),
        "{line}"
    );
    server.get("/one");
    assert!(lines_of(&moved, 1)[0].contains("/one"));
    std::fs::remove_dir(&path).expect("a folder");
    server.signal("-USR1");
    let started = Instant::now();
    while !path.exists() {
        assert!(started.elapsed() < DEADLINE, "the file is not made");
        thread::sleep(Duration::from_millis(5));
    }
    server.get("/two");
    assert!(lines_of(&path, 1)[0].contains("/two"));
}

#[test]
fn a_log_file_that_cannot_be_opened_is_an_error_at_the_start() {
    let folder = Folder::new("log-file-none", &[("a", b"")]);
    let path = folder.path.join("none/access.log");
    let path = path.to_str().expect("text");
    let ended = Program::start(&["serve", "--port", "0", "--log-file", path]).end();
    assert_eq!(ended.code, Some(1));
    let expected = format!(
        "bytegate: cannot open the log file {path}: No such file or directory (os error 2) (the folder must exist)\n"
    );
    assert_eq!(ended.stderr, expected);
}

/// Returns the number of lines that a message says are lost.
fn lost(message: &str, reason: &str) -> usize {
    let count = message.strip_prefix(&format!("bytegate: {reason}: lines lost: "));
    let count = count.and_then(|count| count.trim_end().parse().ok());
    count.unwrap_or_else(|| panic!("{message}"))
}

#[cfg(target_os = "linux")]
#[test]
fn lines_for_a_full_disk_are_counted_and_clients_are_served() {
    let full = || Stdio::from(std::fs::File::create("/dev/full").expect("a device"));
    for (arguments, stdout, name) in [
        (
            &["--log-file", "/dev/full"][..],
            Stdio::piped(),
            "/dev/full",
        ),
        (&[], full(), "standard output"),
    ] {
        let server = Server::start_with(arguments, stdout);
        let reason = format!("cannot write {name}: No space left on device (os error 28)");
        assert_eq!(server.get("/").status(), 200);
        let first = lost(&server.program.error_line(), &reason);
        for _ in 0..3 {
            assert_eq!(server.get("/").status(), 200);
        }
        let ended = server.stop();
        assert_eq!(ended.code, Some(0));
        // The next message would come after a minute.
        let rest = ended.stderr.strip_suffix("bytegate: stopped\n");
        let rest = lost(rest.expect("the last line"), &reason);
        assert_eq!((first, rest), (1, 3));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_file_of_the_largest_size_ends_no_server() {
    let folder = Folder::new("log-size", &[("a", b"")]);
    let path = folder.path.join("access.log");
    let mut shell = Command::new("sh");
    let script = "ulimit -f 1 && exec \"$0\" --port 0 --log-file \"$1\"";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_bytegate")]);
    let server = Server::ready(Program::run(shell.arg(&path), Stdio::piped()));
    // The file can have one block of at most 1024 bytes.
    for _ in 0..10 {
        assert_eq!(server.get(&"/a".repeat(100)).status(), 404);
    }
    let reason = format!(
        "cannot write {}: File too large (os error 27)",
        path.display()
    );
    assert!(lost(&server.program.error_line(), &reason) > 0);
    assert_eq!(server.get("/").status(), 200);
    assert_eq!(server.stop().code, Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_that_has_a_reader_again_gets_lines_again() {
    let folder = Folder::new("log-pipe", &[("a", b"")]);
    let path = make_pipe(&folder);
    let program = Program::start(&["--port", "0", "--log-file", path.to_str().expect("text")]);
    let open = || BufReader::new(std::fs::File::open(&path).expect("a pipe"));
    let line = |reader: &mut BufReader<std::fs::File>| {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        line
    };
    let mut reader = open();
    let server = Server::ready(program);
    server.get("/one");
    assert!(line(&mut reader).contains("/one"));
    drop(reader);
    server.get("/two");
    let reason = format!("cannot write {}: Broken pipe (os error 32)", path.display());
    assert_eq!(lost(&server.program.error_line(), &reason), 1);
    let mut reader = open();
    server.get("/three");
    assert!(line(&mut reader).contains("/three"));
    let ended = server.stop();
    let expected = format!(
        "bytegate: {} is written again\nbytegate: stopped\n",
        path.display()
    );
    assert_eq!((ended.code, ended.stderr), (Some(0), expected));
}

/// Makes a named pipe in a folder.
#[cfg(target_os = "linux")]
fn make_pipe(folder: &Folder) -> PathBuf {
    let path = folder.path.join("pipe");
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("a system with mkfifo").success());
    path
}

/// Waits until a process catches SIGHUP, SIGUSR1 and SIGUSR2.
#[cfg(target_os = "linux")]
fn wait_until_caught(process: u32) {
    let started = Instant::now();
    let wanted = [1, 10, 12].map(|number| 1_u64 << (number - 1));
    loop {
        let status = std::fs::read_to_string(format!("/proc/{process}/status"));
        let status = status.expect("a process");
        let mut lines = status.lines();
        let caught = lines.find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.expect("a mask").trim(), 16);
        let caught = caught.expect("a mask");
        if wanted.iter().all(|signal| caught & signal != 0) {
            return;
        }
        assert!(started.elapsed() < DEADLINE, "{caught:x}");
        thread::sleep(Duration::from_millis(2));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn signals_that_arrive_during_the_start_wait_for_its_end() {
    let folder = Folder::new("early-signals", &[("a", b"")]);
    let path = make_pipe(&folder);
    let program = Program::start(&["--port", "0", "--log-file", path.to_str().expect("text")]);
    // The start takes until the pipe has a reader.
    let process = program.child.id();
    wait_until_caught(process);
    for signal in ["-HUP", "-USR1"] {
        let sent = Command::new("kill")
            .args([signal, &process.to_string()])
            .status();
        assert!(sent.expect("a system with kill").success());
    }
    let _reader = std::fs::File::open(&path).expect("a pipe");
    let server = Server::ready(program);
    waits_for(&server, "reloaded the demo site");
    assert_eq!(server.get("/").status(), 200);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_server_without_a_log_file_ignores_sigusr1() {
    let server = Server::start(&[]);
    server.signal("-USR1");
    server.ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let line = server.program.line();
    assert!(line.contains(" 200 "), "{line}");
}
