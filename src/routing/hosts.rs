//! Rules for hosts.

use super::error::RouteError;
use super::route::Route;
use crate::syntax::host_pattern::{SHAPE, is_pattern, matches};
use alloc::string::ToString;
use alloc::vec::Vec;

/// Rules for hosts.
#[derive(Default)]
pub(super) struct Hosts {
    /// Whole names first, then the longest.
    routes: Vec<Route>,
}

impl Hosts {
    pub(super) fn insert(&mut self, route: Route) -> Result<(), RouteError> {
        if !is_pattern(&route.text) {
            return Err(RouteError::invalid(route.to_string(), SHAPE));
        }
        route.check(self.routes.iter(), |other| {
            other.text.eq_ignore_ascii_case(&route.text)
        })?;
        let place = self
            .routes
            .partition_point(|other| order(other) <= order(&route));
        self.routes.insert(place, route);
        Ok(())
    }

    /// Finds the rule for a host.
    pub(super) fn find(&self, host: &str) -> Option<&Route> {
        let mut routes = self.routes.iter();
        routes.find(|route| matches(&route.text, host))
    }

    pub(super) fn iter(&self) -> core::slice::Iter<'_, Route> {
        self.routes.iter()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }
}

fn order(route: &Route) -> (bool, core::cmp::Reverse<usize>) {
    let length = core::cmp::Reverse(route.text.len());
    (route.text.starts_with('*'), length)
}
