//! A completion queue and the threads that may be frozen in it: submitters into it, workers that end its
//! jobs, a consumer that also polls its descriptor, and a thread that cancels, and gives queues of its own up.
//!
//! While one of them is stopped, others submit beyond the queue's limit, and take: by calls that sleep, and by
//! the descriptor. So they need each wake-up and each event. A thread that is stopped holds one job, and one
//! place of the limit, at most.

use crate::arena::{Dice, OWN_WORKERS, all_slots_are_free, spin};
use crate::board::{Board, Phase};
use crate::harness::*;
use crate::{Behind, Pair, Target, count, hits, ledger, release, stage};
use jobring_frozen::{
    Completion, Completions, JobError, JobId, Pool, RecvError, ShutdownMode, ShutdownReport, Site, freeze,
};
use std::collections::{BTreeMap, VecDeque};
use std::os::fd::AsRawFd;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread::{Scope, ScopedJoinHandle, scope};
use std::time::Duration;

/// The thread that is stopped holds a place, and the others need two.
const LIMIT: usize = 3;
/// A queue that is given up may keep some slots while a thread stands still in it.
const CAPACITY: usize = 16;
/// In the tag of a job that is submitted while a thread is stopped.
const MEANWHILE: u64 = 1 << 63;

/// Sites that come to be in a queue only behind another site of the same role; elsewhere the census has seen
/// them in other places.
pub const BEHIND: &Behind = &[
    // The end of a job.
    (
        WORKER,
        Site::ResolveOwned,
        &[
            Site::PushTail,
            Site::PushEntry,
            Site::PushPublish,
            Site::CompletionsPushFence,
            Site::CompletionsWake,
        ],
    ),
    (CANCELLER, Site::ResolveOwned, &[Site::PushTail, Site::PushPublish, Site::CompletionsArmedLook]),
    // A take.
    (
        WAITER,
        Site::CompletionsLook,
        &[Site::PopHead, Site::PopEntry, Site::AdvanceHead, Site::MarkHead, Site::MarkEntry, Site::MarkSet],
    ),
    (WAITER, Site::TakeOwnedAlone, &[Site::VacateOwned, Site::PushPublish, Site::CompletionsTaken]),
    (WAITER, Site::CompletionsZeroFence, &[Site::UnmarkHead, Site::UnmarkEntry]),
    (WAITER, Site::CompletionsUnwanted, &[Site::NotifyClosers]),
    // A submit beyond the limit.
    (SUBMITTER, Site::CompletionsWanted, &[Site::CloseEventsLook]),
];

/// What the threads share.
struct Desk<'p> {
    pool: &'p Pool,
    queue: Completions<'p, u64>,
    ledger: &'static Ledger,
    board: Board,
    ids: Mutex<VecDeque<(JobId, u64)>>,
    /// Accepted, and received by anybody.
    made: AtomicU64,
    arrived: AtomicU64,
    /// Those of the jobs submitted meanwhile that have not arrived.
    missing: AtomicU64,
    /// Is the consumer in a call that may last as long as the stop?
    receives: AtomicBool,
    helps: AtomicBool,
}

impl<'p> Desk<'p> {
    fn new(pool: &'p Pool, ledger: &'static Ledger) -> Self {
        Self {
            pool,
            queue: pool.completions_with_limit(LIMIT).unwrap(),
            ledger,
            board: Board::new(),
            ids: Mutex::new(VecDeque::with_capacity(8)),
            made: AtomicU64::new(0),
            arrived: AtomicU64::new(0),
            missing: AtomicU64::new(0),
            receives: AtomicBool::new(false),
            helps: AtomicBool::new(true),
        }
    }

    fn start_roles<'s>(&'s self, scope: &'s Scope<'s, '_>, seed: u64) {
        scope.spawn(move || self.board.perform(SUBMITTER, seed, |dice| self.submit(dice)));
        scope.spawn(move || self.board.perform(WAITER, seed, |dice| self.consume(dice)));
        scope.spawn(move || self.board.perform(CANCELLER, seed, |dice| self.cancel_or_give_up(dice)));
        scope.spawn(|| {
            freeze::set_role(WORKER);
            assert!(self.pool.enter_worker());
            freeze::set_role(0);
        });
    }

    /// Stops all threads between two acts, except the frozen one, and a consumer that sleeps: what it waits
    /// for may be that thread's.
    fn pause(&self, frozen: u8) -> Result<(), String> {
        self.board.set(Phase::Pause);
        let is_paused = |role: u8| {
            role == frozen || self.board.is_paused(role) || role == WAITER && self.receives.load(SeqCst)
        };
        for role in [SUBMITTER, CANCELLER, WAITER] {
            // A submitter beyond the limit waits for a take.
            if !until(|| {
                self.try_take();
                is_paused(role)
            }) {
                return Err(format!("the {} is stuck", name(role)));
            }
        }
        Ok(())
    }

    fn submit(&self, dice: &mut Dice) {
        let token = self.ledger.token();
        let id = token.id;
        let job = job(token, dice.throw(8) == 0);
        self.made.fetch_add(1, SeqCst);
        let submitted = match dice.throw(4) {
            0 => self.queue.try_submit(id, job),
            1 => self.queue.submit_timeout(id, job, Duration::from_micros(dice.throw(200))),
            _ => self.queue.submit(id, job),
        };
        match submitted {
            Ok(job) => {
                let mut ids = self.ids.lock().unwrap();
                if ids.len() < 8 {
                    ids.push_back((job, id));
                }
            }
            Err(error) => {
                self.made.fetch_sub(1, SeqCst);
                self.ledger.refused.add(id);
                drop(error);
            }
        }
    }

    fn took(&self, Completion { tag, result, .. }: Completion<u64>) {
        let id = tag & !MEANWHILE;
        match result {
            Ok(got) => assert_eq!(got, id, "another job's result"),
            Err(JobError::Panicked(panic)) => {
                assert_eq!(panic.into_payload().downcast_ref::<u64>(), Some(&id), "another job's failure");
            }
            Err(JobError::Cancelled) => {}
            Err(other) => panic!("job {id}: {other}"),
        }
        if tag != id {
            self.missing.fetch_sub(1, SeqCst);
        }
        self.arrived.fetch_add(1, SeqCst);
    }

    fn took_any(&self, taken: Result<Completion<u64>, RecvError>) -> bool {
        match taken {
            Ok(completion) => {
                self.took(completion);
                true
            }
            Err(RecvError::Empty | RecvError::Pending) => false,
            Err(other) => panic!("{other}"),
        }
    }

    fn try_take(&self) -> bool {
        self.took_any(self.queue.try_recv())
    }

    fn consume(&self, dice: &mut Dice) {
        match dice.throw(6) {
            0 => {
                self.receives.store(true, SeqCst);
                let taken = self.queue.recv();
                self.receives.store(false, SeqCst);
                self.took_any(taken);
            }
            1 => _ = self.try_take(),
            2 => _ = self.try_take() || self.arms() && self.poll(1),
            _ => _ = self.took_any(self.queue.recv_timeout(Duration::from_micros(dice.throw(300)))),
        }
    }

    fn arms(&self) -> bool {
        self.queue.descriptor().expect("a descriptor");
        self.queue.arm()
    }

    /// Is the descriptor readable, at some time within these milliseconds?
    fn poll(&self, milliseconds: i32) -> bool {
        let fd = self.queue.descriptor().expect("a descriptor").as_raw_fd();
        let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        // SAFETY:
        // - one structure, writable.
        unsafe { libc::poll(&mut poll, 1, milliseconds) == 1 }
    }

    fn cancel_or_give_up(&self, dice: &mut Dice) {
        if dice.throw(3) > 0 {
            let found = self.ids.lock().unwrap().pop_front();
            if let Some((job, id)) = found
                && self.queue.cancel(job)
            {
                self.ledger.cancelled.add(id);
            }
            return;
        }
        // A queue of its own, and jobs that come to it when nobody has it any more.
        let queue: Completions<'_, u64> = self.pool.completions_with_limit(2).unwrap();
        queue.descriptor().expect("a descriptor");
        for _ in 0..dice.throw(3) {
            let token = self.ledger.token();
            let id = token.id;
            if queue.try_submit(id, job(token, false)).is_err() {
                self.ledger.refused.add(id);
            }
        }
        if !queue.arm() {
            drop(queue.try_recv());
        }
    }

    /// Takes while a thread is stopped, as long as `helps` is set: some by calls, some by the descriptor.
    fn help(&self) {
        freeze::set_role(OTHERS);
        while self.helps.load(SeqCst) {
            if (self.arrived.load(SeqCst) / 64).is_multiple_of(2) {
                self.took_any(self.queue.recv_timeout(GENEROUS));
                std::thread::yield_now();
            } else if !self.try_take() && self.arms() {
                assert!(self.poll(GENEROUS.as_millis() as i32), "an event is lost");
            }
        }
    }

    /// Ends `help`, with one more job: the helper takes it, or is woken by it, if it has not ended before.
    fn stop_help(&self, helper: ScopedJoinHandle<'_, ()>) -> Result<(), String> {
        self.helps.store(false, SeqCst);
        let last = self.hand_over(GENEROUS);
        helper.join().map_err(|_| "the thread that takes fails")?;
        last?;
        let all_arrive = || {
            self.try_take();
            self.missing.load(SeqCst) == 0
        };
        if until(all_arrive) { Ok(()) } else { Err("the last jobs never arrive".into()) }
    }

    /// Submits a job that `missing` counts.
    fn hand_over(&self, patience: Duration) -> Result<(), String> {
        let token = self.ledger.token();
        let id = token.id;
        self.made.fetch_add(1, SeqCst);
        self.missing.fetch_add(1, SeqCst);
        let submitted = self.queue.submit_timeout(id | MEANWHILE, job(token, false), patience);
        submitted.map(drop).map_err(|error| {
            self.ledger.refused.add(id);
            self.made.fetch_sub(1, SeqCst);
            self.missing.fetch_sub(1, SeqCst);
            format!("a submit gave {error}")
        })
    }

    /// All threads end, all jobs arrive, and all slots are free.
    fn finish(&self) {
        self.board.set(Phase::Stop);
        let others = [SUBMITTER, WAITER, CANCELLER];
        let all_gone = || {
            self.try_take();
            self.board.are_gone(&others)
        };
        assert!(until(all_gone), "someone does not come home");
        while self.took_any(self.queue.recv_timeout(GENEROUS)) {}
        assert_eq!(self.queue.recv().unwrap_err(), RecvError::Empty);
        assert_eq!(self.arrived.load(SeqCst), self.made.load(SeqCst), "all have arrived");
        assert!(until(|| self.ledger.outstanding() == 0), "{} jobs are lost", self.ledger.outstanding());
        all_slots_are_free(self.pool).unwrap();
        let report = self.pool.shutdown(ShutdownMode::Drain, Some(GENEROUS)).unwrap();
        assert_eq!(report, ShutdownReport::default());
    }
}

impl Subject for Desk<'_> {
    fn cycle(&self, jobs: u64, patience: Duration) -> Result<(), String> {
        (0..jobs).try_for_each(|_| self.hand_over(patience))?;
        match until(|| self.missing.load(SeqCst) == 0) {
            true => Ok(()),
            false => Err(format!("{} jobs never arrive", self.missing.load(SeqCst))),
        }
    }
}

fn pool() -> Pool {
    Pool::builder().workers(OWN_WORKERS).capacity(CAPACITY).build().unwrap()
}

fn job(token: Token, fails: bool) -> impl FnOnce() -> u64 + Send + 'static {
    move || {
        spin(60);
        if fails {
            // Without the panic hook, which would print.
            std::panic::resume_unwind(Box::new(token.run()));
        }
        token.run()
    }
}

/// Lets all threads end if a check fails in between: otherwise the scope would wait for them for ever.
struct StopOnPanic<'a, 'p>(&'a Desk<'p>);

impl Drop for StopOnPanic<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            release();
            self.0.helps.store(false, SeqCst);
            self.0.board.set(Phase::Stop);
            let _ = self.0.pool.shutdown(ShutdownMode::Drain, Some(Duration::ZERO));
        }
    }
}

/// Everything that happens in queues.
pub fn census(seen: &mut BTreeMap<Pair, u64>) {
    for round in 0..4 {
        stage(format!("census of queues {round}"));
        let (pool, ledger) = (pool(), ledger());
        let before = hits();
        let desk = Desk::new(&pool, ledger);
        scope(|s| {
            desk.start_roles(s, round);
            let _stop_on_panic = StopOnPanic(&desk);
            assert!(desk.board.await_acts(&[SUBMITTER, WAITER, CANCELLER], 5_000));
            desk.pause(0).unwrap();
            count(seen, &before);
            desk.finish();
        });
        drop(desk);
        ledger.balance(false).unwrap();
    }
}

/// Freezes the target while others submit and take.
pub fn freeze_in_a_queue(target: Target, round: usize) -> Result<Figures, String> {
    let (pool, ledger) = (pool(), ledger());
    let desk = Desk::new(&pool, ledger);
    let figures = scope(|s| {
        if target.after.is_none() {
            freeze::arm(0, target.role, target.site);
        }
        desk.start_roles(s, round as u64);
        let _stop_on_panic = StopOnPanic(&desk);
        let frozen = provoke(target).and_then(|()| {
            desk.pause(target.role)?;
            let helper = s.spawn(|| desk.help());
            let driven = drive(&desk, cycles() / 5, GENEROUS);
            let stopped = desk.stop_help(helper);
            let figures = driven.map_err(|(figures, why)| format!("{why} {figures:?}"))?;
            stopped?;
            // The frozen thread's own.
            if !until(|| ledger.outstanding() <= 1) {
                return Err(format!("{} jobs are stuck", ledger.outstanding()));
            }
            // As in `freeze_open`: on a machine that is busy with other things some waiters lose their patience for nothing.
            thaw(figures, cycles() / 20)
        });
        release();
        desk.finish();
        frozen
    })?;
    drop(desk);
    ledger.balance(false)?;
    Ok(figures)
}

/// Brings the target's thread to stand still at its site, in trap 0.
pub fn provoke(target: Target) -> Result<(), String> {
    let never = || Err(NEVER_CAME.into());
    if let Some((role, site)) = target.after {
        // It may go another way from there: again.
        for _ in 0..1000 {
            freeze::arm(1, role, site);
            if !freeze::await_frozen(1, GENEROUS) {
                return never();
            }
            freeze::arm(0, target.role, target.site);
            freeze::thaw(1);
            if freeze::await_frozen(0, Duration::from_millis(5)) {
                return Ok(());
            }
            release();
        }
        return never();
    }
    if freeze::await_frozen(0, ONE_LIFE) { Ok(()) } else { never() }
}
