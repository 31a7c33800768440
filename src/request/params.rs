//! Route parameters, such as `{name}` in `/hello/{name}`.

use alloc::boxed::Box;

/// The values that the segments of a pattern matched, linked to the values of the outer routers. Nothing is copied. The
/// last names have no value if the path that they matched has no decoded form.
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

    /// Returns the value with the given name. The innermost router is searched first.
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

    /// Returns whether a parameter has the given name, even if it has no value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().any(|other| other == name)
    }

    /// Returns all names, innermost first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let routers = core::iter::successors(Some(*self), |params| params.outer.copied());
        routers.flat_map(|params| params.names.iter().map(|name| &**name))
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
