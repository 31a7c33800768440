//! How a site responds: looks up a path, and creates the response.

use super::layer::{Found, Layer};
use super::listing;
use super::listing::Order;
use super::lookup::Place;
use super::navigation;
use super::site::Site;
use super::spelling;
use super::unfinished_listing::{Source, UnfinishedListing};
use crate::application::{Application, ListedRoute};
use crate::body::body::Body;
use crate::message::coding::{Choice, Coding, choose};
use crate::message::head::Head;
use crate::request::request::Request;
use crate::response::reply::Reply;
use crate::response::response::Response;
use crate::syntax::path;
use crate::upload::admission::Admission;
use crate::values::media_type;
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::status::Status;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;

const ALLOW: &str = "GET, HEAD, OPTIONS";

impl Site {
    /// Responds to a request for a decoded path, which is `None` if no file can have that path.
    #[inline]
    pub(super) fn respond(&self, head: &Head<'_>, path: Option<&[u8]>, now: Now) -> Reply<'_> {
        let file = path
            .filter(|_| !self.needs_rules)
            .and_then(|path| self.files.get(path));
        match (file, head.method()) {
            (Some(file), Method::GET | Method::HEAD) => file.respond(head, now),
            _ => self.respond_to_other(head, path, now),
        }
    }

    /// Responds to all methods but GET and HEAD for a file in memory.
    #[inline(never)]
    fn respond_to_other(&self, head: &Head<'_>, path: Option<&[u8]>, now: Now) -> Reply<'_> {
        let method = head.method();
        if is_foreign(method) {
            return self.page(Status::NOT_IMPLEMENTED, now).into();
        }
        if let Some(reply) = path.and_then(|path| self.respond_if_there(head, path, now)) {
            return reply;
        }
        let path = path.and_then(|path| core::str::from_utf8(path).ok());
        let is_read = matches!(method, Method::GET | Method::HEAD);
        match path {
            Some(path) if is_read && self.options.single_page.is_some() => {
                self.single_page(head, path, now)
            }
            _ => self.page(Status::NOT_FOUND, now).into(),
        }
    }

    /// Responds to a request for a decoded path. Returns `None` if the site has nothing at the path.
    pub(crate) fn respond_if_there(
        &self,
        head: &Head<'_>,
        path: &[u8],
        now: Now,
    ) -> Option<Reply<'_>> {
        let method = head.method();
        if is_foreign(method) {
            return self
                .serves(&method, path)
                .then(|| self.page(Status::NOT_IMPLEMENTED, now).into());
        }
        let is_read = matches!(method, Method::GET | Method::HEAD);
        let path = core::str::from_utf8(path).ok()?;
        let path = match spelling::compose(path)? {
            // Rules, mounts and middleware must see the path in its canonical spelling.
            Cow::Owned(composed) if is_read => {
                let is_there = self.serves(&method, composed.as_bytes());
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
        let Some(place) = place else {
            return self.respond_coded(head, &path, now).filter(|_| is_read);
        };
        let response = match (place, method) {
            (Place::File(file), Method::GET | Method::HEAD) => {
                return Some(self.with_error_page(file.respond(head, now), now));
            }
            (Place::Directory, Method::GET | Method::HEAD) => self.redirect_to_directory(head),
            (Place::Page, Method::GET | Method::HEAD) => self.redirect_to_page(head),
            (Place::Listing, Method::GET | Method::HEAD) => self.list(&path, head),
            (_, Method::OPTIONS) => Response::new(Status::NO_CONTENT).with_header("Allow", ALLOW),
            _ => self
                .page(Status::METHOD_NOT_ALLOWED, now)
                .with_header("Allow", ALLOW),
        };
        Some(response.into())
    }

    /// Responds with the compressed form of a file without its plain form, if the client accepts it.
    fn respond_coded(&self, head: &Head<'_>, path: &str, now: Now) -> Option<Reply<'static>> {
        if !self.options.precompressed || path.ends_with('/') {
            return None;
        }
        let file = |coding: &Coding| self.find(&[path, coding.suffix()].concat(), now);
        let there = Coding::ALL
            .into_iter()
            .filter(|coding| file(coding).is_some());
        let there: Vec<Coding> = there.collect();
        let Choice::Coding(coding) = choose(head.headers(), &there) else {
            return None;
        };
        let found = file(&coding)?;
        let form = found
            .file()
            .and_then(|file| file.as_form_of(path, coding, &self.options));
        let response = match form {
            Some(form) => form.respond(head, now).into_response(),
            None => found.respond(head, now).into_response(),
        };
        Some(response.into())
    }

    /// Responds with the listing of a directory. A response to HEAD leaves out its length, because computing it would
    /// take as much work as the listing (RFC 9110 section 9.3.2).
    fn list(&self, path: &str, head: &Head<'_>) -> Response {
        if let Method::HEAD = head.method() {
            return listing::response(Body::from_iterator(core::iter::empty::<Bytes>()));
        }
        let order = Order::from_query(head.query().unwrap_or_default());
        self.listing(path, order)
    }

    /// Responds with a listing. That of a large directory is deferred, and made while other connections have their turns.
    #[cfg(feature = "folder")]
    fn listing(&self, path: &str, order: Order) -> Response {
        if let Some(page) = self.listings.get(path, order) {
            return listing::response(page);
        }
        let begin = || self.begin_listing(path, order);
        let shared = self.listings.begin(path, order, begin);
        match shared.at_once() {
            Some(page) => listing::response(page),
            None => Response::from_future(async { listing::response(shared.page().await) }),
        }
    }

    #[cfg(not(feature = "folder"))]
    fn listing(&self, path: &str, order: Order) -> Response {
        let mut listing = self.begin_listing(path, order);
        loop {
            if let Some(page) = listing.step() {
                return listing::response(page);
            }
        }
    }

    fn begin_listing(&self, path: &str, order: Order) -> UnfinishedListing {
        let own = self.files.entries(path);
        // A single folder has each name once.
        let may_repeat = !own.is_empty() || self.lower.len() > 1;
        let own = core::iter::once(Source::Memory(own.into_iter()));
        let lower = self.lower.iter().map(|layer| layer.entries(path));
        UnfinishedListing::new(path, order, own.chain(lower), may_repeat)
    }

    /// Responds to a path without a file, which an application in the browser may still know.
    fn single_page(&self, head: &Head<'_>, path: &str, now: Now) -> Reply<'_> {
        let page = self.options.single_page.as_ref();
        let is_meant = || navigation::is_meant(head).unwrap_or_else(|| self.is_page(path));
        let page = page.filter(|_| is_meant());
        let mut response = match page.and_then(|path| self.find(path, now)) {
            Some(file) => file.respond(head, now).into_response(),
            None => self.page(Status::NOT_FOUND, now),
        };
        response.append_header("Vary", navigation::HEADERS);
        response.into()
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

    /// Returns whether a path may belong to a page, and not to a file that is missing. Only for requests that do not tell.
    fn is_page(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or_default();
        let media_type = self.options.media_type_of(path);
        !name.contains('.')
            || media_type == media_type::BYTES
            || media_type.starts_with("text/html")
    }

    /// Redirects to a directory that was named without its slash.
    fn redirect_to_directory(&self, head: &Head<'_>) -> Response {
        self.redirect(&[head.path(), "/"].concat(), head)
    }

    /// Redirects to a page that was named with a slash after it.
    fn redirect_to_page(&self, head: &Head<'_>) -> Response {
        self.redirect(head.path().trim_end_matches('/'), head)
    }

    /// Redirects to the same path in composed characters.
    fn redirect_to_composed(&self, head: &Head<'_>) -> Option<Reply<'static>> {
        let path = head.decoded_path()?;
        let path = spelling::compose(&path)?;
        let path: String = path::encode(path.as_bytes()).collect();
        Some(self.redirect(&path, head).into())
    }

    /// Redirects to a path, keeping the query of the request. The reference is relative, so that it is right below any
    /// prefix that a proxy or another server removed from the path.
    fn redirect(&self, path: &str, head: &Head<'_>) -> Response {
        let path = path::relative(head.path(), path);
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

/// The number of files that are listed as routes. All are served in the same way.
const LISTED_FILES: usize = 32;

impl Application for Site {
    fn call(&self, request: &Request<'_>) -> Response {
        self.reply(request).into_response()
    }

    fn reply<'a>(&'a self, request: &Request<'_>) -> Reply<'a> {
        self.respond(
            &request.message.head,
            request.path_info_bytes(),
            request.now(),
        )
    }

    /// Discards the body, because a site never uses it.
    fn admit(&self, request: &Request<'_>) -> Admission {
        Admission::discard(&request.head(), self.call(request))
    }

    /// Counts the files in memory. A site may have many.
    fn routes(&self) -> String {
        let count = self.paths().count();
        let plural = if count == 1 { "" } else { "s" };
        let files = alloc::format!("{:<8} {count} file{plural}\n", "files");
        let folder = alloc::format!("{:<8} live: changes are picked up\n", "folder");
        let folders = self.lower.iter().filter(|layer| layer.is_live()).count();
        match (count, folders) {
            (_, 0) => files,
            (0, _) => folder.repeat(folders),
            _ => [files, folder.repeat(folders)].concat(),
        }
    }

    /// Lists the first files in memory, and every path if the site has an open folder.
    fn route_list(&self) -> Vec<ListedRoute> {
        let get = |path: &str| ListedRoute::new(Some(Method::GET), path);
        let mut list: Vec<ListedRoute> = self.paths().take(LISTED_FILES).map(get).collect();
        if list.is_empty() || self.lower.iter().any(Layer::is_live) {
            list.push(get("/{*path}"));
        }
        list
    }
}

/// Returns whether no resource of a site has this method.
fn is_foreign(method: Method) -> bool {
    method.is_extension() || matches!(method, Method::TRACE | Method::CONNECT)
}
