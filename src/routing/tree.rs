//! A tree of patterns, segment by segment. It finds the most specific route without trying all of them.

use super::error::RouteError;
use super::pattern::{Pattern, Segment};
use super::route::{Kind, Route, Routes};
use super::search::{Found, Search};
use super::suffix;
use crate::syntax::path;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt;

/// The patterns, mounts and suffixes of a router.
#[derive(Default)]
pub(super) struct Tree {
    /// `None` without patterns and mounts.
    root: Option<Box<Node>>,
    /// Longest first.
    suffixes: Vec<Route>,
}

/// The rules after one segment. The fields are in the order in which they are tried.
#[derive(Default)]
struct Node {
    /// Routes whose pattern ends here.
    end: Routes,
    /// In alphabetical order.
    texts: Vec<Text>,
    param: Option<Box<Node>>,
    tail: Routes,
    mount: Routes,
}

/// A segment that is text.
struct Text {
    /// The first bytes as a number, because numbers are compared faster.
    key: u64,
    text: Box<str>,
    node: Node,
}

impl Tree {
    /// Adds a route or a mount.
    pub(super) fn insert(&mut self, route: Route, pattern: &Pattern) -> Result<(), RouteError> {
        let mut node = &mut **self.root.get_or_insert_default();
        for segment in pattern.segments() {
            node = match segment {
                Segment::Text(text) => node.text_mut(text),
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

    /// Finds the most specific route for a path.
    ///
    /// A suffix counts as a pattern for the whole path that also says how the path ends. It therefore comes before
    /// `/{*path}` and a mount at `/`, and after all other patterns.
    #[inline]
    pub(super) fn find<'t, 'p>(
        &'t self,
        path: &'p [u8],
        search: &mut Search<'t, 'p>,
    ) -> Option<Found<'t>> {
        let Some(root) = &self.root else {
            return self.find_suffix(path);
        };
        let after_slash = after_slash(path);
        root.walk_segments(after_slash, search)
            .or_else(|| self.find_suffix(path))
            .or_else(|| root.walk_rest(after_slash, search))
    }

    /// Returns whether the tree has patterns or mounts.
    #[inline]
    pub(super) const fn has_patterns(&self) -> bool {
        self.root.is_some()
    }

    /// Finds the longest suffix of a path.
    #[inline]
    pub(super) fn find_suffix(&self, path: &[u8]) -> Option<Found<'_>> {
        let mut suffixes = self.suffixes.iter();
        let route = suffixes.find(|route| suffix::matches(path, &route.text))?;
        Some(Found { route, rest: 0 })
    }

    /// Finds the most specific route that accepts any rest of a path. The path is as it was sent, because it has no
    /// decoded form.
    ///
    /// A `.` or `..` segment could lead out of any prefix. Such a path therefore only matches at the root.
    pub(super) fn find_undecoded<'t, 'p>(
        &'t self,
        path: &'p [u8],
        search: &mut Search<'t, 'p>,
    ) -> Option<Found<'t>> {
        let root = self.root.as_ref()?;
        let after_slash = after_slash(path);
        if path::leads_elsewhere(path) {
            root.accept_undecoded(after_slash, search)
        } else {
            root.walk_undecoded(after_slash, search)
        }
    }

    /// Finds the most specific pattern for a path without the slash at its end if it has one, and otherwise with one.
    /// The root has only one form.
    pub(super) fn find_other_form<'t, 'p>(
        &'t self,
        path: &'p [u8],
        search: &mut Search<'t, 'p>,
    ) -> Option<Found<'t>> {
        let root = self.root.as_ref()?;
        let path = match path.strip_suffix(b"/") {
            _ if matches!(path, b"" | b"/") => return None,
            Some(path) => path,
            None => {
                search.has_extra_slash = true;
                path
            }
        };
        root.walk(Some(after_slash(path)), search)
    }

    /// Calls `show` with all routes in the order in which they are tried.
    pub(super) fn for_each(&self, show: &mut impl FnMut(&Route) -> fmt::Result) -> fmt::Result {
        let mut roots = self.root.iter();
        roots.try_for_each(|root| root.show_segments(show))?;
        self.suffixes.iter().try_for_each(&mut *show)?;
        let mut roots = self.root.iter();
        roots.try_for_each(|root| root.show_rest(show))
    }
}

/// Returns a path without its first slash. An empty path is the same as `/`, so that a mounted router has a root.
fn after_slash(path: &[u8]) -> &[u8] {
    path.strip_prefix(b"/").unwrap_or(path)
}

impl Node {
    /// Finds the most specific route for the path after its next slash, or for `None` at its end.
    ///
    /// Each node is visited at most once, so no path takes longer than all patterns together.
    #[inline(always)]
    fn walk<'t, 'p>(
        &'t self,
        path: Option<&'p [u8]>,
        search: &mut Search<'t, 'p>,
    ) -> Option<Found<'t>> {
        match path {
            Some(path) => self
                .walk_segments(path, search)
                .or_else(|| self.walk_rest(path, search)),
            None if search.has_extra_slash => {
                let node = self.text(b"", 0);
                node.and_then(|node| search.accept(&node.end, None))
                    .or_else(|| search.with(b"", |search| search.accept(&self.tail, None)))
            }
            None => search
                .accept(&self.end, None)
                .or_else(|| search.accept(&self.mount, None)),
        }
    }

    /// Finds a route whose pattern names the next segment.
    fn walk_segments<'t, 'p>(
        &'t self,
        path: &'p [u8],
        search: &mut Search<'t, 'p>,
    ) -> Option<Found<'t>> {
        let end = path.iter().position(|byte| *byte == b'/');
        let (segment, rest) = match end.and_then(|end| path.split_at_checked(end)) {
            Some((segment, rest)) => (segment, Some(after_slash(rest))),
            None => (path, None),
        };
        if let Some(node) = self.text(path, segment.len()) {
            let found = node.walk(rest, search);
            if found.is_some() {
                return found;
            }
        }
        let node = self.param.as_deref().filter(|_| !segment.is_empty())?;
        search.with(segment, |search| node.walk(rest, search))
    }

    /// Finds a route that accepts any rest of the path.
    fn walk_rest<'t, 'p>(
        &'t self,
        path: &'p [u8],
        search: &mut Search<'t, 'p>,
    ) -> Option<Found<'t>> {
        search
            .with(path, |search| search.accept(&self.tail, Some(path)))
            .or_else(|| search.accept(&self.mount, Some(path)))
    }

    /// Like [`walk`](Node::walk), but for a path that has no decoded form. Only segments without escapes are compared
    /// with the segments of patterns.
    fn walk_undecoded<'t, 'p>(
        &'t self,
        path: &'p [u8],
        search: &mut Search<'t, 'p>,
    ) -> Option<Found<'t>> {
        self.walk_undecoded_segments(path, search)
            .or_else(|| self.accept_undecoded(path, search))
    }

    fn walk_undecoded_segments<'t, 'p>(
        &'t self,
        path: &'p [u8],
        search: &mut Search<'t, 'p>,
    ) -> Option<Found<'t>> {
        let end = path.iter().position(|byte| *byte == b'/')?;
        let (segment, rest) = path.split_at_checked(end)?;
        if segment.contains(&b'%') {
            return None;
        }
        let rest = after_slash(rest);
        if let Some(node) = self.text(path, segment.len()) {
            let found = node.walk_undecoded(rest, search);
            if found.is_some() {
                return found;
            }
        }
        let node = self.param.as_deref().filter(|_| !segment.is_empty())?;
        search.with(segment, |search| node.walk_undecoded(rest, search))
    }

    /// Like [`walk_rest`](Node::walk_rest), but the rest has no decoded form. A parameter for it therefore has no value.
    fn accept_undecoded<'t>(
        &'t self,
        path: &[u8],
        search: &mut Search<'t, '_>,
    ) -> Option<Found<'t>> {
        search
            .accept(&self.tail, Some(path))
            .or_else(|| search.accept(&self.mount, Some(path)))
    }

    /// Returns the node after the first segment of a path, which has this length.
    #[inline]
    fn text(&self, path: &[u8], length: usize) -> Option<&Node> {
        if self.texts.is_empty() {
            return None;
        }
        let key = key(path, length);
        let start = self.texts.partition_point(|other| other.key < key);
        let texts = self.texts.get(start..)?.iter();
        let mut texts = texts.take_while(|other| other.key == key);
        // A key with room for a whole text belongs to no other text.
        let is_same = |text: &str| length < 8 || Some(text.as_bytes()) == path.get(..length);
        let found = texts.find(|other| is_same(&other.text))?;
        Some(&found.node)
    }

    /// Returns the node after a segment with this text, and creates it if necessary.
    fn text_mut(&mut self, text: &str) -> &mut Node {
        let place = self.texts.binary_search_by(|other| (*other.text).cmp(text));
        let place = place.unwrap_or_else(|place| {
            let text = Text {
                key: key(text.as_bytes(), text.len()),
                text: text.into(),
                node: Node::default(),
            };
            self.texts.insert(place, text);
            place
        });
        &mut self.texts[place].node
    }

    fn show_segments(&self, show: &mut impl FnMut(&Route) -> fmt::Result) -> fmt::Result {
        self.end.iter().try_for_each(&mut *show)?;
        let texts = self.texts.iter().map(|text| &text.node);
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

/// Returns the first eight bytes of the first segment of a path, which has this length, as a number. Numbers are in the
/// order of the texts, because no text has a zero byte.
#[inline]
fn key(path: &[u8], length: usize) -> u64 {
    let mut bytes = [0; 8];
    match path.first_chunk() {
        Some(first) => bytes = *first,
        None => bytes
            .iter_mut()
            .zip(path)
            .for_each(|(to, byte)| *to = *byte),
    }
    let beyond = u64::MAX.checked_shr(8 * length as u32).unwrap_or(0);
    u64::from_be_bytes(bytes) & !beyond
}

#[cfg(test)]
mod tests {
    #[test]
    fn keys_are_in_the_order_of_texts() {
        let key = |text: &str| super::key(text.as_bytes(), text.len());
        let texts = ["", "a", "aa", "ab", "abcdefg", "abcdefgh", "b", "\u{e4}"];
        assert!(texts.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
        assert_eq!(key("abcdefgh"), key("abcdefghi"));
        assert_eq!(key("a"), 0x6100_0000_0000_0000);
    }

    #[test]
    fn the_key_of_a_segment_does_not_depend_on_later_segments() {
        for length in 0..12 {
            let text = &b"abcdefghijkl"[..length];
            for rest in [&b"/"[..], b"/1", b"/12345678"] {
                let path = [text, rest].concat();
                assert_eq!(super::key(&path, length), super::key(text, length));
            }
        }
    }
}
