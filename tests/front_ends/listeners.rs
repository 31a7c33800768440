//! Servers with several listeners, of several kinds.

use crate::temporary::Folder;
use crate::turn::Turn;
use bytegate::net::{self, Address, Listener, Options};
use bytegate::testing::StreamClient;
use bytegate::{Gateway, Request, Site};
use smol::channel;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

fn unix(path: &Path) -> Address {
    let (path, mode) = (path.into(), None);
    Address::Unix { path, mode }
}

fn path_of(listener: &Listener) -> PathBuf {
    match &listener.addresses()[..] {
        [Address::Unix { path, .. }] => path.clone(),
        other => panic!("{other:?}"),
    }
}

/// Serves while `talk` runs.
fn serve(listener: impl Into<Listener>, gateway: impl Into<Gateway>, talk: impl FnOnce()) {
    let _turn = Turn::shared();
    let (stop, stopped) = channel::bounded::<()>(1);
    let (listener, gateway) = (listener.into(), gateway.into());
    let mut options = Options::default();
    options.stop_timeout = SOON;
    let stopped = async move { stopped.recv().await.unwrap_or_default() };
    let serving =
        std::thread::spawn(move || smol::block_on(net::serve(listener, gateway, options, stopped)));
    talk();
    drop(stop);
    serving.join().expect("a thread").expect("a clean end");
}

fn peer(request: &Request<'_>) -> String {
    request.peer().to_string()
}

/// The response over a TCP or Unix socket.
fn get(address: &Address) -> io::Result<String> {
    let text = match address {
        Address::Tcp(address) => {
            let stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(SOON))?;
            StreamClient::new(stream).get("/")?
        }
        Address::Unix { path, .. } => {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(SOON))?;
            StreamClient::new(stream).get("/")?
        }
        other => panic!("{other}"),
    };
    Ok(text.text().to_string())
}

#[test]
fn several_sockets_share_one_gateway_and_one_stop() {
    let folder = Folder::new(&[]);
    let path = folder.path("a.sock");
    let addresses = [
        "127.0.0.1:0".parse(),
        "127.0.0.1:0".parse(),
        Ok(unix(&path)),
    ];
    let listeners = addresses.map(|address| address.expect("an address").listen());
    let listener: Listener = listeners
        .into_iter()
        .collect::<io::Result<_>>()
        .expect("listeners");
    let addresses = listener.addresses();
    assert_eq!(addresses.len(), 3);
    serve(listener, peer, || {
        for _ in 0..3 {
            assert!(
                get(&addresses[0])
                    .expect("a response")
                    .starts_with("127.0.0.1:")
            );
            assert!(
                get(&addresses[1])
                    .expect("a response")
                    .starts_with("127.0.0.1:")
            );
            // The user of this process owns its files.
            let uid = fs::metadata(&path).expect("the file").uid();
            let name = get(&addresses[2]).expect("a response");
            assert_eq!(name, format!("uid {uid}"));
        }
    });
    for address in &addresses {
        let error = get(address).expect_err("no server").kind();
        assert!(matches!(
            error,
            ErrorKind::ConnectionRefused | ErrorKind::NotFound
        ));
    }
    assert!(!path.exists());
}

#[test]
fn all_sockets_share_the_connection_limit() {
    let folder = Folder::new(&[]);
    let listeners = [
        unix(&folder.path("a.sock")).listen().expect("a listener"),
        unix(&folder.path("b.sock")).listen().expect("a listener"),
    ];
    let listener: Listener = listeners.into_iter().collect();
    let addresses = listener.addresses();
    let _turn = Turn::shared();
    let (stop, stopped) = channel::bounded::<()>(1);
    let mut options = Options::default().log_to(|_| {});
    // Fewer than there are sockets.
    options.max_connections = 1;
    let stopped = async move { stopped.recv().await.unwrap_or_default() };
    let serving = std::thread::spawn(move || {
        smol::block_on(net::serve(listener, Gateway::new(peer), options, stopped))
    });
    for _ in 0..5 {
        for address in &addresses {
            assert!(get(address).expect("a response").starts_with("uid "));
        }
    }
    drop(stop);
    serving.join().expect("a thread").expect("a clean end");
}

#[test]
fn a_file_is_sent_over_a_unix_socket() {
    let body = vec![b'x'; 3 << 20];
    let folder = Folder::new(&[("index.html", &body)]);
    let site = Site::open(&folder.0).expect("a site");
    let listener = unix(&folder.path("a.sock")).listen().expect("a listener");
    let path = path_of(&listener);
    serve(listener, site, || {
        let stream = UnixStream::connect(&path).expect("a connection");
        let response = StreamClient::new(stream).get("/").expect("a response");
        assert!(response.body() == body);
    });
}

#[test]
fn a_socket_has_the_chosen_mode() {
    let folder = Folder::new(&[]);
    for mode in [0o600, 0o660, 0o666, 0o777] {
        let path = folder.path("a.sock");
        let address = Address::Unix {
            path: path.clone(),
            mode: Some(mode),
        };
        let listener = address.listen().expect("a listener");
        let metadata = fs::metadata(&path).expect("a file");
        assert_eq!(metadata.permissions().mode() & 0o7777, mode);
        drop(listener);
        assert!(!path.exists());
    }
}

#[test]
fn a_stale_socket_is_replaced() {
    let folder = Folder::new(&[]);
    let path = folder.path("a.sock");
    // The standard library leaves the file.
    drop(UnixListener::bind(&path).expect("a listener"));
    assert!(path.exists());
    let listener = unix(&path).listen().expect("a listener");
    serve(listener, peer, || {
        assert!(get(&unix(&path)).expect("a response").starts_with("uid "));
    });
}

#[test]
fn a_socket_on_which_a_program_listens_is_left_alone() {
    let folder = Folder::new(&[]);
    let path = folder.path("a.sock");
    let text = |error: io::Error| (error.kind(), error.to_string());
    let first = unix(&path).listen().expect("a listener");
    let (kind, message) = text(unix(&path).listen().expect_err("in use"));
    assert_eq!(kind, ErrorKind::AddrInUse);
    let expected = format!(
        "cannot listen on unix:{}: another program listens on it",
        path.display()
    );
    assert_eq!(message, expected);
    drop(first);

    // A socket of another type.
    let _datagrams = UnixDatagram::bind(&path).expect("a socket");
    let (kind, message) = text(unix(&path).listen().expect_err("in use"));
    assert_eq!(kind, ErrorKind::AddrInUse);
    assert!(
        message.contains(": another program may listen on it: "),
        "{message}"
    );
    assert!(path.exists());
}

#[test]
fn a_file_that_is_not_a_socket_is_left_alone() {
    let folder = Folder::new(&[("a.sock", b"precious")]);
    std::os::unix::fs::symlink(folder.path("nothing"), folder.path("link")).expect("a link");
    for name in ["a.sock", "link"] {
        let error = unix(&folder.path(name)).listen().expect_err("a file");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        let text = ": a file that is not a socket has this path";
        assert!(error.to_string().ends_with(text), "{error}");
    }
    assert_eq!(
        fs::read(folder.path("a.sock")).expect("the file"),
        b"precious"
    );
}

#[test]
fn a_socket_file_that_another_program_has_replaced_is_left_alone() {
    let folder = Folder::new(&[]);
    let path = folder.path("a.sock");
    let listener = unix(&path).listen().expect("a listener");
    fs::remove_file(&path).expect("removed");
    let _other = UnixListener::bind(&path).expect("a listener");
    drop(listener);
    assert!(path.exists());
}

#[test]
fn errors_name_the_address_and_the_reason() {
    let folder = Folder::new(&[]);
    let long = Path::new("/tmp").join("x".repeat(200));
    let error = unix(&long).listen().expect_err("too long");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let reason = ": the path has 205 bytes, but the path of a socket has at most 1";
    assert!(error.to_string().contains(reason), "{error}");

    let missing = folder.path("missing/a.sock");
    let error = unix(&missing).listen().expect_err("no folder");
    let start = format!("cannot listen on unix:{}: ", missing.display());
    assert!(error.to_string().starts_with(&start), "{error}");
    assert!(
        error.to_string().ends_with(" (the folder must exist)"),
        "{error}"
    );
}

#[test]
fn an_address_in_use_is_named_and_the_others_are_closed() {
    let folder = Folder::new(&[]);
    let path = folder.path("a.sock");
    let holder = net::listen("127.0.0.1:0".parse().expect("an address")).expect("a listener");
    let taken = Address::from(holder.local_addr().expect("an address"));
    let several = [unix(&path), taken.clone()];
    let error = several
        .iter()
        .map(Address::listen)
        .collect::<io::Result<Listener>>();
    let error = error.expect_err("in use");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    let start = format!("cannot listen on {taken}: ");
    assert!(error.to_string().starts_with(&start), "{error}");
    assert!(!path.exists());
}

#[test]
fn a_server_without_a_socket_is_an_error() {
    let none: Listener = [].into_iter().collect();
    let serving = net::serve(
        none,
        Gateway::new(peer),
        Options::default(),
        std::future::pending(),
    );
    let error = smol::block_on(serving).expect_err("no address");
    assert_eq!(error.to_string(), "there is no address to listen on");
}

/// The part of the test below that runs in another process.
#[cfg(feature = "systemd")]
fn serve_what_systemd_passed() {
    let listen = |text: &str| text.parse::<Address>().expect("an address").listen();
    let missing = listen("systemd:other")
        .expect_err("no such name")
        .to_string();
    let names = "cannot listen on systemd:other: systemd passed only sockets named web, admin";
    assert_eq!(missing, names);
    let admin = listen("systemd:admin").expect("a socket");
    let rest = listen("systemd").expect("a socket");
    let error = listen("systemd").expect_err("all are taken").to_string();
    assert_eq!(
        error,
        "cannot listen on systemd: systemd passed no socket to this process"
    );
    let [Address::Tcp(_)] = rest.addresses()[..] else {
        panic!("{rest:?}")
    };
    let [Address::Unix { .. }] = admin.addresses()[..] else {
        panic!("{admin:?}")
    };
    let listener: Listener = [admin, rest].into_iter().collect();
    let (stop, stopped) = channel::bounded::<()>(1);
    let application = move |request: &Request<'_>| {
        if request.path() == "/stop" {
            stop.close();
        }
        "passed"
    };
    let stopped = async move {
        let _ = stopped.recv().await;
    };
    let serving = net::serve(
        listener,
        Gateway::new(application),
        Options::default(),
        stopped,
    );
    smol::block_on(serving).expect("a clean end");
}

#[cfg(feature = "systemd")]
#[test]
fn sockets_of_systemd_have_names_and_stay_open() {
    const NAME: &str = "listeners::sockets_of_systemd_have_names_and_stay_open";
    const INSIDE: &str = "BYTEGATE_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return serve_what_systemd_passed();
    }
    let _turn = Turn::shared();
    let folder = Folder::new(&[]);
    let web = net::listen("127.0.0.1:0".parse().expect("an address")).expect("a listener");
    let address = web.local_addr().expect("an address");
    let path = folder.path("admin.sock");
    let admin = UnixListener::bind(&path).expect("a listener");
    // Descriptors begin at 3, and the process of the service has the number that was announced.
    let script = r#"export LISTEN_PID=$$; exec "$@" 3<&0 4<&1 </dev/null >&2"#;
    let start = || {
        Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(std::env::current_exe().expect("this program"))
            .args([NAME, "--exact", "--nocapture"])
            .env(INSIDE, "yes")
            .envs([("LISTEN_FDS", "2"), ("LISTEN_FDNAMES", "web:admin")])
            .stdin(Stdio::from(OwnedFd::from(
                web.try_clone().expect("a descriptor"),
            )))
            .stdout(Stdio::from(OwnedFd::from(
                admin.try_clone().expect("a descriptor"),
            )))
            .spawn()
            .expect("a process")
    };
    // Clients that come between two processes wait.
    for _ in 0..2 {
        let mut waiting = StreamClient::new(TcpStream::connect(address).expect("a connection"));
        let mut process = start();
        assert_eq!(waiting.get("/").expect("a response").text(), "passed");
        assert_eq!(get(&unix(&path)).expect("a response"), "passed");
        waiting.get("/stop").expect("a response");
        assert!(process.wait().expect("an end").success());
        assert!(path.exists());
    }
}
