//! Whom to wake when a job is over: a *spot* beside each slot, for the waker of the task that awaits the slot's job.
//!
//! A spot is three words: turns | FULL, and the two words of a waker, which mean something while FULL is set. Every move of
//! the first word adds a turn, so no value of it comes twice (but after exactly 2^31 turns of one spot on 32-bit targets,
//! 2^63 on 64-bit ones, behind the back of a thread that stopped between its look and its exchange).
//!
//! ```text
//! step       who                                                              the word
//!
//! turn       a poll that has a waker to leave                                 one turn on, whatever it is
//! leave      the same, when it has written both words                         FULL, if it is as that turn left it
//! keep       a poll whose waker lies there                                    as it was when that waker was left
//! take back  who holds the handle: it has another waker, or gives up          not FULL, if it is as it was seen
//! call       who resolved the job, if it saw WAITER in the slot's word        FULL: not FULL, and wakes what lay there;
//!                                                                             else one turn on
//! ```
//!
//! **Who owns a waker.** Whoever takes FULL off. It has read the two words before, and its exchange says that they were
//! still those of that FULL: only a poll writes them, after a turn that found the spot not FULL.
//!
//! **One writer.** A job has one handle, so one thread at a time polls it, leaves and takes back. The next job of the slot
//! has its handle when the one before is given up, and its first step is a turn: a read-modify-write, which sees
//! the newest value, however little the slot's way back said about this spot.
//!
//! **Slow callers.** When a caller comes here the slot may have another job already, and that one a task. So it looks at the
//! spot (Acquire), and then at the slot's generation: the next job's waker was left after the generation went on, so
//! whoever sees that waker sees this too, and leaves it alone. It must: if it took that waker and was stopped then, the
//! next job's caller would find none. A turn too many, of a caller that saw neither, costs a poll one more try.
//!
//! **No wake-up is lost.** poll: leave; look at the slot's word; set WAITER there, if it is not set. resolve: move the
//! slot's word on (M); if WAITER was in what it replaced, call (C).
//! 1. M came before WAITER was set: the poll's exchange fails, and it looks again.
//! 2. Else C comes. If it moves the spot's word before the poll's turn, the turn (Acquire) sees C (Release), and so the poll's
//!    look at the slot's word, behind it, sees M.
//! 3. C between turn and leave: the leave fails, and the poll begins anew.
//! 4. C after the leave: it finds the waker and wakes it.
//!
//! A poll whose waker lies there already leaves it (*keep*: an exchange of the word for itself, which no old value passes):
//! if C came before, the keep fails, else it is case 4. (A plain look was not enough: a woken waker may be gone, and another
//! task's be in its place in memory. `a_task_in_the_place_of_one_that_is_gone_is_woken`.)
//!
//! **Nobody waits for anybody.** No value of the word means "wait": a caller that is stopped before its exchange owns
//! nothing yet, and one that is stopped behind it holds up only the wake-up that it is about to make. An exchange fails
//! only when another succeeded. So an executor in an interrupt may poll while what it interrupted is anywhere in a call.

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

/// What a handle knows of the waker that it left: the spot's word then. 0: none.
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

    /// Leaves a waker, if this very one does not lie here already. False: a caller came meanwhile, and the job
    /// may be over; look, and try again.
    pub(crate) fn register(&self, left: &mut WakerToken, waker: &Waker) -> bool {
        if left.0 != 0 && self.holds(waker) {
            // ORDERING: Relaxed: nobody has moved the word since our leave, so there is nothing to see. An exchange, since a
            // look may be old.
            let kept = self.word.compare_exchange(
                left.0,
                left.0,
                ordering(Site::SpotKeep, Relaxed),
                ordering(Site::SpotKeepLost, Relaxed),
            );
            if kept.is_ok() {
                return true;
            }
        }
        // If this panics, all is as it was.
        let mine = Discarded::new(waker.clone());
        *left = WakerToken(0);
        let now = self.turn();
        // ORDERING: Relaxed: the leave below publishes them.
        self.data.store(mine.get().data().cast_mut(), ordering(Site::SpotWriteData, Relaxed));
        // ORDERING: Relaxed, the same.
        self.table
            .store(ptr::from_ref(mine.get().vtable()).cast_mut(), ordering(Site::SpotWriteTable, Relaxed));
        // ORDERING: Release pairs with the Acquire in `take_for_wake`: whoever finds the waker finds its words, and what the waker
        // points to. Relaxed on failure: the caller's turn comes next.
        let published = self.word.compare_exchange(
            now,
            now | FULL,
            ordering(Site::SpotLeave, Release),
            ordering(Site::SpotLeaveLost, Relaxed),
        );
        if published.is_ok() {
            // The spot owns it now.
            core::mem::forget(mine);
            *left = WakerToken(now | FULL);
        }
        published.is_ok()
    }

    /// One turn on, as often as it takes to find the spot not FULL: of what lay here the handle has a better one.
    fn turn(&self) -> usize {
        loop {
            // ORDERING: Acquire pairs with the Release of a caller's exchange: after it the caller's job is seen to be
            // over. And with that of the slot's last owner: its reads of the words come before our writes.
            let now = self.word.fetch_add(TURN, ordering(Site::SpotTurn, Acquire)).wrapping_add(TURN);
            if now & FULL == 0 {
                return now;
            }
            drop_ignoring_panic(self.take(now));
        }
    }

    /// The waker that the handle left, if it still lies here. After it none of this handle's does.
    pub(crate) fn take_back(&self, left: &mut WakerToken) -> Option<Waker> {
        match core::mem::take(left) {
            WakerToken(0) => None,
            WakerToken(full) => self.take(full),
        }
    }

    /// The caller has resolved a job: whom it is to wake. None: nobody has left a waker, and whoever was about to
    /// looks at the job again. `still` looks whether the slot is that job's, with Acquire.
    pub(crate) fn take_for_wake(&self, still: impl Fn() -> bool) -> Option<Waker> {
        loop {
            // ORDERING: Acquire pairs with the Release of the leave, whose two words are read next, and before which the
            // slot became its job's.
            let now = self.word.load(ordering(Site::SpotLook, Acquire));
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

    /// The waker that lay here when the word was `full`, if it still does. `full` was seen with Acquire, or is our own.
    fn take(&self, full: usize) -> Option<Waker> {
        let (data, table) = self.words();
        // SAFETY:
        // - the exchange took FULL off the value with which these two words came: a Waker's own, left here by
        //   `register`, which gave it up; nobody else takes it. A table of wakers is 'static.
        self.move_on(full).then(|| unsafe { Waker::new(data, &*table) })
    }

    fn move_on(&self, now: usize) -> bool {
        let next = (now & !FULL).wrapping_add(TURN);
        // ORDERING: Release pairs with the Acquire of the next turn: who polls after it sees the job over; and the
        // reads of the two words come before the next are written. Relaxed on failure: nothing is taken.
        let moved = self.word.compare_exchange(
            now,
            next,
            ordering(Site::SpotMove, Release),
            ordering(Site::SpotMoveLost, Relaxed),
        );
        moved.is_ok()
    }

    /// Are these the words of that waker? (As [`Waker::will_wake`]; asked by the handle's holder, who wrote them.)
    fn holds(&self, waker: &Waker) -> bool {
        self.words() == (waker.data(), ptr::from_ref(waker.vtable()))
    }

    fn words(&self) -> (*const (), *const RawWakerVTable) {
        // ORDERING: Relaxed: the look that found FULL acquired them, and the exchange that follows tells if they changed.
        let data = self.data.load(ordering(Site::SpotData, Relaxed));
        // ORDERING: Relaxed, the same.
        let table = self.table.load(ordering(Site::SpotTable, Relaxed));
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
        // What was left before the first turn is no waker.
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
