//! A search for the route of a request.

use super::pattern::MAX_PARAMS;
use super::route::{Kind, Route, Routes};
use crate::values::method::Method;
use alloc::vec::Vec;

/// A search for the route of a request, with the routes seen so far.
pub(super) struct Search<'t, 'p> {
    method: &'p Method,
    /// Whether the path is searched for with another slash at its end.
    pub(super) has_extra_slash: bool,
    /// The values of the parameters found so far.
    values: [&'p [u8]; MAX_PARAMS],
    count: usize,
    /// The methods of routes that match the path alone.
    other_methods: Vec<&'t Method>,
}

/// A route that matches a request.
pub(super) struct Found<'t> {
    pub(super) route: &'t Route,
    /// The length of the part of the path that a mounted application interprets itself.
    pub(super) rest: usize,
}

impl<'t, 'p> Search<'t, 'p> {
    /// Starts a search for a method.
    #[inline]
    pub(super) const fn new(method: &'p Method) -> Search<'t, 'p> {
        Search {
            method,
            has_extra_slash: false,
            values: [b""; MAX_PARAMS],
            count: 0,
            other_methods: Vec::new(),
        }
    }

    /// Returns the values of the parameters of the route that was found.
    pub(super) fn values(&self) -> &[&'p [u8]] {
        self.values.get(..self.count).unwrap_or_default()
    }

    /// Returns the methods of all routes that were seen. They match the path, but not the method.
    pub(super) fn other_methods(&self) -> &[&'t Method] {
        &self.other_methods
    }

    /// Returns the route for the method, if it exists. `rest` is the path after the next slash.
    pub(super) fn accept(&mut self, routes: &'t Routes, rest: Option<&[u8]>) -> Option<Found<'t>> {
        if routes.is_empty() {
            return None;
        }
        match routes.find(self.method) {
            Some(route) => Some(Found {
                route,
                rest: rest.map_or(0, |rest| rest.len() + 1),
            }),
            None => {
                self.note(routes);
                None
            }
        }
    }

    /// Adds a method that the path has without a route.
    pub(super) fn note_method(&mut self, method: &'t Method) {
        self.other_methods.push(method);
    }

    #[cold]
    fn note(&mut self, routes: &'t Routes) {
        let methods = routes.iter().filter_map(|route| match &route.kind {
            Kind::Method(method) => Some(method),
            _ => None,
        });
        self.other_methods.extend(methods);
    }

    /// Adds a value, and removes it if `search` finds nothing.
    pub(super) fn with(
        &mut self,
        value: &'p [u8],
        search: impl FnOnce(&mut Search<'t, 'p>) -> Option<Found<'t>>,
    ) -> Option<Found<'t>> {
        // No pattern has more parameters than this has room for.
        *self.values.get_mut(self.count)? = value;
        self.count += 1;
        let found = search(self);
        if found.is_none() {
            self.count -= 1;
        }
        found
    }
}
