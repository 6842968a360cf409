//! The blocking form of a queue: pushes that wait for room, pops that wait for a value, and an end.
//!
//! It stands beside the rings and not inside them: a queue without it has no word for it, and its calls do not look for one.
//!
//! # States
//!
//! Two doors. Producers sleep at `room`, consumers at `values`. Each is one word (`door.rs`):
//!
//! ```text
//! sleepers   threads that are registered: they sleep, or are about to, and nobody has woken them
//! tokens     wake-ups that were granted and not taken: each is for some thread that is registered
//! SHUT       room: the queue is closed. values: it is closed, and nothing will come any more
//! ```
//!
//! # Steps
//!
//! ```text
//! push   take a free cell. Room is shut: retire the cell: Closed. Else write it, put it among the filled ones; notify(values).
//!        No cell is free: room is shut: Closed; the time has passed: Full. Else register(room); try once more, and if one is
//!        free now: cancel(room). Else sleep(room); leave(room); again.
//! pop    take a filled cell, read it, put it among the free ones; notify(room); if that is shut: retire.
//!        None is filled: values is shut: Closed. The time has passed: Empty. Else as a push, at values.
//! close  shut(room); fence; retire
//! retire take all free cells out, for ever. The thread that takes the last of all N shuts values.
//!
//! register(d)   sleepers+1; fence
//! sleep(d)      until there is a token, d is shut, or the time has passed
//! leave(d)      tokens−1 if there is a token, else sleepers−1. The thread then tries again before it looks at the time.
//! cancel(d)     sleepers−1 if there is a sleeper, else tokens−1
//! notify(d)     fence; if there are sleepers: sleepers−1, tokens+1, wake one
//!               else if there are tokens and not REWOKEN: REWOKEN, wake one; a thread that takes a token clears REWOKEN
//! shut(d)       SHUT; wake all
//! ```
//!
//! # Why no wake-up is lost
//!
//! Claim: *while a value is in the queue and no thread is stopped inside a call, some consumer is awake or has a token, or
//! none is registered.* (The same holds for room and producers.)
//!
//! A push whose notify sees no sleeper comes before the registration of every consumer that is counted later, in the order of
//! the two fences. So the look after that registration sees the value. A push that sees a sleeper grants a token, and wakes a
//! thread. A token is a number in the word that sleepers compare, so no thread falls asleep past it, and any registered
//! thread may take it. A thread that takes a token looks at the ring after it; if it finds no value, others have taken those
//! that were granted. The token carries what came before the push (the fence in notify, Acquire in leave): a thread whose
//! time has passed must see the value in its last look, because it may have taken the token of a thread that sleeps on.
//!
//! A thread that finds a value in its look after register leaves the tokens to the others. Its value may be one that was pushed
//! when nobody was registered, so there is no token for it; one that it took would be missing for another value. (The
//! first version did that, and the model `two_pushes_wake_two_consumers` failed.)
//!
//! # Why no value is lost at the close
//!
//! A cell is in one place: the two rings, the hands of a thread, or retired. A push looks at `room` after it has taken a cell:
//! one that came back after the close is retired, so no push succeeds that found no place before the close. If the push saw
//! the queue open, its value is accepted, though it be closed meanwhile. Values is shut only when all N cells are
//! retired, so no cell is filled and none is in the hands of a producer: pop says Closed only when every accepted
//! value was popped. A cell that comes back late is retired too: either the closer's look at the free ring, after its
//! fence, sees it, or the consumer that put it there sees `room` shut, after its fence.
//!
//! # A stopped thread
//!
//! A value or a cell that is there is taken by any thread that calls. But a thread that is stopped between its step in a
//! ring and its wake-up keeps a thread asleep, and so does one that was woken and is stopped before its look. Each
//! further push (or pop) wakes another thread, or once more the one whose waker may be stopped (REWOKEN). So a stopped thread
//! delays at most one value, or one place, for the threads that sleep, until it continues. A push or a pop that is stopped in
//! the middle also delays the answer Closed.

use super::door::Door;
use super::rings::Rings;
use crate::platform::port::{Deadline, Port, Timeout};
use crate::sync::{AtomicUsize, Relaxed, SeqCst, Site, const_fn, fence_behind_rmw, ordering};
use crate::util::backoff::spin_until;

/// What a queue needs to be waited for, and closed.
pub(crate) struct Doors {
    room: Door,
    values: Door,
    /// How many cells are retired.
    retired: AtomicUsize,
}

/// Why a push took no cell, or a pop found none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// No cell was free, or none was filled, until the time had passed.
    TimedOut,
    Closed,
}

/// How often a thread looks before it sleeps: some microseconds, in which the other side often comes.
const LOOKS: u32 = 200;

impl Doors {
    const_fn! {
        /// Of an open queue: all zero.
        pub(crate) fn new() -> Self {
            Self { room: Door::new(), values: Door::new(), retired: AtomicUsize::new(0) }
        }
    }

    /// Takes a free cell. The caller writes it, and then calls `put_filled`.
    #[inline(always)]
    pub(crate) fn take_free(
        &self,
        port: &impl Port,
        rings: Rings<'_>,
        timeout: Timeout,
    ) -> Result<usize, Refused> {
        let taken = if timeout == Timeout::Poll { rings.take_free() } else { rings.take_free_paced() };
        let index = match taken {
            Some(index) => index,
            None if self.room.is_shut() => return Err(Refused::Closed),
            None if timeout == Timeout::Poll => return Err(Refused::TimedOut),
            None => Self::wait(&self.room, port, timeout, || rings.take_free())?,
        };
        // After the cell: it may have come back after the close.
        if self.room.is_shut() {
            self.retire_one(port, rings);
            return Err(Refused::Closed);
        }
        Ok(index)
    }

    /// Hands a cell with a value over.
    #[inline(always)]
    pub(crate) fn put_filled(&self, port: &impl Port, rings: Rings<'_>, index: usize) {
        rings.put_filled(index);
        self.values.notify(port);
    }

    /// Takes the cell with the oldest value. The caller reads it, and then calls `put_free`.
    #[inline(always)]
    pub(crate) fn take_filled(
        &self,
        port: &impl Port,
        rings: Rings<'_>,
        timeout: Timeout,
    ) -> Result<usize, Refused> {
        let taken = if timeout == Timeout::Poll { rings.take_filled() } else { rings.take_filled_paced() };
        match taken {
            Some(index) => Ok(index),
            None if self.values.is_shut() => Err(Refused::Closed),
            None if timeout == Timeout::Poll => Err(Refused::TimedOut),
            None => Self::wait(&self.values, port, timeout, || rings.take_filled()),
        }
    }

    /// Gives an empty cell back.
    #[inline(always)]
    pub(crate) fn put_free(&self, port: &impl Port, rings: Rings<'_>, index: usize) {
        rings.put_free(index);
        if self.room.notify(port) {
            self.retire(port, rings);
        }
    }

    /// Tries until it succeeds, the door is shut, or the time has passed.
    #[cold]
    #[inline(never)]
    fn wait<T>(
        door: &Door,
        port: &impl Port,
        timeout: Timeout,
        mut take: impl FnMut() -> Option<T>,
    ) -> Result<T, Refused> {
        let deadline = Deadline::after(port, timeout);
        let mut taken = None;
        spin_until(LOOKS, || {
            taken = take();
            taken.is_some()
        });
        loop {
            if let Some(taken) = taken {
                return Ok(taken);
            }
            if door.is_shut() {
                return Err(Refused::Closed);
            }
            if deadline.left(port).is_err() {
                return Err(Refused::TimedOut);
            }
            door.register();
            taken = take();
            let sleeps = taken.is_none();
            if sleeps {
                door.sleep(port, deadline);
            }
            door.leave(sleeps);
            if sleeps {
                taken = take();
            }
        }
    }

    /// Closes the queue for pushes. Pops go on until it is empty.
    pub(crate) fn close(&self, port: &impl Port, rings: Rings<'_>) {
        self.room.shut(port);
        // ORDERING: pairs with the fence in `Door::notify`: see there.
        fence_behind_rmw(ordering(Site::CloseQueueFence, SeqCst));
        self.retire(port, rings);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.room.is_shut()
    }

    /// The queue is closed: takes the free cells out of it.
    #[cold]
    #[inline(never)]
    fn retire(&self, port: &impl Port, rings: Rings<'_>) {
        while rings.take_free().is_some() {
            self.retire_one(port, rings);
        }
    }

    /// Counts a cell that this thread has taken and gives to nobody.
    #[cold]
    #[inline(never)]
    fn retire_one(&self, port: &impl Port, rings: Rings<'_>) {
        // ORDERING: Relaxed: a count. A thread that retires has closed the queue, or seen it closed.
        let before = self.retired.fetch_add(1, ordering(Site::RetireCell, Relaxed));
        if before + 1 == rings.capacity() {
            self.values.shut(port);
        }
    }
}
