//! How threads sleep at one side of a queue until the other side has done something for them. `doors.rs` states the protocol.

use crate::platform::port::{Deadline, Origin, Port};
use crate::sync::{
    Acquire, AtomicUsize, Relaxed, Release, SeqCst, Site, const_fn, fence_behind_rmw, ordering, stop_point,
};
use crate::util::cache_padded::CachePadded;

/// One word: two flags, the tokens, and the threads that are registered and have no token. Threads sleep while its low half
/// stays the same, in which the flags and the tokens lie.
pub(super) struct Door(CachePadded<AtomicUsize>);

const SHUT: usize = 1;
/// A second thread has woken a sleeper for a token that nobody has taken.
const REWOKEN: usize = 2;
const TOKEN: usize = 4;
/// More threads than this do not fit into a machine's memory.
const SLEEPER: usize = 1 << if usize::BITS == 64 { 32 } else { 16 };

fn tokens(word: usize) -> usize {
    word % SLEEPER / TOKEN
}

fn sleepers(word: usize) -> usize {
    word / SLEEPER
}

impl Door {
    const_fn! {
        pub(crate) fn new() -> Self {
            Self(CachePadded::new(AtomicUsize::new(0)))
        }
    }

    /// Is it shut? Then the caller sees what came before that.
    #[inline(always)]
    pub(super) fn is_shut(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `shut`.
        self.0.load(ordering(Site::DoorShutLook, Acquire)) & SHUT != 0
    }

    /// Counts the caller. It looks once more before it sleeps, and then leaves.
    pub(super) fn register(&self) {
        // ORDERING: Relaxed: the fence orders it.
        self.0.fetch_add(SLEEPER, ordering(Site::DoorRegister, Relaxed));
        // ORDERING: pairs with the fence in `notify`: either that thread sees this one counted, or this one's next look sees
        // what that thread has done. And with the fence in `Doors::close`.
        fence_behind_rmw(ordering(Site::DoorRegisterFence, SeqCst));
    }

    /// Sleeps until there is a token, the door is shut, or the time has passed.
    pub(super) fn sleep<P: Port>(&self, port: &P, deadline: Deadline) {
        loop {
            // ORDERING: Relaxed: the port compares again, and the caller looks again.
            let word = self.0.load(ordering(Site::DoorSleepLook, Relaxed));
            if word & SHUT != 0 || tokens(word) > 0 {
                return;
            }
            let Ok(left) = deadline.left(port) else { return };
            port.wait(&self.0, word, left);
            // A port that spins gets no tokens.
            if !P::SLEEPS {
                return;
            }
        }
    }

    /// Ends the registration. A thread that has slept takes a token if there is one, and looks again, since the token was meant
    /// for a thread that does. One that has found what it wants leaves the token to the others, if there are any.
    pub(super) fn leave(&self, has_slept: bool) {
        // ORDERING: Relaxed: the exchange decides.
        let mut word = self.0.load(ordering(Site::DoorLeaveLook, Relaxed));
        loop {
            let takes_token = if has_slept { tokens(word) > 0 } else { sleepers(word) == 0 };
            let left = if takes_token { (word - TOKEN) & !REWOKEN } else { word - SLEEPER };
            // ORDERING: Acquire pairs with the fence before the grant in `notify`: the next look sees what the token was granted for.
            // Relaxed on failure: the exchange is tried again.
            match self.0.compare_exchange(
                word,
                left,
                ordering(Site::DoorLeave, Acquire),
                ordering(Site::DoorLeaveLost, Relaxed),
            ) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
    }

    /// Wakes a thread, if one sleeps. The caller has done something for it, by a read-modify-write. True if the door is shut.
    #[inline(always)]
    pub(super) fn notify<P: Port>(&self, port: &P) -> bool {
        // ORDERING: pairs with the fence in `register`; and with that in `Doors::close`: either the closer sees what this
        // thread has done, or this thread sees the door shut.
        fence_behind_rmw(ordering(Site::DoorNotifyFence, SeqCst));
        // ORDERING: Acquire pairs with the Release in `shut`.
        let word = self.0.load(ordering(Site::DoorNotifyLook, Acquire));
        if P::SLEEPS && word & !SHUT != 0 {
            self.grant(port, word);
        }
        word & SHUT != 0
    }

    #[cold]
    #[inline(never)]
    fn grant(&self, port: &impl Port, mut word: usize) {
        loop {
            let granted = if sleepers(word) > 0 {
                word - SLEEPER + TOKEN
            } else if tokens(word) > 0 && word & REWOKEN == 0 {
                // The thread that granted it may be stopped before its wake.
                word | REWOKEN
            } else {
                return;
            };
            // ORDERING: Relaxed: the fence in `notify` releases it to the Acquire in `leave`. On failure it is tried again.
            match self.0.compare_exchange(
                word,
                granted,
                ordering(Site::DoorGrant, Relaxed),
                ordering(Site::DoorGrantLost, Relaxed),
            ) {
                Ok(_) => {
                    stop_point(Site::DoorWake);
                    return port.wake_one(&raw const *self.0);
                }
                Err(now) => word = now,
            }
        }
    }

    /// Shuts it for ever, and wakes every thread that sleeps there.
    pub(super) fn shut(&self, port: &impl Port) {
        // ORDERING: Release pairs with the Acquire of threads that see the door shut.
        self.0.fetch_or(SHUT, ordering(Site::DoorShut, Release));
        stop_point(Site::DoorShutWake);
        port.wake(&raw const *self.0, true, Origin::Thread);
    }
}
