//! Errors for rules that cannot be added to a router.

use alloc::string::String;
use core::fmt;

/// The error for a rule that cannot be added to a [`Router`](crate::Router). It names the rule, and any rule that it
/// conflicts with.
///
/// ```
/// use bytegate::{Method, Request, Router};
///
/// let show = |request: &Request| request.path().to_string();
/// let mut router = Router::new().get("/users/{id}", show);
/// let error = router.try_route(Method::GET, "/users/{name}", show).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "cannot add the rule \"GET /users/{name}\": it matches the same requests as \"GET /users/{id}\"",
/// );
/// let error = router.try_route(Method::GET, "users", show).unwrap_err();
/// assert_eq!(error.to_string(), "cannot add the rule \"GET users\": the path must begin with a slash");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteError {
    rule: String,
    reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    Invalid(&'static str),
    /// Contains the existing rule.
    Conflict(String),
}

impl RouteError {
    pub(super) const fn invalid(rule: String, reason: &'static str) -> RouteError {
        let reason = Reason::Invalid(reason);
        RouteError { rule, reason }
    }

    pub(super) const fn conflict(rule: String, with: String) -> RouteError {
        let reason = Reason::Conflict(with);
        RouteError { rule, reason }
    }
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot add the rule \"{}\": ", self.rule)?;
        match &self.reason {
            Reason::Invalid(reason) => f.write_str(reason),
            Reason::Conflict(other) => write!(f, "it matches the same requests as \"{other}\""),
        }
    }
}

impl core::error::Error for RouteError {}
