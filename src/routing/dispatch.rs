//! The search for the application that handles a request.

use super::allow;
use super::route::{Kind, Route};
use super::router::Router;
use super::search::{Found, Search};
use super::slash::{self, TrailingSlash};
use crate::application::{Application, ListedRoute};
use crate::request::params::{AllParams, Params};
use crate::request::request::Request;
use crate::response::reply::Reply;
use crate::response::response::Response;
use crate::site::site::Site;
use crate::upload::admission::Admission;
use crate::values::method::Method;
use crate::values::status::Status;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

impl Application for Router {
    fn call(&self, request: &Request<'_>) -> Response {
        self.reply(request).into_response()
    }

    fn reply<'a>(&'a self, request: &Request<'_>) -> Reply<'a> {
        self.dispatch(
            request,
            |application, request| application.reply(request),
            |reply| reply,
        )
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        self.dispatch(
            request,
            |application, request| application.admit(request),
            |reply| Admission::discard(&request.head(), reply.into_response()),
        )
    }

    fn routes(&self) -> String {
        self.to_string()
    }

    fn route_list(&self) -> Vec<ListedRoute> {
        self.list()
    }

    #[cold]
    fn route_of(&self, request: &Request<'_>) -> Option<String> {
        self.dispatch(
            request,
            |application, request| application.route_of(request),
            |_| None,
        )
    }
}

impl Router {
    /// Finds the application and calls it, or creates the response itself. A file of a site is such a response.
    #[inline]
    fn dispatch<'a, T>(
        &'a self,
        request: &Request<'_>,
        ask: impl Fn(&'a dyn Application, &Request<'_>) -> T,
        respond: impl Fn(Reply<'a>) -> T,
    ) -> T {
        if self.is_simple() {
            if let Some(application) = self.find_simply(request) {
                return ask(application, request);
            }
        }
        let method = request.message.head.method();
        let mut search = Search::new(&method);
        match self.find(request, &mut search) {
            Ok(Target::Application(application)) => ask(application, request),
            Ok(Target::Route(route, mounted)) => {
                let params =
                    Params::new(&route.text, &route.names, search.values(), request.params);
                let request = Request {
                    mounted,
                    params: AllParams::Routed(&params),
                    ..*request
                };
                ask(&*route.application, &request)
            }
            Err(reply) => respond(*reply),
        }
    }

    /// Returns whether the router has only suffixes and a fallback, as many routers do.
    #[inline]
    fn is_simple(&self) -> bool {
        !self.tree.has_patterns() && self.files.is_empty() && self.hosts.is_empty()
    }

    /// Finds the application if the router has only suffixes and a fallback.
    #[inline]
    fn find_simply(&self, request: &Request<'_>) -> Option<&dyn Application> {
        let path = request.path_info_bytes();
        match path.and_then(|path| self.tree.find_suffix(path)) {
            Some(found) => Some(&*found.route.application),
            None => self.fallback.as_deref(),
        }
    }

    #[inline]
    fn find<'a, 'p>(
        &'a self,
        request: &Request<'p>,
        search: &mut Search<'a, 'p>,
    ) -> Result<Target<'a>, Box<Reply<'a>>> {
        if !self.hosts.is_empty() {
            let host = request.authority();
            if let Some(route) = host.and_then(|authority| self.hosts.find(authority.host)) {
                return Ok(Target::Application(&*route.application));
            }
        }
        let Some(path) = request.path_info_bytes() else {
            return self.find_undecoded(request, search);
        };
        match self.tree.find(path, search) {
            Some(found) => Ok(Target::of(found, request, path)),
            None if self.needs_more(search) => self.find_elsewhere(request, path, search),
            None => self.find_fallback(),
        }
    }

    /// Returns whether anything but the fallback is left when no rule matches.
    #[inline]
    fn needs_more(&self, search: &Search<'_, '_>) -> bool {
        let is_known = !search.other_methods().is_empty();
        is_known || !self.files.is_empty() || self.trailing_slash != TrailingSlash::Strict
    }

    fn find_fallback(&self) -> Result<Target<'_>, Box<Reply<'_>>> {
        match &self.fallback {
            Some(application) => Ok(Target::Application(&**application)),
            None => Err(boxed(Status::NOT_FOUND)),
        }
    }

    /// Finds the application for a path that has no decoded form: one that accepts any rest of the path, or the fallback.
    #[cold]
    fn find_undecoded<'a, 'p>(
        &'a self,
        request: &Request<'p>,
        search: &mut Search<'a, 'p>,
    ) -> Result<Target<'a>, Box<Reply<'a>>> {
        let head = request.message.head;
        let path = head.path_bytes().get(request.mounted..);
        let path = path.unwrap_or_default();
        match self.tree.find_undecoded(path, search) {
            Some(found) => Ok(Target::of(found, request, path)),
            None if search.other_methods().is_empty() => self.find_fallback(),
            None => {
                let method = head.method();
                Err(boxed(allow::respond(&method, search.other_methods())))
            }
        }
    }

    /// Finds a file, refuses a method that no route for the path accepts, or finds a route for the other form of the
    /// path.
    #[inline(never)]
    fn find_elsewhere<'a, 'p>(
        &'a self,
        request: &Request<'p>,
        path: &'p [u8],
        search: &mut Search<'a, 'p>,
    ) -> Result<Target<'a>, Box<Reply<'a>>> {
        let head = request.message.head;
        let method = head.method();
        let is_read = matches!(method, Method::GET | Method::HEAD);
        let is_known = !search.other_methods().is_empty();
        if is_read || !is_known {
            let mut sites = self.files.iter();
            // Other methods for a directory may be meant for the fallback.
            let respond = |site: &'a Site| {
                if is_read || site.serves(&method, path) {
                    site.respond_if_there(&head, path, request.now())
                } else {
                    None
                }
            };
            if let Some(reply) = sites.find_map(respond) {
                return Err(Box::new(reply));
            }
        } else if self.files.iter().any(|site| site.serves(&method, path)) {
            // `Allow` names the methods of the routes and of the file.
            search.note_method(&Method::GET);
        }
        if is_known {
            return Err(boxed(allow::respond(&method, search.other_methods())));
        }
        if self.trailing_slash == TrailingSlash::Strict {
            return self.find_fallback();
        }
        match self.tree.find_other_form(path, search) {
            Some(found) if self.trailing_slash == TrailingSlash::Either => {
                Ok(Target::of(found, request, path))
            }
            Some(_) => match slash::redirect(&head) {
                Some(response) => Err(boxed(response)),
                None => self.find_fallback(),
            },
            None if search.other_methods().is_empty() => self.find_fallback(),
            None => Err(boxed(allow::respond(&method, search.other_methods()))),
        }
    }
}

fn boxed<'a>(response: impl Into<Response>) -> Box<Reply<'a>> {
    Box::new(Reply::Made(response.into()))
}

/// The application for a request.
enum Target<'a> {
    /// An application that gets the request as it is.
    Application(&'a dyn Application),
    /// A route, with the number of bytes up to its mount point.
    Route(&'a Route, usize),
}

impl<'a> Target<'a> {
    #[inline]
    fn of(found: Found<'a>, request: &Request<'_>, path: &[u8]) -> Target<'a> {
        let Found { route, rest } = found;
        match route.kind {
            Kind::Mount => {
                let prefix = path.len().saturating_sub(rest);
                Target::Route(route, request.mounted + prefix)
            }
            Kind::Suffix | Kind::Host => Target::Application(&*route.application),
            _ => Target::Route(route, request.mounted),
        }
    }
}
