//! Interrupts: another thread, or a signal handler, ends the blocking calls of a thread.
//!
//! A thread makes an [`Interrupt`] its own for a *scope*, a context in its chain. To raise the interrupt ends each
//! blocking call directly inside such a scope; the call changes nothing, and can be made again. Sticky: a raised
//! interrupt ends every later call where it would sleep or run a job, until it is reset.
//!
//! ```text
//! raise     raised := 1 (a read-modify-write, Release); event count + 1 (Release); wake its sleepers
//! sleep     1 read the event count, set LISTENED in it (Acquire)
//!           2 look at raised: set → the call ends
//!           3 mark what it waits for, as every thread does: WAITER in a slot, a mark in an empty entry
//!           4 fence; look at that word: changed → look again
//!           5 sleep while the event count is as in 1
//! change    move the word and see the mark; wake its sleepers, as ever; fence;
//!           LISTENED in the event count: take it off, which counts as an event, and wake
//! ```
//!
//! *No interrupt is lost.* The raiser's event comes before 1 or behind it. Before: the thread sees `raised` in 2. Behind:
//! the count is no longer as in 1, and does not come back (but for 2^31 events between 1 and 5), so the thread does
//! not sleep, or is woken. Calls that sleep on the event count anyway (a shutdown, a submit at a queue's limit) need 1, 2
//! and 5 alone.
//!
//! *No change is lost.* Of the two fences one comes first. The sleeper's: the other thread sees LISTENED, and moves the
//! count behind 1. The other's: the sleeper sees the change in 4. A thread that took LISTENED off for another change moved
//! the count too.
//!
//! A raise that took the mark off the slot's word instead, and woke, would lose the interrupt: another waiter may set the mark
//! again before this one sleeps, and so restore the value on which it is about to. The event count never repeats.
//!
//! *Raise* is two atomic operations and one wake. It touches the pool and the interrupt, nothing of the sleeping
//! thread. So it may be called by a signal handler wherever the port's wake may: on Linux. Where threads sleep on
//! condition variables, a wake takes a mutex, which the interrupted thread may hold; a user-defined port says by itself
//! whether its `unpark` may be called there.
//!
//! A thread that is stopped between taking LISTENED off and its wake delays the threads in scopes, also in what others have
//! changed, until one of them is notified of an event (a raise, a shutdown). A thread outside of a scope waits for its own job alone.
//!
//! Only threads in a scope pay: they look at their chain when they are about to sleep. A thread that wakes others looks at the
//! event count, after it has found a mark. The sleepers in scopes of one pool share the event count: a change for
//! one of them wakes all, and they look again.
//!
//! A scope ends where the pool calls user code: a job that runs inside an interruptible wait is not interrupted. What a thread
//! has lent to the pool (join, parallel_for, scope) must come back, so those waits are not interrupted. A worker's loop is not
//! either: the pool was promised the worker until its shutdown.

use super::RawPool;
use crate::job::context::CallContext;
use crate::job::interrupt::Interrupt;
use crate::platform::port::{Origin, Port};
use crate::slot::storage::Storage;
use crate::sync::{AtomicUsize, Relaxed, SeqCst, Site, dying, fence, ordering};

/// The event count as it was before the thread looked, if the thread is in a scope and so sleeps on it. It is odd then.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Listening(usize);

impl Listening {
    /// The thread sleeps on the word of what it waits for.
    pub(super) const NOT: Self = Self(0);
    /// The interrupt is raised: the call ends.
    const ENDED: Self = Self(2);

    /// The event count, if the thread sleeps on it.
    pub(super) fn events(self) -> Option<usize> {
        (self.0 % 2 == 1).then_some(self.0)
    }

    pub(super) fn is_ended(self) -> bool {
        self == Self::ENDED
    }
}

/// Takes a scope off the thread's chain, also by a panic.
struct Leave<'a, P: Port> {
    port: &'a P,
    outer: *const CallContext,
}

impl<P: Port> Drop for Leave<'_, P> {
    fn drop(&mut self) {
        if !dying() {
            self.port.set_current(self.outer);
        }
    }
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Lets `f` make calls that the interrupt ends. On a port that keeps no context it does not end them.
    pub(crate) fn interruptible<R>(&self, interrupt: &Interrupt, f: impl FnOnce() -> R) -> R {
        let context = CallContext::of_interruptible(self.id(), interrupt, self.port.current());
        self.port.set_current(&context);
        let _leave = Leave { port: &self.port, outer: context.outer };
        f()
    }

    /// Raises the interrupt, and ends the calls on this pool inside its scopes.
    pub(crate) fn raise(&self, interrupt: &Interrupt) {
        interrupt.set();
        self.lifecycle.notify_closers(&self.port, Origin::Thread);
    }

    /// Has an interrupt been raised that ends this call? A port without thread-local pointers compiles to no code for this.
    #[inline(always)]
    pub(crate) fn is_interrupted(&self) -> bool {
        self.listen().is_ended()
    }

    /// Called by a thread that is about to sleep, before it marks what it waits for.
    #[cfg_attr(all(target_os = "none", feature = "port"), inline(never))]
    #[cfg_attr(not(all(target_os = "none", feature = "port")), inline(always))]
    pub(super) fn listen(&self) -> Listening {
        let innermost = self.port.current();
        if innermost.is_null() { Listening::NOT } else { self.listen_inside(innermost) }
    }

    #[cold]
    #[cfg_attr(not(all(target_os = "none", feature = "port")), inline(never))]
    fn listen_inside(&self, innermost: *const CallContext) -> Listening {
        let Some(interrupt) = CallContext::interrupt(innermost, self.id()) else { return Listening::NOT };
        let events = self.lifecycle.listen();
        // SAFETY:
        // - the interrupt of a scope in this thread's chain lives until the scope has ended.
        let is_raised = unsafe { &*interrupt }.is_raised();
        if is_raised { Listening::ENDED } else { Listening(events) }
    }

    /// Sleeps while `word` is `value`. The thread has marked it after `listen`.
    #[cfg_attr(all(target_os = "none", feature = "port"), inline(never))]
    #[cfg_attr(not(all(target_os = "none", feature = "port")), inline(always))]
    pub(super) fn sleep_on(&self, word: &AtomicUsize, value: usize, time: Option<u64>, listening: Listening) {
        if listening == Listening::NOT {
            self.port.wait(word, value, time);
        } else {
            self.sleep_on_events(word, value, time, listening.0);
        }
    }

    #[cold]
    #[cfg_attr(not(all(target_os = "none", feature = "port")), inline(never))]
    fn sleep_on_events(&self, word: &AtomicUsize, value: usize, time: Option<u64>, events: usize) {
        // ORDERING: pairs with the fence in Lifecycle::answer: either we see the change, or its maker sees that we listen.
        fence(ordering(Site::ListenFence, SeqCst));
        // ORDERING: Relaxed: the fence decides; the caller looks again.
        if word.load(ordering(Site::ListenWordLook, Relaxed)) == value {
            self.lifecycle.await_close_event(events, &self.port, time);
        }
    }

    /// Wakes the threads that wait for a change of `word`, which the caller has made by a read-modify-write: it saw their mark.
    /// Of the word only the address is used.
    #[cfg_attr(all(target_os = "none", feature = "port"), inline(never))]
    #[cfg_attr(not(all(target_os = "none", feature = "port")), inline(always))]
    pub(super) fn wake_waiters(&self, word: *const AtomicUsize, origin: Origin) {
        self.port.wake(word, true, origin);
        if P::SLEEPS {
            self.lifecycle.answer(&self.port, origin);
        }
    }
}
