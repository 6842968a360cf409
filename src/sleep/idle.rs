//! The steps on the idle word. README.md in this folder states the protocol, with the same names.

use super::counts::{Counts, SENTRIES};
use crate::platform::port::{Origin, Port};
use crate::sync::fence_behind_rmw;
use crate::sync::{
    AtomicUsize, Bug, Counter, Relaxed, SeqCst, Site, bug, const_fn, fence, ordering, stop_point, stores,
};
use crate::util::cache_padded::CachePadded;
use core::cell::Cell;

/// Every TRIGGER-th push and every batch resets the searchers if BACKLOG jobs are in the ring (README, "A
/// stopped thread"). In a firmware every 1,024th push does, however many jobs are there.
const TRIGGER: usize = if SENTRIES { 16 } else { 1024 };
/// More jobs than a running searcher leaves for long. 1 in the models, whose rings are small.
const BACKLOG: usize = if cfg!(any(jobring_loom, jobring_freeze)) { 1 } else { 8 };

/// The idle word of one pool.
pub(crate) struct Idle {
    word: CachePadded<AtomicUsize>,
    /// The numbers of wake-ups that were granted, and of those besides that a reset forced.
    wakes: Counter,
    forced: Counter,
}

/// A worker is counted as a searcher, since the word had this value.
#[must_use = "a search that is not ended keeps others asleep"]
pub(crate) struct Search {
    since: Counts,
}

/// What a submitter saw when it notified of its push.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotifyOutcome {
    Open,
    /// The pool is closed: the submitter must notify the closers.
    Closed,
}

/// A worker that is registered as sleeping.
#[must_use = "a registration that is not ended takes a wake-up meant for others"]
pub(crate) struct Registration {
    /// Is it a sentry?
    sentry: bool,
    /// Has its timed sleep ended without a token? Then a job that it finds shows that the searchers do not
    /// come.
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
        // ORDERING: Relaxed: the word guards no data; a fence pair protects what must not be missed (E4).
        Counts(self.word.load(ordering(Site::IdleLook, Relaxed)))
    }

    /// The numbers of wake-ups granted and forced so far.
    pub(crate) fn wake_ups(&self) -> (usize, usize) {
        (self.wakes.get(), self.forced.get())
    }

    /// Notifies sleeping workers of a push at `position`; `popped` returns how many entries were popped.
    /// Lock-free. Wakes at most one thread, or two if the push had `several` jobs.
    #[inline(always)]
    pub(crate) fn notify(
        &self,
        port: &impl Port,
        position: usize,
        several: bool,
        origin: Origin,
        popped: impl FnOnce() -> usize,
    ) -> NotifyOutcome {
        // ORDERING: pairs with the fence in `register`: either that worker sees the push, or this thread sees
        // it registered (E4). With `close`: either the closer sees the push, or this thread sees CLOSED (E5).
        // The push ended with a read-modify-write.
        fence_behind_rmw(ordering(Site::NotifyFence, SeqCst));
        let counts = self.counts();
        if counts.is_open_and_awake() {
            return NotifyOutcome::Open;
        }
        self.notify_idle(counts, port, position, several, origin, popped)
    }

    /// The slow part of `notify`: some worker sleeps, or the pool is closed.
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
    ) -> NotifyOutcome {
        // A firmware computes the new counts once, and ignores the backlog.
        if (!SENTRIES || counts.wake_another().is_some())
            && (self.wake_another(port, origin).is_some() || SENTRIES)
        {
            if several {
                self.wake_another(port, origin);
            }
        } else if (SENTRIES && several || position.is_multiple_of(TRIGGER))
            && counts.sleeping() + counts.tokens() > 0
            && (!SENTRIES || position.wrapping_add(1).wrapping_sub(popped()) as isize >= BACKLOG as isize)
        {
            self.reset_searchers(port, origin);
        }
        if counts.is_closed() { NotifyOutcome::Closed } else { NotifyOutcome::Open }
    }

    /// Wakes one more worker, if too few search. Returns the new counts.
    #[cold]
    pub(super) fn wake_another(&self, port: &impl Port, origin: Origin) -> Option<Counts> {
        let woken = self.update(Site::GrantUpdate, Counts::wake_another);
        if woken.is_some() {
            self.wakes.add();
            stop_point(Site::GrantWake);
            port.wake(self.word(), false, origin);
        }
        woken
    }

    /// Writes off all searchers and wakes a sleeper, or again one that was granted a token and may never have
    /// been woken. A thread that waits for a queued job, or for room, calls it when its patience ends; so do
    /// every TRIGGER-th push and every batch, if BACKLOG jobs are queued.
    pub(crate) fn reset_searchers(&self, port: &impl Port, origin: Origin) {
        let forced = self.update(Site::ForceUpdate, |c| {
            if c.is_paused() {
                return None;
            }
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

    /// Starts a search: from here on, submitters rely on this worker to see what they push.
    pub(crate) fn search(&self) -> Search {
        Search { since: self.change(Site::SearchUpdate, Counts::search) }
    }

    /// Ends a search, and wakes sleepers for what is left in the ring, unless enough others search.
    pub(crate) fn end_search(&self, search: Search, port: &impl Port, is_empty: impl Fn() -> bool) {
        let now = self.change(Site::FoundUpdate, |c| search.without_search(c));
        // ORDERING: pairs with the fence in `notify`: a push that saw this search woke nobody. So either this
        // thread sees the push here, or its submitter saw that the search had ended (E4).
        fence_behind_rmw(ordering(Site::FoundFence, SeqCst));
        if (!SENTRIES || now.wake_another().is_some())
            && !is_empty()
            && !bug(Bug::FinderWakesNobody)
            && self.wake_another(port, Origin::Thread).is_some_and(|now| SENTRIES && now.sleeping() > 0)
        {
            // Several jobs may be left, and the worker just woken may be the sentry.
            self.wake_another(port, Origin::Thread);
        }
    }

    /// Ends a search that found nothing and registers a sleeper: a sentry, if it `may_be_sentry` and the pool
    /// has too few. The caller then looks at CLOSED and at the ring, and calls `sleep` or `cancel`.
    pub(crate) fn register(&self, search: Search, may_be_sentry: bool) -> Registration {
        let end_search = |c| if bug(Bug::SleeperCountsAsSearcher) { c } else { search.without_search(c) };
        let posted = Cell::new(false);
        self.change(Site::RegisterUpdate, |c| {
            posted.set(SENTRIES && may_be_sentry && !c.has_sentries());
            if posted.get() { end_search(c).sleep().post_sentry() } else { end_search(c).sleep() }
        });
        // ORDERING: pairs with the fences in `notify` (E4), `close` (E5) and `begin_idle_wait`.
        fence(ordering(Site::RegisterFence, SeqCst));
        Registration { sentry: SENTRIES && posted.get(), overdue: false }
    }

    /// The counts, for a registered worker that is about to look at the ring: if the pool is closed, it sees
    /// there what was published while the pool was open. A worker that finds a thread in wait_idle notifies the
    /// closers before it sleeps.
    pub(crate) fn counts_for_sleeper(&self) -> Counts {
        let counts = self.counts();
        if counts.is_closed() {
            // ORDERING: pairs with the fence in `notify`: a submitter that saw the pool open published before
            // the close, and so before this (E5).
            fence(ordering(Site::ClosedFence, SeqCst));
        }
        counts
    }

    /// Sleeps until there is a token, takes it, and so becomes a searcher. In a closed pool it needs no
    /// token. A sentry sleeps for at most `limit` nanoseconds. Err if its sleep ended without a token: the
    /// caller calls `end_timed_sleep`. `may_leave`: it does not sleep while LEAVE is set either.
    pub(crate) fn sleep(
        &self,
        registration: Registration,
        port: &impl Port,
        limit: u64,
        may_leave: bool,
    ) -> Result<Search, Registration> {
        let mut slept = false;
        loop {
            let counts = self.counts();
            if counts.is_closed() && !bug(Bug::SleepsPastTheClose) {
                return Ok(self.cancel(registration));
            }
            if counts.tokens() > 0 {
                if let Some(search) = self.take_token(&registration) {
                    return Ok(search);
                }
            } else if may_leave && counts.asks_to_leave() && !bug(Bug::SleepsPastTheRequest) {
                return Ok(self.cancel(registration));
            } else if slept && registration.is_sentry() {
                // Whatever ended its sleep.
                return Err(Registration { overdue: true, ..registration });
            } else {
                let counts = if bug(Bug::SleepsOnANewerWord) { self.counts() } else { counts };
                port.wait(self.word(), counts.0, registration.is_sentry().then_some(limit));
                slept = true;
            }
        }
    }

    fn take_token(&self, registration: &Registration) -> Option<Search> {
        self.update(Site::RedeemUpdate, |c| {
            (c.tokens() > 0).then(|| registration.without_sentry(c).take_token())
        })
        .map(|since| Search { since })
    }

    /// Ends a sentry's timed sleep. If it `rests`, it is no longer a sentry, and its next sleep has no time
    /// limit. The caller looks at CLOSED and at the ring once more, as after `register`.
    pub(crate) fn end_timed_sleep(&self, registration: Registration, rests: bool) -> Registration {
        if rests && !bug(Bug::RestingSentryStaysCounted) {
            self.change(Site::RestUpdate, Counts::relieve_sentry);
        }
        // ORDERING: pairs with the fence in `notify`: either this thread sees the push of a thread that
        // relied on the sentry, or that thread sees that the sentry is gone (E4).
        fence(ordering(Site::LookAgainFence, SeqCst));
        if rests { Registration { sentry: false, overdue: false } } else { registration }
    }

    /// Takes the registration back, because there is work after all. It takes a token only if no registered
    /// worker is left without one: otherwise, of the two threads that others rely on, only one would be left.
    pub(crate) fn cancel(&self, registration: Registration) -> Search {
        let since = self.change(Site::CancelUpdate, |c| {
            let c = registration.without_sentry(c);
            let c = if SENTRIES && registration.overdue && c.searching() > c.tokens() {
                c.write_off()
            } else {
                c
            };
            match c.sleeping() {
                _ if bug(Bug::CountsAWakeTwice) && c.tokens() > 0 => c.take_token().wake(),
                _ if bug(Bug::TakesAnothersToken) && c.tokens() > 0 => c.take_token(),
                0 => c.take_token(),
                _ => c.wake().search(),
            }
        });
        Search { since }
    }

    /// Closes: from here on every submitter is refused or notifies the closers, and no worker falls asleep.
    pub(crate) fn close(&self, port: &impl Port) {
        self.change(Site::CloseUpdate, Counts::close);
        // ORDERING: pairs with the fences in `notify`, `register` and the blocked submitter's (E5).
        fence(ordering(Site::CloseFence, SeqCst));
        // CLOSED is in the half that sleepers compare: a worker that is not asleep yet will not fall asleep,
        // and needs no token, which another could take.
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

    /// From here on each thread that has ended a job, and finds no other, notifies the closers.
    pub(crate) fn begin_idle_wait(&self) {
        self.change(Site::IdleWaitBegin, Counts::with_idle_wait);
        // ORDERING: pairs with the fence of a worker in `register` and of a thread that ended a job elsewhere
        // (notify_closers_if_closed): either our look sees the end of the job, or that thread sees IDLE_WAIT.
        fence(ordering(Site::IdleWaitFence, SeqCst));
    }

    /// The thread that set IDLE_WAIT has left. It notifies the closers: others set IDLE_WAIT again.
    pub(crate) fn end_idle_wait(&self) {
        self.change(Site::IdleWaitEnd, Counts::without_idle_wait);
    }

    #[inline(always)]
    pub(crate) fn word(&self) -> &AtomicUsize {
        &self.word
    }

    /// Changes the counts by `step`. Returns the new value.
    pub(super) fn change(&self, site: Site, step: impl Fn(Counts) -> Counts) -> Counts {
        let mut old = self.counts();
        loop {
            let new = step(old);
            if site == Site::RegisterUpdate && stores(Bug::RegistersByPlainStore, &self.word, new.0) {
                return new;
            }
            match self.exchange(site, old, new) {
                Ok(()) => return new,
                Err(now) => old = now,
            }
        }
    }

    /// Changes the counts by `step`, unless that returns None. Returns the new value.
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
        // ORDERING: Relaxed: the counts are one word, so its modification order is enough; the fences above
        // order what happens around them.
        let done = self.word.compare_exchange(
            old.0,
            new.0,
            ordering(site, Relaxed),
            ordering(Site::IdleUpdateLost, Relaxed),
        );
        done.map(|_| ()).map_err(Counts)
    }
}

impl Registration {
    #[inline(always)]
    pub(crate) fn is_sentry(&self) -> bool {
        SENTRIES && self.sentry
    }

    /// The counts without this sleeper's sentry, if it is one.
    fn without_sentry(&self, c: Counts) -> Counts {
        if self.is_sentry() { c.relieve_sentry() } else { c }
    }
}

impl Search {
    /// Was the pool paused when the search began?
    #[inline(always)]
    pub(crate) fn is_paused(&self) -> bool {
        self.since.is_paused()
    }

    /// The counts without this search; unchanged if the search was written off meanwhile.
    fn without_search(&self, c: Counts) -> Counts {
        if c.epoch() == self.since.epoch() && c.searching() > c.tokens() { c.stop_search() } else { c }
    }
}
