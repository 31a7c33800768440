//! Writing the output of a session.

use super::buffers::Buffers;
use super::server::ServerContext;
use super::transport::Transport;
use crate::connection::Output;
use crate::gateway::session::Session;
use std::io::{self, IoSlice};
use std::prelude::rust_2024::*;

/// Writes output for which there is room. Returns `false` if there is none.
pub(super) fn write_some(
    session: &mut Session,
    socket: &impl Transport,
    server: &ServerContext,
) -> io::Result<bool> {
    let written = match session.output().next_file() {
        Some(file) => match socket.try_send_file(file) {
            Ok(0) => {
                // The file ends earlier than before.
                session.break_body_off();
                return Ok(true);
            }
            sent => sent,
        },
        None => write_pieces(socket, session.output()),
    };
    server.count_sent(&written);
    match written {
        Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
        Ok(count) if count == session.output().len() => {
            Buffers::with(|buffers| session.sent_all(&mut buffers.output));
        }
        Ok(count) => session.sent(count),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
        Err(error) => return Err(error),
    }
    Ok(true)
}

/// Writes the pieces of the output as far as there is room, up to the next part of a file.
fn write_pieces(stream: &impl Transport, output: &Output) -> io::Result<usize> {
    /// The number of pieces in one write.
    const MOST: usize = 16;
    let mut slices = [IoSlice::new(&[]); MOST];
    let mut count = 0;
    for (slice, piece) in slices.iter_mut().zip(output.pieces()) {
        *slice = IoSlice::new(piece);
        count += 1;
    }
    stream.try_write(&slices[..count])
}
