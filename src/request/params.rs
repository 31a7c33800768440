//! Route parameters, such as `{name}` in `/hello/{name}`.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// The values that the segments of a pattern matched, linked to the values of the outer routers. Nothing is copied. The
/// last names have no value if the path that they matched has no decoded form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Params<'a> {
    /// The pattern of the route, or the prefix of a mount.
    pattern: &'a str,
    names: &'a [Box<str>],
    /// Parts of the decoded path, which is UTF-8.
    values: &'a [&'a [u8]],
    outer: AllParams<'a>,
}

/// All parameters of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AllParams<'a> {
    None,
    /// The parameters of a route, and of the routes around it.
    Routed(&'a Params<'a>),
    /// The parameters of an owned request.
    Owned(&'a OwnedParams),
}

/// Copied parameters. The last names may have no value.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnedParams {
    route: Option<Box<str>>,
    names: Vec<Box<str>>,
    values: Vec<Box<str>>,
}

impl<'a> Params<'a> {
    /// Joins the names of a pattern to values, in the same order.
    pub(crate) const fn new(
        pattern: &'a str,
        names: &'a [Box<str>],
        values: &'a [&'a [u8]],
        outer: AllParams<'a>,
    ) -> Params<'a> {
        Params {
            pattern,
            names,
            values,
            outer,
        }
    }
}

impl<'a> AllParams<'a> {
    /// Returns the value with the given name. The innermost router is searched first.
    pub(crate) fn get(self, name: &str) -> Option<&'a str> {
        let mut params = self;
        while let AllParams::Routed(routed) = params {
            if let Some(place) = routed.names.iter().position(|other| **other == *name) {
                return core::str::from_utf8(routed.values.get(place)?).ok();
            }
            params = routed.outer;
        }
        let AllParams::Owned(owned) = params else {
            return None;
        };
        let place = owned.names.iter().position(|other| **other == *name)?;
        Some(owned.values.get(place)?)
    }

    /// Returns the patterns of all routers that led here, joined.
    pub(crate) fn route(self) -> Option<String> {
        match self {
            AllParams::None => None,
            AllParams::Owned(owned) => owned.route.as_deref().map(String::from),
            AllParams::Routed(routed) => {
                let mut route = routed.outer.route().unwrap_or_default();
                route.truncate(route.trim_end_matches('/').len());
                route.push_str(routed.pattern);
                Some(route)
            }
        }
    }

    /// Returns all names and values, outermost first. Of equal names, the innermost one counts.
    pub(crate) fn list(self) -> Vec<(&'a str, &'a str)> {
        let mut list: Vec<(&str, &str)> = Vec::new();
        let (mut params, mut routers) = (self, Vec::new());
        while let AllParams::Routed(routed) = params {
            routers.push(routed.names);
            params = routed.outer;
        }
        if let AllParams::Owned(owned) = params {
            routers.push(&owned.names[..]);
        }
        for name in routers.into_iter().rev().flatten() {
            let value = self
                .get(name)
                .filter(|_| !list.iter().any(|(other, _)| **other == **name));
            list.extend(value.map(|value| (&**name, value)));
        }
        list
    }

    /// Returns whether a parameter has the given name, even if it has no value.
    pub(crate) fn has(self, name: &str) -> bool {
        self.names().any(|other| other == name)
    }

    /// Returns all names, innermost first.
    fn names(self) -> impl Iterator<Item = &'a str> + use<'a> {
        let routers = core::iter::successors(Some(self), |params| match params {
            AllParams::Routed(routed) => Some(routed.outer),
            AllParams::None | AllParams::Owned(_) => None,
        });
        let names = routers.flat_map(|params| match params {
            AllParams::None => &[],
            AllParams::Routed(routed) => routed.names,
            AllParams::Owned(owned) => &owned.names[..],
        });
        names.map(|name| &**name)
    }

    /// Copies the parameters that an application sees.
    pub(crate) fn to_owned(self) -> OwnedParams {
        // In the order of the path.
        let mut names: Vec<&str> = self.list().into_iter().map(|(name, _)| name).collect();
        for name in self.names() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.sort_by_key(|name| self.get(name).is_none());
        let values = names.iter().filter_map(|name| self.get(name));
        OwnedParams {
            route: self.route().map(Box::from),
            values: values.map(Box::from).collect(),
            names: names.into_iter().map(Box::from).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_parameters_hide_outer_ones_of_the_same_name() {
        let (outer_names, inner_names) = (["a".into(), "b".into()], ["b".into()]);
        let outer_values = [&b"1"[..], b"2"];
        let inner_values = ["\u{e4}".as_bytes()];
        let outer = Params::new("/{a}/{b}", &outer_names, &outer_values, AllParams::None);
        let inner = Params::new(
            "/{b}",
            &inner_names,
            &inner_values,
            AllParams::Routed(&outer),
        );
        let (outer, inner) = (AllParams::Routed(&outer), AllParams::Routed(&inner));
        assert_eq!(
            (inner.get("a"), inner.get("b")),
            (Some("1"), Some("\u{e4}"))
        );
        assert_eq!((outer.get("b"), inner.get("c")), (Some("2"), None));
        assert_eq!(inner.names().collect::<Vec<_>>(), ["b", "a", "b"]);
        assert_eq!(inner.list(), [("a", "1"), ("b", "\u{e4}")]);
        assert_eq!(inner.route().as_deref(), Some("/{a}/{b}/{b}"));
        let owned = inner.to_owned();
        let owned = AllParams::Owned(&owned);
        assert_eq!((owned.list(), owned.route()), (inner.list(), inner.route()));
    }

    #[test]
    fn a_parameter_without_a_value_hides_an_outer_one_too() {
        let (outer_names, inner_names) = (["a".into(), "b".into()], ["b".into()]);
        let outer_values = [&b"1"[..], b"2"];
        let outer = Params::new("/{a}/{b}", &outer_names, &outer_values, AllParams::None);
        let inner = Params::new("/{*b}", &inner_names, &[], AllParams::Routed(&outer));
        let inner = AllParams::Routed(&inner);
        assert_eq!((inner.get("a"), inner.get("b")), (Some("1"), None));
        assert!(inner.has("b") && inner.has("a") && !inner.has("c"));

        let owned = inner.to_owned();
        let owned = AllParams::Owned(&owned);
        assert_eq!((owned.get("a"), owned.get("b")), (Some("1"), None));
        assert!(owned.has("b") && owned.has("a") && !owned.has("c"));
        let around = Params::new("/{b}", &inner_names, &outer_values, owned);
        let around = AllParams::Routed(&around);
        assert_eq!((around.get("a"), around.get("b")), (Some("1"), Some("1")));
    }
}
