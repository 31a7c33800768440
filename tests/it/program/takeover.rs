//! SIGUSR2: the program starts again, and the new process takes over the sockets.

use super::serve::{Server, get};
use super::*;
use bytegate::Method;
use bytegate::testing::StreamClient;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The requests of all clients together.
const REQUESTS: usize = 20_000;

/// Ends a process when it is dropped. It is not a child of the test.
struct Process(u32);

impl Process {
    fn signal(&self, signal: &str) {
        let kill = Command::new("kill")
            .args([signal, &self.0.to_string()])
            .status();
        assert!(kill.expect("a system with kill").success());
    }

    fn runs(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0));
        // A process that has ended may wait for its parent to notice.
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    }

    fn wait(&self) {
        let started = Instant::now();
        while self.runs() {
            assert!(
                started.elapsed() < DEADLINE,
                "process {} does not end",
                self.0
            );
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.runs() {
            let _ = Command::new("kill")
                .args(["-KILL", &self.0.to_string()])
                .status();
        }
    }
}

/// The next line of standard error that contains a text.
fn line_with(server: &Server, text: &str) -> String {
    loop {
        let line = server.program.error_line();
        if line.contains(text) {
            return line.trim_end().to_string();
        }
    }
}

/// Waits for the end of a server whose successor still writes to the same pipes. Returns its exit code.
fn end_of(mut server: Server) -> Option<i32> {
    let status = server.program.child.wait();
    status.expect("a child").code()
}

/// Waits until a new process has taken over.
fn successor(server: &Server) -> Process {
    let line = line_with(server, " has taken over");
    let number = line
        .split(' ')
        .nth(2)
        .and_then(|number| number.parse().ok());
    Process(number.unwrap_or_else(|| panic!("{line}")))
}

#[test]
fn no_request_is_lost_when_new_processes_take_over() {
    const CLIENTS: usize = 4;
    let folder = Folder::new("takeover", &[("site/index.html", b"hi")]);
    let path = folder.path.join("b.sock");
    let unix = format!("unix:{}", path.display());
    let site = folder.path.join("site");
    let arguments = ["--listen", &*unix, "--no-access-log"];
    let server = Server::start(&[&[site.to_str().expect("text")], &arguments[..]].concat());
    let (done, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut last: Option<Process> = None;
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (done, is_over, address, path) = (&done, &is_over, &server.address, &path);
            scope.spawn(move || {
                let _end = OnDrop(|| is_over.store(true, Ordering::SeqCst));
                if number == 0 {
                    let connect = || UnixStream::connect(path).expect("it listens");
                    ask_again_and_again(connect, done);
                } else {
                    let connect = || TcpStream::connect(address).expect("it listens");
                    ask_again_and_again(connect, done);
                }
            });
        }
        // Three processes, each of which gets a third of the requests.
        for part in 1..=2 {
            while done.load(Ordering::SeqCst) < part * REQUESTS / 4
                && !is_over.load(Ordering::SeqCst)
            {
                thread::sleep(Duration::from_millis(1));
            }
            match &last {
                None => server.signal("-USR2"),
                Some(process) => process.signal("-USR2"),
            }
            if let Some(before) = last.replace(successor(&server)) {
                before.wait();
            }
        }
    });
    assert!(done.load(Ordering::SeqCst) >= REQUESTS);
    let last = last.expect("a process");
    assert!(last.runs());
    assert!(path.exists());
    last.signal("-TERM");
    last.wait();
    assert!(!path.exists());
    assert!(TcpStream::connect(&server.address).is_err());
}

/// Calls a function when it is dropped, even if the thread panics.
struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Sends requests until all clients together have sent enough. Each must get its response.
fn ask_again_and_again<S: Read + Write>(connect: impl Fn() -> S, done: &AtomicUsize) {
    let mut client = StreamClient::new(connect());
    while done.load(Ordering::SeqCst) < REQUESTS {
        client.send(get("/")).expect("it is sent");
        let response = client.response(Method::GET).expect("no request is lost");
        assert_eq!(response.text(), "hi");
        let number = done.fetch_add(1, Ordering::SeqCst);
        if response.closes() || number % 25 == 0 {
            client = StreamClient::new(connect());
        }
    }
}

#[test]
fn a_new_process_that_cannot_start_changes_nothing() {
    let folder = Folder::new("takeover-fails", &[("site/index.html", b"hi")]);
    let config = folder.path.join("site.toml");
    let path = folder.path.join("b.sock");
    let listen = format!("listen = 'unix:{}'\n", path.display());
    let write = |text: &str| {
        let text = format!("folder = 'site'\nport = 0\n{listen}{text}");
        std::fs::write(&config, text).expect("a file");
    };
    write("");
    let file = config.to_str().expect("text");
    let server = Server::ready(Program::start(&["serve", "--config", file]));
    write("listings = true\n");
    server.signal("-USR2");
    let line = line_with(&server, "serving as before");
    assert!(line.contains(": it ended "), "{line}");
    assert_eq!(server.get("/").text(), "hi");
    assert!(UnixStream::connect(&path).is_ok());

    // An address that is in use stops the new process after it has the sockets.
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address");
    let holder = TcpListener::bind(taken);
    let text = format!(
        "folder = 'site'\nport = 0\nlisten = ['unix:{}', '{taken}']\n",
        path.display()
    );
    std::fs::write(&config, text).expect("a file");
    server.signal("-USR2");
    let line = line_with(&server, "serving as before");
    assert!(line.contains(": it ended "), "{line}");
    assert_eq!(server.get("/").text(), "hi");
    assert!(UnixStream::connect(&path).is_ok());
    drop(holder);

    // Now it can.
    write("");
    server.signal("-USR2");
    let process = successor(&server);
    assert_eq!(end_of(server), Some(0));
    assert!(UnixStream::connect(&path).is_ok());
    process.signal("-TERM");
    process.wait();
    assert!(!path.exists());
}

#[test]
fn a_stop_also_ends_a_new_process_that_is_not_ready() {
    let folder = Folder::new("takeover-stop", &[("site/index.html", b"hi")]);
    let (program, started) = (folder.path.join("program"), folder.path.join("started"));
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_bytegate"), &program).expect("a link");
    let mut command = Command::new(&program);
    let site = folder.path.join("site");
    // A process that becomes ready meanwhile would serve in place of this one.
    command
        .args(["serve", "--port", "0", "--drain-delay", "1s"])
        .arg(site);
    let server = Server::ready(Program::run(&mut command, Stdio::piped()));
    // The new version never becomes ready.
    std::fs::remove_file(&program).expect("a link");
    let script = format!(
        "#!/bin/sh\necho $$ > '{0}.new'\nmv '{0}.new' '{0}'\nexec sleep 1000\n",
        started.display()
    );
    std::fs::write(&program, script).expect("a file");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).expect("a mode");
    server.signal("-USR2");
    let waited = Instant::now();
    let number = loop {
        match std::fs::read_to_string(&started) {
            Ok(number) => break number,
            Err(_) => assert!(waited.elapsed() < DEADLINE, "it does not start"),
        }
        thread::sleep(Duration::from_millis(2));
    };
    let process = Process(number.trim().parse().expect("a number"));
    server.signal("-TERM");
    let line = line_with(&server, "serving as before");
    assert!(line.ends_with(": this process is told to stop"), "{line}");
    assert_eq!(end_of(server), Some(0));
    assert!(!process.runs());
}

#[test]
fn a_program_that_a_new_process_starts_takes_nothing_over() {
    let folder = Folder::new("takeover-child", &[("index.html", b"hi")]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_bytegate"));
    // It gets the variables of the new process, but another standard input.
    command
        .args(["serve", folder.as_str(), "--port", "0"])
        .env("BYTEGATE_TAKEOVER", "1:1");
    let server = Server::ready(Program::run(&mut command, Stdio::piped()));
    assert_eq!(server.get("/").text(), "hi");
}

#[test]
fn systemd_follows_the_new_process() {
    let folder = Folder::new("takeover-systemd", &[("site/index.html", b"hi")]);
    let notify = folder.path.join("notify");
    let admin_path = folder.path.join("admin.sock");
    let admin = format!("unix:{}", admin_path.display());
    let readiness = || {
        let stream = UnixStream::connect(&admin_path).expect("it listens");
        let page = StreamClient::new(stream).get("/readyz");
        page.expect("a response").text().to_string()
    };
    let manager = UnixDatagram::bind(&notify).expect("a socket");
    manager
        .set_read_timeout(Some(DEADLINE))
        .expect("a deadline");
    let message = || {
        let mut bytes = [0; 1000];
        let count = manager.recv(&mut bytes).expect("a message");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_bytegate"));
    command
        // A balancer need not notice a takeover.
        .args(["serve", "--port", "0", "--drain-delay", "1h"])
        .args(["--admin", &admin])
        .arg(folder.path.join("site"))
        .env("NOTIFY_SOCKET", &notify);
    let server = Server::ready(Program::run(&mut command, Stdio::piped()));
    assert_eq!(message(), "READY=1");
    server.signal("-USR2");
    let process = successor(&server);
    let mut messages = [message(), message()];
    messages.sort();
    // The old process does not say that it stops: the service goes on.
    assert_eq!(
        messages,
        [format!("MAINPID={}", process.0), "READY=1".to_string()]
    );
    assert_eq!(end_of(server), Some(0));
    assert_eq!(readiness(), "ready\n");
    process.signal("-TERM");
    assert_eq!(message(), "STOPPING=1");
    assert_eq!(readiness(), "draining\n");
}
