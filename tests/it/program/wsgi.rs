//! `bytegate wsgi`, as people run it.

use super::*;
use std::fs;
use std::os::fd::OwnedFd;

pub(super) fn has_python() -> bool {
    let found = Command::new("python3").arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: there is no python3");
    }
    found
}

/// A folder with the tutorial's frame, a shop in Python, and some files.
fn folder(name: &str) -> Folder {
    let frame = "import time\n\n\ndef login():\n    return 'login page %s' % time.ctime()\n\n\n\
        def application(file_name):\n    if file_name == '/login.py':\n        return login()\n    return 'Not Found'\n";
    let shop = "def application(environ, start_response):\n    start_response('200 OK', [])\n    \
        return [environ['PATH_INFO'].encode()]\n";
    let files: [(&str, &[u8]); 4] = [
        ("mini_frame.py", frame.as_bytes()),
        ("shop.py", shop.as_bytes()),
        ("index.html", b"<h1>index</h1>"),
        ("static/a.css", b"css"),
    ];
    Folder::new(&format!("wsgi-{name}"), &files)
}

/// `bytegate wsgi` on a free port.
struct Server {
    program: Program,
    address: String,
    /// The lines until it serves.
    said: String,
}

impl Server {
    fn start(folder: &Folder, arguments: &[&str]) -> Server {
        Server::of(Program::run(&mut command(folder, arguments), Stdio::null()))
    }

    /// Waits until it serves.
    fn of(program: Program) -> Server {
        let mut said = String::new();
        let address = loop {
            let line = program.stderr.recv_timeout(DEADLINE);
            said.push_str(&text(line.unwrap_or_else(|_| panic!("it ended: {said}"))));
            if let Some((_, rest)) = said.split_once(" on http://") {
                let (address, _) = rest.split_once('/').expect("the end of the URL");
                break address.to_string();
            }
        };
        Server {
            program,
            address,
            said,
        }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it is sent");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        response
    }

    fn signal(&self, name: &str) {
        let id = self.program.child.id().to_string();
        let kill = Command::new("kill").args([name, &id]).status();
        assert!(kill.expect("a system with kill").success());
    }
}

fn command(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bytegate"));
    command
        .arg("wsgi")
        .args(arguments)
        .current_dir(&folder.path);
    command
}

#[track_caller]
fn has_body(response: &str, status: u16, body: &str) {
    assert!(
        response.starts_with(&format!("HTTP/1.1 {status} ")),
        "{response}"
    );
    assert!(
        response.split_once("\r\n\r\n").unwrap().1.contains(body),
        "{response}"
    );
}

/// Responds with the number of sockets that the process could accept connections on.
const LISTENING: &str = r"
import os, socket

def application(environ, start_response):
    count = 0
    for number in range(3, 100):
        try:
            copy = os.dup(number)
        except OSError:
            continue
        try:
            it = socket.socket(fileno=copy)
            count += it.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        except OSError:
            os.close(copy)
    start_response('200 OK', [])
    return [b'%d sockets' % count]
";

#[test]
fn an_application_does_not_get_the_sockets_of_systemd() {
    if !has_python() {
        return;
    }
    let folder = Folder::new("wsgi-systemd", &[("app.py", LISTENING.as_bytes())]);
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    // Descriptors begin at 3, and the process of the service has the number that was announced.
    let script = r#"export LISTEN_PID=$$; exec "$0" "$@" 3<&0 </dev/null >/dev/null"#;
    let mut child = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_bytegate")])
        .args(["wsgi", "app:application", "--listen", "systemd:web"])
        .envs([("LISTEN_FDS", "1"), ("LISTEN_FDNAMES", "web")])
        .current_dir(&folder.path)
        .stdin(Stdio::from(OwnedFd::from(socket)))
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    let server = Server::of(Program {
        stdin: None,
        stdout: lines(None::<fs::File>),
        stderr: lines(child.stderr.take()),
        child,
    });
    has_body(&server.get("/"), 200, "0 sockets");
}

#[test]
fn the_frame_of_the_tutorial_runs_beside_its_files() {
    if !has_python() {
        return;
    }
    let folder = folder("tutorial");
    let server = Server::start(&folder, &["mini_frame:application", ".", "-p", "0"]);
    let kind =
        "mini_frame:application is a function of the file name that returns a page, with Python 3.";
    assert!(server.said.contains(kind), "{}", server.said);
    has_body(&server.get("/login.py"), 200, "login page ");
    has_body(&server.get("/nowhere.py"), 200, "Not Found");
    has_body(&server.get("/index.html"), 200, "<h1>index</h1>");
    has_body(&server.get("/"), 200, "<h1>index</h1>");
    // Its source is never sent: the path is the frame's.
    for path in [
        "/mini_frame.py",
        "/mini_frame.p%79",
        "/mini_frame.PY",
        "/mini_frame.py/",
        "/__pycache__/",
    ] {
        assert!(!server.get(path).contains("def login"), "{path}");
    }
}

#[test]
fn files_come_first_and_everything_else_is_the_applications() {
    if !has_python() {
        return;
    }
    let folder = folder("shop");
    let arguments = [
        "shop",
        ".",
        "-p",
        "0",
        "--static",
        "/assets=static",
        "--workers",
        "2",
        "--threads",
        "2",
    ];
    let server = Server::start(&folder, &arguments);
    assert!(
        server
            .said
            .contains("shop is a WSGI application (PEP 3333)"),
        "{}",
        server.said
    );
    has_body(&server.get("/index.html"), 200, "<h1>index</h1>");
    has_body(&server.get("/assets/a.css"), 200, "css");
    for path in ["/cart", "/shop.py", "/SHOP.PY", "/static"] {
        has_body(&server.get(path), 200, path);
    }
}

#[test]
fn each_option_is_a_key_of_the_config_file() {
    if !has_python() {
        return;
    }
    let folder = folder("config");
    let config = "application = \"shop:application\"\nfolder = \".\"\nport = 0\nworkers = 1\nthreads = 1\npython = \"python3\"\n\
        reload = false\nlenient = false\nstatic = [\"/assets=static\"]\nmax-requests = 1000\nmax-memory = \"1G\"\ntimeout = \"5s\"\n";
    fs::write(folder.path.join("shop.toml"), config).unwrap();
    let server = Server::start(&folder, &["--config", "shop.toml"]);
    has_body(&server.get("/cart"), 200, "/cart");
    has_body(&server.get("/assets/a.css"), 200, "css");
}

#[test]
fn a_hangup_loads_the_application_again() {
    if !has_python() {
        return;
    }
    let folder = folder("hangup");
    let server = Server::start(&folder, &["shop", "-p", "0"]);
    has_body(&server.get("/a"), 200, "/a");
    let shop = "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'it is new now']\n";
    fs::write(folder.path.join("shop.py"), shop).unwrap();
    server.signal("-HUP");
    let until = Instant::now() + DEADLINE;
    while !server.get("/a").contains("it is new now") {
        assert!(Instant::now() < until, "it is not loaded again");
    }
}

#[test]
fn no_worker_outlives_a_server_that_is_killed() {
    if !has_python() || !Path::new("/proc").exists() {
        return;
    }
    let folder = folder("killed");
    let pids = "import os\n\n\ndef application(environ, start_response):\n    start_response('200 OK', [])\n    \
        return [b'pid %d' % os.getpid()]\n";
    fs::write(folder.path.join("pids.py"), pids).unwrap();
    let server = Server::start(&folder, &["pids", "-p", "0"]);
    let response = server.get("/");
    let pid: u32 = response.rsplit(' ').next().unwrap().parse().unwrap();
    server.signal("-KILL");
    let until = Instant::now() + DEADLINE;
    while Path::new(&format!("/proc/{pid}")).exists() {
        assert!(Instant::now() < until, "worker {pid} still runs");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_page_for_monitoring_has_the_processes_of_an_application() {
    if !has_python() {
        return;
    }
    let folder = folder("metrics");
    let admin = format!("unix:{}", folder.path.join("admin.sock").display());
    let arguments = ["shop", "--port", "0", "--workers", "2", "--admin", &admin];
    let server = Server::start(&folder, &arguments);
    assert!(server.get("/a").ends_with("/a"));
    let mut socket = std::os::unix::net::UnixStream::connect(folder.path.join("admin.sock"));
    let socket = socket.as_mut().expect("it listens");
    let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    socket.write_all(request).expect("it is sent");
    let mut page = String::new();
    socket.read_to_string(&mut page).expect("a response");
    for line in [
        "bytegate_python_requests{state=\"running\"} 0",
        "bytegate_python_requests{state=\"waiting\"} 0",
        "bytegate_python_processes_started_total 2",
    ] {
        assert!(page.lines().any(|it| it == line), "{page}");
    }
}

#[test]
fn a_server_that_is_stopped_while_python_starts_leaves_no_traceback() {
    if !has_python() {
        return;
    }
    let source = "import os, time\nopen('begun', 'w').close()\nwhile not os.path.exists('over'):\n    time.sleep(0.01)\n\n\n\
        def application(environ, start_response):\n    return []\n";
    let folder = Folder::new("wsgi-stopped", &[("slow.py", source.as_bytes())]);
    let mut program = Program::run(&mut command(&folder, &["slow", "--port=0"]), Stdio::null());
    let started = Instant::now();
    while !folder.path.join("begun").exists() {
        assert!(started.elapsed() < DEADLINE, "Python does not start");
        thread::sleep(Duration::from_millis(5));
    }
    let id = program.child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &id]).status();
    assert!(sent.expect("a system with kill").success());
    program.child.wait().expect("a child");
    fs::write(folder.path.join("over"), "").expect("a file");
    // This is everything until Python has ended, too.
    assert_eq!(program.ended().stderr, "");
}

#[test]
fn an_application_that_cannot_be_served_is_explained() {
    if !has_python() {
        return;
    }
    let folder = folder("errors");
    fs::write(folder.path.join("broken.py"), "import nothing_like_this\n").unwrap();
    for (arguments, code, words) in [
        (
            &["broken"][..],
            1,
            "bytegate: cannot import \"broken\"\nTraceback (most recent call last):\n",
        ),
        (
            &["broken"],
            1,
            "ModuleNotFoundError: No module named 'nothing_like_this'",
        ),
        (&["nowhere"], 1, "there is no module 'nowhere' in '"),
        (&["shop.py"], 1, " looks: did you mean shop?"),
        (&["shop:shop"], 1, "has no 'shop'; it has application"),
        (
            &["shop", "--python", "/no/python"],
            1,
            "there is no Python /no/python: install Python 3.9",
        ),
        (
            &["shop", "--workers", "0"],
            2,
            "--workers \"0\": not a number greater than 0",
        ),
        (
            &["shop", "--static", "x"],
            2,
            "not PATH=DIR, such as /static=static",
        ),
        (
            &["a/b.py"],
            2,
            "not MODULE:APPLICATION, such as shop.wsgi:application",
        ),
        (&[], 2, "wsgi needs an application"),
    ] {
        let mut program = Program::run(&mut command(&folder, arguments), Stdio::null());
        let ended = program.ended();
        let said = ended.stderr;
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert_eq!(ended.code, Some(code), "{said}");
    }
}
