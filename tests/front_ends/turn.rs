//! The order of tests: those that measure the whole process run alone, all others in parallel.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

static ALONE: RwLock<()> = RwLock::new(());

#[expect(dead_code, reason = "held, never looked at")]
pub(crate) enum Turn {
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

impl Turn {
    pub(crate) fn shared() -> Turn {
        Turn::Shared(ALONE.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until no other test runs.
    pub(crate) fn alone() -> Turn {
        Turn::Alone(ALONE.write().unwrap_or_else(PoisonError::into_inner))
    }
}
