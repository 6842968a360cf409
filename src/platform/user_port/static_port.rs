//! A lot without a pointer to it: named by a type, so that pools on it are all zero at first.

use super::UserPort;
use super::lot::Lot;
use crate::job::context::CallContext;
use crate::platform::port::Port;
use crate::sync::AtomicUsize;
use core::fmt;
use core::marker::PhantomData;

/// A user's port that has one lot, in a `static`.
pub trait Home<const SEATS: usize>: UserPort + Sized + 'static {
    /// Its lot, always the same.
    fn lot() -> &'static Lot<Self, SEATS>;
}

/// The [`Lot`] that is `U`'s [`Home`]. A pool on `At` is all zero until used and lies in `.bss`; one on a `&Lot` has an
/// address in it, so that all of it lies in `.data`, which is flash too.
///
/// ```
/// use jobring::{At, Home, Lot, StaticPool, UserPort};
///
/// struct Cores;
/// # // SAFETY: 1: current and set_current are left as they are. 2: nothing in it panics.
/// # unsafe impl UserPort for Cores {
/// #     fn park(&self, _seat: usize, _timeout: Option<u64>) {}
/// #     fn unpark(&self, _seat: usize, _from_isr: bool) {}
/// #     fn pause(&self) {}
/// # }
/// // unsafe impl UserPort for Cores { … }
///
/// impl Home<4> for Cores {
///     fn lot() -> &'static Lot<Self, 4> {
///         static LOT: Lot<Cores, 4> = Lot::new(Cores);
///         &LOT
///     }
/// }
///
/// static POOL: StaticPool<64, 4, 48, At<Cores, 4>> = StaticPool::with_port(At::HOME);
/// ```
pub struct At<U, const SEATS: usize>(PhantomData<fn() -> U>);

impl<U, const SEATS: usize> At<U, SEATS> {
    /// The one value.
    pub const HOME: Self = Self(PhantomData);
}

impl<U, const SEATS: usize> Clone for At<U, SEATS> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<U, const SEATS: usize> Copy for At<U, SEATS> {}

impl<U, const SEATS: usize> fmt::Debug for At<U, SEATS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("At")
    }
}

impl<U: Home<SEATS>, const SEATS: usize> Port for At<U, SEATS> {
    fn wait(&self, word: &AtomicUsize, expected: usize, timeout: Option<u64>) {
        U::lot().wait(word, expected, timeout);
    }

    fn wake_one(&self, word: *const AtomicUsize) {
        U::lot().wake_one(word);
    }

    fn wake_all(&self, word: *const AtomicUsize) {
        U::lot().wake_all(word);
    }

    fn wake_from_isr(&self, word: *const AtomicUsize, all: bool) {
        U::lot().wake_from_isr(word, all);
    }

    fn now(&self) -> Option<u64> {
        U::lot().now()
    }

    fn pause(&self) {
        U::lot().pause();
    }

    fn current(&self) -> *const CallContext {
        U::lot().current()
    }

    fn set_current(&self, frame: *const CallContext) {
        U::lot().set_current(frame);
    }
}
