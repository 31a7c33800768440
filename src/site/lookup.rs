//! The lookup of a path in a site.

use super::layer::Found;
use super::site::Site;
use super::spelling;
use crate::values::method::Method;
use crate::values::now::Now;
use alloc::borrow::Cow;

/// The result of looking up a path.
pub(super) enum Place<'a> {
    File(Found<'a>),
    /// A directory that is named without its slash.
    Directory,
    /// A page that is named with a slash after it.
    Page,
    /// A directory without an index.
    Listing,
}

impl Site {
    /// Returns whether this site responds to GET for a decoded path with anything but a 404: with a file, a directory
    /// listing, or a redirect. The page of a [single-page application](crate::site::SiteOptions::single_page) does not count.
    ///
    /// ```
    /// use bytegate::Site;
    ///
    /// let site = Site::new().file("/docs/index.html", "<h1>docs</h1>");
    /// assert!(site.contains("/docs/index.html") && site.contains("/docs/") && site.contains("/docs"));
    /// assert!(!site.contains("/") && !site.contains("/doc"));
    /// ```
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        self.serves(&Method::GET, path.as_bytes())
    }

    /// Like [`contains`](Site::contains), but for any method. Redirects and lists are only for GET and HEAD: other methods may be
    /// meant for an application at the same path.
    pub(crate) fn serves(&self, method: &Method, path: &[u8]) -> bool {
        let path = core::str::from_utf8(path).ok();
        let Some(path) = path.and_then(spelling::compose) else {
            return false;
        };
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        if is_read && self.options.rules.redirects(&path) {
            return true;
        }
        match self.place(&path, Now::default()).1 {
            Some(Place::File(_)) => true,
            Some(Place::Directory | Place::Page | Place::Listing) => is_read,
            None => false,
        }
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
            Some(Place::Page) => None,
            place => place,
        };
        (path.into(), place)
    }

    /// Returns the entry at a path.
    fn look_up(&self, path: &str, now: Now) -> Option<Place<'_>> {
        if path.ends_with('/') {
            let directory = self.look_up_directory(path, now);
            return directory.or_else(|| self.look_up_page(path, now).map(|_| Place::Page));
        }
        if let Some(file) = self.find(path, now) {
            return Some(Place::File(file));
        }
        if let Some(file) = self.look_up_page(path, now) {
            return Some(Place::File(file));
        }
        let directory = [path, "/"].concat();
        self.look_up_directory(&directory, now)
            .map(|_| Place::Directory)
    }

    /// Returns the page at a path without its suffix.
    fn look_up_page(&self, path: &str, now: Now) -> Option<Found<'_>> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let has_name = self.options.pretty_urls && !path.is_empty() && !path.ends_with('/');
        has_name
            .then(|| [path, ".html"].concat())
            .and_then(|page| self.find(&page, now))
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
    pub(super) fn find(&self, path: &str, now: Now) -> Option<Found<'_>> {
        // The name of a page or of an index may be written in another spelling.
        let path = &*spelling::compose(path)?;
        let lower = || self.lower.iter().find_map(|layer| layer.find(path, now));
        self.files.find(path).map(Found::Borrowed).or_else(lower)
    }
}
