//! The search for the application that answers a request.

use super::allow;
use super::route::{Kind, Route};
use super::router::Router;
use super::slash::{self, TrailingSlash};
use super::tree::{Found, Lookup, Rest, Values};
use crate::application::Application;
use crate::application::site::Site;
use crate::application::upload::Admission;
use crate::message::params::Params;
use crate::message::reply::Reply;
use crate::message::request::Request;
use crate::message::response::Response;
use crate::values::method::Method;
use crate::values::status::Status;
use alloc::boxed::Box;

impl Application for Router {
    fn call(&self, request: &Request<'_>) -> Response {
        self.reply(request).into_response()
    }

    fn reply<'a>(&'a self, request: &Request<'_>) -> Reply<'a> {
        self.dispatch(
            request,
            |application, request| application.reply(request),
            Reply::Made,
        )
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        self.dispatch(
            request,
            |application, request| application.admit(request),
            |response| Admission::discard(&request.head(), response),
        )
    }

    fn router(&self) -> Option<&Router> {
        Some(self)
    }
}

impl Router {
    /// Finds the application and calls it, or answers instead.
    #[inline]
    fn dispatch<'a, T>(
        &'a self,
        request: &Request<'_>,
        ask: impl Fn(&'a dyn Application, &Request<'_>) -> T,
        answer: impl Fn(Response) -> T,
    ) -> T {
        let mut values = Values::default();
        match self.find(request, &mut values) {
            Ok(Target::Application(application)) => ask(application, request),
            Ok(Target::Route(route, mounted)) => {
                let params = Params::new(&route.names, values.as_slice(), request.params);
                let request = Request {
                    mounted,
                    params: Some(&params),
                    ..*request
                };
                ask(&*route.application, &request)
            }
            Err(response) => answer(*response),
        }
    }

    #[inline]
    fn find<'a, 'p>(
        &'a self,
        request: &Request<'p>,
        values: &mut Values<'p>,
    ) -> Result<Target<'a>, Box<Response>> {
        if !self.hosts.is_empty() {
            let host = request.authority();
            if let Some(route) = host.and_then(|authority| self.hosts.find(authority.host)) {
                return Ok(Target::Application(&*route.application));
            }
        }
        let Some(path) = request.path_info_bytes() else {
            return self.find_fallback();
        };
        let method = request.message.head.method_ref();
        match self.tree.find(path, method, values) {
            Lookup::Found(found) => Ok(Target::of(found, request, path)),
            Lookup::Nothing if self.needs_no_more() => self.find_fallback(),
            Lookup::Nothing => self.find_elsewhere(request, path, values),
            Lookup::OtherMethods => self.find_for_other_method(method, path),
        }
    }

    /// Returns whether only the fallback is left when no rule matches a path.
    #[inline]
    fn needs_no_more(&self) -> bool {
        self.files.is_empty() && self.trailing_slash == TrailingSlash::Strict
    }

    fn find_fallback(&self) -> Result<Target<'_>, Box<Response>> {
        match &self.fallback {
            Some(application) => Ok(Target::Application(&**application)),
            None => Err(Box::new(Status::NOT_FOUND.into())),
        }
    }

    /// Finds a file, or a route for the other form of a path.
    #[inline(never)]
    fn find_elsewhere<'a, 'p>(
        &'a self,
        request: &Request<'p>,
        path: &'p [u8],
        values: &mut Values<'p>,
    ) -> Result<Target<'a>, Box<Response>> {
        let head = request.message.head;
        let method = head.method_ref();
        if let Some(site) = self.find_site(method, path) {
            return Ok(Target::Application(site));
        }
        let other_form = match self.trailing_slash {
            TrailingSlash::Strict => None,
            TrailingSlash::Redirect | TrailingSlash::Either => Rest::of_other_form(path),
        };
        let Some(other_form) = other_form else {
            return self.find_fallback();
        };
        match self.tree.find_pattern(other_form, method, values) {
            Lookup::Found(found) if self.trailing_slash == TrailingSlash::Either => {
                Ok(Target::of(found, request, path))
            }
            Lookup::Found(_) => match slash::redirect(&head) {
                Some(response) => Err(Box::new(response)),
                None => self.find_fallback(),
            },
            Lookup::OtherMethods => {
                let methods = self.tree.methods(other_form);
                Err(Box::new(allow::answer(method, methods)))
            }
            Lookup::Nothing => self.find_fallback(),
        }
    }

    /// Finds a file for a path whose routes do not accept the method.
    #[cold]
    fn find_for_other_method(
        &self,
        method: &Method,
        path: &[u8],
    ) -> Result<Target<'_>, Box<Response>> {
        let mut methods = self.tree.methods(Rest::of(path));
        match (self.find_site(&Method::Get, path), method) {
            (Some(site), Method::Get | Method::Head) => return Ok(Target::Application(site)),
            (Some(_), _) => methods.push(Method::Get),
            (None, _) => {}
        }
        Err(Box::new(allow::answer(method, methods)))
    }

    fn find_site(&self, method: &Method, path: &[u8]) -> Option<&Site> {
        self.files.iter().find(|site| site.answers(method, path))
    }
}

/// The application for a request.
enum Target<'a> {
    /// An application that gets the request as it is.
    Application(&'a dyn Application),
    /// A route with parameters, or with the number of bytes up to its mount point.
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
            _ if route.names.is_empty() => Target::Application(&*route.application),
            _ => Target::Route(route, request.mounted),
        }
    }
}
