//! How bytes are parsed, as text for people.

use crate::connection::{CloseReason, Refusal, ResponseSummary};
use crate::gateway::Gateway;
use crate::gateway::front_end::FrontEnd;
use crate::gateway::wait::Wait;
use crate::message::head::Head;
use crate::request::request::{Message, Request};
use crate::syntax::target::Target;
use crate::values::connection_info::ConnectionInfo;
use crate::values::now::Now;
use alloc::string::{String, ToString};
use core::fmt::{self, Write};

/// Explains how the bytes of a connection are parsed: each request with its method, target, headers and body, and where and
/// by which rule the input is refused. The program's `bytegate explain` prints this text.
///
/// The input is taken as complete, and each request gets an empty response. The text is for people, and may
/// change in any version.
///
/// ```
/// use bytegate::testing::explain;
///
/// let explanation = explain(b"GET /a?b HTTP/1.1\r\nHost: x\r\n\r\nGET  /\r\n");
/// assert!(explanation.is_refused());
/// let text = explanation.to_string();
/// assert!(text.starts_with("request 1, from byte 0\n  method   GET\n"));
/// assert!(text.contains("refused at byte "));
/// ```
#[must_use]
pub fn explain(bytes: &[u8]) -> Explanation {
    let mut observer = Observer {
        text: String::new(),
        all: bytes,
        requests: 0,
        open: false,
        refused: false,
        left: 0,
    };
    let gateway = Gateway::new(|_: &Request<'_>| "");
    let mut session = gateway.session(ConnectionInfo::default());
    let mut input = bytes;
    loop {
        match session.turn(&mut input, &mut observer) {
            Wait::Close(reason) => {
                observer.end(reason);
                return Explanation {
                    text: observer.text,
                    is_refused: observer.refused,
                };
            }
            Wait::Write { .. } => drop(session.take_output()),
            Wait::Yield => {}
            Wait::Read { .. } | Wait::Pending { .. } => session.end_input(),
        }
    }
}

/// The text that [`explain`] returns.
///
/// ```
/// use bytegate::testing::{Explanation, explain};
///
/// let explanation: Explanation = explain(b"");
/// assert!(!explanation.is_refused());
/// assert_eq!(explanation.to_string(), "no request: the input is empty\n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    text: String,
    is_refused: bool,
}

impl Explanation {
    /// Returns whether any of the input was refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.is_refused
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Observes a session that responds to all requests in the same way.
struct Observer<'i> {
    text: String,
    /// The whole input.
    all: &'i [u8],
    requests: usize,
    /// Whether a head has been shown, but not the end of its request.
    open: bool,
    refused: bool,
    /// The number of bytes that were left when the last request was complete.
    left: usize,
}

impl Observer<'_> {
    fn show_head(&mut self, head: &Head<'_>, start: u64) {
        self.requests += 1;
        self.open = true;
        let number = self.requests;
        self.line(format_args!("request {number}, from byte {start}"));
        self.entry("method", format_args!("{}", head.method()));
        self.entry(
            "target",
            format_args!("{} ({})", head.target_text(), form(head.target())),
        );
        self.entry("path", format_args!("{}", head.path()));
        if let Some(query) = head.query() {
            self.entry("query", format_args!("{query}"));
        }
        self.entry("version", format_args!("{}", head.version().as_str()));
        match head.authority() {
            Some(authority) => match authority.port {
                Some(port) => self.entry("host", format_args!("{}, port {port}", authority.host)),
                None => self.entry("host", format_args!("{}", authority.host)),
            },
            None => self.entry("host", format_args!("none, as HTTP/1.0 allows")),
        }
        for (name, value) in head.headers() {
            self.entry("header", format_args!("{name}: {}", value.escape_ascii()));
        }
        if head.expects_continue() {
            self.entry(
                "expects",
                format_args!("100 Continue before it sends the body"),
            );
        }
    }

    fn show_body(&mut self, request: &Message<'_>) {
        let length = request.body.len();
        match (
            request.head.headers().get_bytes("Transfer-Encoding"),
            request.head.headers().get_bytes("Content-Length"),
        ) {
            (Some(_), _) => self.entry("body", format_args!("{length} bytes (chunked)")),
            (None, Some(_)) => self.entry("body", format_args!("{length} bytes (Content-Length)")),
            (None, None) => self.entry(
                "body",
                format_args!("none: no Content-Length or Transfer-Encoding"),
            ),
        }
        for (name, value) in request.trailers {
            self.entry("trailer", format_args!("{name}: {}", value.escape_ascii()));
        }
    }

    fn show_persistence(&mut self, persists: bool) {
        if persists {
            self.entry("then", format_args!("the connection stays open"))
        } else {
            self.entry("then", format_args!("the connection closes"))
        }
        self.line(format_args!(""));
    }

    fn show_refusal(&mut self, refusal: &Refusal<'_>) {
        self.refused = true;
        if core::mem::take(&mut self.open) {
            self.line(format_args!(""));
        }
        let error = refusal.error;
        self.line(format_args!("refused at byte {}", refusal.at));
        self.entry("rule", format_args!("{}", error.sentence()));
        self.entry("source", format_args!("{}", error.section()));
        let (before, after) =
            surroundings(self.all, usize::try_from(refusal.at).unwrap_or(usize::MAX));
        self.entry("where", format_args!("{before}{after}"));
        self.entry(
            "",
            format_args!("{:width$}^", "", width = before.chars().count()),
        );
        self.entry(
            "response",
            format_args!("{}, then the connection closes", error.status()),
        );
        self.line(format_args!(""));
    }

    fn end(&mut self, reason: CloseReason) {
        match (reason, self.requests, self.all) {
            (CloseReason::Persistence, _, _) if self.left > 0 => {
                let left = self.left;
                self.line(format_args!(
                    "{left} bytes after the last request are not read"
                ));
            }
            (CloseReason::InputEnded, 0, b"") => {
                self.line(format_args!("no request: the input is empty"))
            }
            (CloseReason::InputEnded, 0, _) => {
                self.line(format_args!("no request: only an empty line"))
            }
            _ => {}
        }
    }

    fn entry(&mut self, name: &str, value: fmt::Arguments<'_>) {
        self.line(format_args!("  {name:<8} {value}"));
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{}", line.to_string().trim_end());
    }
}

impl FrontEnd for Observer<'_> {
    fn now(&mut self) -> Now {
        Now::default()
    }

    fn on_head(&mut self, head: &Head<'_>, at: u64) {
        self.show_head(head, at);
    }

    fn on_request(&mut self, request: &Message<'_>, end: u64) {
        self.left = self.all.len() - usize::try_from(end).unwrap_or(self.all.len());
        self.show_body(request);
    }

    fn on_refusal(&mut self, refusal: &Refusal<'_>) {
        self.show_refusal(refusal);
    }

    fn on_response(&mut self, summary: &ResponseSummary) {
        if core::mem::take(&mut self.open) {
            self.show_persistence(summary.keeps_alive);
        }
    }
}

fn form(target: Target<'_>) -> &'static str {
    match target {
        Target::Origin(_) => "origin-form",
        Target::Absolute { .. } => "absolute-form",
        Target::Authority(_) => "authority-form",
        Target::Asterisk => "asterisk-form",
    }
}

/// Returns the text before and after a byte, with invisible characters escaped.
fn surroundings(all: &[u8], at: usize) -> (String, String) {
    const BYTES: usize = 30;
    let (before, after) = all.split_at(at.min(all.len()));
    let before = before
        .get(before.len().saturating_sub(BYTES)..)
        .unwrap_or_default();
    let after = after.get(..BYTES.min(after.len())).unwrap_or_default();
    (
        before.escape_ascii().to_string(),
        after.escape_ascii().to_string(),
    )
}
