//! Keeps a submitter that fills the pool away from the workers that empty it.
//!
//! A submitter faster than the workers catches up with them, once the pool is full, and then takes each free slot
//! right after it was given back: entries and slots go from core to core with every job, which slows both sides down, so that it
//! never becomes full enough for the submitter to sleep. So a submitter that may wait anyway, and is so near, lets the
//! workers gain on it while it sees them do so. (The known cure for queues of one producer and one consumer, which keep
//! a slip between them: J. Giacomoni et al., "FastForward for Efficient Pipeline Parallelism", PPoPP 2008, 3.4.)

use super::RawPool;
use super::submit::Reserved;
use crate::port::Port;
use crate::relax::{SPINS, pause};
use crate::storage::Storage;

/// Fewer free slots than this are near: the entries of one line of memory.
const NEAR: usize = 8;
/// So many are far enough, or a quarter of the pool.
const FAR: usize = 128;
/// Pauses for each slot that the workers are to gain: more than an empty job takes them.
const PAUSES: usize = 3;

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// For a submitter that has just taken a slot, and may wait: some 20 µs if the workers free slots as fast as
    /// they can, 1 µs if they don't.
    #[inline(always)]
    pub(crate) fn keep_distance(&self, reserved: &Reserved) {
        if SPINS && !self.free().reaches(reserved.at, NEAR) {
            self.gain_distance(reserved.at);
        }
    }

    #[cold]
    #[inline(never)]
    fn gain_distance(&self, at: usize) {
        let far = FAR.min(self.capacity() / 4);
        if far < NEAR || self.lifecycle.live() == 0 {
            return;
        }
        let mut ahead = NEAR;
        while ahead <= far {
            pause(PAUSES * ahead);
            if !self.free().reaches(at, ahead) {
                return;
            }
            ahead *= 2;
        }
    }
}
