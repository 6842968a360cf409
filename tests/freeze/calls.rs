//! Waits for several jobs, for all jobs, and in a scope of an interrupt; watchers; cancels without a handle.
//!
//! While one of the threads is stopped, others wait for the first of several jobs, are interrupted, and have
//! callbacks called. If the stopped thread has no job in its hands, they also wait until the pool is idle.

use crate::arena::{Dice, OWN_WORKERS, all_slots_are_free, check, spin};
use crate::board::{Board, Phase, StopOnPanic};
use crate::harness::*;
use crate::queues::provoke;
use crate::{Behind, Pair, Target, count, end, hits, ledger, release, stage};
use jobring_frozen::{
    Canceller, IdleError, Interrupt, JobHandle, Pool, ShutdownMode, ShutdownReport, Site, WaitFor, Watch,
    freeze,
};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::{Scope, scope};
use std::time::Duration;

const CAPACITY: usize = 16;

/// Sites that come to be in these calls only behind another site of the same role.
pub const BEHIND: &Behind = &[
    // A wait for the first of several jobs.
    (WAITER, Site::ListenBegin, &[Site::CloseEventsLook, Site::Flag]),
    // The end of a job, for a listener.
    (WORKER, Site::ListenersLook, &[Site::NotifyClosers, Site::EventWake]),
    (CANCELLER, Site::InterruptRaise, &[Site::NotifyClosers, Site::EventWake]),
    (WAITER, Site::IdleWaitBegin, &[Site::SlotLook, Site::PoppedLook]),
    // A worker that goes to sleep, for a thread that waits until the pool is idle.
    (WORKER, Site::RegisterFence, &[Site::NotifyClosers, Site::EventWake]),
    (CANCELLER, Site::VacateOwned, &[Site::PushPublish]),
];

/// Sites at which a thread outside of jobs has no job and no slot in its hands: the pool becomes idle without
/// it.
const EMPTY_HANDED: &[Site] = &[
    Site::IdleWaitBegin,
    Site::IdleWaitFence,
    Site::IdleWaitEnd,
    Site::InsideEntry,
    Site::InterruptLook,
    Site::InterruptReset,
    Site::InterruptRaise,
    Site::ListenBegin,
    Site::ListenFence,
    Site::ListenWordLook,
    Site::ListenEnd,
    Site::WatchLook,
    Site::WatchAdd,
];

/// Of the threads that may be frozen, and of those that go on.
static STOP: Interrupt = Interrupt::new();
static OWN: Interrupt = Interrupt::new();

thread_local! {
    /// Does this thread wait inside a job? Then a job that it runs meanwhile does not.
    static WAITS_IN_A_JOB: Cell<bool> = const { Cell::new(false) };
}

/// What the threads share.
struct Desk<'p> {
    pool: &'p Arc<Pool>,
    ledger: &'static Ledger,
    board: Board,
    watch: Mutex<Option<Watch>>,
    canceller: Mutex<Option<Canceller<'p>>>,
    added: AtomicU64,
    called: Arc<AtomicU64>,
    cycles: AtomicU64,
    /// Is the waiter in a call that may last as long as the stop?
    waits: AtomicBool,
}

impl<'p> Desk<'p> {
    fn new(pool: &'p Arc<Pool>, ledger: &'static Ledger) -> Self {
        Self {
            pool,
            ledger,
            board: Board::new(),
            watch: Mutex::new(None),
            canceller: Mutex::new(None),
            added: AtomicU64::new(0),
            called: Arc::default(),
            cycles: AtomicU64::new(0),
            waits: AtomicBool::new(false),
        }
    }

    fn start_roles<'s>(&'s self, scope: &'s Scope<'s, '_>, seed: u64) {
        scope.spawn(move || self.board.perform(SUBMITTER, seed, |dice| self.submit(dice)));
        scope.spawn(move || self.board.perform(WAITER, seed, |dice| self.wait(dice)));
        scope.spawn(move || self.board.perform(CANCELLER, seed, |dice| self.cancel(dice)));
        scope.spawn(|| {
            freeze::set_role(WORKER);
            assert!(self.pool.enter_worker());
            freeze::set_role(0);
        });
    }

    /// Stops all threads between two acts, except the frozen one, and a waiter whose job that one may have.
    fn pause(&self, frozen: u8) -> Result<(), String> {
        self.board.set(Phase::Pause);
        for role in [SUBMITTER, CANCELLER, WAITER] {
            let waits = || role == WAITER && self.waits.load(SeqCst);
            if !until(|| role == frozen || self.board.is_paused(role) || waits()) {
                return Err(format!("the {} is stuck", name(role)));
            }
        }
        Ok(())
    }

    /// Accepted, or counted as refused.
    fn accepted<T, E>(&self, id: u64, outcome: Result<T, E>) -> Option<T> {
        if outcome.is_err() {
            self.ledger.refused.add(id);
        }
        outcome.ok()
    }

    fn add(&self, watch: &Watch) {
        let called = self.called.clone();
        self.added.fetch_add(1, SeqCst);
        watch.on_done(move |_| _ = called.fetch_add(1, SeqCst));
    }

    fn submit(&self, dice: &mut Dice) {
        let token = self.ledger.token();
        let id = token.id;
        match dice.throw(4) {
            0 => {
                let job = self.job(token);
                _ = self.accepted(id, self.pool.submit_detached(move || _ = job()));
            }
            1 => {
                let job = self.job(token);
                let canceller = self.accepted(id, self.pool.submit_cancellable(move || _ = job()));
                *self.canceller.lock().unwrap() = canceller;
            }
            _ => {
                let Some((job, watch)) = self.accepted(id, self.pool.submit_watched(self.job(token))) else {
                    return;
                };
                *self.watch.lock().unwrap() = Some(watch.clone());
                (0..dice.throw(3)).for_each(|_| self.add(&watch));
                if dice.throw(2) == 0 {
                    job.cancel();
                }
            }
        }
    }

    fn three(&self) -> Vec<(JobHandle<'p, u64>, u64)> {
        let token = || self.ledger.token();
        let one = |token: Token| {
            let id = token.id;
            Some((self.accepted(id, self.pool.submit(self.job(token)))?, id))
        };
        (0..3).filter_map(|_| one(token())).collect()
    }

    fn wait(&self, dice: &mut Dice) {
        let until = [WaitFor::First, WaitFor::Failure, WaitFor::All][dice.throw(3) as usize];
        match dice.throw(5) {
            0 => _ = self.pool.wait_idle_timeout(Duration::from_micros(dice.throw(400))),
            1 => {
                let jobs = self.three();
                self.pool.interruptible(&STOP, || self.wait_many(&jobs, until));
                STOP.reset();
            }
            2 => self.wait_many(&self.three(), until),
            _ => {
                for (job, id) in self.three() {
                    self.waits.store(true, SeqCst);
                    match self.pool.interruptible(&STOP, || job.wait_interruptible()) {
                        Ok(result) => check(result, id, true),
                        Err(job) => {
                            STOP.reset();
                            check(job.wait(), id, true);
                        }
                    }
                    self.waits.store(false, SeqCst);
                }
            }
        }
    }

    fn wait_many(&self, jobs: &[(JobHandle<'p, u64>, u64)], until: WaitFor) {
        let handles: Vec<_> = jobs.iter().map(|(job, _)| job).collect();
        self.waits.store(true, SeqCst);
        let _ = self.pool.wait_many(&handles, until, 2 * GENEROUS);
        self.waits.store(false, SeqCst);
    }

    fn cancel(&self, dice: &mut Dice) {
        match dice.throw(8) {
            0 => _ = self.pool.cancel_all(),
            1 | 2 => {
                let canceller = self.canceller.lock().unwrap().take();
                canceller.inspect(|canceller| _ = canceller.cancel());
            }
            3 | 4 => {
                let watch = self.watch.lock().unwrap().clone();
                watch.inspect(|watch| self.add(watch));
            }
            5 => spin(500),
            _ => self.pool.raise(&STOP),
        }
    }

    /// Takes a microsecond or two. On the worker that may be frozen it may wait until all other jobs have
    /// finished: for a moment only, since another thread may be stopped.
    fn job(&self, token: Token) -> impl FnOnce() -> u64 + Send + 'static {
        let pool = (token.id.is_multiple_of(8)).then(|| self.pool.clone());
        move || {
            spin(60);
            if let Some(pool) = pool.filter(|_| freeze::role() == WORKER && !WAITS_IN_A_JOB.replace(true)) {
                _ = pool.wait_idle_timeout(Duration::from_micros(50));
                WAITS_IN_A_JOB.set(false);
            }
            token.run()
        }
    }

    /// A wait for a job that does not end before it is interrupted, by another job.
    fn is_interrupted(&self) -> Result<(), String> {
        let may_end = Arc::new(AtomicBool::new(false));
        let (token, go) = (self.ledger.token(), may_end.clone());
        let long = move || {
            until(|| go.load(SeqCst));
            token.run()
        };
        let long = self.pool.submit(long).map_err(|error| error.to_string())?;
        let (token, pool) = (self.ledger.token(), self.pool.clone());
        let raises = move || {
            pool.raise(&OWN);
            _ = token.run();
        };
        self.pool.submit_detached(raises).map_err(|error| error.to_string())?;
        let waited = self.pool.interruptible(&OWN, || long.wait_interruptible());
        may_end.store(true, SeqCst);
        match waited {
            Ok(_) => Err("a wait is not interrupted".into()),
            Err(long) if OWN.reset() => long.wait().map(|_| ()).map_err(|error| error.to_string()),
            Err(_) => Err("a wait is interrupted for nothing".into()),
        }
    }

    fn is_called(&self) -> Result<(), String> {
        let called = Arc::new(AtomicBool::new(false));
        let (job, watch) =
            self.pool.submit_watched(self.job(self.ledger.token())).map_err(|error| error.to_string())?;
        let calls = called.clone();
        watch.on_done(move |_| calls.store(true, SeqCst));
        job.detach();
        if until(|| called.load(SeqCst)) { Ok(()) } else { Err("a callback is not called".into()) }
    }

    /// All threads end, the pool becomes idle, each callback was called, and all slots are free.
    fn finish(&self) {
        self.board.set(Phase::Stop);
        let others = [SUBMITTER, WAITER, CANCELLER];
        assert!(until(|| self.board.are_gone(&others)), "someone does not come home");
        assert_eq!(self.pool.wait_idle_timeout(GENEROUS), Ok(()));
        assert_eq!(self.ledger.outstanding(), 0, "a pool is idle, and jobs have not finished");
        assert_eq!(self.called.load(SeqCst), self.added.load(SeqCst), "calls of callbacks");
        all_slots_are_free(self.pool).unwrap();
        let report = self.pool.shutdown(ShutdownMode::Drain, Some(GENEROUS)).unwrap();
        assert_eq!(report, ShutdownReport::default());
        STOP.reset();
    }
}

impl Subject for Desk<'_> {
    fn cycle(&self, jobs: u64, patience: Duration) -> Result<(), String> {
        match self.cycles.fetch_add(1, SeqCst) % 16 {
            0 => self.is_interrupted()?,
            8 => self.is_called()?,
            _ => {}
        }
        let mut pending = Vec::new();
        for _ in 0..jobs {
            let token = self.ledger.token();
            let id = token.id;
            let job = self.pool.submit_timeout(self.job(token), patience);
            pending.push((job.map_err(|error| format!("submit gave {error}"))?, id));
        }
        while !pending.is_empty() {
            let handles: Vec<_> = pending.iter().map(|(job, _)| job).collect();
            let first = self.pool.wait_many(&handles, WaitFor::First, patience);
            let (job, id) =
                pending.swap_remove(first.map_err(|error| error.to_string())?.expect("one has finished"));
            check(job.wait(), id, false);
        }
        Ok(())
    }
}

fn pool() -> Arc<Pool> {
    Arc::new(Pool::builder().workers(OWN_WORKERS).capacity(CAPACITY).build().unwrap())
}

/// Everything that happens in these calls.
pub fn census(seen: &mut BTreeMap<Pair, u64>) {
    for round in 0..2 {
        stage(format!("census of calls {round}"));
        let (pool, ledger) = (pool(), ledger());
        let before = hits();
        let desk = Desk::new(&pool, ledger);
        scope(|s| {
            desk.start_roles(s, round);
            let _stop_on_panic = StopOnPanic(&desk.board, &pool);
            assert!(desk.board.await_acts(&[SUBMITTER, WAITER, CANCELLER], 3_000));
            desk.pause(0).unwrap();
            count(seen, &before);
            desk.finish();
        });
        drop(desk);
        ledger.balance(true).unwrap();
        end(pool);
    }
}

/// Freezes the target while others wait and are interrupted.
pub fn freeze_in_a_call(target: Target, round: usize) -> Result<Figures, String> {
    let (pool, ledger) = (pool(), ledger());
    let desk = Desk::new(&pool, ledger);
    let figures = scope(|s| {
        if target.after.is_none() {
            freeze::arm(0, target.role, target.site);
        }
        desk.start_roles(s, round as u64);
        let _stop_on_panic = StopOnPanic(&desk.board, &pool);
        let frozen = provoke(target).and_then(|()| {
            desk.pause(target.role)?;
            let figures = drive(&desk, cycles() / 5, GENEROUS)
                .map_err(|(figures, why)| format!("{why} {figures:?}"))?;
            let empty_handed = target.role != WORKER && EMPTY_HANDED.contains(&target.site);
            let idle =
                desk.pool.wait_idle_timeout(if empty_handed { GENEROUS } else { Duration::from_micros(1) });
            if idle != Ok(()) && (empty_handed || idle != Err(IdleError::Pending)) {
                return Err(format!("a wait until the pool is idle gave {idle:?}"));
            }
            // The frozen thread's own, and the one that it runs inline.
            if !until(|| ledger.outstanding() <= 2) {
                return Err(format!("{} jobs are stuck", ledger.outstanding()));
            }
            thaw(figures, cycles() / 20)
        });
        release();
        desk.finish();
        frozen
    })?;
    drop(desk);
    ledger.balance(true)?;
    end(pool);
    Ok(figures)
}
