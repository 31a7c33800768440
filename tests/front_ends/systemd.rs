//! Messages to systemd.

use crate::temporary::Folder;
use crate::turn::Turn;
use bytegate::net::{self, Options, Phase, Readiness};
use bytegate::{Gateway, Request};
use smol::channel;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

/// The longest time for anything that happens soon.
const SOON: Duration = Duration::from_secs(20);
const INSIDE: &str = "BYTEGATE_TEST_INSIDE";

/// A manager of services that starts a test of this file again, as a service.
struct Manager {
    socket: UnixDatagram,
    service: Child,
    _folder: Folder,
    _turn: Turn,
}

impl Manager {
    fn start(test: &str, environment: &[(&str, &str)]) -> Manager {
        let folder = Folder::new(&[]);
        let path = folder.path("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        let name = path.to_str().expect("text").to_string();
        Manager::start_on(socket, &name, folder, test, environment)
    }

    fn start_on(
        socket: UnixDatagram,
        name: &str,
        folder: Folder,
        test: &str,
        environment: &[(&str, &str)],
    ) -> Manager {
        socket.set_read_timeout(Some(SOON)).expect("a timeout");
        let service = Command::new(std::env::current_exe().expect("this program"))
            .args([&["systemd::", test].concat(), "--exact"])
            .envs(environment.iter().copied())
            .env("NOTIFY_SOCKET", name)
            .env(INSIDE, "yes")
            .spawn()
            .expect("a process");
        Manager {
            socket,
            service,
            _folder: folder,
            _turn: Turn::shared(),
        }
    }

    fn message(&self) -> String {
        let mut bytes = [0; 4096];
        let count = self.socket.recv(&mut bytes).expect("a message");
        String::from_utf8(bytes[..count].to_vec()).expect("text")
    }

    fn end(&mut self) {
        assert!(self.service.wait().expect("an end").success());
    }
}

impl Drop for Manager {
    /// Ends the service, even if the test fails.
    fn drop(&mut self) {
        let _ = self.service.kill();
        let _ = self.service.wait();
    }
}

fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Serves until the result is dropped.
fn serve(readiness: Readiness) -> (channel::Sender<()>, thread::JoinHandle<()>) {
    let listener = net::listen("127.0.0.1:0".parse().expect("an address")).expect("a listener");
    let (stop, stopped) = channel::bounded::<()>(1);
    let stopped = async move { stopped.recv().await.unwrap_or_default() };
    let mut options = Options::default();
    options.readiness = readiness;
    let serving = thread::spawn(move || {
        let gateway = Gateway::new(|_: &Request<'_>| "hello");
        let serving = net::serve(listener, gateway, options, stopped);
        smol::block_on(serving).expect("a clean end");
    });
    (stop, serving)
}

fn wait_for(readiness: &Readiness, phase: Phase) {
    let start = std::time::Instant::now();
    while readiness.phase() != phase {
        assert!(start.elapsed() < SOON, "still {readiness:?}");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn systemd_is_told_when_a_service_is_ready_reloads_and_stops() {
    if is_inside() {
        let readiness = Readiness::for_systemd();
        let (stop, serving) = serve(readiness.clone());
        wait_for(&readiness, Phase::Ready);
        readiness.describe("two\nlines");
        readiness.while_reloading(|| assert_eq!(readiness.phase(), Phase::Ready));
        drop(stop);
        return serving.join().expect("a clean end");
    }
    let test = "systemd_is_told_when_a_service_is_ready_reloads_and_stops";
    // Another process of the service, to which the watchdog does not apply.
    let watchdog = [("WATCHDOG_USEC", "1000"), ("WATCHDOG_PID", "1")];
    let mut manager = Manager::start(test, &watchdog);
    assert_eq!(manager.message(), "READY=1");
    assert_eq!(manager.message(), "STATUS=two lines");
    let message = manager.message();
    let micros = message.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
    let micros: u64 = micros.expect("a time").parse().expect("a number");
    assert!(micros > 0);
    assert_eq!(manager.message(), "READY=1");
    assert_eq!(manager.message(), "STOPPING=1");
    manager.end();
}

#[cfg(target_os = "linux")]
#[test]
fn a_manager_with_an_abstract_name_gets_signs_of_life() {
    if is_inside() {
        let readiness = Readiness::for_systemd();
        // The manager ends the process.
        let (_stop, serving) = serve(readiness);
        return serving.join().expect("a clean end");
    }
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    let test = "a_manager_with_an_abstract_name_gets_signs_of_life";
    let name = format!("bytegate-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let socket = UnixDatagram::bind_addr(&address).expect("a socket");
    let name = ["@", &name].concat();
    let folder = Folder::new(&[]);
    let watchdog = [("WATCHDOG_USEC", "20000")];
    let manager = Manager::start_on(socket, &name, folder, test, &watchdog);
    let (mut is_ready, mut signs) = (false, 0);
    while !is_ready || signs < 3 {
        match &*manager.message() {
            "READY=1" => is_ready = true,
            "WATCHDOG=1" => signs += 1,
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_service_runs_without_a_manager() {
    if is_inside() {
        let readiness = Readiness::for_systemd();
        let (stop, serving) = serve(readiness.clone());
        wait_for(&readiness, Phase::Ready);
        drop(stop);
        return serving.join().expect("a clean end");
    }
    let test = "a_service_runs_without_a_manager";
    let (socket, folder) = (UnixDatagram::unbound().expect("a socket"), Folder::new(&[]));
    Manager::start_on(socket, "/nonexistent/notify", folder, test, &[]).end();
}
