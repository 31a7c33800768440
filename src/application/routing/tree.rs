//! A tree of patterns, segment by segment. It finds the most specific route without trying all of them.

use super::error::RouteError;
use super::pattern::{MAX_PARAMS, Pattern, Segment};
use super::route::{Kind, Route, Routes};
use super::suffix;
use crate::values::method::Method;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt;

/// The patterns, mounts and suffixes of a router.
#[derive(Default)]
pub(super) struct Tree {
    root: Node,
    /// Longest first.
    suffixes: Vec<Route>,
}

/// What follows one segment. The fields are in the order in which they are tried.
#[derive(Default)]
struct Node {
    /// Routes whose pattern ends here.
    end: Routes,
    /// In alphabetical order.
    texts: Vec<(Box<str>, Node)>,
    param: Option<Box<Node>>,
    tail: Routes,
    mount: Routes,
}

/// The result of a search.
pub(super) enum Lookup<'t> {
    Found(Found<'t>),
    /// There are routes for the path, but none for the method.
    OtherMethods,
    Nothing,
}

/// A route that matches a request.
pub(super) struct Found<'t> {
    pub(super) route: &'t Route,
    /// The length of the part of the path that a mounted application interprets itself.
    pub(super) rest: usize,
}

/// The values of parameters on the way to a route.
#[derive(Default)]
pub(super) struct Values<'p> {
    values: [&'p [u8]; MAX_PARAMS],
    count: usize,
}

/// The part of a path that is not matched yet.
#[derive(Clone, Copy)]
pub(super) struct Rest<'p> {
    /// What follows the next slash, or `None` at the end of the path.
    after_slash: Option<&'p [u8]>,
    /// Whether another slash is thought of at the end.
    has_extra_slash: bool,
}

impl Tree {
    /// Adds a route or a mount.
    pub(super) fn insert(&mut self, route: Route, pattern: &Pattern) -> Result<(), RouteError> {
        let mut node = &mut self.root;
        for segment in pattern.segments() {
            node = match segment {
                Segment::Text(text) => node.text(text),
                Segment::Param(_) => node.param.get_or_insert_default(),
                // Nothing follows it.
                Segment::Tail(_) => return node.tail.insert(route),
            };
        }
        match route.kind {
            Kind::Mount => node.mount.insert(route),
            _ => node.end.insert(route),
        }
    }

    /// Adds a suffix.
    pub(super) fn insert_suffix(&mut self, route: Route) -> Result<(), RouteError> {
        route.check(self.suffixes.iter(), |other| other.text == route.text)?;
        let order = |route: &Route| (Reverse(route.text.len()), route.text.clone());
        let place = self
            .suffixes
            .partition_point(|other| order(other) < order(&route));
        self.suffixes.insert(place, route);
        Ok(())
    }

    /// Finds the most specific route for a path and a method. Puts the values of its parameters into `values`.
    #[inline]
    pub(super) fn find<'t, 'p>(
        &'t self,
        path: &'p [u8],
        method: &Method,
        values: &mut Values<'p>,
    ) -> Lookup<'t> {
        self.search(Rest::of(path), method, values, || {
            let mut suffixes = self.suffixes.iter();
            suffixes.find(|route| suffix::matches(path, &route.text))
        })
    }

    /// Like [`find`](Tree::find), but with another form of the path, and without suffixes.
    pub(super) fn find_pattern<'t, 'p>(
        &'t self,
        path: Rest<'p>,
        method: &Method,
        values: &mut Values<'p>,
    ) -> Lookup<'t> {
        self.search(path, method, values, || None)
    }

    /// A suffix counts as a pattern for the whole path that also says how the path ends. It therefore comes before
    /// `/{*path}` and a mount at `/`, and after all other patterns.
    #[inline]
    fn search<'t, 'p>(
        &'t self,
        path: Rest<'p>,
        method: &Method,
        values: &mut Values<'p>,
        suffix: impl FnOnce() -> Option<&'t Route>,
    ) -> Lookup<'t> {
        let mut is_known = false;
        let mut visit = |routes: &'t Routes, rest: Rest<'p>| {
            is_known |= !routes.is_empty();
            let route = routes.find(method)?;
            let rest = rest.length();
            Some(Found { route, rest })
        };
        let found = self.root.walk_segments(path, values, &mut visit);
        let found = found.or_else(|| suffix().map(|route| Found { route, rest: 0 }));
        let found = found.or_else(|| self.root.walk_rest(path, values, &mut visit));
        match found {
            Some(found) => Lookup::Found(found),
            None if is_known => Lookup::OtherMethods,
            None => Lookup::Nothing,
        }
    }

    /// Returns the methods of all routes for a path, in any order.
    pub(super) fn methods(&self, path: Rest<'_>) -> Vec<Method> {
        let mut methods = Vec::new();
        let mut visit = |routes: &Routes, _: Rest<'_>| -> Option<()> {
            methods.extend(routes.iter().filter_map(|route| match route.kind {
                Kind::Method(method) => Some(method),
                _ => None,
            }));
            None
        };
        self.root.walk(path, &mut Values::default(), &mut visit);
        methods
    }

    /// Calls `show` with all routes in the order in which they are tried.
    pub(super) fn for_each(&self, show: &mut impl FnMut(&Route) -> fmt::Result) -> fmt::Result {
        self.root.show_segments(show)?;
        self.suffixes.iter().try_for_each(&mut *show)?;
        self.root.show_rest(show)
    }
}

impl Node {
    /// Returns the node after a segment with this text.
    fn text(&mut self, text: &str) -> &mut Node {
        let place = self.place(text.as_bytes());
        let place = place.unwrap_or_else(|place| {
            self.texts.insert(place, (text.into(), Node::default()));
            place
        });
        &mut self.texts[place].1
    }

    fn place(&self, text: &[u8]) -> Result<usize, usize> {
        self.texts
            .binary_search_by(|(other, _)| other.as_bytes().cmp(text))
    }

    /// Visits the routes for a path below this node, most specific first, until `visit` returns something.
    ///
    /// Each node is visited at most once, so a path cannot take longer than all routes together.
    fn walk<'t, 'p, T>(
        &'t self,
        path: Rest<'p>,
        values: &mut Values<'p>,
        visit: &mut impl FnMut(&'t Routes, Rest<'p>) -> Option<T>,
    ) -> Option<T> {
        let path = path.or_extra_slash();
        self.walk_segments(path, values, visit)
            .or_else(|| self.walk_rest(path, values, visit))
    }

    /// Visits the routes whose patterns name the next segment, or the end of the path.
    fn walk_segments<'t, 'p, T>(
        &'t self,
        path: Rest<'p>,
        values: &mut Values<'p>,
        visit: &mut impl FnMut(&'t Routes, Rest<'p>) -> Option<T>,
    ) -> Option<T> {
        if path.after_slash.is_none() {
            return visit(&self.end, path);
        }
        if self.texts.is_empty() && self.param.is_none() {
            return None;
        }
        let (segment, rest) = path.split();
        let text = self.place(segment).ok();
        if let Some((_, node)) = text.and_then(|place| self.texts.get(place)) {
            let found = node.walk(rest, values, visit);
            if found.is_some() {
                return found;
            }
        }
        let node = self.param.as_deref().filter(|_| !segment.is_empty())?;
        values.with(segment, |values| node.walk(rest, values, visit))
    }

    /// Visits the routes that accept any rest of the path.
    fn walk_rest<'t, 'p, T>(
        &'t self,
        path: Rest<'p>,
        values: &mut Values<'p>,
        visit: &mut impl FnMut(&'t Routes, Rest<'p>) -> Option<T>,
    ) -> Option<T> {
        path.after_slash
            .and_then(|rest| values.with(rest, |_| visit(&self.tail, path)))
            .or_else(|| visit(&self.mount, path))
    }

    fn show_segments(&self, show: &mut impl FnMut(&Route) -> fmt::Result) -> fmt::Result {
        self.end.iter().try_for_each(&mut *show)?;
        let texts = self.texts.iter().map(|(_, node)| node);
        for node in texts.chain(self.param.as_deref()) {
            node.show_segments(show)?;
            node.show_rest(show)?;
        }
        Ok(())
    }

    fn show_rest(&self, show: &mut impl FnMut(&Route) -> fmt::Result) -> fmt::Result {
        self.tail.iter().try_for_each(&mut *show)?;
        self.mount.iter().try_for_each(show)
    }
}

impl<'p> Values<'p> {
    pub(super) fn as_slice(&self) -> &[&'p [u8]] {
        self.values.get(..self.count).unwrap_or_default()
    }

    /// Adds a value. Removes it again if `search` returns nothing.
    fn with<T>(
        &mut self,
        value: &'p [u8],
        search: impl FnOnce(&mut Values<'p>) -> Option<T>,
    ) -> Option<T> {
        // No pattern has more parameters than there is room for.
        *self.values.get_mut(self.count)? = value;
        self.count += 1;
        let found = search(self);
        if found.is_none() {
            self.count -= 1;
        }
        found
    }
}

impl<'p> Rest<'p> {
    /// Returns all of a path. Nothing is the same as `/`, so that a mounted router has a root.
    pub(super) fn of(path: &'p [u8]) -> Rest<'p> {
        Rest {
            after_slash: Some(path.strip_prefix(b"/").unwrap_or(path)),
            has_extra_slash: false,
        }
    }

    /// Returns all of a path, but without the slash at its end if it has one, and otherwise with one. The root has only
    /// one form.
    pub(super) fn of_other_form(path: &'p [u8]) -> Option<Rest<'p>> {
        match path.strip_suffix(b"/") {
            _ if matches!(path, b"" | b"/") => None,
            Some(path) => Some(Rest::of(path)),
            None => Some(Rest {
                has_extra_slash: true,
                ..Rest::of(path)
            }),
        }
    }

    /// Splits off the next segment.
    fn split(self) -> (&'p [u8], Rest<'p>) {
        let path = self.after_slash.unwrap_or_default();
        let mut parts = path.splitn(2, |octet| *octet == b'/');
        let segment = parts.next().unwrap_or_default();
        let rest = Rest {
            after_slash: parts.next(),
            ..self
        };
        (segment, rest)
    }

    /// Returns the extra slash at the end of the path.
    fn or_extra_slash(self) -> Rest<'p> {
        match self.after_slash {
            None if self.has_extra_slash => Rest::of(b"/"),
            _ => self,
        }
    }

    /// Returns the length in bytes, including the next slash.
    fn length(self) -> usize {
        self.after_slash.map_or(0, |path| path.len() + 1)
    }
}
