//! A user's port together with the seats that its threads sleep in.

use super::UserPort;
use super::seat_table::{self, Seat};
use crate::job::context::CallContext;
use crate::platform::port::Port;
use crate::sync::{AtomicUsize, const_fn};
use core::fmt;

/// A user's port with its `SEATS`, for any number of pools: as many threads of theirs as there are seats can sleep
/// at the same time. A thread that finds no seat [pauses](UserPort::pause) and looks, in turn: it lets all others run, but
/// an idle pool whose workers have fewer seats than they need goes on waking up.
///
/// Takes a word for each seat, and the size of `U`. Lies in a `static`, all zero at first but for `U`; pools
/// have a reference to it.
pub struct Lot<U, const SEATS: usize> {
    user: U,
    pub(crate) seats: [Seat; SEATS],
}

impl<U: UserPort, const SEATS: usize> Lot<U, SEATS> {
    const_fn! {
        /// A lot of empty seats. None at all is an error at compile time.
        pub fn new(user: U) -> Self {
            const { assert!(SEATS > 0, "a lot without seats lets nobody sleep") };
            Self { user, seats: crate::sync::array_of![Seat::new(); SEATS] }
        }
    }

    /// The user's port.
    pub fn user(&self) -> &U {
        &self.user
    }
}

impl<U: UserPort, const SEATS: usize> fmt::Debug for Lot<U, SEATS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lot").finish_non_exhaustive()
    }
}

impl<U: UserPort, const SEATS: usize> Port for &Lot<U, SEATS> {
    fn wait(&self, word: &AtomicUsize, expected: usize, timeout: Option<u64>) {
        seat_table::wait(&self.seats, &self.user, word, expected, timeout);
    }

    fn wake_one(&self, word: *const AtomicUsize) {
        seat_table::wake(&self.seats, &self.user, word.addr(), false, false);
    }

    fn wake_all(&self, word: *const AtomicUsize) {
        seat_table::wake(&self.seats, &self.user, word.addr(), true, false);
    }

    fn wake_from_isr(&self, word: *const AtomicUsize, all: bool) {
        seat_table::wake(&self.seats, &self.user, word.addr(), all, true);
    }

    fn now(&self) -> Option<u64> {
        self.user.now()
    }

    fn pause(&self) {
        self.user.pause();
    }

    fn current(&self) -> *const CallContext {
        self.user.current().cast()
    }

    fn set_current(&self, frame: *const CallContext) {
        self.user.set_current(frame.cast_mut().cast());
    }
}
