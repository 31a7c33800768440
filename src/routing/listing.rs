//! Lists of a router's rules: for people and for snapshot tests, and as values for the test kit.

use super::route::{Kind, Route};
use super::router::Router;
use crate::application::{Application, ListedRoute};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

/// Writes one line per rule, in the order in which rules are tried. The rules of inner applications are indented.
///
/// ```
/// use bytegate::{Request, Router, Site};
///
/// let show = |request: &Request| request.path().to_string();
/// let admin = Router::new().get("/", show).post("/users", show);
/// let router = Router::new()
///     .suffix(".py", show)
///     .mount("/admin", admin)
///     .get("/{page}", show)
///     .files(Site::new().file("/style.css", "body {}"))
///     .fallback(show);
/// assert_eq!(router.to_string(), "\
/// mount    /admin
///   GET      /
///   POST     /users
/// GET      /{page}
/// suffix   .py
/// files    1 file
/// fallback
/// ");
/// ```
impl fmt::Display for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut write = |route: &Route| {
            writeln!(f, "{:<8} {}", route.kind, route.text)?;
            write_inner(&*route.application, f)
        };
        self.hosts.iter().try_for_each(&mut write)?;
        self.tree.for_each(&mut write)?;
        for site in &self.files {
            f.write_str(&site.routes())?;
        }
        match &self.fallback {
            Some(application) => {
                writeln!(f, "fallback")?;
                write_inner(&**application, f)
            }
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Router ")?;
        f.debug_list().entries(self.to_string().lines()).finish()
    }
}

impl Router {
    /// Lists the routes with whole patterns, in the order in which they are tried.
    pub(super) fn list(&self) -> Vec<ListedRoute> {
        let mut list = Vec::new();
        for route in self.hosts.iter() {
            let host = route.text.replace("*.", "any.");
            let routes = ListedRoute::or_all(route.application.route_list()).into_iter();
            list.extend(routes.map(|listed| ListedRoute {
                host: Some(host.clone()),
                ..listed
            }));
        }
        let mut add = |route: &Route| {
            match route.kind {
                Kind::Mount => {
                    let routes = ListedRoute::or_all(route.application.route_list()).into_iter();
                    list.extend(routes.map(|listed| listed.below(&route.text)));
                }
                Kind::Suffix => {
                    list.push(ListedRoute::new(None, format!("/{{name}}{}", route.text)))
                }
                Kind::Method(method) => list.push(ListedRoute::new(Some(method), &*route.text)),
                Kind::Any | Kind::Host => list.push(ListedRoute::new(None, &*route.text)),
            }
            Ok(())
        };
        // The closure never fails.
        let _ = self.tree.for_each(&mut add);
        list.extend(self.files.iter().flat_map(Application::route_list));
        if let Some(application) = &self.fallback {
            list.extend(ListedRoute::or_all(application.route_list()));
        }
        list
    }
}

/// Writes the routes inside an application.
fn write_inner(application: &dyn Application, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let routes = application.routes();
    let mut lines = routes.lines();
    lines.try_for_each(|line| writeln!(f, "  {line}"))
}
