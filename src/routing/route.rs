//! A rule of a router, and rules for the same paths.

use super::allow;
use super::error::RouteError;
use crate::application::Application;
use crate::values::method::Method;
use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

/// A rule of a router, and its application.
pub(super) struct Route {
    pub(super) kind: Kind,
    /// The pattern, prefix, suffix or host, as it was given.
    pub(super) text: Box<str>,
    /// The names of the parameters, in the order of the segments.
    pub(super) names: Box<[Box<str>]>,
    pub(super) application: Box<dyn Application>,
}

/// The kind of a rule. All but the first accept any method.
#[derive(PartialEq)]
pub(super) enum Kind {
    Method(Method),
    Any,
    Mount,
    Suffix,
    Host,
}

/// Rules for the same paths. Each accepts different methods.
#[derive(Default)]
pub(super) struct Routes(Vec<Route>);

impl Route {
    /// Returns an error if this rule matches the same requests as another one.
    pub(super) fn check<'r>(
        &self,
        mut others: impl Iterator<Item = &'r Route>,
        is_same: impl Fn(&Route) -> bool,
    ) -> Result<(), RouteError> {
        match others.find(|other| is_same(other)) {
            Some(other) => Err(RouteError::conflict(self.to_string(), other.to_string())),
            None => Ok(()),
        }
    }

    fn is_for(&self, method: &Method) -> bool {
        matches!(&self.kind, Kind::Method(own) if own == method)
    }
}

impl Routes {
    /// Adds a rule. The order of methods does not depend on the order of registration.
    pub(super) fn insert(&mut self, route: Route) -> Result<(), RouteError> {
        route.check(self.0.iter(), |other| other.kind == route.kind)?;
        let place = self
            .0
            .partition_point(|other| other.kind.order() < route.kind.order());
        self.0.insert(place, route);
        Ok(())
    }

    /// Finds the rule for a method: an exact match, the GET rule for HEAD, or the rule for any method.
    #[inline]
    pub(super) fn find(&self, method: &Method) -> Option<&Route> {
        let own = |method: &Method| self.iter().find(|route| route.is_for(method));
        own(method)
            .or_else(|| match *method {
                Method::HEAD => own(&Method::GET),
                _ => None,
            })
            .or_else(|| {
                self.iter()
                    .find(|route| !matches!(route.kind, Kind::Method(_)))
            })
    }

    pub(super) fn iter(&self) -> core::slice::Iter<'_, Route> {
        self.0.iter()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Kind {
    /// The place in a list of rules for the same paths.
    fn order(&self) -> (bool, (usize, &str)) {
        match self {
            Kind::Method(method) => (false, allow::order(method)),
            _ => (true, (0, "")),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Method(method) => method.as_str(),
            Kind::Any => "any",
            Kind::Mount => "mount",
            Kind::Suffix => "suffix",
            Kind::Host => "host",
        })
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.text)
    }
}
