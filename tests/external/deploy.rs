//! The files in `examples/deploy`: the units of systemd, and the container.

use crate::temporary::Folder;
use bytegate::testing::StreamClient;
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

/// The path of the program in the units.
const INSTALLED: &str = "/usr/local/bin/bytegate";
const PROGRAM: &str = env!("CARGO_BIN_EXE_bytegate");

fn deployed(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/deploy");
    fs::read_to_string(path.join(name)).expect("a file of examples/deploy")
}

/// Returns a folder with the units, in which the program is the built one.
fn units() -> Folder {
    let unit = |name: &str| deployed(name).replace(INSTALLED, PROGRAM);
    Folder::new(&[
        ("bytegate.service", unit("bytegate.service").as_bytes()),
        ("bytegate.socket", unit("bytegate.socket").as_bytes()),
        (
            "bytegate-https.socket",
            unit("bytegate-https.socket").as_bytes(),
        ),
    ])
}

/// Runs `systemd-analyze` in a folder. Returns what it prints, or `None` if it is not installed.
fn analyze(folder: &Folder, arguments: &[&str]) -> Option<(bool, String)> {
    let mut command = Command::new("systemd-analyze");
    let output = command.args(arguments).current_dir(&folder.0).output();
    let Ok(output) = output else {
        println!("skipped: systemd-analyze is not here (apt-get install systemd)");
        return None;
    };
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    Some((output.status.success(), printed))
}

#[test]
fn systemd_accepts_the_units_without_a_warning() {
    let folder = units();
    let units = [
        "./bytegate.service",
        "./bytegate.socket",
        "./bytegate-https.socket",
    ];
    let arguments = [&["verify", "--man=no"][..], &units].concat();
    // Without and with https.
    for _ in 0..2 {
        if let Some(verified) = analyze(&folder, &arguments) {
            assert_eq!(verified, (true, String::new()));
        }
        let https = deployed("https.conf").replace(INSTALLED, PROGRAM);
        folder.write("bytegate.service.d/https.conf", https.as_bytes());
    }
}

/// Returns the units for several instances that share a port, as the manual describes them.
fn instances() -> [(&'static str, String); 2] {
    let socket = deployed("bytegate.socket").replace("[Socket]\n", "[Socket]\nReusePort=yes\n");
    let service = deployed("bytegate.service").replace(INSTALLED, PROGRAM);
    let service = service
        .replace("Requires=bytegate.socket", "Requires=bytegate@%i.socket")
        .replace("After=bytegate.socket", "After=bytegate@%i.socket");
    [("bytegate@.socket", socket), ("bytegate@.service", service)]
}

#[test]
fn systemd_accepts_units_of_several_instances_without_a_warning() {
    let units = instances();
    let files = units
        .each_ref()
        .map(|(name, unit)| (*name, unit.as_bytes()));
    let folder = Folder::new(&files);
    let arguments = [
        "verify",
        "--man=no",
        "./bytegate@1.socket",
        "./bytegate@1.service",
    ];
    if let Some(verified) = analyze(&folder, &arguments) {
        assert_eq!(verified, (true, String::new()));
    }
}

/// Returns a socket that shares its port with others, as systemd opens it for `ReusePort=yes`.
#[cfg(target_os = "linux")]
fn shared_socket(address: &str) -> (TcpListener, SocketAddr) {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_reuse_port(true).expect("an option");
    let address: SocketAddr = address.parse().expect("an address");
    socket.bind(&address.into()).expect("a port");
    socket.listen(128).expect("a listener");
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

#[cfg(target_os = "linux")]
#[test]
fn instances_share_a_port_and_one_goes_on_without_the_other() {
    let folder = Folder::new(&[("one/index.html", b"one"), ("two/index.html", b"two")]);
    let start = |name: &str, http: &TcpListener| {
        let arguments = arguments("bytegate.service", |word| match word {
            "/srv/www" => folder.0.join(name).to_string_lossy().into_owned(),
            word => word.to_string(),
        });
        let mut service = Service::start(&arguments, http, &socket().0);
        service.first_line();
        service
    };
    let (first, address) = shared_socket("127.0.0.1:0");
    let (second, _) = shared_socket(&address.to_string());
    let (mut one, two) = (start("one", &first), start("two", &second));
    let page = || {
        let mut client = StreamClient::connect(address).expect("it listens");
        client.get("/").expect("a response").text().to_string()
    };
    let mut pages = std::collections::BTreeSet::new();
    // The system chooses a socket at random, so each gets one of these.
    for _ in 0..200 {
        pages.insert(page());
        if pages.len() == 2 {
            break;
        }
    }
    assert_eq!(Vec::from_iter(pages), ["one", "two"]);
    // As the socket is stopped together with its service.
    drop(first);
    let id = one.process.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &id]).status();
    assert!(sent.expect("a system with kill").success());
    assert!(one.process.wait().expect("it ends").success());
    for _ in 0..20 {
        assert_eq!(page(), "two");
    }
    drop(two);
}

/// Returns the arguments of the program in a unit.
fn arguments(unit: &str, replace: impl Fn(&str) -> String) -> Vec<String> {
    let unit = deployed(unit);
    let command = unit
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let mut words = command.expect("a command").split(' ');
    assert_eq!(words.next(), Some(INSTALLED));
    words.map(replace).collect()
}

/// The program as systemd starts it, killed when this is dropped.
struct Service {
    process: Child,
    /// What it prints.
    lines: Lines<BufReader<ChildStderr>>,
}

impl Service {
    /// Starts the program with two sockets, which have the names that their units give them.
    fn start(arguments: &[String], http: &TcpListener, https: &TcpListener) -> Service {
        let name = |unit: &str| {
            let unit = deployed(unit);
            let mut lines = unit.lines();
            let name = lines.find_map(|line| line.strip_prefix("FileDescriptorName="));
            name.expect("a name").to_string()
        };
        let names = [name("bytegate.socket"), name("bytegate-https.socket")];
        // Descriptors begin at 3, and the process of the service has the number that was announced.
        let script = r#"export LISTEN_PID=$$; exec "$0" "$@" 3<&0 4<&1 </dev/null >/dev/null"#;
        let inherited = |it: &TcpListener| OwnedFd::from(it.try_clone().expect("a copy"));
        let mut process = Command::new("sh")
            .args(["-c", script, PROGRAM])
            .args(arguments)
            .envs([("LISTEN_FDS", "2"), ("LISTEN_FDNAMES", &names.join(":"))])
            .stdin(inherited(http))
            .stdout(inherited(https))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(process.stderr.take().expect("a pipe")).lines();
        Service { process, lines }
    }

    /// Waits for the first line of the program.
    fn first_line(&mut self) -> String {
        self.lines.next().expect("a line").expect("text")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn socket() -> (TcpListener, SocketAddr) {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    (socket, address)
}

#[test]
fn the_command_of_the_service_serves_on_its_socket() {
    let folder = Folder::new(&[("index.html", b"a page")]);
    let arguments = arguments("bytegate.service", |word| match word {
        "/srv/www" => folder.0.to_string_lossy().into_owned(),
        word => word.to_string(),
    });
    let ((http, address), (https, _)) = (socket(), socket());
    let mut service = Service::start(&arguments, &http, &https);
    assert!(
        service
            .first_line()
            .ends_with(&format!(" on http://{address}/"))
    );
    let mut client = StreamClient::connect(address).expect("it listens");
    assert_eq!(client.get("/").expect("a response").text(), "a page");
}

#[cfg(feature = "self-signed")]
#[test]
fn the_command_for_https_redirects_http_to_it() {
    let made = bytegate::tls::SelfSigned::new(["localhost"]).expect("a certificate");
    let folder = Folder::new(&[
        ("www/index.html", b"a page"),
        ("certificate.pem", made.certificate_pem().as_bytes()),
        ("key.pem", made.key_pem().as_bytes()),
    ]);
    let arguments = arguments("https.conf", |word| {
        let folder = folder.0.to_string_lossy();
        let served = word.replace("/srv/www", &format!("{folder}/www"));
        served.replace("%d", &folder)
    });
    let ((http, plain), (https, secure)) = (socket(), socket());
    let mut service = Service::start(&arguments, &http, &https);
    assert!(
        service
            .first_line()
            .ends_with(&format!(" on https://{secure}/"))
    );
    let mut client = StreamClient::connect(plain).expect("it listens");
    let redirect = client.get("/").expect("a response");
    let location = format!("https://localhost:{}/", secure.port());
    assert_eq!(redirect.header("Location"), Some(&*location));
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--cacert", "certificate.pem", &location]);
    match curl.current_dir(&folder.0).output() {
        Ok(output) => assert_eq!(output.stdout, b"a page"),
        Err(_) => println!("skipped: curl is not here (apt-get install curl)"),
    }
}

#[test]
fn systemd_rates_the_exposure_of_the_service_as_low() {
    let folder = units();
    // Out of 100. Without any of the settings, a service has 96.
    let most = "--threshold=20";
    let arguments = ["security", "--offline=true", most, "./bytegate.service"];
    let Some((is_below, report)) = analyze(&folder, &arguments) else {
        return;
    };
    if report.contains("unrecognized option") {
        println!("skipped: this systemd-analyze reads only installed units");
        return;
    }
    assert!(is_below, "{report}");
}

/// Returns the instructions of the container, and the arguments of each. Continued lines are not supported.
fn instructions() -> Vec<(String, String)> {
    let file = deployed("Containerfile");
    let lines = file
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let instruction = |line: &str| {
        let (name, arguments) = line.split_once(' ').expect("an instruction");
        (name.to_string(), arguments.to_string())
    };
    lines.map(instruction).collect()
}

#[test]
fn the_container_has_the_program_and_nothing_else() {
    let instructions = instructions();
    let last_from = instructions.iter().rposition(|(name, _)| name == "FROM");
    let (build, run) = instructions.split_at(last_from.expect("a last stage"));
    let expected = [
        ("FROM", "scratch"),
        (
            "COPY",
            "--from=build /source/target/release/bytegate /bytegate",
        ),
        ("USER", "65534:65534"),
        ("EXPOSE", "8080"),
        ("STOPSIGNAL", "SIGTERM"),
        ("ENTRYPOINT", r#"["/bytegate"]"#),
    ];
    let expected = expected.map(|(name, rest)| (name.to_string(), rest.to_string()));
    assert_eq!(run[..run.len() - 1], expected);
    // Whatever is copied is there.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (_, arguments) in build.iter().filter(|(name, _)| name == "COPY") {
        let mut paths: Vec<&str> = arguments.split(' ').collect();
        paths.pop();
        for path in paths {
            let path = path.trim_end_matches("/*.rs");
            assert!(root.join(path).exists(), "{path}");
        }
    }
    // Features that do not exist would be an error of the build.
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("a manifest");
    let (_, build) = build
        .iter()
        .find(|(_, it)| it.starts_with("cargo build"))
        .expect("a build");
    let features = build.rsplit(' ').next().expect("features");
    for feature in features.split(',') {
        assert!(manifest.contains(&format!("\n{feature} = [")), "{feature}");
    }
}

#[test]
fn the_arguments_of_the_container_start_a_server_that_stops_on_its_signal() {
    let instructions = instructions();
    let argument = |name: &str| {
        let found = instructions.iter().rev().find(|(it, _)| it == name);
        found.map(|(_, arguments)| arguments.as_str()).expect(name)
    };
    let folder = Folder::new(&[("index.html", b"a page")]);
    let arguments = argument("CMD").trim_matches(['[', ']']).split(", ");
    let arguments = arguments.map(|it| match it.trim_matches('"') {
        "/srv" => folder.0.clone(),
        // Tests share a machine.
        port if port == argument("EXPOSE") => "0".into(),
        other => PathBuf::from(other),
    });
    let mut server = Command::new(PROGRAM);
    server
        .args(arguments)
        .stderr(Stdio::piped())
        .stdout(Stdio::null());
    let mut server = server.spawn().expect("the program starts");
    let mut lines = BufReader::new(server.stderr.take().expect("a pipe")).lines();
    let first = lines.next().expect("a line").expect("text");
    assert!(first.starts_with("bytegate serves "), "{first}");
    let signal = argument("STOPSIGNAL").replace("SIG", "-");
    let id = server.id().to_string();
    let sent = Command::new("kill").args([&*signal, &id]).status();
    assert!(sent.expect("a system with kill").success());
    let last = lines.map_while(Result::ok).last();
    assert_eq!(last.as_deref(), Some("bytegate: stopped"));
    assert!(server.wait().expect("it ends").success());
}

#[test]
#[ignore = "builds the program in a container, which takes minutes and needs the network"]
fn the_container_can_be_built() {
    for builder in ["podman", "buildah", "docker"] {
        let is_usable = Command::new(builder).arg("info").output();
        if !is_usable.is_ok_and(|output| output.status.success()) {
            continue;
        }
        let mut build = Command::new(builder);
        build.args(["build", "--file", "examples/deploy/Containerfile", "."]);
        let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status();
        assert!(built.expect("the builder runs").success());
        return;
    }
    println!("skipped: podman, buildah or docker is not here, or does not run");
}
