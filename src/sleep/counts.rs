//! The idle word: how many tokens, searchers and sleepers there are. Pure packing.
//!
//! ```text
//! 64 bits:  sleeping 16 │ searching 16 │ CLOSED 1 │ sentries 2 │ REWOKEN 1 │ epoch 12 │ tokens 16   threads sleep on the low half
//! 32 bits:  CLOSED 1 │ sentries 2 │ REWOKEN 1 │ epoch 4 │ sleeping 8 │ searching 8 │ tokens 8       threads sleep on the whole word
//! ```
//!
//! searching counts the tokens too: a token is a search that waits for its searcher.

use crate::sync::{Bug, bug};

struct Layout {
    width: u32,
    searching: u32,
    sleeping: u32,
    epoch: u32,
    epoch_bits: u32,
    rewoken: u32,
    sentries: u32,
    closed: u32,
}

const LAYOUT: Layout = if usize::BITS == 64 {
    Layout {
        width: 16,
        searching: 32,
        sleeping: 48,
        epoch: 16,
        epoch_bits: 12,
        rewoken: 28,
        sentries: 29,
        closed: 31,
    }
} else {
    Layout {
        width: 8,
        searching: 8,
        sleeping: 16,
        epoch: 24,
        epoch_bits: 4,
        rewoken: 28,
        sentries: 29,
        closed: 31,
    }
};

/// Is a sleeper to look again by the clock? Not in a firmware, for whose few workers that would be too much code.
pub(crate) const SENTRIES: bool = !cfg!(all(target_os = "none", target_pointer_width = "32"));

/// The most workers that one pool can have: 65,535, on 32-bit targets 255.
pub(crate) const MAX_WORKERS: usize = (1 << LAYOUT.width) - 1;
const EPOCH_MASK: usize = (1 << LAYOUT.epoch_bits) - 1;
const TOKEN: usize = 1;
const SEARCHER: usize = 1 << LAYOUT.searching;
const SLEEPER: usize = 1 << LAYOUT.sleeping;
const REWOKEN: usize = 1 << LAYOUT.rewoken;
const SENTRY: usize = 1 << LAYOUT.sentries;
const CLOSED: usize = 1 << LAYOUT.closed;
// Sleepers compare the low half: tokens and CLOSED must be in it.
const _: () = assert!(LAYOUT.closed < 32 && LAYOUT.width <= 32);
const _: () =
    assert!(LAYOUT.epoch + LAYOUT.epoch_bits == LAYOUT.rewoken && LAYOUT.sentries + 2 == LAYOUT.closed);
/// So many sleepers look again by the clock: one beside one that has just been woken.
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

    /// Searchers, those whose token waits for them included.
    #[inline(always)]
    pub(crate) const fn searching(self) -> usize {
        self.0 >> LAYOUT.searching & MAX_WORKERS
    }

    #[inline(always)]
    pub(crate) const fn sleeping(self) -> usize {
        self.0 >> LAYOUT.sleeping & MAX_WORKERS
    }

    /// Counts the times that the searchers were written off.
    #[inline(always)]
    pub(crate) const fn epoch(self) -> usize {
        self.0 >> LAYOUT.epoch & EPOCH_MASK
    }

    #[inline(always)]
    pub(crate) const fn closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// Is the pool open, and nobody asleep or on the way from there? Then nobody need be told of anything.
    #[inline(always)]
    pub(crate) const fn all_awake(self) -> bool {
        self.0 & (CLOSED | MAX_WORKERS << LAYOUT.sleeping | MAX_WORKERS) == 0
    }

    /// Does anybody search or sleep?
    #[inline(always)]
    pub(crate) const fn anybody_idle(self) -> bool {
        self.0 & (MAX_WORKERS << LAYOUT.searching | MAX_WORKERS << LAYOUT.sleeping) != 0
    }

    /// Sleepers that look again by the clock.
    #[inline(always)]
    pub(crate) const fn sentries(self) -> usize {
        self.0 >> LAYOUT.sentries & 3
    }

    /// Are there enough of them?
    pub(crate) const fn has_sentries(self) -> bool {
        self.sentries() >= MOST_SENTRIES
    }

    /// Were the tokens woken for once more?
    #[inline(always)]
    const fn is_rewoken(self) -> bool {
        self.0 & REWOKEN != 0
    }

    /// Will somebody look though one thread has stopped? Two searchers are enough, or one beside a sentry; but if that one is a
    /// token, which a sentry may be about to take, there must be another.
    #[inline(always)]
    fn is_seen_to(self) -> bool {
        if bug(Bug::TrustsOneSearcher) && self.searching() > 0 {
            return true;
        }
        let tokens = if bug(Bug::TrustsTheSentryWithItsToken) { 0 } else { self.tokens() };
        self.searching() > 1 || SENTRIES && self.searching() == 1 && self.sentries() > tokens
    }

    /// The counts to set before one sleeper is woken for new work; None if nobody need be woken.
    #[inline(always)]
    pub(crate) fn summoned(self) -> Option<Self> {
        if self.is_seen_to() {
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

    /// One sleeper becomes a token, and with it a searcher.
    pub(crate) const fn grant(self) -> Self {
        Self(self.0 - SLEEPER + SEARCHER + TOKEN)
    }

    /// A token finds its searcher, who is counted already.
    pub(crate) const fn take_token(self) -> Self {
        Self((self.0 - TOKEN) & !REWOKEN)
    }

    pub(crate) const fn post_sentry(self) -> Self {
        Self(self.0 + SENTRY)
    }

    pub(crate) const fn relieve_sentry(self) -> Self {
        Self(self.0 - SENTRY)
    }

    /// Forgets all searchers but those whose token waits, and starts a new epoch.
    pub(crate) const fn write_off(self) -> Self {
        let searching = self.0 & MAX_WORKERS << LAYOUT.searching;
        let epoch = self.0 & EPOCH_MASK << LAYOUT.epoch;
        let next = ((self.epoch() + 1) & EPOCH_MASK) << LAYOUT.epoch;
        Self(self.0 - searching - epoch + next + self.tokens() * SEARCHER)
    }

    pub(crate) const fn close(self) -> Self {
        Self(self.0 | CLOSED)
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
        assert!(!c.closed());
        c = c.close();
        assert_eq!((c.sleeping(), c.searching(), c.tokens()), (MAX_WORKERS - 2, 1, 1));
        assert!(c.closed() && c.epoch() == 1);
        for _ in 0..EPOCH_MASK {
            c = c.write_off();
        }
        assert_eq!((c.epoch(), c.closed(), c.tokens()), (0, true, 1));
    }

    #[test]
    fn zero_is_an_open_pool_without_workers() {
        let c = Counts(0);
        assert!(!c.closed() && c.summoned().is_none() && c.sleeping() + c.searching() + c.tokens() == 0);
    }

    #[test]
    fn one_thread_is_not_trusted_alone() {
        let three = Counts(0).sleep().sleep().sleep();
        let first = three.summoned().expect("all sleep");
        assert_eq!((first.tokens(), first.searching(), first.sleeping()), (1, 1, 2));
        let second = first.summoned().expect("who was woken may be stopped");
        assert_eq!((second.tokens(), second.searching(), second.sleeping()), (2, 2, 1));
        assert!(second.summoned().is_none());
        // With a sentry one searcher is enough, but not a token, which may be the sentry's.
        assert!(first.post_sentry().summoned().is_some());
        assert!(first.post_sentry().post_sentry().summoned().is_none());
        assert!(first.post_sentry().post_sentry().has_sentries() && !first.post_sentry().has_sentries());
        let searches = first.take_token();
        assert!(searches.summoned().is_some() && searches.post_sentry().summoned().is_none());
        assert!(searches.post_sentry().relieve_sentry() == searches);
        // Where nobody else sleeps, a token is woken for once more.
        let last = Counts(0).sleep().summoned().expect("it sleeps");
        let again = last.summoned().expect("its waker may be stopped");
        assert!(again.tokens() == 1 && again.is_rewoken() && again.summoned().is_none());
        assert!(again.take_token() == Counts(0).search());
    }
}
