//! The system clocks as a front end.

use super::front_end::FrontEnd;
use super::this_thread::ThisThread;
use crate::values::now::Now;
use core::task::Waker;
use core::time::Duration;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A front end with the system clocks, for one thread that serves one connection (feature `std`). When a deferred
/// response becomes ready, it wakes the thread that created it.
///
/// ```
/// use bytegate::Session;
/// use bytegate::gateway::{Clock, Wait};
/// use std::io::{self, Read, Write};
///
/// fn serve(mut session: Session, mut stream: impl Read + Write) -> io::Result<()> {
///     let (mut clock, mut input, mut block) = (Clock::start(), Vec::new(), [0; 4096]);
///     loop {
///         match session.turn(&mut input, &mut clock) {
///             Wait::Write { .. } => stream.write_all(&session.take_output())?,
///             Wait::Pending { until } => clock.wait(until),
///             Wait::Yield => {}
///             Wait::Close(_) => return Ok(()),
///             Wait::Read { .. } => match stream.read(&mut block)? {
///                 0 => session.end_input(),
///                 count => input.extend_from_slice(&block[..count]),
///             },
///         }
///     }
/// }
/// # use bytegate::{Gateway, Request, Response, testing::Client};
/// # use bytegate::request::ConnectionInfo;
/// # struct Duplex<'a>(&'a [u8], Vec<u8>);
/// # impl Read for Duplex<'_> {
/// #     fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> { self.0.read(buffer) }
/// # }
/// # impl Write for Duplex<'_> {
/// #     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> { self.1.write(bytes) }
/// #     fn flush(&mut self) -> io::Result<()> { Ok(()) }
/// # }
/// # let gateway = Gateway::new(|_: &Request| Response::from_future(async {
/// #     let (sender, body) = bytegate::Body::channel(1);
/// #     std::thread::spawn(move || sender.send("late"));
/// #     Response::new(bytegate::Status::OK).with_body(body)
/// # }));
/// # let mut stream = Duplex(b"GET / HTTP/1.0\r\n\r\n", Vec::new());
/// # serve(gateway.session(ConnectionInfo::default()), &mut stream)?;
/// # assert!(stream.1.ends_with(b"late"));
/// # Ok::<(), io::Error>(())
/// ```
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    thread: ThisThread,
}

impl Clock {
    /// Starts a clock. Its monotonic time begins at zero.
    #[must_use]
    pub fn start() -> Clock {
        Clock {
            started: Instant::now(),
            thread: ThisThread::new(),
        }
    }

    /// Blocks the thread until a response, a block or a receiver is ready, or until the given monotonic time. May return
    /// early. Must be called on the thread that started the clock.
    pub fn wait(&self, until: Duration) {
        self.thread.park(self.left(until));
    }

    /// Returns the time left until the given monotonic time, or `None` for [`Duration::MAX`], which means that there is no
    /// deadline. It is at least a millisecond, because a timeout of zero means none for some sockets.
    #[must_use]
    pub fn left(&self, until: Duration) -> Option<Duration> {
        let left = until.saturating_sub(self.started.elapsed());
        (until < Duration::MAX).then(|| left.max(Duration::from_millis(1)))
    }
}

impl FrontEnd for Clock {
    fn now(&mut self) -> Now {
        Now {
            monotonic: self.started.elapsed(),
            wall: SystemTime::now().duration_since(UNIX_EPOCH).ok(),
        }
    }

    fn waker(&self) -> &Waker {
        self.thread.waker()
    }
}
