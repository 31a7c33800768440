//! HTTP over a Unix socket, with one thread per connection. It needs only the standard library.
//!
//! `cargo run --example unix`, then `curl --unix-socket /tmp/bytegate.sock http://localhost/`

#[cfg(unix)]
pub(crate) mod socket {
    use bytegate::request::Peer;
    use bytegate::{Gateway, Request};
    use std::os::unix::net::UnixListener;
    use std::time::Duration;
    use std::{fs, io, path::Path, thread};

    /// Listens at a path. Replaces a socket that an earlier run has left there.
    pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
        match UnixListener::bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                fs::remove_file(path)?;
                UnixListener::bind(path)
            }
            bound => bound,
        }
    }

    pub(crate) fn serve(listener: &UnixListener) -> ! {
        let hello = |request: &Request| format!("hello {}\n", request.peer());
        let gateway = Gateway::new(hello);
        loop {
            let (accepted, gateway) = (listener.accept(), gateway.clone());
            match accepted {
                Ok((stream, _)) => drop(thread::spawn(move || {
                    gateway.serve_stream(stream, Peer::named("neighbour"))
                })),
                // For example, too many files are open.
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
    }
}

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    let path = std::path::Path::new("/tmp/bytegate.sock");
    let listener = socket::bind(path)?;
    println!("{} (Ctrl-C stops it)", path.display());
    socket::serve(&listener)
}

#[cfg(not(unix))]
fn main() {
    println!("there are no Unix sockets here");
}
