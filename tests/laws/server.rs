//! A server on a free port, in a thread of its own, until it is dropped.
#![allow(dead_code, unreachable_pub)]

use bytegate::{Gateway, net};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::time::Duration;

pub struct Server {
    pub address: SocketAddr,
    running: Option<net::Running>,
}

impl Server {
    pub fn start(gateway: Gateway) -> Server {
        Server::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), gateway)
    }

    pub fn start_at(address: SocketAddr, gateway: Gateway) -> Server {
        // One thread, so that a connection that blocks it would block all others.
        let options = net::Options {
            threads: NonZeroUsize::MIN,
            stop_timeout: Duration::from_secs(1),
            ..net::Options::default()
        };
        let running = net::start(address, gateway, options).expect("the port is free");
        Server {
            address: running.address(),
            running: Some(running),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the server listens");
        let deadline = Some(Duration::from_secs(10));
        stream.set_read_timeout(deadline).expect("a deadline");
        stream.set_write_timeout(deadline).expect("a deadline");
        stream.set_nodelay(true).expect("the option can be set");
        stream
    }

    /// Everything that comes back on a new connection.
    pub fn ask(&self, request: impl AsRef<[u8]>) -> Vec<u8> {
        let mut stream = self.connect();
        stream.write_all(request.as_ref()).expect("it is sent");
        to_end(&mut stream)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            let ended = running.stop();
            assert!(ended.is_ok() || std::thread::panicking());
        }
    }
}

pub fn to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut output = Vec::new();
    stream
        .read_to_end(&mut output)
        .expect("the server closes cleanly");
    output
}
