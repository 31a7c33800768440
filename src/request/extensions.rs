//! Values attached to a request and looked up by type.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::any::{Any, TypeId};
use core::fmt;

/// A map of values keyed by type. Middleware uses it to pass data to the application.
///
/// ```
/// use bytegate::request::Extensions;
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct User(String);
///
/// let mut extensions = Extensions::default();
/// extensions.insert(User("ada".to_string()));
/// assert_eq!(extensions.get::<User>(), Some(&User("ada".to_string())));
/// assert_eq!(extensions.get::<u32>(), None);
/// ```
#[derive(Default)]
pub struct Extensions {
    /// Allocated for the first value, because most requests have none.
    values: Option<Box<Values>>,
}

type Values = BTreeMap<TypeId, Box<dyn AnyValue>>;

/// A value that can be cloned and downcast.
trait AnyValue: Any + Send + Sync {
    fn clone_box(&self) -> Box<dyn AnyValue>;
    fn as_any(&self) -> &dyn Any;
}

impl<T: Clone + Send + Sync + 'static> AnyValue for T {
    fn clone_box(&self) -> Box<dyn AnyValue> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Extensions {
    /// Creates an empty map.
    #[must_use]
    pub const fn new() -> Extensions {
        Extensions { values: None }
    }

    /// Inserts a value, replacing any value of the same type.
    pub fn insert<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        let values = self.values.get_or_insert_default();
        values.insert(TypeId::of::<T>(), Box::new(value));
    }

    /// Returns whether the map is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_none()
    }

    /// Adds all values of another map, replacing values of the same types.
    pub(crate) fn extend(&mut self, other: Extensions) {
        match (&mut self.values, other.values) {
            (Some(values), Some(others)) => values.extend(*others),
            (None, others) => self.values = others,
            (Some(_), None) => {}
        }
    }

    /// Returns the value of the given type.
    #[must_use]
    pub fn get<T: 'static>(&self) -> Option<&T> {
        let value = self.values.as_ref()?.get(&TypeId::of::<T>())?;
        (**value).as_any().downcast_ref()
    }
}

impl Clone for Extensions {
    fn clone(&self) -> Extensions {
        let copy = |values: &Values| {
            let copies = values
                .iter()
                .map(|(id, value)| (*id, (**value).clone_box()));
            Box::new(copies.collect())
        };
        Extensions {
            values: self.values.as_deref().map(copy),
        }
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.values.as_ref().map_or(0, |values| values.len());
        write!(f, "Extensions({count} values)")
    }
}
