//! The steps on the idle word. README.md beside this file has the protocol; the names are its names.

use super::counts::{Counts, SENTRIES};
use crate::platform::port::{Origin, Port};
use crate::sync::fence_behind_rmw;
use crate::sync::{
    AtomicUsize, Bug, Counter, Relaxed, SeqCst, Site, bug, const_fn, fence, ordering, stop_point, stores,
};
use crate::util::cache_padded::CachePadded;
use core::cell::Cell;

/// A push at every TRIGGER-th position, and a batch, trusts no searcher if BACKLOG jobs lie in the ring (README, "A stopped
/// thread"). In a firmware every 1,024th does, whatever lies there.
const TRIGGER: usize = if SENTRIES { 16 } else { 1024 };
/// More than a searcher that is on its way leaves for long. In the models one: their rings are small.
const BACKLOG: usize = if cfg!(any(jobring_loom, jobring_freeze)) { 1 } else { 8 };

/// The idle word of one pool.
pub(crate) struct Idle {
    word: CachePadded<AtomicUsize>,
    /// How many wake-ups were granted, and how many were forced.
    wakes: Counter,
    forced: Counter,
}

/// A worker's claim to be counted as searching, since this epoch.
#[must_use = "a search that is not ended keeps others asleep"]
pub(crate) struct Search {
    epoch: usize,
}

/// What a submitter saw when it told of its push.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Noticed {
    Open,
    /// The pool is closed: the closer wants to know of this push.
    Closed,
}

/// A worker that is registered as sleeping.
#[must_use = "a registration that is not ended takes a wake-up meant for others"]
pub(crate) struct Asleep {
    /// Is it a sentry?
    sentry: bool,
    /// Has it slept in vain? Then a job that it finds shows that nobody came who was trusted to.
    overdue: bool,
}

impl Idle {
    const_fn! {
        pub(crate) fn new() -> Self {
            Self { word: CachePadded::new(AtomicUsize::new(0)), wakes: Counter::new(), forced: Counter::new() }
        }
    }

    #[inline(always)]
    pub(crate) fn counts(&self) -> Counts {
        // ORDERING: Relaxed: the word guards no data; what must not be missed stands behind a fence pair (E4).
        Counts(self.word.load(ordering(Site::IdleLook, Relaxed)))
    }

    /// Wake-ups granted and forced so far.
    pub(crate) fn wake_ups(&self) -> (usize, usize) {
        (self.wakes.get(), self.forced.get())
    }

    /// Tells sleeping workers of a push at `position`, before which `popped` entries were taken out. Lock-free; wakes one thread
    /// at most, if there are `several` jobs two.
    #[inline(always)]
    pub(crate) fn notify(
        &self,
        port: &impl Port,
        position: usize,
        several: bool,
        origin: Origin,
        popped: impl FnOnce() -> usize,
    ) -> Noticed {
        // ORDERING: pairs with the fence in `register`: either that worker sees the push, or we see it
        // registered (E4). With `close`: either the closer sees the push, or we see CLOSED (E5). The push ended with
        // a read-modify-write.
        fence_behind_rmw(ordering(Site::NotifyFence, SeqCst));
        let counts = self.counts();
        if counts.all_awake() {
            return Noticed::Open;
        }
        self.notify_idle(counts, port, position, several, origin, popped)
    }

    /// The rest of `notify`, for which `counts` are a reason.
    #[cold]
    #[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), inline(never))]
    fn notify_idle(
        &self,
        counts: Counts,
        port: &impl Port,
        position: usize,
        several: bool,
        origin: Origin,
        popped: impl FnOnce() -> usize,
    ) -> Noticed {
        // A firmware asks once, and goes without the look at the backlog.
        if (!SENTRIES || counts.summoned().is_some()) && (self.summon(port, origin).is_some() || SENTRIES) {
            if several {
                self.summon(port, origin);
            }
        } else if (SENTRIES && several || position.is_multiple_of(TRIGGER))
            && counts.sleeping() + counts.tokens() > 0
            && (!SENTRIES || position.wrapping_add(1).wrapping_sub(popped()) as isize >= BACKLOG as isize)
        {
            self.reset_searchers(port, origin);
        }
        if counts.closed() { Noticed::Closed } else { Noticed::Open }
    }

    /// Wakes one more worker, if those that look are not enough. The counts then.
    #[cold]
    fn summon(&self, port: &impl Port, origin: Origin) -> Option<Counts> {
        let summoned = self.update(Site::GrantUpdate, Counts::summoned);
        if summoned.is_some() {
            self.wakes.add();
            stop_point(Site::GrantWake);
            port.wake(self.word(), false, origin);
        }
        summoned
    }

    /// Distrusts all searchers: a thread that waits for a queued job calls it when its patience is over, and so
    /// does every TRIGGER-th push. Writes the searchers off, and wakes a sleeper (or, again, one that was granted
    /// a token and may never have been woken).
    pub(crate) fn reset_searchers(&self, port: &impl Port, origin: Origin) {
        let forced = self.update(Site::ForceUpdate, |c| {
            let trusted = if c.searching() > c.tokens() { c.write_off() } else { c };
            let new = if trusted.tokens() == 0 && trusted.sleeping() > 0 { trusted.grant() } else { trusted };
            (new != c || new.tokens() > 0).then_some(new)
        });
        if forced.is_some_and(|c| c.tokens() > 0) {
            self.forced.add();
            stop_point(Site::ForceWake);
            port.wake(self.word(), false, origin);
        }
    }

    /// Begins to search: from here on, submitters count on this worker to see what they push.
    pub(crate) fn search(&self) -> Search {
        Search { epoch: self.change(Site::SearchUpdate, Counts::search).epoch() }
    }

    /// Ends a search that found a job. Wakes sleepers for what is left in the rings, unless enough others look.
    pub(crate) fn found(&self, search: Search, port: &impl Port, is_empty: impl Fn() -> bool) {
        let now = self.change(Site::FoundUpdate, |c| search.ended(c));
        // ORDERING: pairs with the fence in `notify`: a push that saw us searching woke nobody, so either we see
        // it here, or its submitter saw that we ended (E4).
        fence_behind_rmw(ordering(Site::FoundFence, SeqCst));
        if (!SENTRIES || now.summoned().is_some())
            && !is_empty()
            && !bug(Bug::FinderTellsNobody)
            && self.summon(port, Origin::Thread).is_some_and(|now| SENTRIES && now.sleeping() > 0)
        {
            // Several may be left, and who was woken may be the sentry.
            self.summon(port, Origin::Thread);
        }
    }

    /// Ends a search that found nothing: registers as sleeping, and as a sentry if more are wanted and it `naps`. The caller
    /// then looks at CLOSED and at the rings, and calls `sleep` or `cancel`.
    pub(crate) fn register(&self, search: Search, naps: bool) -> Asleep {
        let ended = |c| if bug(Bug::SleeperCountsAsSearcher) { c } else { search.ended(c) };
        let posted = Cell::new(false);
        self.change(Site::RegisterUpdate, |c| {
            posted.set(SENTRIES && naps && !c.has_sentries());
            if posted.get() { ended(c).sleep().post_sentry() } else { ended(c).sleep() }
        });
        // ORDERING: pairs with the fences in `notify` (E4) and `close` (E5).
        fence(ordering(Site::RegisterFence, SeqCst));
        Asleep { sentry: SENTRIES && posted.get(), overdue: false }
    }

    /// For one that is registered and about to look at the rings: is the pool closed? Then it sees what was published while it
    /// was open.
    pub(crate) fn is_closed_for_sleeper(&self) -> bool {
        let closed = self.counts().closed();
        if closed {
            // ORDERING: pairs with the fence in `notify`: a submitter that saw the pool open published before it was
            // closed, and so before this (E5).
            fence(ordering(Site::ClosedFence, SeqCst));
        }
        closed
    }

    /// Sleeps until a token is there, takes it, and is a searcher. A closed pool needs no token. A sentry sleeps for `nap`
    /// nanoseconds. Err if it is over and there is no token: it is to `look_again`.
    pub(crate) fn sleep(&self, asleep: Asleep, port: &impl Port, nap: u64) -> Result<Search, Asleep> {
        let mut slept = false;
        loop {
            let counts = self.counts();
            if counts.closed() && !bug(Bug::SleepsPastTheClose) {
                return Ok(self.cancel(asleep));
            }
            if counts.tokens() > 0 {
                if let Some(search) = self.take_token(&asleep) {
                    return Ok(search);
                }
            } else if slept && asleep.is_sentry() {
                // Whatever ended its sleep.
                return Err(Asleep { overdue: true, ..asleep });
            } else {
                let counts = if bug(Bug::SleepsOnANewerWord) { self.counts() } else { counts };
                port.wait(self.word(), counts.0, asleep.is_sentry().then_some(nap));
                slept = true;
            }
        }
    }

    fn take_token(&self, asleep: &Asleep) -> Option<Search> {
        self.update(Site::RedeemUpdate, |c| (c.tokens() > 0).then(|| asleep.relieved(c).take_token()))
            .map(|c| Search { epoch: c.epoch() })
    }

    /// For a sentry whose time is over. If it `rests`, it is none any more, and sleeps without end from now on. The caller looks
    /// at CLOSED and at the rings once more, as after `register`.
    pub(crate) fn look_again(&self, asleep: Asleep, rests: bool) -> Asleep {
        if rests && !bug(Bug::SentryRestsSilently) {
            self.change(Site::RestUpdate, Counts::relieve_sentry);
        }
        // ORDERING: pairs with the fence in `notify`: either we see the push of a thread that trusted the sentry, or it sees
        // that there is none any more (E4).
        fence(ordering(Site::LookAgainFence, SeqCst));
        if rests { Asleep { sentry: false, overdue: false } } else { asleep }
    }

    /// Takes the registration back, because there is work after all; a token where all that are registered have one. Not where
    /// another may take it: of two that are relied on, one would be left.
    pub(crate) fn cancel(&self, asleep: Asleep) -> Search {
        let now = self.change(Site::CancelUpdate, |c| {
            let c = asleep.relieved(c);
            let c = if SENTRIES && asleep.overdue && c.searching() > c.tokens() { c.write_off() } else { c };
            match c.sleeping() {
                _ if bug(Bug::CountsAWakeTwice) && c.tokens() > 0 => c.take_token().wake(),
                _ if bug(Bug::TakesAnothersToken) && c.tokens() > 0 => c.take_token(),
                0 => c.take_token(),
                _ => c.wake().search(),
            }
        });
        Search { epoch: now.epoch() }
    }

    /// Closes: from here on every submitter is refused or tells the closer, and nobody sleeps.
    pub(crate) fn close(&self, port: &impl Port) {
        self.change(Site::CloseUpdate, Counts::close);
        // ORDERING: pairs with the fences in `notify`, `register` and the blocked submitter's (E5).
        fence(ordering(Site::CloseFence, SeqCst));
        // CLOSED stands in the half that sleepers compare: who is not asleep yet will not fall asleep, and no
        // token is needed that someone else could take.
        stop_point(Site::CloseWake);
        let grant = |c: Counts| (c.sleeping() > 0).then(|| c.grant());
        while bug(Bug::CloseGrantsTokens) && self.update(Site::GrantUpdate, grant).is_some() {}
        if bug(Bug::CloseWakesOne) {
            return port.wake_one(self.word());
        }
        if !bug(Bug::CloseWakesNobody) {
            port.wake_all(self.word());
        }
    }

    #[inline(always)]
    pub(crate) fn word(&self) -> &AtomicUsize {
        &self.word
    }

    /// Changes the counts by `step`. The new value.
    fn change(&self, site: Site, step: impl Fn(Counts) -> Counts) -> Counts {
        let mut old = self.counts();
        loop {
            let new = step(old);
            if site == Site::RegisterUpdate && stores(Bug::StoresTheCounts, &self.word, new.0) {
                return new;
            }
            match self.exchange(site, old, new) {
                Ok(()) => return new,
                Err(now) => old = now,
            }
        }
    }

    /// Changes the counts by `step`, unless it wants no change. The new value.
    #[inline]
    fn update(&self, site: Site, step: impl Fn(Counts) -> Option<Counts>) -> Option<Counts> {
        let mut old = self.counts();
        loop {
            let new = step(old)?;
            match self.exchange(site, old, new) {
                Ok(()) => return Some(new),
                Err(now) => old = now,
            }
        }
    }

    #[inline]
    fn exchange(&self, site: Site, old: Counts, new: Counts) -> Result<(), Counts> {
        // ORDERING: Relaxed: the counts are one word, so its modification order is all that they need; what
        // happens around them is ordered by the fences above.
        let done = self.word.compare_exchange(
            old.0,
            new.0,
            ordering(site, Relaxed),
            ordering(Site::IdleUpdateLost, Relaxed),
        );
        done.map(|_| ()).map_err(Counts)
    }
}

impl Asleep {
    #[inline(always)]
    pub(crate) fn is_sentry(&self) -> bool {
        SENTRIES && self.sentry
    }

    /// The counts without a sentry, if this was it.
    fn relieved(&self, c: Counts) -> Counts {
        if self.is_sentry() { c.relieve_sentry() } else { c }
    }
}

impl Search {
    /// The counts without this search; unchanged if it was written off meanwhile.
    fn ended(&self, c: Counts) -> Counts {
        if c.epoch() == self.epoch && c.searching() > c.tokens() { c.stop_search() } else { c }
    }
}
