//! Two instances of the program behind a proxy, with the files in `examples/deploy`. All instances are replaced while
//! clients send requests, and none is lost.

use crate::front::{Front, Program, free_port, nginx_http};
use crate::temporary::Folder;
use bytegate::testing::StreamClient;
use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A bound that only a broken program reaches.
const PATIENCE: Duration = Duration::from_secs(30);
const REQUESTS: usize = 20_000;
const CLIENTS: usize = 8;

const PAGE: &str = include_str!("../../src/manual/operations.md");
const NGINX: &str = include_str!("../../examples/deploy/nginx.conf");
const HAPROXY: &str = include_str!("../../examples/deploy/haproxy.cfg");

/// The ports of an instance.
#[derive(Clone, Copy)]
struct Ports {
    requests: u16,
    admin: u16,
}

impl Ports {
    fn free() -> Ports {
        Ports {
            requests: free_port(),
            admin: free_port(),
        }
    }
}

/// A process that serves the page, and is killed when this is dropped.
struct Instance {
    child: Child,
    log: PathBuf,
}

impl Instance {
    /// Starts the program as the manual does in the line with an option.
    fn start(option: &str, folder: &Folder, ports: Ports) -> Instance {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let mut lines = PAGE
            .lines()
            .filter_map(|line| line.strip_prefix("$ bytegate "));
        let line = lines.find(|line| line.contains(option));
        let line = line.expect("the manual has a command");
        let command = line.split('#').next().unwrap_or_default();
        assert!(command.contains("/srv/www ") && command.contains("--port 8001 "));
        let served = folder.path("www").display().to_string();
        let admin = format!("127.0.0.1:{}", ports.admin);
        let port = ports.requests.to_string();
        let arguments = command.split_whitespace().map(|word| match word {
            "/srv/www" => &served[..],
            "8001" => &port[..],
            "127.0.0.1:9001" => &admin[..],
            word => word,
        });
        let log = folder.path(&format!("log-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
        let stdout = fs::File::create(&log).expect("a log");
        let stderr = stdout.try_clone().expect("a log");
        let mut program = Command::new(env!("CARGO_BIN_EXE_bytegate"));
        let child = program
            .args(arguments)
            .stdout(stdout)
            .stderr(stderr)
            .spawn();
        let instance = Instance {
            child: child.expect("the program starts"),
            log,
        };
        wait_until("the instance listens", || {
            TcpStream::connect(("127.0.0.1", ports.requests)).is_ok()
        });
        instance
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks the instance to stop, and waits for its end.
    fn stop(mut self) {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status();
        assert!(killed.expect("a system with kill").success());
        wait_until("the instance ends", || {
            self.child.try_wait().expect("a child").is_some()
        });
        let status = self.child.wait().expect("a child");
        assert!(status.success(), "{status}: {}", self.log());
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn all_instances_behind_nginx_are_replaced_without_a_lost_request() {
    let ports = [Ports::free(), Ports::free()];
    let front = |port: u16, folder: &std::path::Path| {
        let changes = [
            ("listen 80;", format!("listen 127.0.0.1:{port};")),
            ("127.0.0.1:8001", format!("127.0.0.1:{}", ports[0].requests)),
            ("127.0.0.1:8002", format!("127.0.0.1:{}", ports[1].requests)),
        ];
        nginx_http(folder, &changed(NGINX, &changes))
    };
    replace_all(Program::Nginx, front, "--trust-proxy", ports, || {});
}

#[test]
fn all_instances_behind_haproxy_are_replaced_without_a_lost_request() {
    let (ports, state) = ([Ports::free(), Ports::free()], free_port());
    let front = |port: u16, _: &std::path::Path| {
        let changes = [
            ("bind :80", format!("bind 127.0.0.1:{port}")),
            ("port 9001", format!("port {}", ports[0].admin)),
            ("port 9002", format!("port {}", ports[1].admin)),
            ("127.0.0.1:8404", format!("127.0.0.1:{state}")),
            ("127.0.0.1:8001", format!("127.0.0.1:{}", ports[0].requests)),
            ("127.0.0.1:8002", format!("127.0.0.1:{}", ports[1].requests)),
        ];
        changed(HAPROXY, &changes)
    };
    let until_both_are_up = || {
        wait_until("both instances are up", || {
            let client = StreamClient::connect(("127.0.0.1", state));
            let Ok(states) = client.and_then(|mut client| client.get("/;csv")) else {
                return false;
            };
            let text = states.text();
            let of_servers = text.lines().filter(|line| line.starts_with("instances,"));
            let servers = of_servers.filter(|line| !line.starts_with("instances,BACKEND,"));
            servers.filter(|line| line.contains(",UP,")).count() == 2
        });
    };
    replace_all(Program::HaProxy, front, "--admin", ports, until_both_are_up);
}

/// Returns a configuration with the addresses of this test.
fn changed(config: &str, changes: &[(&str, String)]) -> String {
    changes
        .iter()
        .fold(config.to_string(), |config, (from, to)| {
            assert_eq!(config.matches(from).count(), 1, "{from}");
            config.replace(from, to)
        })
}

/// Replaces both instances while clients send requests.
fn replace_all(
    program: Program,
    config: impl Fn(u16, &std::path::Path) -> String,
    option: &str,
    ports: [Ports; 2],
    until_ready: impl Fn(),
) {
    let folder = Folder::new(&[("www/index.html", b"<h1>hello</h1>\n")]);
    let mut instances = ports.map(|port| Some(Instance::start(option, &folder, port)));
    let Some(front) = Front::start(program, config) else {
        return;
    };
    until_ready();
    let (sent, is_replaced) = (AtomicUsize::new(0), AtomicBool::new(false));
    let lost = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let goes_on = || {
                    sent.load(Ordering::SeqCst) < REQUESTS || !is_replaced.load(Ordering::SeqCst)
                };
                let until = Instant::now() + 3 * PATIENCE;
                let mut client = None;
                while goes_on() && Instant::now() < until {
                    if let Err(error) = ask(&mut client, front.port) {
                        lost.lock().unwrap().push(error);
                        client = None;
                    }
                    sent.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for (instance, port) in instances.iter_mut().zip(ports) {
            let before = sent.load(Ordering::SeqCst);
            wait_until("clients send requests", || {
                sent.load(Ordering::SeqCst) > before + 1000
            });
            instance.take().expect("an instance").stop();
            let new = instance.insert(Instance::start(option, &folder, port));
            // The proxy has noticed the new one.
            wait_until("the new instance serves", || new.log().contains("\"GET / "));
            until_ready();
        }
        is_replaced.store(true, Ordering::SeqCst);
    });
    let lost = lost.into_inner().unwrap();
    assert!(
        lost.is_empty(),
        "{} lost: {:?}\n{}",
        lost.len(),
        &lost[0],
        front.errors()
    );
    assert!(sent.into_inner() >= REQUESTS);
}

/// Sends a request, on a new connection if the proxy has closed the last one.
fn ask(client: &mut Option<StreamClient<TcpStream>>, port: u16) -> Result<(), String> {
    let asking = match client {
        Some(client) => client,
        None => {
            let new =
                StreamClient::connect(("127.0.0.1", port)).map_err(|error| error.to_string())?;
            new.stream()
                .set_read_timeout(Some(PATIENCE))
                .expect("a timeout");
            client.insert(new)
        }
    };
    let response = asking.get("/").map_err(|error| error.to_string())?;
    if response.status() != 200 || response.text() != "<h1>hello</h1>\n" {
        return Err(format!("{} {}", response.status(), response.text()));
    }
    if response.header("Connection") == Some("close") {
        *client = None;
    }
    Ok(())
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < until, "not in time: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
