//! The time of the front end, which a deferred response of a Python application needs when it is polled.

use crate::values::now::Now;
#[cfg(feature = "python")]
use core::cell::Cell;

#[cfg(feature = "python")]
thread_local! {
    static NOW: Cell<Option<Now>> = const { Cell::new(None) };
}

/// Polls a deferred response at a time of the front end.
#[cfg(feature = "python")]
pub(super) fn at<T>(now: &Now, poll: impl FnOnce() -> T) -> T {
    /// Restores the time before, also after a panic.
    struct Before(Option<Now>);

    impl Drop for Before {
        fn drop(&mut self) {
            NOW.set(self.0);
        }
    }

    let _before = Before(NOW.replace(Some(*now)));
    poll()
}

/// Polls a deferred response, none of which needs the time.
#[cfg(not(feature = "python"))]
#[inline(always)]
pub(super) fn at<T>(_: &Now, poll: impl FnOnce() -> T) -> T {
    poll()
}

/// Returns the time of the front end that polls the deferred response on this thread. An executor that polls one knows none.
#[cfg(all(feature = "python", unix))]
pub(crate) fn get() -> Option<Now> {
    NOW.get()
}
