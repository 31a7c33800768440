//! The front end whose socket is a slice.

use super::{Application, Gateway};
use crate::connection::{Connection, Step};
use crate::values::now::Now;
use alloc::vec::Vec;
use bytes::Bytes;

impl Gateway {
    /// Answers every request in `input`, in order: bytes in, bytes out, and nothing else happens.
    ///
    /// The input is one connection from its first octet to its end. An incomplete last request is answered
    /// with 400; an empty input has an empty answer. Without a clock there is no `Date`, so equal input gives
    /// equal output, as far as the applications keep to that.
    ///
    /// ```
    /// use bytegate::{Gateway, Site};
    ///
    /// let gateway = Gateway::new().site(Site::new().file("/a.txt", "hello"));
    /// let reply = gateway.handle(b"GET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
    /// assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n"));
    /// assert!(reply.ends_with(b"\r\n\r\nhello"));
    /// assert!(gateway.handle(b"").is_empty());
    /// ```
    pub fn handle(&self, input: &[u8]) -> Bytes {
        self.handle_at(input, Now::default())
    }

    /// As [`handle`](Gateway::handle), at a given time: answers carry `Date`, and applications see it.
    pub fn handle_at(&self, input: &[u8], now: Now) -> Bytes {
        let mut output = Vec::new();
        self.handle_into(input, now, &mut output);
        output.into()
    }

    /// As [`handle_at`](Gateway::handle_at), appending to a buffer of the caller's, so that its memory is used
    /// again from call to call.
    pub fn handle_into(&self, mut input: &[u8], now: Now, output: &mut Vec<u8>) {
        let mut connection = Connection::new(self.connection_config());
        connection.output().lend(output);
        // Everything that will ever come is here.
        connection.end_input();
        loop {
            match connection.step(&mut input, now) {
                Step::Admit(head) => {
                    let admission = self.admit(&head);
                    connection.admit(admission);
                }
                Step::Call(request) => {
                    let response = self.call(&request);
                    connection.respond(response);
                }
                Step::Finish(ending) => {
                    let response = ending.finish();
                    connection.respond(response);
                }
                Step::Refuse(refusal) => {
                    let response = self.refuse(&refusal);
                    connection.respond(response);
                }
                Step::Write { .. } => connection.output().move_to(output),
                // Nothing more can come, so that nothing more is asked for.
                Step::Read { .. } | Step::Close(_) => break,
            }
        }
        // Gives the buffer back if there was nothing to write.
        connection.output().move_to(output);
    }
}
