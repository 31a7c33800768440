//! A connection that is run from its first byte to its end, with its errors.

use crate::connection::{Refusal, ResponseSummary};
use crate::gateway::Gateway;
use crate::gateway::front_end::FrontEnd;
use crate::gateway::session::Session;
#[cfg(feature = "std")]
use crate::gateway::this_thread::ThisThread;
use crate::gateway::wait::Wait;
use crate::message::head::Head;
use crate::middleware::RequestInfo;
use crate::response::response::ResponseError;
use crate::values::connection_info::ConnectionInfo;
use crate::values::method::Method;
use crate::values::now::Now;
#[cfg(feature = "std")]
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// The time for which the kit waits for an application before it gives up.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection is run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// The real time for which a response may be pending.
    pub(super) response: Duration,
    /// The real time for which the next block of a body may be pending.
    pub(super) block: Duration,
    /// The output after which nothing more is read.
    pub(super) bytes: usize,
}

impl Patience {
    /// For a client, which wants the whole response.
    #[cfg(feature = "std")]
    pub(super) const WHOLE: Patience = Patience {
        response: PATIENCE,
        block: PATIENCE,
        bytes: usize::MAX,
    };

    /// For requests whose responses may never end, such as event streams.
    pub(super) const BRIEF: Patience = Patience {
        response: PATIENCE,
        block: Duration::from_millis(50),
        bytes: 4 << 20,
    };
}

/// Everything that came back.
#[derive(Debug, Default)]
pub(super) struct Ran {
    pub(super) output: Vec<u8>,
    /// The method of each request that has a response.
    pub(super) methods: Vec<Method>,
    pub(super) errors: Vec<ResponseError>,
    /// The errors with their requests, for people.
    #[cfg(feature = "std")]
    pub(super) reports: Vec<String>,
    pub(super) end: End,
}

/// Why a connection is no longer run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum End {
    /// All input has its responses.
    #[default]
    Whole,
    /// The response is still pending.
    NoResponse,
    /// The next block of the body is still pending, or there is more of it than anyone wants.
    NoEndOfBody,
}

/// Runs a connection with this input. Panics of the application are caught if the session does that.
pub(super) fn run(
    gateway: &Gateway,
    connection: ConnectionInfo,
    input: &[u8],
    now: Now,
    patience: Patience,
) -> Ran {
    run_session(gateway.session(connection), input, now, patience)
}

/// Like [`run`], and a panic of the application is one of the errors.
pub(super) fn run_caught(gateway: &Gateway, input: &[u8], patience: Patience) -> Ran {
    let session = gateway.session(ConnectionInfo::default()).catch_panics();
    run_session(session, input, Now::default(), patience)
}

fn run_session(mut session: Session, mut input: &[u8], now: Now, patience: Patience) -> Ran {
    let mut observer = Observer {
        now,
        ..Observer::default()
    };
    let mut output = Vec::new();
    session.end_input();
    #[cfg(feature = "std")]
    let thread = ThisThread::new();
    let end = loop {
        #[cfg(feature = "std")]
        let wait = session.turn(&mut input, &mut thread.wakes(&mut observer));
        #[cfg(not(feature = "std"))]
        let wait = session.turn(&mut input, &mut observer);
        match wait {
            Wait::Yield => {}
            Wait::Write { .. } => session.output().move_to(&mut output),
            Wait::Pending { .. } => {
                let (end, patience) = if observer.has_responded {
                    (End::NoEndOfBody, patience.block)
                } else {
                    (End::NoResponse, patience.response)
                };
                #[cfg(feature = "std")]
                let is_over = !observer.wait(&thread, patience);
                // Without `std`, nothing can wait.
                #[cfg(not(feature = "std"))]
                let is_over = patience < Duration::MAX;
                if is_over {
                    break end;
                }
                continue;
            }
            // The input has ended, so `Read` does not occur.
            Wait::Read { .. } | Wait::Close(_) => break End::Whole,
        }
        observer.has_gone_on();
        if output.len() >= patience.bytes {
            break End::NoEndOfBody;
        }
    };
    session.output().move_to(&mut output);
    Ran {
        output,
        methods: observer.methods,
        errors: observer.errors,
        #[cfg(feature = "std")]
        reports: observer.reports,
        end,
    }
}

/// Returns the sentence for a connection that was not run to its end.
#[cfg(feature = "std")]
pub(super) fn reason(end: End, input: &[u8]) -> Option<String> {
    let line = input
        .split(|byte| *byte == b'\r')
        .next()
        .unwrap_or_default();
    let line = String::from_utf8_lossy(line).into_owned();
    let seconds = PATIENCE.as_secs();
    match end {
        End::Whole => None,
        End::NoResponse => Some(alloc::format!(
            "the response to \"{line}\" is still pending after {seconds} seconds. If the handler uses tokio, the likely \
             reason is that the test blocks the only thread of its runtime: use \
             #[tokio::test(flavor = \"multi_thread\")]. To test a deferred response, use Client::connect"
        )),
        End::NoEndOfBody => Some(alloc::format!(
            "the next block of the body for \"{line}\" is still pending after {seconds} seconds. A stream of events does \
             not end: read it with Client::connect and Wire::blocks. If the handler uses tokio, the test may block the \
             only thread of its runtime: use #[tokio::test(flavor = \"multi_thread\")]"
        )),
    }
}

/// Records the reports of a session.
#[derive(Default)]
struct Observer {
    now: Now,
    current: Option<Method>,
    methods: Vec<Method>,
    errors: Vec<ResponseError>,
    #[cfg(feature = "std")]
    reports: Vec<String>,
    /// Whether the last request has a response.
    has_responded: bool,
    #[cfg(feature = "std")]
    waiting_since: Option<std::time::Instant>,
}

impl Observer {
    /// Waits until something may have changed. Returns `false` if that takes too long.
    #[cfg(feature = "std")]
    fn wait(&mut self, thread: &ThisThread, patience: Duration) -> bool {
        let since = *self
            .waiting_since
            .get_or_insert_with(std::time::Instant::now);
        let left = patience.saturating_sub(since.elapsed());
        if left.is_zero() {
            return false;
        }
        thread.park(Some(left));
        true
    }

    fn has_gone_on(&mut self) {
        #[cfg(feature = "std")]
        {
            self.waiting_since = None;
        }
    }
}

impl FrontEnd for Observer {
    fn now(&mut self) -> Now {
        self.now
    }

    fn on_head(&mut self, head: &Head<'_>, _: u64) {
        self.current = Some(head.method());
        self.has_responded = false;
    }

    fn on_refusal(&mut self, refusal: &Refusal<'_>) {
        self.current = refusal.method;
        self.has_responded = false;
    }

    fn on_response(&mut self, _: &ResponseSummary) {
        self.methods.push(self.current.unwrap_or(Method::GET));
        self.has_responded = true;
    }

    #[cfg_attr(
        not(feature = "std"),
        expect(unused_variables, reason = "only reports name the request")
    )]
    fn on_error(&mut self, error: &ResponseError, request: &RequestInfo<'_>) {
        self.errors.push(error.clone());
        #[cfg(feature = "std")]
        self.reports.push(alloc::format!("{request}: {error}"));
    }
}
