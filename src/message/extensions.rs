//! Values that travel with a request, found by their type.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::any::{Any, TypeId};
use core::fmt;

/// Values of any type, one of each: what a middleware has to say to the application.
///
/// ```
/// use bytegate::Extensions;
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
    /// Made with the first value: most requests have none.
    values: Option<Box<Values>>,
}

type Values = BTreeMap<TypeId, Box<dyn AnyValue>>;

/// A value that can be cloned and looked at by its type.
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
    /// No values.
    pub const fn new() -> Extensions {
        Extensions { values: None }
    }

    /// Puts a value in, in place of the one of its type.
    pub fn insert<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        let values = self.values.get_or_insert_default();
        values.insert(TypeId::of::<T>(), Box::new(value));
    }

    /// The value of a type.
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
