//! The seats of a user-defined port: which threads sleep, and on which word. They connect the core, which
//! sleeps on words, with the port, which lets one thread sleep in each seat.
//!
//! ```text
//! state of a seat           who may move it, and to what
//!
//! EMPTY     0               a sleeper, by CAS → TAKEN for its word
//! TAKEN     word's address  a waker of that word, by CAS → CHOSEN; its sleeper, by swap → EMPTY
//! CHOSEN    the same, | 1   its sleeper, by swap → EMPTY
//!
//! wait    take a seat; while no seat is empty: if the word has changed or the time limit has passed: return; else pause().
//!         F1; look at the word: if it has not changed: park(seat). Leave the seat.
//!         If it was chosen, and it did not sleep or had a time limit: wake another sleeper.
//! wake    F2; look at every seat once: TAKEN for this word → CHOSEN; unpark(seat); wake-one ends here.
//!         already CHOSEN for this word: wake-all calls unpark(seat) too; wake-one does for one such seat, if it chose none.
//! ```
//!
//! *No wake-up is lost.* A waker changes the word, passes its fence F2 and looks at the seats. A sleeper
//! takes a seat, passes its fence F1 and looks at the word. If F1 comes before F2, the waker finds the seat
//! taken (or left by its sleeper, or chosen by another waker). If F2 comes before F1, the sleeper sees the
//! change and does not sleep. This holds for each stay in a seat, so a waker misses a sleeper that changes
//! seats only if that sleeper sees the change. The port promises that an `unpark` before `park` makes that
//! `park` return.
//!
//! *Only the sleeper itself leaves its seat.* So at most one thread at a time is inside park(seat), and only
//! one of two wakers can choose it; the other goes on to the next seat.
//!
//! *A late wake-up*: park may return by itself after the sleeper was chosen, but before unpark is called.
//! Then the next park in this seat returns spuriously, which every caller of `wait` allows. It keeps no
//! thread asleep.
//!
//! *A swallowed wake-up*: wake-one may choose a sleeper that is about to leave, because it saw another change
//! or its time limit has passed. That thread would not do what it was woken for, so it wakes another in its
//! place. It cannot tell whether its limit passed before or after the wake-up, so a sleeper with a time limit
//! always wakes another. A wake-up too many does no harm. (A thread whose park returned spuriously goes on
//! waiting, and acts on its wake-up.)
//!
//! *A stopped waker* between CHOSEN and unpark keeps its sleeper asleep. A later wake-one on that word that
//! finds no other sleeper does the unpark instead (`sleep/README.md`, "A stopped thread": a later push does
//! that, and `reset_searchers`). A wake-all always does.
//!
//! *A thread without a seat* is like one that has not taken its seat yet, and a wake-up passes over both. It
//! sees the change of the word when pause() returns, or after it has taken a seat. So it can miss no more
//! than a slow thread on its way to a seat. pause() blocks, so that threads of lower priority run: the thread
//! may be waiting for them. It waits until its time limit, and not less: a caller with a limit takes an early
//! return for a time limit that has passed. A port without a clock gets no time limits.
//!
//! *A park that returns spuriously* before its time limit starts again: a caller with a limit would take the
//! return for a limit that has passed.
//!
//! A wake takes as many steps as there are seats, whatever others do, and calls only unpark. All its steps
//! are atomic operations on words that guard no data: the callers of wait and wake order what a woken thread
//! sees.

use super::UserPort;
use super::seat::CHOSEN;
use crate::job::context::CallContext;
use crate::platform::port::{Origin, Port};
use crate::sync::{AtomicUsize, Relaxed, SeqCst, Site, fence, ordering};
use core::ptr;

impl<U: UserPort + Clone> Port for U {
    fn wait(&self, word: &AtomicUsize, expected: usize, timeout: Option<u64>) {
        wait(self, word, expected, timeout);
    }

    fn wake(&self, word: *const AtomicUsize, all: bool, origin: Origin) {
        wake(self, word.addr(), all, origin);
    }

    fn now(&self) -> Option<u64> {
        UserPort::now(self)
    }

    fn pause(&self) {
        UserPort::pause(self);
    }

    fn current(&self) -> *const CallContext {
        UserPort::current(self).cast()
    }

    fn set_current(&self, context: *const CallContext) {
        UserPort::set_current(self, context.cast_mut().cast());
    }
}

/// `Port::wait` in these seats.
#[inline(never)]
fn wait(user: &impl UserPort, word: &AtomicUsize, expected: usize, timeout: Option<u64>) {
    let seats = user.seats();
    if seats.is_empty() {
        return user.pause();
    }
    let address = ptr::from_ref(word).addr();
    let end = timeout.and_then(|timeout| user.now().map(|now| now.saturating_add(timeout)));
    let left = || end.map_or(0, |end| end.saturating_sub(user.now().unwrap_or(u64::MAX)));
    // ORDERING: Relaxed: guards no data; once the thread has a seat, the fence comes before it.
    let has_changed = || word.load(ordering(Site::SeatWordLook, Relaxed)) as u32 != expected as u32;
    let mut rest = timeout;
    let (number, seat) = loop {
        if let Some(taken) = seats.iter().enumerate().find(|(_, seat)| seat.take(address)) {
            break taken;
        }
        if has_changed() {
            return;
        }
        user.pause();
        if timeout.is_some() {
            match left() {
                0 => return,
                more => rest = Some(more),
            }
        }
    };
    // ORDERING: pairs with the fence in `wake`: either that waker sees this seat taken, or this thread sees
    // its change.
    fence(ordering(Site::SeatFence, SeqCst));
    let changed = has_changed();
    if !changed {
        user.park(number, rest);
        while let again @ 1.. = left()
            && seat.load_state() & CHOSEN == 0
            && !has_changed()
        {
            user.park(number, Some(again));
        }
    }
    if seat.leave() && (changed || timeout.is_some()) {
        wake(user, address, false, Origin::Thread);
    }
}

/// `Port::wake` in these seats.
#[inline(never)]
pub(crate) fn wake(user: &impl UserPort, address: usize, all: bool, origin: Origin) {
    let from_isr = origin == Origin::Isr;
    // ORDERING: pairs with the fence in `wait`.
    fence(ordering(Site::SeatsFence, SeqCst));
    let mut chosen_before = None;
    for (number, seat) in user.seats().iter().enumerate() {
        let mut state = seat.load_state();
        if state == address {
            match seat.choose(address) {
                Ok(()) if all => user.unpark(number, from_isr),
                Ok(()) => return user.unpark(number, from_isr),
                Err(now) => state = now,
            }
        }
        if state == address | CHOSEN {
            if all {
                user.unpark(number, from_isr);
            } else {
                chosen_before = Some(number);
            }
        }
    }
    if let Some(number) = chosen_before {
        user.unpark(number, from_isr);
    }
}
