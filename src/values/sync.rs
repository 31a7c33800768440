//! Shared values and counters, also for chips without an atomic compare-and-swap.
//!
//! There, the types come from the crates `portable-atomic` and `portable-atomic-util`. Their `Arc<T>` does not become an
//! `Arc<dyn Trait>` by itself: make it from a box.

#[cfg(target_has_atomic = "ptr")]
pub(crate) use alloc::sync::Arc;
#[cfg(target_has_atomic = "ptr")]
pub(crate) use core::sync::atomic::{AtomicUsize, Ordering};
#[cfg(not(target_has_atomic = "ptr"))]
pub(crate) use portable_atomic::{AtomicUsize, Ordering};
#[cfg(not(target_has_atomic = "ptr"))]
pub(crate) use portable_atomic_util::Arc;
