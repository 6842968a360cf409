//! The end of a pool: which threads are inside, which wait for the end, what happens to queued jobs.
//!
//! ```text
//! Open ─close─▶ Closing(drain | discard) ─▶ Quiescent ─join─▶ Stopped
//! ```
//!
//! CLOSED is a bit of the idle word (`sleep`), because submitters and workers read that word anyway. This
//! file holds the rest. `engine/close.rs` has the closer's loop. Closers sleep on an event count: to *notify*
//! them (`notify_closers`) is to add one to it and wake them. The protocol:
//!
//! - submit: CLOSED → refused. Take a slot from the free ring, fill it, push it to the ready ring; fence;
//!   read the idle word again: CLOSED → notify the closers. So a submit that started before the close is
//!   accepted, and the closers learn of it.
//! - a worker leaves when it sees CLOSED and then, after its fence, the ready ring empty. It notifies the
//!   closers if no worker is left that runs jobs, if a shutdown inside a job may rely on it, or if it ran a
//!   job since it last went to sleep. What it did before that sleep, every closer sees after the closer's own
//!   fence.
//! - a closer sets CLOSED (an RMW; fence; wakes all), then loops: read the event count; in discard mode, or
//!   if no other thread runs jobs, pop the ready ring and discard or run; pop the free ring and mark each
//!   slot closed; mark the empty free ring, so that a thread that gives a slot back notifies the closers;
//!   look at every slot: all closed, or finished and not yet taken → quiescent; else sleep while the event
//!   count stays the same.
//!
//! A job that has finished counts as ended while its result is untaken. The result may be taken at any time,
//! also after the closer has returned. Its taker fences after the take and reads CLOSED. Set → it retires the
//! slot itself: if it gave the slot back, a submitter that saw the pool open could fill it, and no thread
//! would look for that job any more.
//!
//! A slot that a submitter took before the close is neither closed nor finished, so the closer waits for it:
//! either the submitter notifies the closers after its push, or (a batch did not use the slot) it goes back
//! through the marked ring. Each slot records that it is closed, so several closers, timeouts and later
//! attempts agree. Discard is remembered, and wins over drain.

use crate::engine::headcount::Headcount;
use crate::engine::wait_graph::WaitGraph;
use crate::platform::port::{Origin, Port};
#[cfg(all(unix, any(feature = "std", feature = "pthread")))]
use crate::sync::StatCell;
use crate::sync::{
    Acquire, AtomicUsize, Bug, Counter, Relaxed, Release, Site, bug, const_fn, dying, ordering, stop_point,
    stores,
};

const DISCARD: usize = 1;
/// A start hook that has returned, and one that has failed, in the word with DISCARD. A pool is made before
/// it is discarded, and only its maker reads these counts: it does not matter that they overflow later, when
/// workers are replaced.
const HOOK_DONE: usize = 2;
const HOOK_FAILED: usize = 1 << (usize::BITS / 2);
/// One worker, one worker inside a shutdown, and one shutdown inside a job on another thread, in the word
/// that counts all three. Each kind of workers has a quarter of the bits (`sleep` allows no more workers),
/// the third count has the rest.
const WORKER: usize = 1;
const CLOSER: usize = 1 << (usize::BITS / 4);
const OUTSIDE_CLOSER: usize = CLOSER * CLOSER;
/// Set in `visitors` by the thread that waits for the last visitor to leave.
const LEAVING: usize = 1;
const VISITOR: usize = 2;
/// One visitor that is a listener (`event_count.rs`), in the same word. Both counts have room for as many
/// threads as a process can have on 32 bits.
pub(super) const LISTENER: usize = 1 << (usize::BITS / 2 + 1);

/// What happens to jobs that are queued when the pool closes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ShutdownMode {
    /// They are run.
    Drain,
    /// They are dropped, as by cancel.
    Discard,
}

/// The words of a pool's end, and the counts of threads inside of it.
pub(crate) struct Lifecycle {
    /// An event count. On it sleep closers, threads in wait_idle or at a queue's limit, the thread that makes the pool, and
    /// listeners (`event_count.rs`). A thread that changes what one of them waits for adds 1, and wakes them.
    close_events: AtomicUsize,
    /// DISCARD, and the start hooks that have returned.
    mode: AtomicUsize,
    /// Counts threads inside calls that destroy must wait for, and those of them that are listeners.
    pub(super) visitors: AtomicUsize,
    /// Counts workers that have not left their loop; those of them inside a shutdown, which run only what
    /// that shutdown runs; and shutdowns inside jobs on other threads. It is one word, so that a worker that
    /// leaves knows whether others are left that run jobs, and whether a shutdown may have relied on it.
    live: AtomicUsize,
    /// Which threads wait for which.
    waits: WaitGraph,
    /// How many workers there are and are to be.
    pub(super) headcount: Headcount,
    /// Numbers the threads that enter as workers.
    pub(super) entered: Counter,
    /// One more than the number of forks before its first worker came. 0: none has come.
    #[cfg(all(unix, any(feature = "std", feature = "pthread")))]
    process: StatCell,
}

impl Lifecycle {
    const_fn! {
        pub(crate) fn new() -> Self {
            Self {
                close_events: AtomicUsize::new(0),
                mode: AtomicUsize::new(0),
                visitors: AtomicUsize::new(0),
                live: AtomicUsize::new(0),
                waits: WaitGraph::new(),
                headcount: Headcount::new(),
                entered: Counter::new(),
                #[cfg(all(unix, any(feature = "std", feature = "pthread")))]
                process: StatCell::new(),
            }
        }
    }

    /// The pool has workers from now on. Its threads are in this process, after this many forks, and in no
    /// child of it.
    pub(crate) fn set_process(&self, _forks: usize) {
        #[cfg(all(unix, any(feature = "std", feature = "pthread")))]
        if self.process.get() == 0 {
            self.process.set(_forks as u64 + 1);
        }
    }

    /// Has this process, after this many forks, seen more of them than the process that the pool's workers
    /// are in?
    pub(crate) fn is_other_process(&self, _forks: usize) -> bool {
        #[cfg(all(unix, any(feature = "std", feature = "pthread")))]
        return self.process.get().wrapping_sub(1) < _forks as u64;
        #[cfg(not(all(unix, any(feature = "std", feature = "pthread"))))]
        false
    }

    /// Notifies the closers: they look again.
    #[cold]
    pub(crate) fn notify_closers(&self, port: &impl Port, origin: Origin) {
        let word = &raw const self.close_events;
        // ORDERING: Release pairs with the Acquire in `close_events`: a closer that sees the event sees what
        // led to it. A thread in a scope sees the interrupt that was raised.
        self.close_events.fetch_add(1, ordering(Site::NotifyClosers, Release));
        stop_point(Site::EventWake);
        if bug(Bug::NotifiesOneCloser) {
            return port.wake(word, false, origin);
        }
        port.wake(word, true, origin);
    }

    /// The event count. A closer reads it before it looks at what may change, and sleeps while it stays the
    /// same.
    pub(crate) fn close_events(&self) -> usize {
        // ORDERING: Acquire pairs with the Release in `notify_closers`. A thread that read the idle word
        // without CLOSED does not notify closers: what it published is seen because of the fence in
        // Idle::close (E5).
        self.close_events.load(ordering(Site::CloseEventsLook, Acquire))
    }

    pub(crate) fn await_close_event(&self, seen: usize, port: &impl Port, left: Option<u64>) {
        port.wait(&self.close_events, seen, left);
    }

    pub(crate) fn discard(&self) {
        // ORDERING: Relaxed: only closers read it, and each reads what it wrote itself, or a later value.
        self.mode.fetch_or(DISCARD, ordering(Site::ModeSet, Relaxed));
    }

    #[inline]
    pub(crate) fn discards(&self) -> bool {
        // ORDERING: Relaxed, as in discard.
        self.mode.load(ordering(Site::ModeLook, Relaxed)) & DISCARD != 0
    }

    /// A worker's start hook has returned. If it has failed, the worker has left.
    pub(crate) fn end_start_hook(&self, has_failed: bool, port: &impl Port) {
        let ended = if has_failed { HOOK_DONE + HOOK_FAILED } else { HOOK_DONE };
        // ORDERING: Release pairs with the Acquire in `await_start_hooks`: what the hook wrote comes before
        // the end of the call that makes the pool.
        self.mode.fetch_add(ended, ordering(Site::HookEnd, Release));
        self.notify_closers(port, Origin::Thread);
    }

    /// Returns when this many start hooks have returned: how many of them failed.
    pub(crate) fn await_start_hooks(&self, count: usize, port: &impl Port) -> usize {
        loop {
            let events = self.close_events();
            // ORDERING: Acquire pairs with the Release in `end_start_hook`.
            let ended = self.mode.load(ordering(Site::HooksLook, Acquire));
            if ended % HOOK_FAILED / HOOK_DONE == count {
                return ended / HOOK_FAILED;
            }
            self.await_close_event(events, port, None);
        }
    }

    /// Registers a worker, if there are fewer than `most`.
    pub(crate) fn enter(&self, most: usize) -> bool {
        // ORDERING: Relaxed: a count; the idle word shows that a worker is in the loop.
        let mut live = self.live.load(ordering(Site::LiveLook, Relaxed));
        while live % CLOSER < most {
            if stores(Bug::EntersWithoutExchange, &self.live, live + WORKER) {
                return true;
            }
            // ORDERING: Relaxed, the same.
            match self.live.compare_exchange(
                live,
                live + WORKER,
                ordering(Site::LiveEnter, Relaxed),
                ordering(Site::LiveEnterLost, Relaxed),
            ) {
                Ok(_) => return true,
                Err(now) => live = now,
            }
        }
        false
    }

    /// The worker has left its loop and pops no more. `must_notify`: it has ended a job that a closer may not
    /// know of.
    pub(crate) fn leave(&self, must_notify: bool, port: &impl Port) {
        // ORDERING: Relaxed: a count; the last worker's notification publishes it. What a worker did is
        // published elsewhere: by the slots, and by the end of its thread or visit. For `have_workers_left`
        // the fence counts that a worker passes after its last job.
        let left = self.live.fetch_sub(WORKER, ordering(Site::LiveLeave, Relaxed)) - WORKER;
        // A shutdown inside a job runs what is queued only if it finds that no worker runs it.
        if must_notify || left % CLOSER <= left / CLOSER % CLOSER || left >= OUTSIDE_CLOSER {
            self.notify_closers(port, Origin::Thread);
        }
    }

    /// Has the pool no worker any more? Then the caller sees in their queues what the workers have ended.
    pub(crate) fn have_workers_left(&self) -> bool {
        // ORDERING: Acquire pairs with the fence that a worker passes between its last job and `leave`.
        self.live.load(ordering(Site::LiveLeft, Acquire)).is_multiple_of(CLOSER)
    }

    pub(crate) fn live(&self) -> usize {
        // ORDERING: Relaxed: a count; a thread that must see it fall looks after a notification.
        self.live.load(ordering(Site::LiveCount, Relaxed)) % CLOSER
    }

    /// A thread that runs jobs is inside a shutdown from now on. It may be a worker or not.
    pub(crate) fn begin_closing(&self, is_worker: bool) {
        // ORDERING: Relaxed: a count; the notification that follows publishes it. Of a worker that leaves and
        // a closer, the later one sees the other in this same word.
        self.live.fetch_add(Self::weight(is_worker), ordering(Site::ClosingBegin, Relaxed));
    }

    pub(crate) fn end_closing(&self, is_worker: bool) {
        // ORDERING: Relaxed, the same.
        self.live.fetch_sub(Self::weight(is_worker), ordering(Site::ClosingEnd, Relaxed));
    }

    fn weight(is_worker: bool) -> usize {
        if is_worker { CLOSER } else { OUTSIDE_CLOSER }
    }

    /// Is there a worker that is not inside a shutdown?
    pub(crate) fn has_workers_outside_shutdown(&self) -> bool {
        // ORDERING: Relaxed: a count that a notification has announced.
        let live = self.live.load(ordering(Site::ClosingLook, Relaxed));
        live % CLOSER > live / CLOSER % CLOSER
    }

    pub(crate) fn waits(&self) -> &WaitGraph {
        &self.waits
    }

    /// The number of threads inside calls in which they may sleep.
    pub(crate) fn visitors(&self) -> usize {
        // ORDERING: Relaxed: a count that is used for a guess only.
        self.visitors.load(ordering(Site::VisitorsCount, Relaxed)) % LISTENER / VISITOR
    }

    /// The caller is in a call that destroy must wait for, until the visit is dropped.
    pub(crate) fn visit<P: Port + Clone>(&self, port: &P, origin: Origin) -> Visit<P> {
        // ORDERING: Relaxed: it guards no data; the end of the visit is what matters.
        self.visitors.fetch_add(VISITOR, ordering(Site::VisitBegin, Relaxed));
        Visit { visitors: &self.visitors, port: port.clone(), origin }
    }

    /// Returns when no thread is in such a call. No thread may start such a call meanwhile.
    #[cfg(any(feature = "capi", jobring_loom))]
    pub(crate) fn await_visitors(&self, port: &impl Port) {
        // ORDERING: Acquire pairs with the Release of every visit's end.
        let mut visitors = self.visitors.fetch_or(LEAVING, ordering(Site::VisitorsWait, Acquire)) | LEAVING;
        while visitors >= VISITOR {
            port.wait(&self.visitors, visitors, None);
            // ORDERING: Acquire, the same.
            visitors = self.visitors.load(ordering(Site::VisitorsLook, Acquire));
        }
    }
}

/// A thread's stay inside a call that destroy must wait for.
pub(crate) struct Visit<P: Port> {
    visitors: *const AtomicUsize,
    port: P,
    origin: Origin,
}

impl<P: Port> Drop for Visit<P> {
    fn drop(&mut self) {
        if dying() {
            return;
        }
        let visitors = self.visitors;
        // SAFETY:
        // - the pool still exists: destroy waits for this visit to end (await_visitors), and Rust callers
        //   borrow the pool.
        let word = unsafe { &*visitors };
        // ORDERING: Release: all that the visitor did comes before the end of the pool. After this only the
        // address is used, because the pool may be gone.
        let old = word.fetch_sub(VISITOR, ordering(Site::VisitEnd, Release));
        if old == VISITOR | LEAVING {
            self.port.wake(visitors, true, self.origin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::System;

    #[test]
    fn the_last_worker_notifies_the_closers_when_it_leaves() {
        let lifecycle = Lifecycle::new();
        let events_of_leave = |must_notify| {
            let before = lifecycle.close_events();
            lifecycle.leave(must_notify, &System);
            lifecycle.close_events() - before
        };
        (0..4).for_each(|_| assert!(lifecycle.enter(4)));
        assert!(!lifecycle.enter(4));
        assert_eq!((events_of_leave(true), lifecycle.enter(4)), (1, true), "it has ended a job");
        assert_eq!((events_of_leave(false), lifecycle.live()), (0, 3));
        lifecycle.begin_closing(true);
        assert_eq!((lifecycle.live(), lifecycle.has_workers_outside_shutdown()), (3, true));
        assert_eq!(events_of_leave(false), 0);
        assert_eq!((events_of_leave(false), lifecycle.live()), (1, 1), "the other one is inside a shutdown");
        assert!(!lifecycle.enter(1) && lifecycle.enter(2));
        lifecycle.end_closing(true);
        assert_eq!((lifecycle.live(), lifecycle.has_workers_outside_shutdown()), (2, true));
        lifecycle.begin_closing(false);
        assert_eq!(
            (events_of_leave(false), lifecycle.live()),
            (1, 1),
            "a job on another thread is inside a shutdown"
        );
        lifecycle.end_closing(false);
        assert!(lifecycle.enter(2));
        assert_eq!((events_of_leave(false), events_of_leave(false), lifecycle.live()), (0, 1, 0));
    }
}
