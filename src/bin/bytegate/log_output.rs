//! The outputs that logs are written to.

use crate::losses::Losses;
use std::io::{self, Write};
#[cfg(unix)]
use std::os::fd::AsFd;

/// An output for lines.
pub(crate) trait Output: Send + 'static {
    /// Returns the name of the output, for messages.
    fn name(&self) -> String;

    /// Writes bytes, as [`Write::write`] does.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Opens the output again, if that was asked for. Returns whether it is a new one.
    fn renew(&mut self) -> bool {
        false
    }
}

/// Writes whole lines to an output, and counts those that are lost.
pub(crate) struct LineWriter<O> {
    output: O,
    /// Whether the output ends with a part of a line, whose rest is lost.
    is_cut: bool,
}

impl<O: Output> LineWriter<O> {
    pub(crate) fn new(output: O) -> LineWriter<O> {
        LineWriter {
            output,
            is_cut: false,
        }
    }

    /// Writes lines. If that fails, those that are not written are lost. Later lines begin on a new line.
    pub(crate) fn write(&mut self, lines: &[u8], losses: &mut Losses) {
        let mut left = lines;
        match self.write_all(&mut left) {
            Ok(()) => losses.end(),
            Err(error) => {
                if let Some(last) = lines[..lines.len() - left.len()].last() {
                    self.is_cut = *last != b'\n';
                }
                let count = left.iter().filter(|byte| **byte == b'\n').count();
                losses.add_unwritten(count as u64, &error.to_string());
            }
        }
    }

    /// See [`Output::renew`].
    pub(crate) fn renew(&mut self) {
        self.is_cut &= !self.output.renew();
    }

    fn write_all(&mut self, left: &mut &[u8]) -> io::Result<()> {
        if self.is_cut {
            self.write_some(&mut &b"\n"[..])?;
            self.is_cut = false;
        }
        while !left.is_empty() {
            self.write_some(left)?;
        }
        Ok(())
    }

    fn write_some(&mut self, left: &mut &[u8]) -> io::Result<()> {
        match self.output.write(left) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                *left = left.get(count..).unwrap_or_default();
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// A standard stream, which is written without a buffer.
pub(crate) struct Stream<W> {
    name: &'static str,
    stream: W,
}

/// Standard error.
pub(crate) fn standard_error() -> Stream<io::Stderr> {
    Stream {
        name: "standard error",
        stream: io::stderr(),
    }
}

/// Standard output.
///
/// # Errors
/// Returns an error if the process has no descriptor left.
#[cfg(unix)]
pub(crate) fn standard_output() -> io::Result<Stream<std::fs::File>> {
    // The stream of the standard library hides errors in its buffer.
    let descriptor = io::stdout().as_fd().try_clone_to_owned()?;
    Ok(Stream {
        name: "standard output",
        stream: descriptor.into(),
    })
}

#[cfg(not(unix))]
pub(crate) fn standard_output() -> io::Result<Stream<io::Stdout>> {
    Ok(Stream {
        name: "standard output",
        stream: io::stdout(),
    })
}

#[cfg(unix)]
impl<W: Write + AsFd + Send + 'static> Output for Stream<W> {
    fn name(&self) -> String {
        self.name.to_string()
    }

    /// Waits until the stream takes bytes, as a program that shares it may have made it non-blocking.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, poll};
        loop {
            match self.stream.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let mut stream = [PollFd::new(&self.stream, PollFlags::OUT)];
                    match poll(&mut stream, None) {
                        Ok(_) | Err(rustix::io::Errno::INTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                written => return written,
            }
        }
    }
}

#[cfg(not(unix))]
impl<W: Write + Send + 'static> Output for Stream<W> {
    fn name(&self) -> String {
        self.name.to_string()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.stream.write(bytes)?;
        self.stream.flush()?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An output that takes so many bytes at each write, or fails.
    struct Disk {
        takes: Vec<Option<usize>>,
        written: Vec<u8>,
        is_renewed: bool,
    }

    impl Output for Disk {
        fn name(&self) -> String {
            "D".to_string()
        }

        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let takes = if self.takes.is_empty() {
                Some(bytes.len())
            } else {
                self.takes.remove(0)
            };
            let count = takes.ok_or(io::ErrorKind::StorageFull)?;
            let count = count.min(bytes.len());
            self.written.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn renew(&mut self) -> bool {
            self.is_renewed
        }
    }

    fn writer(takes: &[Option<usize>]) -> LineWriter<Disk> {
        LineWriter::new(Disk {
            takes: takes.to_vec(),
            written: Vec::new(),
            is_renewed: false,
        })
    }

    #[test]
    fn a_line_after_a_lost_one_begins_on_a_new_line() {
        for (takes, written, lost) in [
            (&[][..], "one\ntwo\nthree\nfour\n", 0),
            (&[Some(2), Some(1)], "one\ntwo\nthree\nfour\n", 0),
            // The output has nothing of the lost lines.
            (&[None], "three\nfour\n", 2),
            (&[Some(4), None], "one\nthree\nfour\n", 1),
            // The output has a part of one.
            (&[Some(2), None], "on\nthree\nfour\n", 2),
            (&[Some(5), None], "one\nt\nthree\nfour\n", 1),
            // The next line is lost, too.
            (&[Some(5), None, None], "one\nt\nfour\n", 2),
        ] {
            let (mut writer, mut losses) = (writer(takes), Losses::of("D"));
            for lines in ["one\ntwo\n", "three\n", "four\n"] {
                writer.write(lines.as_bytes(), &mut losses);
            }
            assert_eq!(String::from_utf8_lossy(&writer.output.written), written);
            let message = losses.rest().unwrap_or_default();
            let count = message.rsplit(' ').next().and_then(|it| it.parse().ok());
            assert_eq!(count.unwrap_or(0), lost, "{takes:?}: {message}");
        }
    }

    #[test]
    fn a_new_output_begins_with_a_whole_line() {
        let (mut writer, mut losses) = (writer(&[Some(2), None]), Losses::of("D"));
        writer.write(b"one\n", &mut losses);
        writer.renew();
        assert!(writer.is_cut);
        writer.output.is_renewed = true;
        writer.renew();
        writer.write(b"two\n", &mut losses);
        assert_eq!(writer.output.written, b"ontwo\n");
    }
}
