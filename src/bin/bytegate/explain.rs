//! `bytegate explain`: how bytes are understood, for a person.

use crate::Failure;
use bytegate::{
    Admission, Answered, CloseReason, Config, Connection, Head, Now, Refusal, Request, Response,
    Step, Target,
};
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

#[derive(Default)]
struct Explanation {
    text: String,
    requests: usize,
    /// The head of the request that is being read was shown already.
    head_shown: bool,
    refused: bool,
    /// Octets that were there when the last request was whole.
    left: usize,
}

impl Explanation {
    fn of(all: &[u8]) -> Explanation {
        let mut explanation = Explanation::default();
        let mut connection = Connection::new(Config::default());
        let mut input = all;
        loop {
            let start = all.len() - input.len();
            match connection.step(&mut input, Now::default()) {
                Step::Admit(head) => {
                    explanation.head(&head, start);
                    connection.admit(Admission::Buffer);
                }
                Step::Call(request) => {
                    if !explanation.head_shown {
                        explanation.head(&request.head(), start);
                    }
                    explanation.left = input.len();
                    explanation.content(&request);
                    let answered = connection.respond(Response::text(""));
                    explanation.persistence(answered);
                }
                Step::Finish(ending) => {
                    let response = ending.finish();
                    connection.respond(response);
                }
                Step::Refuse(refusal) => {
                    explanation.refusal(&refusal, all);
                    let response = refusal.page();
                    connection.respond(response);
                }
                Step::Read { .. } => connection.end_input(),
                Step::Write { .. } => connection.output().move_to(&mut Vec::new()),
                Step::Close(reason) => {
                    explanation.end(reason, all);
                    return explanation;
                }
            }
        }
    }

    fn head(&mut self, head: &Head<'_>, start: usize) {
        self.requests += 1;
        self.head_shown = true;
        let number = self.requests;
        self.line(format_args!("request {number}, from octet {start}"));
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
        for (name, value) in head.fields() {
            self.entry("field", format_args!("{name}: {}", value.escape_ascii()));
        }
        if head.expects_continue() {
            self.entry(
                "expects",
                format_args!("100 Continue before it sends the content"),
            );
        }
    }

    fn content(&mut self, request: &Request<'_>) {
        let length = request.content().len();
        match (
            request.fields().get("Transfer-Encoding"),
            request.fields().get("Content-Length"),
        ) {
            (Some(_), _) => self.entry("content", format_args!("chunked, {length} octets in all")),
            (None, Some(_)) => {
                self.entry("content", format_args!("{length} octets by Content-Length"))
            }
            (None, None) => self.entry("content", format_args!("none: no field announces any")),
        }
        for (name, value) in request.trailers() {
            self.entry("trailer", format_args!("{name}: {}", value.escape_ascii()));
        }
    }

    fn persistence(&mut self, answered: Option<Answered>) {
        self.head_shown = false;
        match answered.is_some_and(|answered| answered.persists) {
            true => self.entry("then", format_args!("the connection goes on")),
            false => self.entry("then", format_args!("the connection closes")),
        }
        self.line(format_args!(""));
    }

    fn refusal(&mut self, refusal: &Refusal<'_>, all: &[u8]) {
        self.refused = true;
        if self.head_shown {
            self.line(format_args!(""));
        }
        let error = refusal.error;
        self.line(format_args!("refused at octet {}", refusal.at));
        self.entry("rule", format_args!("{}", error.sentence()));
        self.entry("source", format_args!("{}", error.section()));
        let (before, after) = surroundings(all, usize::try_from(refusal.at).unwrap_or(usize::MAX));
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

    fn end(&mut self, reason: CloseReason, all: &[u8]) {
        match (reason, self.requests, all) {
            (CloseReason::Persistence, _, _) if self.left > 0 => {
                let left = self.left;
                self.line(format_args!(
                    "{left} octets behind the last request are not read"
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
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{}", line.to_string().trim_end());
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

/// What stands before and behind an octet, in visible characters.
fn surroundings(all: &[u8], at: usize) -> (String, String) {
    const OCTETS: usize = 30;
    let (before, after) = all.split_at(at.min(all.len()));
    let before = before
        .get(before.len().saturating_sub(OCTETS)..)
        .unwrap_or_default();
    let after = after.get(..OCTETS.min(after.len())).unwrap_or_default();
    (
        before.escape_ascii().to_string(),
        after.escape_ascii().to_string(),
    )
}
