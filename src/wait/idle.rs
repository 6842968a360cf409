//! The steps on the idle word. README.md beside this file has the protocol; the names are its names.

use super::counts::Counts;
use crate::pad::CachePadded;
use crate::port::Port;
use crate::sync::fence_behind_rmw;
use crate::sync::{AtomicUsize, Bug, Counter, Relaxed, SeqCst, Site, bug, const_fn, fence, o, point, stores};

/// A push at every TRIGGER-th position trusts no searcher (README, "The frozen waker").
pub(crate) const TRIGGER: usize = 1024;

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
pub(crate) struct Asleep(());

impl Idle {
    const_fn! {
        pub(crate) fn new() -> Self {
            Self { word: CachePadded::new(AtomicUsize::new(0)), wakes: Counter::new(), forced: Counter::new() }
        }
    }

    #[inline(always)]
    pub(crate) fn counts(&self) -> Counts {
        // ORDERING: Relaxed: the word guards no data; what must not be missed stands behind a fence pair (E4).
        Counts(self.word.load(o(Site::IdleLook, Relaxed)))
    }

    /// Wake-ups granted and forced so far.
    pub(crate) fn wake_ups(&self) -> (usize, usize) {
        (self.wakes.get(), self.forced.get())
    }

    /// Tells sleeping workers of a push at `position`. Lock-free; wakes one thread at most.
    #[inline(always)]
    pub(crate) fn notify(&self, port: &impl Port, position: usize) -> Noticed {
        // ORDERING: pairs with the fence in `register`: either that worker sees the push, or we see it
        // registered (E4). With `close`: either the closer sees the push, or we see CLOSED (E5). The push ended with
        // a read-modify-write.
        fence_behind_rmw(o(Site::NotifyFence, SeqCst));
        let counts = self.counts();
        if counts.all_awake() {
            return Noticed::Open;
        }
        self.tell(counts, port, position)
    }

    /// The rest of `notify`, for which `counts` are a reason.
    #[cold]
    #[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), inline(never))]
    fn tell(&self, counts: Counts, port: &impl Port, position: usize) -> Noticed {
        if counts.wants_notice() {
            self.grant_one(port);
        } else if position.is_multiple_of(TRIGGER) && counts.sleeping() + counts.tokens() > 0 {
            self.force(port);
        }
        if counts.closed() { Noticed::Closed } else { Noticed::Open }
    }

    #[cold]
    fn grant_one(&self, port: &impl Port) {
        let granted = self.update(Site::GrantUpdate, |c| c.wants_notice().then(|| c.grant()));
        if granted.is_some() {
            self.wakes.add();
            point(Site::GrantWake);
            port.wake_one(self.word());
        }
    }

    /// Distrusts all searchers: a thread that waits for a queued job calls it when its patience is over, and so
    /// does every TRIGGER-th push. Writes the searchers off, and wakes a sleeper (or, again, one that was granted
    /// a token and may never have been woken).
    pub(crate) fn force(&self, port: &impl Port) {
        let forced = self.update(Site::ForceUpdate, |c| {
            let trusted = if c.searching() > c.tokens() { c.write_off() } else { c };
            let new = if trusted.tokens() == 0 && trusted.sleeping() > 0 { trusted.grant() } else { trusted };
            (new != c || new.tokens() > 0).then_some(new)
        });
        if forced.is_some_and(|c| c.tokens() > 0) {
            self.forced.add();
            point(Site::ForceWake);
            port.wake_one(self.word());
        }
    }

    /// Begins to search: from here on, submitters count on this worker to see what they push.
    pub(crate) fn search(&self) -> Search {
        Search { epoch: self.change(Site::SearchUpdate, Counts::search).epoch() }
    }

    /// Ends a search that found a job. If nobody else searches, what is left in the rings is told to a sleeper.
    pub(crate) fn found(&self, search: Search, port: &impl Port, is_empty: impl Fn() -> bool) {
        let now = self.change(Site::FoundUpdate, |c| search.ended(c));
        // ORDERING: pairs with the fence in `notify`: a push that saw us searching woke nobody, so either we see
        // it here, or its submitter saw that we ended (E4).
        fence_behind_rmw(o(Site::FoundFence, SeqCst));
        if now.wants_notice() && !is_empty() && !bug(Bug::FinderTellsNobody) {
            self.grant_one(port);
        }
    }

    /// Ends a search that found nothing: registers as sleeping. The caller then looks at CLOSED and, after that,
    /// at the rings, and calls `sleep`, `cancel` or `leave`.
    pub(crate) fn register(&self, search: Search) -> Asleep {
        let ended = |c| if bug(Bug::SleeperCountsAsSearcher) { c } else { search.ended(c) };
        self.change(Site::RegisterUpdate, |c| ended(c).sleep());
        // ORDERING: pairs with the fences in `notify` (E4) and `close` (E5).
        fence(o(Site::RegisterFence, SeqCst));
        Asleep(())
    }

    /// Sleeps until a token is there, takes it, and is a searcher. A closed pool needs no token.
    pub(crate) fn sleep(&self, asleep: Asleep, port: &impl Port) -> Search {
        loop {
            let counts = self.counts();
            if counts.closed() && !bug(Bug::SleepsPastTheClose) {
                return self.cancel(asleep);
            }
            if counts.tokens() == 0 {
                let counts = if bug(Bug::SleepsOnANewerWord) { self.counts() } else { counts };
                port.wait(self.word(), counts.0, None);
            } else if let Some(search) = self.redeem() {
                return search;
            }
        }
    }

    fn redeem(&self) -> Option<Search> {
        self.update(Site::RedeemUpdate, |c| (c.tokens() > 0).then(|| c.redeem()))
            .map(|c| Search { epoch: c.epoch() })
    }

    /// Takes the registration back, because there is work after all: a token if one waits, for one that nobody
    /// took would keep others from being woken; else the registration itself.
    pub(crate) fn cancel(&self, asleep: Asleep) -> Search {
        let Asleep(()) = asleep;
        let now = self.change(Site::CancelUpdate, |c| match c.tokens() {
            0 => c.wake().search(),
            _ if bug(Bug::CountsAWakeTwice) => c.redeem().wake(),
            _ => c.redeem(),
        });
        Search { epoch: now.epoch() }
    }

    /// Closes: from here on every submitter is refused or tells the closer, and nobody sleeps.
    pub(crate) fn close(&self, port: &impl Port) {
        self.change(Site::CloseUpdate, Counts::close);
        // ORDERING: pairs with the fences in `notify`, `register` and the blocked submitter's (E5).
        fence(o(Site::CloseFence, SeqCst));
        // CLOSED stands in the half that sleepers compare: who is not asleep yet will not fall asleep, and no
        // token is needed that someone else could take.
        point(Site::CloseWake);
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
        let done =
            self.word.compare_exchange(old.0, new.0, o(site, Relaxed), o(Site::IdleUpdateLost, Relaxed));
        done.map(|_| ()).map_err(Counts)
    }
}

impl Search {
    /// The counts without this search; unchanged if it was written off meanwhile.
    fn ended(&self, c: Counts) -> Counts {
        if c.epoch() == self.epoch && c.searching() > c.tokens() { c.stop_search() } else { c }
    }
}
