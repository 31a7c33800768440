//! Sockets that systemd opened for this process (socket activation).

use super::socket::Socket;
use listenfd::ListenFd;
use std::env;
use std::io;
use std::os::fd::AsFd;
use std::prelude::rust_2024::*;
use std::sync::{Mutex, PoisonError};

/// The sockets that systemd passed and that were not taken yet, or `None` before the environment is read.
static PASSED: Mutex<Option<Vec<Passed>>> = Mutex::new(None);

struct Passed {
    name: String,
    socket: io::Result<Socket>,
}

/// Takes the sockets with a name, or all that are left.
pub(super) fn take(name: Option<&str>) -> io::Result<Vec<Socket>> {
    let mut passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    let passed = passed.get_or_insert_with(from_environment);
    let is_wanted = |it: &Passed| name.is_none_or(|name| it.name == name);
    let (wanted, others): (Vec<Passed>, Vec<Passed>) = passed.drain(..).partition(is_wanted);
    *passed = others;
    if wanted.is_empty() {
        let names: Vec<&str> = passed.iter().map(|it| &*it.name).collect();
        let text = match names[..] {
            [] => "systemd passed no socket to this process".to_string(),
            _ => format!("systemd passed only sockets named {}", names.join(", ")),
        };
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    wanted.into_iter().map(|it| it.socket).collect()
}

/// Keeps the sockets from child processes that are started later.
#[cfg(feature = "python")]
pub(crate) fn keep_from_children() {
    let mut passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    passed.get_or_insert_with(from_environment);
}

/// Takes all sockets from the environment. Child processes that are started later do not get them.
fn from_environment() -> Vec<Passed> {
    // The sockets of several units have no order, so names tell them apart (sd_listen_fds_with_names).
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut descriptors = ListenFd::from_env();
    let numbers = 0..descriptors.len();
    let passed = numbers.map(|number| {
        let name = names.next().filter(|name| !name.is_empty());
        let name = name.unwrap_or("unknown").to_string();
        let socket = socket(&mut descriptors, number).map_err(|error| {
            let text = format!("the socket named {name}: {error}");
            io::Error::new(error.kind(), text)
        });
        Passed { name, socket }
    });
    passed.collect()
}

fn socket(descriptors: &mut ListenFd, number: usize) -> io::Result<Socket> {
    let socket = match descriptors.take_tcp_listener(number) {
        Ok(listener) => listener.map(|listener| Socket::Tcp(listener.into())),
        Err(_) => {
            let listener = descriptors.take_unix_listener(number)?;
            listener.map(|listener| Socket::Unix(listener.into(), None))
        }
    };
    let listens = match &socket {
        Some(Socket::Tcp(listener)) => is_listening(listener),
        Some(Socket::Unix(listener, _)) => is_listening(listener),
        None => false,
    };
    let text = "it does not listen (a socket unit needs Accept=no)";
    let error = || io::Error::new(io::ErrorKind::InvalidInput, text);
    socket.filter(|_| listens).ok_or_else(error)
}

/// Returns whether a socket accepts connections. With `Accept=yes`, systemd passes connections.
fn is_listening(socket: impl AsFd) -> bool {
    // These systems lack the option, and have no systemd.
    #[cfg(target_vendor = "apple")]
    let listens = {
        socket.as_fd();
        true
    };
    #[cfg(not(target_vendor = "apple"))]
    let listens = rustix::net::sockopt::socket_acceptconn(socket).unwrap_or(false);
    listens
}
