//! The waker to call when a job has finished. It lies in a *waker cell* (`WakerCell`) beside the job's slot,
//! and belongs to the task that awaits the job.
//!
//! A cell is three words: turns | FULL, and the two words of a waker, which are valid while FULL is set.
//! Every move of the first word adds a turn, so no value of it comes twice. (One exception: exactly 2^31
//! turns of one cell on 32-bit targets, 2^63 on 64-bit ones, while a thread is stopped between its look and
//! its exchange.)
//!
//! ```text
//! step       done by                                                          the word
//!
//! turn       a poll that has a waker to leave                                 one turn on, whatever it is
//! leave      the same poll, after it has written both words                   FULL, if it is as that turn left it
//! keep       a poll whose waker lies there                                    as it was when that waker was left
//! take back  the handle's holder: it has another waker, or gives up           not FULL, if it is as it was seen
//! call       the *caller*: the thread that resolved the job, if it saw        FULL: not FULL, and wakes what lay there;
//!            WAITER in the slot's word                                        else one turn on
//! ```
//!
//! **Which thread owns a waker.** The thread that clears FULL. It has read the two words before, and its
//! exchange shows that they still belonged to that FULL: only a poll writes them, after a turn that found the
//! cell not FULL.
//!
//! **One writer.** A job has one handle, so one thread at a time polls it, leaves and takes back. The next
//! job of the slot gets its handle after the previous handle is given up. Its first step is a turn: a
//! read-modify-write, which sees the newest value, even if the slot's way back carried nothing about this
//! cell.
//!
//! **Slow callers.** When a caller comes here, the slot may have another job already, with a task of its own.
//! So the caller looks at the cell (Acquire), and then at the slot's generation. The next job's waker was
//! left after the generation changed, so a caller that sees that waker sees the new generation too, and does
//! not take the waker. If it took the waker and was then stopped, the next job's caller would find none. A
//! caller that saw neither makes one turn too many, which costs a poll one more try.
//!
//! **No wake-up is lost.** poll: leave; look at the slot's word; set WAITER there, if it is not set. resolve:
//! move the slot's word on (M); if WAITER was in the value that it replaced, call (C).
//! 1. M comes before WAITER is set: the poll's exchange fails, and it looks again.
//! 2. Else C comes. If C moves the cell's word before the poll's turn, the turn (Acquire) sees C (Release),
//!    and so the poll's later look at the slot's word sees M.
//! 3. C comes between turn and leave: the leave fails, and the poll starts again.
//! 4. C comes after the leave: it finds the waker and wakes it.
//!
//! A poll whose waker already lies there keeps it. *Keep* is an exchange of the word for itself, which fails
//! on any other value: if C came before, the keep fails, else it is case 4. (A plain look is not enough: a
//! woken waker may be gone, and another task's waker may have its place in memory.
//! `a_task_in_the_place_of_one_that_is_gone_is_woken`.)
//!
//! **No thread waits for another.** No value of the word means "wait". A caller that is stopped before its
//! exchange owns nothing yet, and one that is stopped after it delays only the wake-up that it is about to
//! make. An exchange fails only when another succeeded. So an executor in an interrupt may poll, wherever in
//! a call the interrupted thread is.

use crate::sync::{Acquire, AtomicPtr, AtomicUsize, Relaxed, Release, Site, const_fn, ordering};
use crate::util::unwind::{Discarded, drop_ignoring_panic};
use core::ptr;
use core::task::{RawWakerVTable, Waker};

const FULL: usize = 1;
const TURN: usize = 2;

/// The place for one waker. All-zero is empty.
pub struct WakerCell {
    word: AtomicUsize,
    // INVARIANT: written only by the slot's one poller, while the word is not FULL.
    data: AtomicPtr<()>,
    table: AtomicPtr<RawWakerVTable>,
}

/// What a handle keeps about the waker that it left: the cell's word at that time. 0: none.
#[derive(Default)]
pub(crate) struct WakerToken(usize);

impl WakerCell {
    const_fn! {
        pub(crate) fn new() -> Self {
            Self {
                word: AtomicUsize::new(0),
                data: AtomicPtr::new(ptr::null_mut()),
                table: AtomicPtr::new(ptr::null_mut()),
            }
        }
    }

    /// Leaves a waker, unless the same one lies here already. False: a caller came meanwhile, and the job may
    /// have finished; look, and try again.
    pub(crate) fn register(&self, left: &mut WakerToken, waker: &Waker) -> bool {
        if left.0 != 0 && self.holds(waker) {
            // ORDERING: Relaxed: no thread has moved the word since our leave, so there is nothing to see. It
            // is an exchange because a look may be old.
            let kept = self.word.compare_exchange(
                left.0,
                left.0,
                ordering(Site::WakerKeep, Relaxed),
                ordering(Site::WakerKeepLost, Relaxed),
            );
            if kept.is_ok() {
                return true;
            }
        }
        // If this panics, nothing has changed.
        let mine = Discarded::new(waker.clone());
        *left = WakerToken(0);
        let now = self.turn();
        // ORDERING: Relaxed: the leave below publishes them.
        self.data.store(mine.get().data().cast_mut(), ordering(Site::WakerWriteData, Relaxed));
        // ORDERING: Relaxed, the same.
        self.table
            .store(ptr::from_ref(mine.get().vtable()).cast_mut(), ordering(Site::WakerWriteTable, Relaxed));
        // ORDERING: Release pairs with the Acquire in `take_for_wake`: a thread that finds the waker finds
        // its words, and what the waker points to. Relaxed on failure: the next step of this thread is a
        // turn.
        let published = self.word.compare_exchange(
            now,
            now | FULL,
            ordering(Site::WakerLeave, Release),
            ordering(Site::WakerLeaveLost, Relaxed),
        );
        if published.is_ok() {
            // The cell owns it now.
            core::mem::forget(mine);
            *left = WakerToken(now | FULL);
        }
        published.is_ok()
    }

    /// Moves the word one turn on, until the cell is not FULL. A waker that lay here is dropped: the handle
    /// has a newer one.
    fn turn(&self) -> usize {
        loop {
            // ORDERING: Acquire pairs with the Release of a caller's exchange: after it we see that the
            // caller's job has finished. It also pairs with that of the slot's last owner: its reads of the
            // words come before our writes.
            let now = self.word.fetch_add(TURN, ordering(Site::WakerTurn, Acquire)).wrapping_add(TURN);
            if now & FULL == 0 {
                return now;
            }
            drop_ignoring_panic(self.take(now));
        }
    }

    /// Takes the waker that the handle left, if it still lies here. After this no waker of this handle lies
    /// here.
    pub(crate) fn take_back(&self, left: &mut WakerToken) -> Option<Waker> {
        match core::mem::take(left) {
            WakerToken(0) => None,
            WakerToken(full) => self.take(full),
        }
    }

    /// Takes the waker for a caller that has resolved a job. None: no task has left a waker, and a task that
    /// is about to leave one looks at the job again. `still` says, with Acquire, whether the slot still has
    /// that job.
    pub(crate) fn take_for_wake(&self, still: impl Fn() -> bool) -> Option<Waker> {
        loop {
            // ORDERING: Acquire pairs with the Release of the leave, whose two words are read next. Before
            // that leave the slot got the job of its waker.
            let now = self.word.load(ordering(Site::WakerLook, Acquire));
            if !still() {
                return None;
            }
            if now & FULL == 0 {
                if self.move_on(now) {
                    return None;
                }
            } else if let Some(waker) = self.take(now) {
                return Some(waker);
            }
        }
    }

    /// Takes the waker that the poller left, if one lies here, for a caller that fences first. The poller fences between its leave
    /// and its look at what it polls for: either it sees what the caller did before its fence, or the caller finds the waker.
    pub(crate) fn take_left(&self) -> Option<Waker> {
        // ORDERING: Acquire pairs with the Release of the leave, whose two words are read next.
        let now = self.word.load(ordering(Site::WakerFind, Acquire));
        if now & FULL == 0 { None } else { self.take(now) }
    }

    /// Takes the waker that lay here when the word was `full`, if it still does. `full` was seen with
    /// Acquire, or is our own.
    fn take(&self, full: usize) -> Option<Waker> {
        let (data, table) = self.words();
        // SAFETY:
        // - the exchange cleared FULL in the value that these two words belong to: the words of a Waker, left
        //   here by `register`, which gave the Waker up; no other thread takes it. A RawWakerVTable of a
        //   Waker is 'static.
        self.move_on(full).then(|| unsafe { Waker::new(data, &*table) })
    }

    fn move_on(&self, now: usize) -> bool {
        let next = (now & !FULL).wrapping_add(TURN);
        // ORDERING: Release pairs with the Acquire of the next turn: a poll after it sees that the job has
        // finished, and our reads of the two words come before the next ones are written. Relaxed on failure:
        // nothing is taken.
        let moved = self.word.compare_exchange(
            now,
            next,
            ordering(Site::WakerMove, Release),
            ordering(Site::WakerMoveLost, Relaxed),
        );
        moved.is_ok()
    }

    /// Are the words here those of `waker`? (As [`Waker::will_wake`]. Called by the handle's holder, which
    /// wrote them.)
    fn holds(&self, waker: &Waker) -> bool {
        self.words() == (waker.data(), ptr::from_ref(waker.vtable()))
    }

    fn words(&self) -> (*const (), *const RawWakerVTable) {
        // ORDERING: Relaxed: the look that found FULL acquired them, and the exchange that follows fails if
        // they changed.
        let data = self.data.load(ordering(Site::WakerData, Relaxed));
        // ORDERING: Relaxed, the same.
        let table = self.table.load(ordering(Site::WakerTable, Relaxed));
        (data, table)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::sync::Arc;
    use std::task::Wake;

    struct Nobody;

    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn turns_wrap_around_and_no_waker_is_lost_or_dropped_twice() {
        let (cell, task) = (WakerCell::new(), Arc::new(Nobody));
        // ORDERING: Relaxed: one thread.
        cell.word.store(usize::MAX - 8 * TURN, Relaxed);
        // The cell is empty at first: clear FULL.
        cell.word.fetch_and(!FULL, Relaxed);
        let (first, second) = (Waker::from(task.clone()), Waker::from(Arc::new(Nobody)));
        for round in 0..10 {
            let mut left = WakerToken::default();
            assert!(cell.register(&mut left, &first) && left.0 & FULL == FULL);
            let there = left.0;
            assert!(cell.register(&mut left, &first) && left.0 == there, "it lies there");
            assert_eq!(Arc::strong_count(&task), 3);
            assert!(cell.register(&mut left, &second) && left.0 != there);
            assert_eq!(Arc::strong_count(&task), 2, "the one before is dropped");
            assert!(cell.register(&mut left, &first));
            assert!(cell.take_for_wake(|| false).is_none(), "of another job");
            match round % 2 {
                0 => assert!(cell.take_back(&mut left).is_some_and(|waker| waker.will_wake(&first))),
                _ => assert!(cell.take_for_wake(|| true).is_some_and(|waker| waker.will_wake(&first))),
            }
            assert_eq!((Arc::strong_count(&task), left.0 & FULL), (2, round % 2));
            assert!(cell.take_back(&mut left).is_none() && cell.take_for_wake(|| true).is_none());
        }
        assert!(cell.word.load(Relaxed) < 1000, "it went round");
    }
}
