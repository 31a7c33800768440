//! Values attached to a request and looked up by type.

use super::rewritten::Rewritten;
use crate::message::head::Head;
use crate::values::connection_info::ConnectionInfo;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::any::{Any, TypeId};
use core::fmt;
use core::mem::ManuallyDrop;

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
    /// Allocated for the first value, because most requests have none. [`Drop`] drops it, so that nothing is called for an
    /// empty map.
    values: ManuallyDrop<Option<Box<Values>>>,
}

#[derive(Default)]
struct Values {
    by_type: BTreeMap<TypeId, Box<dyn AnyValue>>,
    rewritten: Option<Box<Rewritten>>,
}

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
        Extensions {
            values: ManuallyDrop::new(None),
        }
    }

    /// Inserts a value, replacing any value of the same type.
    pub fn insert<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        let values = self.values.get_or_insert_default();
        values.by_type.insert(TypeId::of::<T>(), Box::new(value));
    }

    /// Returns whether the map is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_none()
    }

    /// Adds all values of another map, replacing values of the same types.
    pub(crate) fn extend(&mut self, mut other: Extensions) {
        match (&mut *self.values, other.values.take()) {
            (Some(values), Some(others)) => {
                values.by_type.extend(others.by_type);
                values.rewritten = others.rewritten.or(values.rewritten.take());
            }
            (None, others) => *self.values = others,
            (Some(_), None) => {}
        }
    }

    /// Returns the parts of the request that middleware has rewritten.
    #[inline(always)]
    pub(crate) fn rewritten(&self) -> Option<&Rewritten> {
        self.values.as_ref()?.rewritten.as_deref()
    }

    /// Replaces the parts of the request that middleware has rewritten.
    pub(crate) fn set_rewritten(&mut self, rewritten: Rewritten) {
        self.values.get_or_insert_default().rewritten = Some(Box::new(rewritten));
    }

    /// Returns the head as middleware has rewritten it, or the one that was received.
    #[inline(always)]
    pub(crate) fn head_for<'h>(&'h self, received: Head<'h>) -> Head<'h> {
        match self.rewritten() {
            Some(rewritten) => rewritten.head_for(received),
            None => received,
        }
    }

    /// Returns the information about the connection as middleware has rewritten it, or the original.
    #[inline(always)]
    pub(crate) fn connection_for<'c>(&'c self, own: &'c ConnectionInfo) -> &'c ConnectionInfo {
        match self.rewritten() {
            Some(rewritten) => &rewritten.connection,
            None => own,
        }
    }

    /// Returns the length of the prefix that middleware has put before the path.
    #[inline(always)]
    pub(crate) fn prefix(&self) -> usize {
        self.rewritten().map_or(0, |rewritten| rewritten.prefix())
    }

    /// Returns a copy for a request whose head and connection are already the rewritten ones.
    pub(crate) fn without_rewritten(&self) -> Extensions {
        let mut copy = self.clone();
        if let Some(values) = &mut *copy.values {
            values.rewritten = None;
        }
        copy
    }

    /// Returns the value of the given type.
    #[must_use]
    pub fn get<T: 'static>(&self) -> Option<&T> {
        let value = self.values.as_ref()?.by_type.get(&TypeId::of::<T>())?;
        (**value).as_any().downcast_ref()
    }
}

impl Drop for Extensions {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(values) = self.values.take() {
            drop_values(values);
        }
    }
}

#[inline(never)]
fn drop_values(values: Box<Values>) {
    drop(values);
}

impl Clone for Extensions {
    fn clone(&self) -> Extensions {
        let copy = |values: &Values| {
            let by_type = values.by_type.iter();
            let copies = by_type.map(|(id, value)| (*id, (**value).clone_box()));
            Box::new(Values {
                by_type: copies.collect(),
                rewritten: values.rewritten.clone(),
            })
        };
        Extensions {
            values: ManuallyDrop::new(self.values.as_deref().map(copy)),
        }
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self
            .values
            .as_ref()
            .map_or(0, |values| values.by_type.len());
        write!(f, "Extensions({count} values)")
    }
}
