//! The upper bound: one thread, one epoll, no HTTP. It counts the ends of heads in its input, and writes the
//! same small response that many times at once, whatever the request.

use crate::{Outcome, PAGE, PAGE_TYPE};
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

const READ_BYTES: usize = 16 * 1024;
/// Responses kept ready to be written at once. As ends of heads may overlap by two bytes, no batch is longer.
const BATCH: usize = (TAIL + READ_BYTES) / 2;
const HEAD_END: &[u8] = b"\r\n\r\n";
/// The most bytes of a head's end that one read can leave for the next.
const TAIL: usize = HEAD_END.len() - 1;

pub(crate) fn serve(listener: TcpListener) -> Outcome {
    listener.set_nonblocking(true)?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    watch(&epoll, &listener)?;
    let response = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {PAGE_TYPE}\r\nContent-Length: {}\r\n\r\n{PAGE}",
        PAGE.len()
    );
    let mut limit = Limit {
        connections: Vec::new(),
        buffer: vec![0; TAIL + READ_BYTES],
        responses: response.repeat(BATCH).into_bytes(),
        answer_bytes: response.len(),
    };
    let mut events = Vec::with_capacity(1024);
    loop {
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in events.drain(..) {
            let descriptor = event.data.u64() as usize;
            if descriptor == listener.as_raw_fd() as usize {
                limit.accept(&epoll, &listener)?;
            } else if limit.respond(descriptor).is_err() {
                limit.connections[descriptor] = None;
            }
        }
    }
}

struct Limit {
    /// Connections, indexed by file descriptor.
    connections: Vec<Option<Connection>>,
    buffer: Vec<u8>,
    responses: Vec<u8>,
    answer_bytes: usize,
}

struct Connection {
    stream: TcpStream,
    /// The last bytes that were read.
    tail: [u8; TAIL],
}

impl Limit {
    fn accept(&mut self, epoll: &OwnedFd, listener: &TcpListener) -> io::Result<()> {
        loop {
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nonblocking(true)?;
            watch(epoll, &stream)?;
            let descriptor = stream.as_raw_fd() as usize;
            if descriptor >= self.connections.len() {
                self.connections.resize_with(descriptor + 1, || None);
            }
            let tail = [0; TAIL];
            self.connections[descriptor] = Some(Connection { stream, tail });
        }
    }

    /// Any error, or the end of the input, ends the connection.
    fn respond(&mut self, descriptor: usize) -> io::Result<()> {
        let connection = self.connections[descriptor]
            .as_mut()
            .ok_or(ErrorKind::NotFound)?;
        self.buffer[..TAIL].copy_from_slice(&connection.tail);
        let count = connection.stream.read(&mut self.buffer[TAIL..])?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let bytes = &self.buffer[..TAIL + count];
        let heads = bytes
            .windows(HEAD_END.len())
            .filter(|window| *window == HEAD_END)
            .count();
        connection.tail.copy_from_slice(&bytes[count..]);
        // Clients that do not read their responses are cut off, since this is not measured here.
        connection
            .stream
            .write_all(&self.responses[..heads * self.answer_bytes])
    }
}

fn watch(epoll: &OwnedFd, source: &(impl AsRawFd + AsFd)) -> io::Result<()> {
    let data = epoll::EventData::new_u64(source.as_raw_fd() as u64);
    epoll::add(epoll, source, data, epoll::EventFlags::IN)?;
    Ok(())
}
