//! The seats of a user-defined port: which threads sleep, and on which word. It joins the core, which sleeps on words, and the
//! port, which lets threads sleep, each in a seat, and wakes the thread in a seat.
//!
//! ```text
//! state of a seat           who may move it, and to what
//!
//! EMPTY     0               a sleeper, by CAS → TAKEN for its word
//! TAKEN     word's address  a waker of that word, by CAS → CHOSEN; its sleeper, by swap → EMPTY
//! CHOSEN    the same, | 1   its sleeper, by swap → EMPTY
//!
//! wait    take a seat; while none is empty: look at the word: changed: return. Else pause(). Time is over: return.
//!         F1; look at the word: changed: leave. Else park(seat). Leave.
//!         Who finds on leaving that it was chosen, and slept not at all or not without end, wakes another.
//! wake    F2; look at every seat once: TAKEN for this word → CHOSEN; unpark(seat); `wake_one` ends here.
//!         CHOSEN for this word already: `wake_all` calls unpark(seat) too; `wake_one` for one of them, if it chose nobody.
//! ```
//!
//! *No wake-up is lost.* A waker changes the word, passes its fence F2 and looks at the seats; a sleeper takes a seat,
//! passes its fence F1 and looks at the word. If F1 comes before F2, the waker finds the seat taken (or the sleeper gone
//! from it, or chosen by another waker); if F2 comes before F1, the sleeper sees the change and does not sleep. That holds
//! for each stay in a seat by itself, so a sleeper that changes seats while a waker looks is missed only if it sees
//! the change. What `unpark` does before `park` is called has to make that park return: the port's promise.
//!
//! *A seat stays its sleeper's* until the sleeper itself leaves it. So at most one thread is inside park(seat) at any time,
//! and of two wakers only one can choose it; the other looks on.
//!
//! *A wake-up that comes late* (the sleeper was chosen, but park returned by itself before unpark was called) makes the next
//! park in this seat return for no reason, which every caller of `wait` allows for. It keeps nobody asleep.
//!
//! *A wake-up that is swallowed*: of several that sleep on one word, `wake_one` may choose one that is about to leave,
//! because it saw another change, or because its time is over: that one would not do what it was woken for. It wakes
//! another in its place. Whether its time was over or not it cannot tell, so a sleeper with an end always does; one
//! wake-up too many does no harm. (One whose park returned for no reason goes on waiting for the same, and so does it.)
//!
//! *A waker that is stopped* between CHOSEN and unpark keeps its sleeper asleep; who wakes one on that word and finds nobody
//! else stands in for it (`sleep/README.md`, "A stopped thread": a later push does that, and `force`), and who wakes all does in any case.
//!
//! *A thread without a seat* is in the position of one that has not taken its seat yet, and a wake-up passes over it as over
//! that one: it sees the change of the word instead, when it comes back from pause() or when it has taken a seat. So
//! what it may miss is what a slow thread may miss on its way to a seat. pause() blocks, so that threads of lower priority
//! run: they may be the ones that it waits for. It goes on until the wait's own end, and does not return earlier: a
//! caller that gave an end would take that for a time slept in vain. A port without a clock is given no ends.
//!
//! *A park that returns for no reason* before its time is over begins again: to those who wait with an end it means that
//! somebody kept them waiting.
//!
//! The steps of wake are as many as there are seats, whatever others do; it calls nothing but unpark. All are atomic
//! operations on words that guard no data: what a woken thread may see is ordered by those who called wait and wake.

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

    fn set_current(&self, frame: *const CallContext) {
        UserPort::set_current(self, frame.cast_mut().cast());
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
    // ORDERING: Relaxed: behind the fence, where there is a seat; guards no data.
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
    // ORDERING: pairs with the fence in `wake`: either that waker sees this seat taken, or we see its change.
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
