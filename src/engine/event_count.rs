//! How a thread sleeps on the pool's event count in place of the word that it has marked. `interrupt.rs` has the protocol.

use crate::engine::lifecycle::{LISTENED, Lifecycle};
use crate::platform::port::{Origin, Port};
use crate::sync::{Acquire, Bug, Relaxed, SeqCst, Site, bug, fence_behind_rmw, ordering};

impl Lifecycle {
    /// The event count, for a thread that is about to sleep on it though it waits for a slot or a ring: `answer` moves it from
    /// here on.
    pub(crate) fn listen(&self) -> usize {
        // ORDERING: Acquire pairs with the Release in `notify_closers`: an interrupt whose event is in the count is seen to be
        // raised.
        self.close_events.fetch_or(LISTENED, ordering(Site::EventsListen, Acquire)) | LISTENED
    }

    /// Wakes the threads that listen. The caller has changed what one of them may wait for, by a read-modify-write.
    #[cold]
    #[inline(never)]
    pub(crate) fn answer(&self, port: &impl Port, origin: Origin) {
        // ORDERING: pairs with the fence of a thread that listens (RawPool::sleep_on): either we see LISTENED, or it sees the
        // change.
        fence_behind_rmw(ordering(Site::AnswerFence, SeqCst));
        if self.has_many() && !bug(Bug::CountsTheEventTooEarly) {
            return self.notify_closers(port, origin);
        }
        // ORDERING: Relaxed: the fence decides.
        let mut events = self.close_events.load(ordering(Site::AnswerLook, Relaxed));
        while events & LISTENED != 0 {
            // ORDERING: Relaxed: a woken thread sees the change by its own fence. Adding LISTENED takes it off, and the carry
            // makes it an event.
            match self.close_events.compare_exchange(
                events,
                events.wrapping_add(LISTENED),
                ordering(Site::AnswerEvent, Relaxed),
                ordering(Site::AnswerEventLost, Relaxed),
            ) {
                Ok(_) => return port.wake(&raw const self.close_events, true, origin),
                Err(now) => events = now,
            }
        }
    }
}
