//! Route parameters, such as `{name}` in `/hello/{name}`.

use super::owned_request::OwnedRequest;
use super::rejection::{Rejection, detail};
use super::request::Request;
use crate::values::status::Status;
use alloc::boxed::Box;
use alloc::format;
use core::fmt::Display;
use core::str::FromStr;

/// The values that the segments of a pattern matched, linked to those of the routers outside. Nothing is copied. The
/// last names have no value if what they matched has no decoded form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Params<'a> {
    names: &'a [Box<str>],
    /// Parts of the decoded path, which is UTF-8.
    values: &'a [&'a [u8]],
    outer: Option<&'a Params<'a>>,
}

impl<'a> Params<'a> {
    /// Joins names to values, in the same order.
    pub(crate) const fn new(
        names: &'a [Box<str>],
        values: &'a [&'a [u8]],
        outer: Option<&'a Params<'a>>,
    ) -> Params<'a> {
        Params {
            names,
            values,
            outer,
        }
    }

    /// Returns the value with the given name. The innermost router is asked first.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        let mut params = *self;
        loop {
            let place = params.names.iter().position(|other| **other == *name);
            match (place, params.outer) {
                (Some(place), _) => {
                    let value = params.values.get(place)?;
                    return core::str::from_utf8(value).ok();
                }
                (None, Some(outer)) => params = *outer,
                (None, None) => return None,
            }
        }
    }

    /// Returns whether there is a parameter with the given name, even if it has no value.
    fn has(&self, name: &str) -> bool {
        self.names().any(|other| other == name)
    }

    /// Returns all names, innermost first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let routers = core::iter::successors(Some(*self), |params| params.outer.copied());
        routers.flat_map(|params| params.names.iter().map(|name| &**name))
    }
}

impl<'a> Request<'a> {
    /// Returns the decoded value of a route parameter, such as `{name}` in `/hello/{name}`. Parameters of the routers
    /// outside are visible too. If several have the same name, the innermost one is returned.
    ///
    /// `{*name}` also matches what has no decoded form, such as `@scope%2fname`. The parameter then has no value: see
    /// [`decoded_path`](Request::decoded_path).
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.params?.get(name)
    }

    /// Parses the value of a route parameter.
    ///
    /// ```
    /// use bytegate::{Gateway, Rejection, Request, Router};
    ///
    /// fn order(request: &Request<'_>) -> Result<String, Rejection> {
    ///     let number: u32 = request.parse_param("number")?;
    ///     Ok(format!("order {number}\n"))
    /// }
    ///
    /// let gateway = Gateway::new(Router::new().get("/orders/{number}", order));
    /// let reply = gateway.handle(b"GET /orders/7 HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(reply.ends_with(b"order 7\n"));
    /// let reply = gateway.handle(b"GET /orders/seven HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(reply.starts_with(b"HTTP/1.1 404 Not Found\r\n"));
    /// ```
    ///
    /// # Errors
    /// - 404 if the value does not parse, or has no decoded form, because no resource has that path.
    /// - 500 if the route has no parameter of that name, which is a mistake in the program. The log says so.
    pub fn parse_param<T>(&self, name: &str) -> Result<T, Rejection>
    where
        T: FromStr<Err: Display>,
    {
        let value = self.param(name).ok_or_else(|| self.without_param(name))?;
        value.parse().map_err(|error| {
            let error = detail(error);
            Rejection::not_found(format!("{name:?} in the path is not valid: {error}"))
        })
    }

    /// Explains why a parameter has no value.
    #[cold]
    fn without_param(&self, name: &str) -> Rejection {
        match self.params {
            Some(params) if params.has(name) => {
                Rejection::not_found(format!("{name:?} in the path has no decoded form"))
            }
            _ => {
                let reason = format!("the route has no parameter {name:?}");
                Rejection::new(Status::INTERNAL_SERVER_ERROR, reason)
            }
        }
    }
}

impl OwnedRequest {
    /// Like [`Request::parse_param`].
    ///
    /// # Errors
    /// Fails like [`Request::parse_param`].
    pub fn parse_param<T>(&self, name: &str) -> Result<T, Rejection>
    where
        T: FromStr<Err: Display>,
    {
        self.with(|request| request.parse_param(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn inner_parameters_hide_outer_ones_of_the_same_name() {
        let (outer_names, inner_names) = (["a".into(), "b".into()], ["b".into()]);
        let outer_values = [&b"1"[..], b"2"];
        let inner_values = ["\u{e4}".as_bytes()];
        let outer = Params::new(&outer_names, &outer_values, None);
        let inner = Params::new(&inner_names, &inner_values, Some(&outer));
        assert_eq!(
            (inner.get("a"), inner.get("b")),
            (Some("1"), Some("\u{e4}"))
        );
        assert_eq!((outer.get("b"), inner.get("c")), (Some("2"), None));
        assert_eq!(inner.names().collect::<Vec<_>>(), ["b", "a", "b"]);
    }

    #[test]
    fn a_parameter_without_a_value_hides_an_outer_one_too() {
        let (outer_names, inner_names) = (["a".into(), "b".into()], ["b".into()]);
        let outer_values = [&b"1"[..], b"2"];
        let outer = Params::new(&outer_names, &outer_values, None);
        let inner = Params::new(&inner_names, &[], Some(&outer));
        assert_eq!((inner.get("a"), inner.get("b")), (Some("1"), None));
        assert!(inner.has("b") && inner.has("a") && !inner.has("c"));
    }
}
