//! A route as a value.

use crate::values::method::Method;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A route of an application, as the test kit sees it.
///
/// ```
/// use bytegate::application::{Application, ListedRoute};
/// use bytegate::{Method, Request, Router};
///
/// let inner = Router::new().get("/{id}", |_: &Request| "a user\n");
/// let routes: Vec<ListedRoute> = Router::new().mount("/users", inner).route_list();
/// assert_eq!((routes[0].method, &routes[0].pattern[..]), (Some(Method::GET), "/users/{id}"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRoute {
    /// The host, or `None` for any.
    pub host: Option<String>,
    /// The method, or `None` for any.
    pub method: Option<Method>,
    /// The pattern of the whole path. Names in braces stand for any text.
    pub pattern: String,
}

impl ListedRoute {
    pub(crate) fn new(method: Option<Method>, pattern: impl Into<String>) -> ListedRoute {
        ListedRoute {
            host: None,
            method,
            pattern: pattern.into(),
        }
    }

    /// Returns the routes, or one for all paths if there are none.
    pub(crate) fn or_all(list: Vec<ListedRoute>) -> Vec<ListedRoute> {
        if list.is_empty() {
            Vec::from([ListedRoute::new(None, "/{*path}")])
        } else {
            list
        }
    }

    /// Puts a prefix before the pattern.
    pub(crate) fn below(mut self, prefix: &str) -> ListedRoute {
        self.pattern = format!("{}{}", prefix.trim_end_matches('/'), self.pattern);
        self
    }
}
