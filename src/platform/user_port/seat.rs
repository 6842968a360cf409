//! One seat: its word and the steps on it. `seat_table.rs` has the protocol.

use crate::sync::{AtomicUsize, Relaxed, Site, const_fn, ordering};
use core::fmt;

const EMPTY: usize = 0;
pub(super) const CHOSEN: usize = 1;
const _: () = assert!(align_of::<AtomicUsize>() > CHOSEN, "an address leaves room for a bit");

/// A place in which one thread sleeps: a word, zero while it is empty. A [`UserPort`](super::UserPort) has an
/// array of them.
#[repr(transparent)]
pub struct Seat(AtomicUsize);

impl Seat {
    const_fn! {
        /// An empty seat.
        pub fn new() -> Self {
            Self(AtomicUsize::new(EMPTY))
        }
    }

    pub(super) fn take(&self, address: usize) -> bool {
        // ORDERING: Relaxed: a seat guards no data; the fence pair protects what must not be missed.
        let taken = self.0.compare_exchange(
            EMPTY,
            address,
            ordering(Site::SeatTake, Relaxed),
            ordering(Site::SeatTakeLost, Relaxed),
        );
        taken.is_ok()
    }

    /// Empties the seat. Was it chosen?
    pub(super) fn leave(&self) -> bool {
        // ORDERING: Relaxed, as in take.
        self.0.swap(EMPTY, ordering(Site::SeatLeave, Relaxed)) & CHOSEN != 0
    }

    pub(super) fn load_state(&self) -> usize {
        // ORDERING: Relaxed: in `wake` a fence comes before it. A sleeper that misses CHOSEN parks, and its
        // `unpark` ends that.
        self.0.load(ordering(Site::SeatLook, Relaxed))
    }

    /// Chooses the sleeper, if the seat is taken for this word. Err with what the seat holds, if not.
    pub(super) fn choose(&self, address: usize) -> Result<(), usize> {
        // ORDERING: Relaxed, as in take.
        let chosen = self.0.compare_exchange(
            address,
            address | CHOSEN,
            ordering(Site::SeatChoose, Relaxed),
            ordering(Site::SeatChooseLost, Relaxed),
        );
        chosen.map(|_| ())
    }
}

impl Default for Seat {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").finish_non_exhaustive()
    }
}
