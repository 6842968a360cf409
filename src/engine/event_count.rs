//! How a thread sleeps on the pool's event count in place of the words that it has marked: it is a *listener*. `interrupt.rs`
//! and `wait_many.rs` have the protocols.

use crate::engine::lifecycle::{LISTENER, Lifecycle};
use crate::platform::port::{Origin, Port};
use crate::sync::{AtomicUsize, Bug, Relaxed, SeqCst, Site, bug, dying, fence_behind_rmw, ordering};

impl Lifecycle {
    /// The visitor is a listener until the value is dropped.
    pub(super) fn count_listener(&self) -> Listener<'_> {
        // ORDERING: Relaxed: in a scope the fence behind it (RawPool::sleep_on) orders it; in a wait for one of several jobs
        // the exchange on a slot's word that follows releases it.
        self.visitors.fetch_add(LISTENER, ordering(Site::ListenBegin, Relaxed));
        Listener(&self.visitors)
    }

    /// Is there a listener?
    pub(super) fn has_listeners(&self) -> bool {
        // ORDERING: Relaxed: the fence before it decides.
        self.visitors.load(ordering(Site::ListenersLook, Relaxed)) >= LISTENER
    }

    /// Wakes the listeners. The caller has changed what one of them may wait for, by a read-modify-write.
    #[cold]
    #[inline(never)]
    pub(super) fn answer(&self, port: &impl Port, origin: Origin) {
        // ORDERING: pairs with the fence of a listener (RawPool::sleep_on): either we see it counted, or it sees the change.
        // And with the Release in Slot::flag: a listener that has set WAITER was counted before.
        fence_behind_rmw(ordering(Site::AnswerFence, SeqCst));
        if self.has_listeners() && !bug(Bug::CountsTheEventTooEarly) {
            self.notify_closers(port, origin);
        }
    }
}

/// A visitor's stay among the listeners.
pub(super) struct Listener<'a>(&'a AtomicUsize);

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        if !dying() {
            // ORDERING: Relaxed: a count. The end of the visit comes later.
            self.0.fetch_sub(LISTENER, ordering(Site::ListenEnd, Relaxed));
        }
    }
}
