//! Interrupts: another thread, or a signal handler, ends the blocking calls of a thread.
//!
//! A thread enters a *scope* of an [`Interrupt`]: a context in its chain. A raise ends the blocking call that the
//! thread is in directly inside this scope. The call changes nothing, and can be made again. A raised interrupt stays raised
//! until it is reset: until then it ends each call where the call would sleep or run a job.
//!
//! ```text
//! raise     raised := 1 (a read-modify-write, Release); event count + 1 (Release); wake its sleepers
//! sleep     1 read the event count (Acquire)
//!           2 look at raised: set → the call ends
//!           3 mark what it waits for, as every thread does: WAITER in a slot, a mark in an empty entry
//!           4 count itself as a listener; fence; look at that word: changed → look again
//!           5 sleep while the event count is as in 1; behind the sleep it no longer counts
//! change    move the word and see the mark; wake the word's sleepers; fence;
//!           there is a listener: event count + 1, and wake
//! ```
//!
//! *No interrupt is lost.* The raiser's event comes before 1 or behind it. Before: the thread sees `raised` in 2. Behind:
//! the count is no longer as in 1, so the thread does not sleep, or is woken. Calls that sleep on the event count anyway
//! (a shutdown, a submit at a queue's limit) need 1, 2 and 5 alone. A wait for one of several jobs counts itself earlier.
//!
//! *No change is lost.* Of the two fences one comes first. The sleeper's: the other thread sees it counted, and moves the
//! event count behind 1. The other's: the sleeper sees the change in 4.
//!
//! *A stopped thread delays its own report alone.* Nobody takes a listener's count back but the listener, so each thread that
//! changes something makes an event of its own. (A first form had a flag in the event count, which the first of them took
//! off: stopped before its wake, it hid the others' changes. Model a_detacher_stopped_anywhere_hides_no_other_job_from_a_scope.)
//!
//! A raise that took the mark off the slot's word instead, and woke, would lose the interrupt: another waiter may set the mark
//! again before this one sleeps, and so restore the value on which it is about to. The event count
//! repeats a value after 2³² events at the earliest.
//!
//! *Raise* is two atomic operations and one wake. It touches the pool and the interrupt, nothing of the sleeping
//! thread. So a signal handler may call it wherever it may call the port's wake: on Linux. Where threads sleep on
//! condition variables, a wake takes a mutex, which the interrupted thread may hold. The author of a user-defined port
//! says whether its `unpark` may be called there.
//!
//! Only threads in a scope pay: they look at their chain when they are about to sleep. A thread that wakes others looks for
//! listeners, after it has found a mark. The sleepers in scopes of one pool share the event count: a change for
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
use crate::sync::{AtomicUsize, Bug, Relaxed, SeqCst, Site, bug, dying, fence, ordering};

/// Where a thread that is about to sleep does so.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Listening {
    /// On the word of what it waits for.
    Not,
    /// In a scope: on the event count, as it was before the thread looked at the interrupt.
    To(usize),
    /// Nowhere: the interrupt is raised, and the call ends.
    Ended,
}

impl Listening {
    pub(super) fn is_ended(self) -> bool {
        self == Self::Ended
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
        if innermost.is_null() { Listening::Not } else { self.listen_inside(innermost) }
    }

    #[cold]
    #[cfg_attr(not(all(target_os = "none", feature = "port")), inline(never))]
    fn listen_inside(&self, innermost: *const CallContext) -> Listening {
        let Some(interrupt) = CallContext::interrupt(innermost, self.id()) else { return Listening::Not };
        let events = self.lifecycle.close_events();
        // SAFETY:
        // - the interrupt of a scope in this thread's chain lives until the scope has ended.
        let is_raised = unsafe { &*interrupt }.is_raised();
        let events = if bug(Bug::LooksAtTheInterruptFirst) { self.lifecycle.close_events() } else { events };
        if is_raised { Listening::Ended } else { Listening::To(events) }
    }

    /// Sleeps while `word` is `value`. The thread has marked it after `listen`.
    #[cfg_attr(all(target_os = "none", feature = "port"), inline(never))]
    #[cfg_attr(not(all(target_os = "none", feature = "port")), inline(always))]
    pub(super) fn sleep_on(&self, word: &AtomicUsize, value: usize, time: Option<u64>, listening: Listening) {
        match listening {
            Listening::To(events) if P::SLEEPS => self.sleep_on_events(word, value, time, events),
            // A port that does not sleep looks again, also at the interrupt.
            _ => self.port.wait(word, value, time),
        }
    }

    #[cold]
    #[cfg_attr(not(all(target_os = "none", feature = "port")), inline(never))]
    fn sleep_on_events(&self, word: &AtomicUsize, value: usize, time: Option<u64>, events: usize) {
        let _listener = self.lifecycle.count_listener();
        // ORDERING: pairs with the fence in Lifecycle::answer: either we see the change, or its maker sees us counted.
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
