//! `bytegate explain`: shows how bytes are parsed.

use crate::Failure;
use bytegate::connection::{CloseReason, Message, Refusal, ResponseSummary};
use bytegate::gateway::{FrontEnd, Wait};
use bytegate::request::{ConnectionInfo, Head, Target};
use bytegate::{Gateway, Now, Request};
use std::fmt::Write;
use std::io::Read;
use std::process::ExitCode;

pub(crate) fn run() -> Result<ExitCode, Failure> {
    let mut input = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut input)
        .map_err(|error| format!("cannot read standard input: {error}"))?;
    let explanation = Explanation::of(&input);
    crate::print(&explanation.text)?;
    Ok(match explanation.refused {
        true => ExitCode::from(3),
        false => ExitCode::SUCCESS,
    })
}

/// Observes a session that responds to all requests in the same way.
struct Explanation<'i> {
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

impl Explanation<'_> {
    fn of(all: &[u8]) -> Explanation<'_> {
        let mut explanation = Explanation {
            text: String::new(),
            all,
            requests: 0,
            open: false,
            refused: false,
            left: 0,
        };
        let gateway = Gateway::new(|_: &Request<'_>| "");
        let mut session = gateway.session(ConnectionInfo::default());
        let mut input = all;
        loop {
            match session.turn(&mut input, &mut explanation) {
                Wait::Close(reason) => {
                    explanation.end(reason);
                    return explanation;
                }
                Wait::Write { .. } => drop(session.take_output()),
                Wait::Yield => {}
                Wait::Read { .. } | Wait::Pending { .. } => session.end_input(),
            }
        }
    }

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
            self.entry("field", format_args!("{name}: {}", value.escape_ascii()));
        }
        if head.expects_continue() {
            self.entry(
                "expects",
                format_args!("100 Continue before it sends the content"),
            );
        }
    }

    fn show_content(&mut self, request: &Message<'_>) {
        let length = request.content.len();
        match (
            request.head.headers().get_bytes("Transfer-Encoding"),
            request.head.headers().get_bytes("Content-Length"),
        ) {
            (Some(_), _) => self.entry("content", format_args!("{length} bytes (chunked)")),
            (None, Some(_)) => {
                self.entry("content", format_args!("{length} bytes (Content-Length)"))
            }
            (None, None) => self.entry(
                "content",
                format_args!("none: no Content-Length or Transfer-Encoding"),
            ),
        }
        for (name, value) in request.trailers {
            self.entry("trailer", format_args!("{name}: {}", value.escape_ascii()));
        }
    }

    fn show_persistence(&mut self, persists: bool) {
        match persists {
            true => self.entry("then", format_args!("the connection stays open")),
            false => self.entry("then", format_args!("the connection closes")),
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
            "answer",
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

    fn entry(&mut self, name: &str, value: std::fmt::Arguments<'_>) {
        self.line(format_args!("  {name:<8} {value}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{}", line.to_string().trim_end());
    }
}

impl FrontEnd for Explanation<'_> {
    fn now(&mut self) -> Now {
        Now::default()
    }

    fn on_head(&mut self, head: &Head<'_>, at: u64) {
        self.show_head(head, at);
    }

    fn on_request(&mut self, request: &Message<'_>, end: u64) {
        self.left = self.all.len() - usize::try_from(end).unwrap_or(self.all.len());
        self.show_content(request);
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
