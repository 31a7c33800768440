//! Rules for files by path: headers, redirects, rewrites.

use super::pattern::Pattern;
use super::pattern_error::PatternError;
use super::template::Template;
use crate::headers::header_map::HeaderMap;
use crate::message::head::Head;
use crate::response::response::{Response, is_reserved};
use crate::syntax::content_disposition;
use crate::values::status::Status;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// The rules of a site, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    headers: Vec<(Pattern, Action)>,
    redirects: Vec<Redirect>,
    rewrites: Vec<(Pattern, Template)>,
}

#[derive(Clone, Debug)]
struct Redirect {
    pattern: Pattern,
    target: Template,
    status: Status,
    /// A path that matches the pattern.
    example: String,
}

#[derive(Clone, Debug)]
enum Action {
    Set(String, String),
    Download,
}

/// The error for a rule that cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RuleError {
    Pattern(PatternError),
    Header(String, String),
    /// A header that the server itself sets.
    Reserved(String),
    Status(Status),
    Target(String),
    /// A path that is redirected for ever.
    Loop(String),
}

impl From<PatternError> for RuleError {
    fn from(error: PatternError) -> RuleError {
        RuleError::Pattern(error)
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RuleError::Pattern(error) => write!(f, "the pattern or target {error}"),
            RuleError::Header(name, value) => write!(
                f,
                "the header {name:?} with the value {value:?} cannot be sent: a name is a token, and a value has no \
                 control character"
            ),
            RuleError::Reserved(name) => {
                write!(
                    f,
                    "the header {name:?} cannot be set: the server sets it itself"
                )
            }
            RuleError::Status(status) => write!(
                f,
                "{} is not the status of a redirect: use 301, 302, 303, 307 or 308",
                status.code()
            ),
            RuleError::Loop(path) => write!(
                f,
                "a request for {path:?} would be redirected for ever: the target of a redirect must not match a pattern \
                 that leads back to it"
            ),
            RuleError::Target(target) => write!(
                f,
                "nothing can be rewritten to {target:?}: the target is the path of a file, without a host, a query or a \
                 fragment; use a redirect instead"
            ),
        }
    }
}

/// Headers that depend on the data of a file, and on the request.
const OWN_HEADERS: [&str; 4] = ["Accept-Ranges", "Content-Range", "ETag", "Last-Modified"];

/// Returns a path that matches a pattern: each star stands for an `x`.
fn example(pattern: &str) -> String {
    let path = pattern.replace("**", "x").replace('*', "x");
    if path.starts_with('/') {
        path
    } else {
        ["/", &path].concat()
    }
}

impl Rules {
    pub(super) fn header(
        &mut self,
        pattern: &str,
        name: &str,
        value: &str,
    ) -> Result<(), RuleError> {
        let pattern = Pattern::parse(pattern)?;
        let is_own = |own: &&str| own.eq_ignore_ascii_case(name);
        if is_reserved(name) || OWN_HEADERS.iter().any(is_own) {
            return Err(RuleError::Reserved(name.to_string()));
        }
        if HeaderMap::new().append(name, value).is_err() {
            return Err(RuleError::Header(name.to_string(), value.to_string()));
        }
        let action = Action::Set(name.to_string(), value.to_string());
        self.headers.push((pattern, action));
        Ok(())
    }

    pub(super) fn download(&mut self, pattern: &str) -> Result<(), RuleError> {
        self.headers
            .push((Pattern::parse(pattern)?, Action::Download));
        Ok(())
    }

    pub(super) fn redirect(
        &mut self,
        pattern: &str,
        target: &str,
        status: Status,
    ) -> Result<(), RuleError> {
        if !matches!(status.code(), 301 | 302 | 303 | 307 | 308) {
            return Err(RuleError::Status(status));
        }
        let example = example(pattern);
        let pattern = Pattern::parse(pattern)?;
        let target = Template::parse(target, pattern.stars())?;
        self.redirects.push(Redirect {
            pattern,
            target,
            status,
            example,
        });
        Ok(())
    }

    /// Returns an error if a path is redirected for ever.
    pub(super) fn check(&self) -> Result<(), RuleError> {
        // Browsers give up after as many.
        const MOST_REDIRECTS: usize = 20;
        for redirect in &self.redirects {
            let mut path = redirect.example.clone();
            for _ in 0..MOST_REDIRECTS {
                match self.next(&path) {
                    Some(next) => path = next,
                    None => break,
                }
            }
            if self.next(&path).is_some() {
                return Err(RuleError::Loop(redirect.example.clone()));
            }
        }
        Ok(())
    }

    /// Returns the path of this server that a path is redirected to.
    fn next(&self, path: &str) -> Option<String> {
        let mut redirects = self.redirects.iter();
        let (redirect, captures) = redirects.find_map(|redirect| {
            let captures = redirect.pattern.captures(path.as_bytes())?;
            Some((redirect, captures))
        })?;
        if redirect.target.names_host {
            return None;
        }
        let target = String::from_utf8(redirect.target.fill(&captures, false)).ok()?;
        target.split(['?', '#']).next().map(String::from)
    }

    pub(super) fn rewrite(&mut self, pattern: &str, target: &str) -> Result<(), RuleError> {
        let pattern = Pattern::parse(pattern)?;
        let template = Template::parse(target, pattern.stars())?;
        if !template.is_path() {
            return Err(RuleError::Target(target.to_string()));
        }
        self.rewrites.push((pattern, template));
        Ok(())
    }

    /// Returns whether requests must be compared with the rules before a file is looked up.
    pub(super) fn change_paths(&self) -> bool {
        !self.redirects.is_empty() || !self.rewrites.is_empty()
    }

    /// Sets the headers for a file.
    pub(super) fn apply(&self, path: &str, response: &mut Response) {
        for (pattern, action) in &self.headers {
            match action {
                _ if !pattern.matches(path.as_bytes()) => {}
                // An additional `Vary` does not replace the first.
                Action::Set(name, value) if name.eq_ignore_ascii_case("Vary") => {
                    response.append_header(name, value);
                }
                Action::Set(name, value) => response.set_header(name, value),
                Action::Download => {
                    let name = path.rsplit('/').next().unwrap_or_default();
                    let value = content_disposition::value("attachment", name);
                    response.set_header("Content-Disposition", value);
                }
            }
        }
    }

    /// Returns whether a path is redirected.
    pub(super) fn redirects(&self, path: &str) -> bool {
        let mut redirects = self.redirects.iter();
        redirects.any(|redirect| redirect.pattern.matches(path.as_bytes()))
    }

    /// Returns the redirect for a path.
    pub(super) fn redirection(&self, path: &str, head: &Head<'_>) -> Option<Response> {
        self.redirects.iter().find_map(|redirect| {
            let captures = redirect.pattern.captures(path.as_bytes())?;
            let mut location = redirect.target.fill(&captures, true);
            let fragment = location.iter().position(|byte| *byte == b'#');
            let fragment = location.split_off(fragment.unwrap_or(location.len()));
            if let Some(query) = head.query().filter(|_| !location.contains(&b'?')) {
                location.push(b'?');
                location.extend_from_slice(query.as_bytes());
            }
            location.extend_from_slice(&fragment);
            Some(Response::from(redirect.status).with_header("Location", location))
        })
    }

    /// Returns the path that a path is rewritten to, which may not exist.
    pub(super) fn rewritten(&self, path: &str) -> Option<String> {
        self.rewrites.iter().find_map(|(pattern, target)| {
            let captures = pattern.captures(path.as_bytes())?;
            String::from_utf8(target.fill(&captures, false)).ok()
        })
    }
}
