//! Hearing of completions by a descriptor: an event loop arms the queue, polls the descriptor, and takes.
//!
//! ```text
//! arm       clear the descriptor; store a new number; fence; look at the ring: something is there → take the number off
//! end       push; fence; look: a number → signal the descriptor, then take that number off by an exchange
//! ```
//!
//! A thread that arms while jobs are pending yields its CPU once before: a worker whose signal has woken it there may
//! have more jobs to end. Without that a burst can take a signal and a sleep for every few jobs.
//!
//! A loop that is busy does not arm, and so makes no system call. A burst of completions signals once, as a
//! rule: threads that end jobs between a signal and the exchange behind it signal too.
//!
//! Signal first: a thread that took the number and was stopped before its signal would hide all later
//! completions. Now it delays its own alone. Only that very number is taken off: a late exchange must not
//! disarm the next arm. The descriptor is cleared before the number is stored: a clear behind it could take a
//! signal of this arm. So a descriptor may be readable without a completion, and is never unreadable with
//! one.

use super::RawPool;
use super::completion_queue::Completions;
use crate::platform::port::Port;
use crate::slot::storage::Storage;
use crate::sync::{Bug, Relaxed, Release, SeqCst, Site, bug, fence, ordering};
use crate::util::backoff::SPINS;

impl Completions {
    /// The descriptor's name; 0: the queue has none.
    pub(crate) fn descriptor(&self) -> usize {
        // ORDERING: Relaxed: the thread that asks has set it, or heard of it.
        self.descriptor.load(ordering(Site::CompletionsDescriptor, Relaxed))
    }

    /// Gives the queue a descriptor. False if it has one.
    #[cfg(unix)]
    pub(crate) fn set_descriptor(&self, name: usize) -> bool {
        // ORDERING: Relaxed: an arm publishes it.
        let set = self.descriptor.compare_exchange(
            0,
            name,
            ordering(Site::CompletionsDescriptorSet, Relaxed),
            ordering(Site::CompletionsDescriptorLost, Relaxed),
        );
        set.is_ok()
    }
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// From here on the next completion signals the queue's descriptor. False: there is one to take now.
    pub(crate) fn arm(&self, queue: &Completions) -> bool {
        if SPINS && queue.pending() > 0 {
            if queue.is_empty() {
                self.port.yield_now();
            }
            if !queue.is_empty() {
                return false;
            }
        }
        let clears_late = bug(Bug::ArmClearsTooLate);
        if !clears_late {
            self.port.clear(queue.descriptor());
        }
        // ORDERING: Relaxed: only its difference from other numbers matters. It is odd, so never 0.
        let number = queue.arms.fetch_add(2, ordering(Site::CompletionsArms, Relaxed)) | 1;
        // ORDERING: Release pairs with the Acquire in `receive`: a thread that sees the number knows the
        // descriptor, and signals it after it was cleared. A swap, because the model checker may order a
        // plain store before the exchange in `disarm`.
        queue.armed.swap(number, ordering(Site::CompletionsArm, Release));
        if clears_late {
            self.port.clear(queue.descriptor());
        }
        // ORDERING: pairs with the fence in `receive`.
        fence(ordering(Site::CompletionsArmFence, SeqCst));
        if queue.is_empty() {
            return true;
        }
        self.disarm(queue, number);
        false
    }

    /// A job has ended while the queue was armed with this number.
    #[cold]
    pub(super) fn signal_arm(&self, queue: &Completions, number: usize) {
        self.port.signal(queue.descriptor());
        self.disarm(queue, number);
    }

    fn disarm(&self, queue: &Completions, number: usize) {
        // ORDERING: Relaxed: the signal is what matters, and it was sent before.
        let _ = queue.armed.compare_exchange(
            number,
            0,
            ordering(Site::CompletionsDisarm, Relaxed),
            ordering(Site::CompletionsDisarmLost, Relaxed),
        );
    }
}
