//! How a site responds: looks up a path, and creates the response.

use super::Site;
use super::layer::{Found, Layer};
use super::listing;
use super::listing::Order;
use super::spelling;
use crate::body::body::Body;
use crate::message::head::Head;
use crate::response::reply::Reply;
use crate::response::response::Response;
use crate::syntax::path;
use crate::values::media_type;
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::status::Status;
use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::string::String;
use bytes::Bytes;

const ALLOW: &str = "GET, HEAD, OPTIONS";

impl Site {
    /// Responds to a request for a decoded path, which is `None` if no file can have that path.
    #[inline]
    pub(super) fn answer(&self, head: &Head<'_>, path: Option<&[u8]>, now: Now) -> Reply<'_> {
        let file = path
            .filter(|_| !self.needs_rules)
            .and_then(|path| self.files.get(path));
        match (file, head.method()) {
            (Some(file), Method::Get | Method::Head) => file.answer(head, now),
            _ => self.other_answer(head, path, now),
        }
    }

    /// Responds to all methods but GET and HEAD for a file in memory.
    #[inline(never)]
    fn other_answer(&self, head: &Head<'_>, path: Option<&[u8]>, now: Now) -> Reply<'_> {
        let method = head.method();
        if let Method::Other(_) | Method::Trace | Method::Connect = method {
            return self.page(Status::NOT_IMPLEMENTED, now).into();
        }
        if let Some(reply) = path.and_then(|path| self.answer_if_there(head, path, now)) {
            return reply;
        }
        let path = path.and_then(|path| core::str::from_utf8(path).ok());
        let is_read = matches!(method, Method::Get | Method::Head);
        if path.is_some_and(|path| is_read && self.is_page(path)) {
            self.single_page(head, now)
        } else {
            self.page(Status::NOT_FOUND, now).into()
        }
    }

    /// Responds to a request for a decoded path. Returns `None` if the site has nothing at the path.
    pub(crate) fn answer_if_there(
        &self,
        head: &Head<'_>,
        path: &[u8],
        now: Now,
    ) -> Option<Reply<'_>> {
        let method = &head.method();
        if let Method::Other(_) | Method::Trace | Method::Connect = method {
            return self
                .answers(method, path)
                .then(|| self.page(Status::NOT_IMPLEMENTED, now).into());
        }
        let is_read = matches!(method, Method::Get | Method::Head);
        let path = core::str::from_utf8(path).ok()?;
        let path = match spelling::compose(path)? {
            // Rules, mounts and middleware must see the path in its canonical spelling.
            Cow::Owned(composed) if is_read => {
                let is_there = self.answers(method, composed.as_bytes());
                return is_there.then(|| self.redirect_to_composed(head))?;
            }
            path => path,
        };
        if is_read {
            if let Some(response) = self.options.rules.redirection(&path, head) {
                return Some(response.into());
            }
        }
        let (path, place) = self.place(&path, now);
        let response = match (place?, method) {
            (Place::File(file), Method::Get | Method::Head) => {
                return Some(self.with_error_page(file.answer(head, now), now));
            }
            (Place::Directory, Method::Get | Method::Head) => self.redirect_to_directory(head),
            (Place::Listing, Method::Get | Method::Head) => self.list(&path, head),
            (_, Method::Options) => Response::new(Status::NO_CONTENT).with_header("Allow", ALLOW),
            _ => self
                .page(Status::METHOD_NOT_ALLOWED, now)
                .with_header("Allow", ALLOW),
        };
        Some(response.into())
    }

    /// Returns the entry at a path, or at the path that it is rewritten to, with that path.
    pub(super) fn place<'p>(&self, path: &'p str, now: Now) -> (Cow<'p, str>, Option<Place<'_>>) {
        let Some(path) = self.options.rules.rewritten(path) else {
            return (path.into(), self.look_up(path, now));
        };
        let Some(path) = spelling::compose(&path).map(Cow::into_owned) else {
            return (path.into(), None);
        };
        let place = match self.look_up(&path, now) {
            // The client sees another path, to which a slash would add nothing.
            Some(Place::Directory) => match self.look_up_directory(&[&path, "/"].concat(), now) {
                Some(Place::Listing) => None,
                place => place,
            },
            place => place,
        };
        (path.into(), place)
    }

    /// Returns the entry at a path.
    fn look_up(&self, path: &str, now: Now) -> Option<Place<'_>> {
        if path.ends_with('/') {
            return self.look_up_directory(path, now);
        }
        if let Some(file) = self.find(path, now) {
            return Some(Place::File(file));
        }
        let page = self.options.pretty_urls.then(|| [path, ".html"].concat());
        if let Some(file) = page.and_then(|page| self.find(&page, now)) {
            return Some(Place::File(file));
        }
        let directory = [path, "/"].concat();
        self.look_up_directory(&directory, now)
            .map(|_| Place::Directory)
    }

    /// Returns the entry at a path that ends with a slash.
    fn look_up_directory(&self, path: &str, now: Now) -> Option<Place<'_>> {
        if let Some(file) = self.files.find(path) {
            return Some(Place::File(Found::Borrowed(file)));
        }
        let mut names = self.options.index.iter();
        let index = names.find_map(|name| self.find(&[path, name].concat(), now));
        if let Some(file) = index {
            return Some(Place::File(file));
        }
        let mut lower = self.lower.iter();
        let is_listed = self.options.listing
            && (self.files.is_directory(path) || lower.any(|layer| layer.is_directory(path)));
        is_listed.then_some(Place::Listing)
    }

    /// Returns the file at a path.
    fn find(&self, path: &str, now: Now) -> Option<Found<'_>> {
        // The name of a page or of an index may be written in another spelling.
        let path = &*spelling::compose(path)?;
        let lower = || self.lower.iter().find_map(|layer| layer.find(path, now));
        self.files.find(path).map(Found::Borrowed).or_else(lower)
    }

    /// Responds with the listing of a directory. A response to HEAD leaves out its length, because computing it would
    /// take as much work as the listing (RFC 9110 section 9.3.2).
    fn list(&self, path: &str, head: &Head<'_>) -> Response {
        if let Method::Head = head.method() {
            return listing::response(Body::from_iterator(core::iter::empty::<Bytes>()));
        }
        let order = Order::from_query(head.query().unwrap_or_default());
        #[cfg(feature = "folder")]
        let page = match self.listings.get(path, order) {
            Some(page) => page,
            None => self
                .listings
                .make(path, order, || self.listing(path, order).into()),
        };
        #[cfg(not(feature = "folder"))]
        let page = self.listing(path, order);
        listing::response(page)
    }

    fn listing(&self, path: &str, order: Order) -> String {
        let mut entries = self.files.entries(path);
        // A single folder has each name once.
        let may_repeat = !entries.is_empty() || self.lower.len() > 1;
        let mut is_complete = true;
        for layer in &self.lower {
            let (more, are_all) = layer.entries(path);
            entries.extend(more);
            is_complete &= are_all;
        }
        if may_repeat {
            let mut names = BTreeSet::new();
            entries.retain(|entry| names.insert(entry.name.clone()));
        }
        listing::page(path.as_bytes(), entries, order, is_complete)
    }

    /// Responds to a path without a file, which an application in the browser may still know.
    fn single_page(&self, head: &Head<'_>, now: Now) -> Reply<'_> {
        let page = self.options.single_page.as_ref();
        match page.and_then(|(path, status)| Some((self.find(path, now)?, *status))) {
            Some((file, Status::OK)) => file.answer(head, now),
            Some((file, status)) => file.page_with(status).into(),
            None => self.page(Status::NOT_FOUND, now).into(),
        }
    }

    /// Returns the page for a status.
    fn page(&self, status: Status, now: Now) -> Response {
        match self.error_page(status, now) {
            Some(file) => file.page_with(status),
            None => status.into(),
        }
    }

    /// Makes the page for its status the body of an error about a file, if the site has one.
    fn with_error_page<'a>(&'a self, reply: Reply<'a>, now: Now) -> Reply<'a> {
        match reply {
            Reply::Made(response) if response.status().is_error() => {
                match self.error_page(response.status(), now) {
                    Some(file) => file.as_page_of(response).into(),
                    None => response.into(),
                }
            }
            other => other,
        }
    }

    fn error_page(&self, status: Status, now: Now) -> Option<Found<'_>> {
        let mut pages = self.options.error_pages.iter();
        let (_, path) = pages.find(|(other, _)| *other == status)?;
        self.find(path, now)
    }

    /// Returns whether a path may belong to a page, and not to a file that is missing.
    fn is_page(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or_default();
        let media_type = self.options.media_type_of(path);
        !name.contains('.')
            || media_type == media_type::BYTES
            || media_type.starts_with("text/html")
    }

    /// Redirects to a directory. The path, as the client sent it, names a directory of this site. It therefore begins
    /// with a single slash and cannot be mistaken for another host.
    fn redirect_to_directory(&self, head: &Head<'_>) -> Response {
        self.redirect(&[head.path(), "/"].concat(), head)
    }

    /// Redirects to the same path in composed characters. Returns `None` if a client could take that for another host.
    fn redirect_to_composed(&self, head: &Head<'_>) -> Option<Reply<'static>> {
        let path = head.decoded_path()?;
        let path = spelling::compose(&path)?;
        if path.starts_with("//") {
            return None;
        }
        let path: String = path::encode(path.as_bytes()).collect();
        Some(self.redirect(&path, head).into())
    }

    /// Redirects to a path, keeping the query of the request.
    fn redirect(&self, path: &str, head: &Head<'_>) -> Response {
        let query = head
            .query()
            .map_or(String::new(), |query| alloc::format!("?{query}"));
        let response = Response::from(Status::MOVED_PERMANENTLY)
            .with_header("Location", alloc::format!("{path}{query}"));
        match self.lower.iter().any(Layer::is_live) {
            // Clients keep such redirects permanently, but the target may change.
            true => response.with_header("Cache-Control", "no-cache"),
            false => response,
        }
    }
}

/// The result of looking up a path.
pub(super) enum Place<'a> {
    File(Found<'a>),
    /// A directory that is named without its slash.
    Directory,
    /// A directory without an index.
    Listing,
}
