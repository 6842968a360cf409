//! The packing of the idle word: the numbers of tokens, searchers and sleepers.
//!
//! ```text
//! 64 bits:  sleeping 16 │ searching 16 │ CLOSED 1 │ sentries 2 │ REWOKEN 1 │ PAUSED 1 │ LEAVE 1 │ epoch 9 │ IDLE_WAIT 1 │ tokens 16   threads sleep on the low half
//! 32 bits:  CLOSED 1 │ sentries 2 │ REWOKEN 1 │ PAUSED 1 │ LEAVE 1 │ epoch 1 │ IDLE_WAIT 1 │ sleeping 8 │ searching 8 │ tokens 8       threads sleep on the whole word
//! ```
//!
//! `searching` includes the tokens: the worker that takes a token is already counted as a searcher. A build without threads has no
//! PAUSED and no LEAVE; on 32 bits its epoch has these bits too.

use crate::sync::{Bug, bug};

struct Layout {
    width: u32,
    searching: u32,
    sleeping: u32,
    idle_wait: u32,
    epoch: u32,
    epoch_bits: u32,
    leave: u32,
    paused: u32,
    rewoken: u32,
    sentries: u32,
    closed: u32,
}

const LAYOUT: Layout = if usize::BITS == 64 {
    Layout {
        width: 16,
        searching: 32,
        sleeping: 48,
        idle_wait: 16,
        epoch: 17,
        epoch_bits: 9,
        leave: 26,
        paused: 27,
        rewoken: 28,
        sentries: 29,
        closed: 31,
    }
} else {
    Layout {
        width: 8,
        searching: 8,
        sleeping: 16,
        idle_wait: 24,
        epoch: 25,
        epoch_bits: if HAS_THREADS { 1 } else { 3 },
        leave: 26,
        paused: 27,
        rewoken: 28,
        sentries: 29,
        closed: 31,
    }
};

/// Does this build have sentries? Not a firmware: its few workers do not justify the code.
pub(crate) const SENTRIES: bool = !cfg!(all(target_os = "none", target_pointer_width = "32"));

/// Can a pool be paused, and its workers leave? Only where the library has threads: other builds have no code for it.
pub(crate) const HAS_THREADS: bool = cfg!(any(feature = "std", feature = "pthread", jobring_loom));

/// The most workers that one pool can have: 65,535; on 32-bit targets 255.
pub(crate) const MAX_WORKERS: usize = (1 << LAYOUT.width) - 1;
const EPOCH_MASK: usize = (1 << LAYOUT.epoch_bits) - 1;
const TOKEN: usize = 1;
const SEARCHER: usize = 1 << LAYOUT.searching;
const SLEEPER: usize = 1 << LAYOUT.sleeping;
const REWOKEN: usize = 1 << LAYOUT.rewoken;
const SENTRY: usize = 1 << LAYOUT.sentries;
const CLOSED: usize = 1 << LAYOUT.closed;
const IDLE_WAIT: usize = 1 << LAYOUT.idle_wait;
const PAUSED: usize = if HAS_THREADS { 1 << LAYOUT.paused } else { 0 };
const LEAVE: usize = if HAS_THREADS { 1 << LAYOUT.leave } else { 0 };
// Sleepers compare the low half: tokens, CLOSED and LEAVE must be in it.
const _: () = assert!(LAYOUT.closed < 32 && LAYOUT.width <= 32);
const _: () =
    assert!(LAYOUT.epoch + LAYOUT.epoch_bits <= LAYOUT.rewoken && LAYOUT.sentries + 2 == LAYOUT.closed);
const _: () = assert!((PAUSED | LEAVE) & (REWOKEN | EPOCH_MASK << LAYOUT.epoch) == 0);
const _: () = assert!(LAYOUT.idle_wait + 1 == LAYOUT.epoch);
/// The most sentries of a pool: if one of them has just been woken, another is left.
const MOST_SENTRIES: usize = 2;

/// One value of the idle word.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Counts(pub(crate) usize);

impl Counts {
    #[inline(always)]
    pub(crate) const fn tokens(self) -> usize {
        self.0 & MAX_WORKERS
    }

    /// The number of searchers, including tokens that are not taken yet.
    #[inline(always)]
    pub(crate) const fn searching(self) -> usize {
        self.0 >> LAYOUT.searching & MAX_WORKERS
    }

    #[inline(always)]
    pub(crate) const fn sleeping(self) -> usize {
        self.0 >> LAYOUT.sleeping & MAX_WORKERS
    }

    /// How often the searchers were written off, modulo the size of the field.
    #[inline(always)]
    pub(crate) const fn epoch(self) -> usize {
        self.0 >> LAYOUT.epoch & EPOCH_MASK
    }

    #[inline(always)]
    pub(crate) const fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// Is or was a thread inside wait_idle? Then it sleeps where closers do.
    #[inline(always)]
    pub(crate) const fn has_idle_wait(self) -> bool {
        self.0 & IDLE_WAIT != 0
    }

    /// Do the workers start no job? A close overrides a pause.
    #[inline(always)]
    pub(crate) const fn is_paused(self) -> bool {
        HAS_THREADS && self.0 & (PAUSED | CLOSED) == PAUSED
    }

    /// Is a worker of the pool's own to leave?
    #[inline(always)]
    pub(crate) const fn asks_to_leave(self) -> bool {
        self.0 & LEAVE != 0
    }

    /// Is the pool open and not paused, with no sleeper and no token? Then a push has nobody to notify.
    #[inline(always)]
    pub(crate) const fn is_open_and_awake(self) -> bool {
        self.0 & (CLOSED | PAUSED | MAX_WORKERS << LAYOUT.sleeping | MAX_WORKERS) == 0
    }

    /// Does any worker search or sleep?
    #[inline(always)]
    pub(crate) const fn has_idle_workers(self) -> bool {
        self.0 & (MAX_WORKERS << LAYOUT.searching | MAX_WORKERS << LAYOUT.sleeping) != 0
    }

    /// The number of sentries: sleepers with a time limit.
    #[inline(always)]
    pub(crate) const fn sentries(self) -> usize {
        self.0 >> LAYOUT.sentries & 3
    }

    /// Are there as many sentries as a pool may have?
    pub(crate) const fn has_sentries(self) -> bool {
        self.sentries() >= MOST_SENTRIES
    }

    /// Was there a second wake for the tokens?
    #[inline(always)]
    const fn is_rewoken(self) -> bool {
        self.0 & REWOKEN != 0
    }

    /// Will some worker look at the ring even if one thread is stopped? Two searchers are enough, or a
    /// searcher and a sentry. A token needs two sentries, since one of them may be about to take it.
    #[inline(always)]
    fn has_enough_searchers(self) -> bool {
        if bug(Bug::TrustsOneSearcher) && self.searching() > 0 {
            return true;
        }
        let tokens = if bug(Bug::CountsSentryAndTokenAsTwo) { 0 } else { self.tokens() };
        self.searching() > 1 || SENTRIES && self.searching() == 1 && self.sentries() > tokens
    }

    /// The counts to set before a wake for new work; None if enough workers search, or the pool is paused.
    #[inline(always)]
    pub(crate) fn wake_another(self) -> Option<Self> {
        if self.is_paused() || self.has_enough_searchers() {
            None
        } else if self.sleeping() > 0 {
            Some(self.grant())
        } else if self.tokens() > 0 && !self.is_rewoken() {
            Some(Self(self.0 | REWOKEN))
        } else {
            None
        }
    }

    pub(crate) const fn search(self) -> Self {
        Self(self.0 + SEARCHER)
    }

    pub(crate) const fn stop_search(self) -> Self {
        Self(self.0 - SEARCHER)
    }

    pub(crate) const fn sleep(self) -> Self {
        Self(self.0 + SLEEPER)
    }

    pub(crate) const fn wake(self) -> Self {
        Self(self.0 - SLEEPER)
    }

    /// Turns one sleeper into a token, which counts as a searcher.
    pub(crate) const fn grant(self) -> Self {
        Self(self.0 - SLEEPER + SEARCHER + TOKEN)
    }

    /// Removes a token. The worker that takes it is already counted as a searcher.
    pub(crate) const fn take_token(self) -> Self {
        Self((self.0 - TOKEN) & !REWOKEN)
    }

    pub(crate) const fn post_sentry(self) -> Self {
        Self(self.0 + SENTRY)
    }

    pub(crate) const fn relieve_sentry(self) -> Self {
        Self(self.0 - SENTRY)
    }

    /// Stops counting all searchers except the tokens, and starts a new epoch.
    pub(crate) const fn write_off(self) -> Self {
        let searching = self.0 & MAX_WORKERS << LAYOUT.searching;
        let epoch = self.0 & EPOCH_MASK << LAYOUT.epoch;
        let next = ((self.epoch() + 1) & EPOCH_MASK) << LAYOUT.epoch;
        Self(self.0 - searching - epoch + next + self.tokens() * SEARCHER)
    }

    pub(crate) const fn close(self) -> Self {
        Self(self.0 | CLOSED)
    }

    pub(crate) const fn pause(self) -> Self {
        Self(self.0 | PAUSED)
    }

    pub(crate) const fn resume(self) -> Self {
        Self(self.0 & !PAUSED)
    }

    pub(crate) const fn with_leave(self) -> Self {
        Self(self.0 | LEAVE)
    }

    pub(crate) const fn without_leave(self) -> Self {
        Self(self.0 & !LEAVE)
    }

    pub(crate) const fn with_idle_wait(self) -> Self {
        Self(self.0 | IDLE_WAIT)
    }

    pub(crate) const fn without_idle_wait(self) -> Self {
        Self(self.0 & !IDLE_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_disturb_each_other() {
        let mut c = Counts(0);
        for _ in 0..MAX_WORKERS {
            c = c.sleep();
        }
        assert_eq!((c.sleeping(), c.searching(), c.tokens(), c.epoch()), (MAX_WORKERS, 0, 0, 0));
        c = c.grant().grant();
        assert_eq!((c.sleeping(), c.searching(), c.tokens()), (MAX_WORKERS - 2, 2, 2));
        c = c.take_token().search();
        assert_eq!((c.searching(), c.tokens()), (3, 1));
        c = c.write_off();
        assert_eq!((c.sleeping(), c.searching(), c.tokens(), c.epoch()), (MAX_WORKERS - 2, 1, 1, 1));
        assert!(!c.is_closed());
        c = c.close();
        assert_eq!((c.sleeping(), c.searching(), c.tokens()), (MAX_WORKERS - 2, 1, 1));
        assert!(c.is_closed() && c.epoch() == 1 && !c.has_idle_wait());
        c = c.with_idle_wait();
        assert_eq!((c.sleeping(), c.searching(), c.tokens(), c.epoch()), (MAX_WORKERS - 2, 1, 1, 1));
        assert!(c.has_idle_wait() && c.without_idle_wait() == Counts(c.0 & !IDLE_WAIT));
        assert!(!c.is_paused() && !c.pause().is_paused(), "it is closed");
        for _ in 0..EPOCH_MASK {
            c = c.write_off();
        }
        assert_eq!((c.epoch(), c.is_closed(), c.has_idle_wait(), c.tokens()), (0, true, true, 1));
    }

    #[test]
    fn zero_is_an_open_pool_without_workers() {
        let c = Counts(0);
        assert!(
            !c.is_closed() && c.wake_another().is_none() && c.sleeping() + c.searching() + c.tokens() == 0
        );
    }

    #[test]
    fn a_paused_pool_wakes_nobody() {
        if !HAS_THREADS {
            return;
        }
        let asleep = Counts(0).sleep().sleep();
        let paused = asleep.pause();
        assert!(
            paused.is_paused() && paused.wake_another().is_none() && !Counts(0).pause().is_open_and_awake()
        );
        assert!(paused.pause() == paused && paused.resume() == asleep && asleep.resume() == asleep);
        assert!((0..=EPOCH_MASK).fold(paused, |c, _| c.write_off()) == paused);
        assert!(paused.close().wake_another().is_some());
    }

    #[test]
    fn one_thread_is_not_trusted_alone() {
        let three = Counts(0).sleep().sleep().sleep();
        let first = three.wake_another().expect("all sleep");
        assert_eq!((first.tokens(), first.searching(), first.sleeping()), (1, 1, 2));
        let second = first.wake_another().expect("the thread that was woken may be stopped");
        assert_eq!((second.tokens(), second.searching(), second.sleeping()), (2, 2, 1));
        assert!(second.wake_another().is_none());
        // With a sentry one searcher is enough. A token is not: the sentry may take it.
        assert!(first.post_sentry().wake_another().is_some());
        assert!(first.post_sentry().post_sentry().wake_another().is_none());
        assert!(first.post_sentry().post_sentry().has_sentries() && !first.post_sentry().has_sentries());
        let searches = first.take_token();
        assert!(searches.wake_another().is_some() && searches.post_sentry().wake_another().is_none());
        assert!(searches.post_sentry().relieve_sentry() == searches);
        // If nobody else sleeps, the token gets a second wake.
        let last = Counts(0).sleep().wake_another().expect("it sleeps");
        let again = last.wake_another().expect("its waker may be stopped");
        assert!(again.tokens() == 1 && again.is_rewoken() && again.wake_another().is_none());
        assert!(again.take_token() == Counts(0).search());
    }
}
