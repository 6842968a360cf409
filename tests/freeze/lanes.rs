//! A lane and the threads that may be frozen in it: two that submit, of which one also waits, workers that end its jobs, one
//! that cancels jobs that the lane holds back, and one that makes, closes and drops lanes of its own.
//!
//! While one of them is stopped its lane may stand still, and calls that wait for a job of that lane, or for room in it. All
//! else goes on: plain jobs, a second lane whose submitter waits for room too, and calls that do not wait for the first lane: a
//! try_submit returns at once, and a job that is held back can be cancelled.

use crate::arena::{Dice, OWN_WORKERS, all_slots_are_free, check, spin};
use crate::board::{Board, Phase, StopOnPanic};
use crate::harness::*;
use crate::{Behind, Pair, Target, count, end, hits, ledger, queues, release, site, stage, target};
use jobring_frozen::{
    JobError, JobHandle, JobId, Lane, Pool, ShutdownMode, ShutdownReport, Site, SubmitError, freeze,
};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::{Scope, scope};
use std::time::Duration;

const CAPACITY: usize = 32;
/// Jobs that a lane holds back at most.
const HELD: usize = 3;
/// Handles for the canceller.
const MAX_ORDERS: usize = 4;
/// Jobs that a lane that stands still may keep, those of two submitters that wait for room in it, and the frozen thread's own.
const MOST_STUCK: u64 = 2 + HELD as u64 + 2 + 1;

/// Sites that come to be in a lane only behind another site of the same role.
pub const BEHIND: &Behind = &[
    // A place is handed on.
    (WORKER, Site::LaneYield, &[Site::PushTail, Site::PushEntry, Site::PushPublish]),
    (SUBMITTER, Site::LaneYield, &[Site::PushPublish]),
    // The end of a cancelled job whose place in the list was popped.
    (WORKER, Site::LeaveLane, &[Site::PushEntry, Site::PushPublish]),
    // A thread sleeps for the lane.
    (WORKER, Site::LaneWake, &[Site::NotifyClosers, Site::EventWake]),
];

/// What a thread with the role comes to when it gives a place to a job.
const HANDS_ON: &[Site] = &[
    Site::LaneTake,
    Site::LaneYield,
    Site::LaneEmpty,
    Site::UnholdLook,
    Site::UnholdDetached,
    Site::Unhold,
    Site::UnholdLost,
];

/// Where another thread must stand meanwhile, or the same thread before, so that a rare site is come to.
pub fn before(role: u8, site: Site) -> Option<(u8, Site)> {
    match (role, site) {
        // A place is free, and a job counted that has no entry yet: a submitter hands on, and finds no entry.
        (SUBMITTER, site) if HANDS_ON.contains(&site) => Some((WAITER, Site::LanePush)),
        (WORKER, Site::LaneEmpty) => Some((SUBMITTER, Site::LanePush)),
        // A lane comes to a job that is being cancelled.
        (CANCELLER, Site::LaneEnded) => Some((CANCELLER, Site::DropEnd)),
        _ => None,
    }
}

/// What the threads share.
struct Desk<'p> {
    pool: &'p Arc<Pool>,
    ledger: &'static Ledger,
    board: Board,
    lane: Lane<'p, Pool>,
    /// Used only while a thread is stopped.
    other: Lane<'p, Pool>,
    /// The last job of the other lane that ran.
    last: Arc<AtomicU64>,
    orders: Mutex<VecDeque<(JobHandle<'p, u64>, u64)>>,
    /// Which roles are in a call that waits for a lane?
    waits: [AtomicBool; 8],
    cycles: AtomicU64,
}

impl<'p> Desk<'p> {
    fn new(pool: &'p Arc<Pool>, ledger: &'static Ledger, width: usize) -> Self {
        Self {
            pool,
            ledger,
            board: Board::new(),
            lane: pool.lane(width, HELD).unwrap(),
            other: pool.lane(1, HELD - 1).unwrap(),
            last: Arc::default(),
            orders: Mutex::new(VecDeque::with_capacity(MAX_ORDERS)),
            waits: Default::default(),
            cycles: AtomicU64::new(0),
        }
    }

    fn start_roles<'s>(&'s self, scope: &'s Scope<'s, '_>, seed: u64) {
        scope.spawn(move || self.board.perform(SUBMITTER, seed, |dice| self.submit(dice)));
        scope.spawn(move || self.board.perform(WAITER, seed, |_| self.submit_and_wait()));
        scope.spawn(move || self.board.perform(CANCELLER, seed, |dice| self.cancel(dice)));
        scope.spawn(move || self.board.perform(CLOSER, seed, |dice| self.close(dice)));
        scope.spawn(|| {
            freeze::set_role(WORKER);
            assert!(self.pool.enter_worker());
            freeze::set_role(0);
        });
    }

    /// May a call of this role last as long as the stop?
    fn may_wait(&self, role: u8, frozen: u8) -> bool {
        let may_share_a_lane = match role {
            SUBMITTER | WAITER => frozen != CLOSER,
            CLOSER => frozen == WORKER,
            _ => false,
        };
        may_share_a_lane && self.waits[role as usize].load(SeqCst)
    }

    /// Stops all threads between two acts, except the frozen one, and those that wait for its lane.
    fn pause(&self, frozen: u8) -> Result<(), String> {
        self.board.set(Phase::Pause);
        for role in [SUBMITTER, WAITER, CANCELLER, CLOSER] {
            if !until(|| role == frozen || self.board.is_paused(role) || self.may_wait(role, frozen)) {
                return Err(format!("the {} is stuck", name(role)));
            }
        }
        Ok(())
    }

    /// A call that may wait for a lane.
    fn waiting<T>(&self, role: u8, call: impl FnOnce() -> T) -> T {
        self.waits[role as usize].store(true, SeqCst);
        let result = call();
        self.waits[role as usize].store(false, SeqCst);
        result
    }

    /// Accepted, or counted as refused.
    fn accepted<T, F>(&self, id: u64, outcome: Result<T, SubmitError<F>>) -> Option<T> {
        if outcome.is_err() {
            self.ledger.refused.add(id);
        }
        outcome.ok()
    }

    fn submit(&self, dice: &mut Dice) {
        let token = self.ledger.token();
        let (id, job) = (token.id, job(token));
        let detached = move || _ = job();
        match dice.throw(6) {
            0 => {
                let submitted = self.waiting(SUBMITTER, || self.lane.submit_detached(detached));
                _ = self.accepted(id, submitted);
            }
            1 => _ = self.accepted(id, self.lane.try_submit_detached(detached)),
            _ => self.order(dice, id, detached),
        }
    }

    /// Submits a job that another thread may cancel.
    fn order(&self, dice: &mut Dice, id: u64, job: impl FnOnce() + Send + 'static) {
        let job = move || {
            job();
            id
        };
        let patience = Duration::from_micros(dice.throw(200));
        let submitted = match dice.throw(3) {
            0 => self.waiting(SUBMITTER, || self.lane.submit(job)),
            1 => self.lane.submit_timeout(job, patience),
            _ => self.lane.try_submit(job),
        };
        let Some(job) = self.accepted(id, submitted) else { return };
        let mut orders = self.orders.lock().unwrap();
        if orders.len() < MAX_ORDERS {
            orders.push_back((job, id));
        }
    }

    fn submit_and_wait(&self) {
        let token = self.ledger.token();
        let id = token.id;
        let submitted = self.waiting(WAITER, || self.lane.submit(job(token)));
        if let Some(job) = self.accepted(id, submitted) {
            check(self.waiting(WAITER, || job.wait()), id, false);
        }
    }

    fn cancel(&self, dice: &mut Dice) {
        spin(dice.throw(200) as u32);
        let order = self.orders.lock().unwrap().pop_front();
        match order {
            Some((job, id)) if dice.throw(8) > 0 => _ = self.cancelled(job, id),
            Some((job, _)) => job.detach(),
            None => std::thread::yield_now(),
        }
    }

    /// A job that is cancelled has ended at once. None: it was not.
    fn cancelled(&self, job: JobHandle<'p, u64>, id: u64) -> Result<(), JobHandle<'p, u64>> {
        if !job.cancel() {
            return Err(job);
        }
        self.ledger.cancelled.add(id);
        let result = job.wait();
        assert!(matches!(result, Err(JobError::Cancelled)), "{result:?}");
        Ok(())
    }

    /// A lane of its own, which ends in one of four ways.
    fn close(&self, dice: &mut Dice) {
        let lane = self.pool.lane(1 + dice.throw(2) as usize, HELD).unwrap();
        if dice.throw(4) == 0 {
            return self.close_on_a_pair(&lane);
        }
        let mut jobs = Vec::new();
        for _ in 0..dice.throw(6) {
            let token = self.ledger.token();
            let id = token.id;
            if let Some(job) = self.accepted(id, lane.try_submit(job(token))) {
                match dice.throw(4) {
                    0 => jobs.extend(self.cancelled(job, id).err().map(|job| (job, id))),
                    _ => jobs.push((job, id)),
                }
            }
        }
        let (mode, timeout) = match dice.throw(5) {
            // Its jobs free it.
            0 => return jobs.into_iter().for_each(|(job, _)| job.detach()),
            1 => (ShutdownMode::Drain, Some(Duration::ZERO)),
            2 => (ShutdownMode::Drain, None),
            _ => (ShutdownMode::Discard, None),
        };
        let closed = self.waiting(CLOSER, || lane.close(mode, timeout));
        assert!(timeout.is_some() || closed == Ok(()), "{closed:?}");
        for (job, id) in jobs {
            let result = self.waiting(CLOSER, || job.wait());
            if mode == ShutdownMode::Discard && matches!(result, Err(JobError::Cancelled)) {
                self.ledger.cancelled.add(id);
            }
            check(result, id, mode == ShutdownMode::Discard);
        }
    }

    /// Two jobs. If the first runs on the worker that may be frozen, it waits for the second, in vain if that is held back.
    fn close_on_a_pair(&self, lane: &Lane<'_, Pool>) {
        let second: Arc<Mutex<Option<JobId>>> = Arc::default();
        let (pool, awaited, token) = (self.pool.clone(), second.clone(), self.ledger.token());
        let id = token.id;
        let first = move || {
            if freeze::role() == WORKER {
                until_some(20, || *awaited.lock().unwrap())
                    .inspect(|job| _ = pool.shared_wait(*job, false, false));
            }
            _ = token.run();
        };
        _ = self.accepted(id, lane.try_submit_detached(Box::new(first)));
        let token = self.ledger.token();
        let id = token.id;
        if let Some(job) = self.accepted(id, lane.try_submit(job(token))) {
            let id = job.id().expect("in the pool");
            std::mem::forget(job);
            *second.lock().unwrap() = Some(id);
            assert_eq!(self.waiting(CLOSER, || lane.close(ShutdownMode::Drain, None)), Ok(()));
            self.pool.shared_detach(id);
        }
    }

    /// What needs nothing of a lane that stands still.
    fn ask_the_lane(&self, patience: Duration) -> Result<(), String> {
        let token = self.ledger.token();
        let id = token.id;
        let job = match self.lane.try_submit(job(token)) {
            Ok(job) => job,
            Err(SubmitError::Full(_)) => {
                self.ledger.refused.add(id);
                return Ok(());
            }
            Err(error) => return Err(format!("a try_submit gave {error}")),
        };
        // A job that is not held back has a place, and goes on.
        let Err(job) = self.cancelled(job, id) else { return Ok(()) };
        match job.wait_timeout(patience) {
            Ok(result) => check(result, id, false),
            Err(_) => return Err(format!("job {id} of the lane is never over")),
        }
        Ok(())
    }

    /// A job of the other lane, which comes after all that were submitted before.
    fn next_of_other(&self, token: Token) -> impl FnOnce() -> u64 + Send + 'static {
        let last = self.last.clone();
        move || {
            let before = last.swap(token.id, SeqCst);
            assert!(before < token.id, "job {} ran before job {}", before, token.id);
            spin(60);
            token.run()
        }
    }

    /// All threads end, both lanes end, all their jobs have ended, and all slots are free.
    fn finish(&self) {
        self.board.set(Phase::Stop);
        let others = [SUBMITTER, WAITER, CANCELLER, CLOSER];
        assert!(until(|| self.board.are_gone(&others)), "someone does not come home");
        for (job, _) in self.orders.lock().unwrap().drain(..) {
            job.detach();
        }
        for lane in [&self.lane, &self.other] {
            assert_eq!(lane.close(ShutdownMode::Drain, Some(GENEROUS)), Ok(()));
            assert_eq!(lane.pending(), 0);
        }
        assert!(until(|| self.ledger.outstanding() == 0), "{} jobs are lost", self.ledger.outstanding());
        all_slots_are_free(self.pool).unwrap();
        let report = self.pool.shutdown(ShutdownMode::Drain, Some(GENEROUS)).unwrap();
        assert_eq!(report, ShutdownReport::default());
    }
}

impl Subject for Desk<'_> {
    fn cycle(&self, jobs: u64, patience: Duration) -> Result<(), String> {
        let cycle = self.cycles.fetch_add(1, SeqCst);
        if cycle.is_multiple_of(8) {
            self.ask_the_lane(patience)?;
        }
        let mut pending = Vec::new();
        for _ in 0..jobs {
            let token = self.ledger.token();
            let id = token.id;
            let submitted = match cycle.is_multiple_of(4) {
                true => self.pool.submit_timeout(job(token), patience).map_err(|error| error.to_string()),
                false => {
                    let job = self.next_of_other(token);
                    self.other.submit_timeout(job, patience).map_err(|error| error.to_string())
                }
            };
            pending.push((submitted.map_err(|error| format!("a submit gave {error}"))?, id));
        }
        for (job, id) in pending {
            match job.wait_timeout(patience) {
                Ok(result) => check(result, id, false),
                Err(_) => return Err(format!("job {id} is never over")),
            }
        }
        Ok(())
    }
}

fn pool() -> Arc<Pool> {
    Arc::new(Pool::builder().workers(OWN_WORKERS).capacity(CAPACITY).build().unwrap())
}

/// Looks so often, and lets others run in between.
fn until_some<T>(looks: u32, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    (0..looks).find_map(|_| {
        std::thread::yield_now();
        look()
    })
}

/// Takes a microsecond or two.
fn job(token: Token) -> impl FnOnce() -> u64 + Send + 'static {
    move || {
        spin(60);
        token.run()
    }
}

/// Everything that happens in lanes.
pub fn census(seen: &mut BTreeMap<Pair, u64>) {
    for round in 0..4 {
        stage(format!("census of lanes {round}"));
        let (pool, ledger) = (pool(), ledger());
        let before = hits();
        let desk = Desk::new(&pool, ledger, 1 + round % 2);
        scope(|s| {
            desk.start_roles(s, round as u64);
            let _stop_on_panic = StopOnPanic(&desk.board, &pool);
            assert!(desk.board.await_acts(&[SUBMITTER, WAITER, CANCELLER, CLOSER], 1_000));
            for (role, site) in [(WORKER, Site::LaneEmpty), (CANCELLER, Site::LaneEnded)] {
                provoke(target(role, site)).unwrap();
                release();
            }
            desk.pause(0).unwrap();
            count(seen, &before);
            desk.finish();
        });
        drop(desk);
        ledger.balance(false).unwrap();
        end(pool);
    }
    // What came seldom may not come again in good time, also where another thread is made to stand. The waiter hands on as the
    // submitter does, and more seldom.
    seen.retain(|&(role, number), hits| {
        let site = site(number);
        let enough = if before(role, site).is_some() { 8 } else { 100 };
        *hits >= enough && !(role == WAITER && HANDS_ON.contains(&site))
    });
}

/// Freezes the target while others submit to another lane, and to none.
pub fn freeze_in_a_lane(target: Target, round: usize) -> Result<Figures, String> {
    let (pool, ledger) = (pool(), ledger());
    // A submitter finds no entry only if there is a second place.
    let width = if target.role == SUBMITTER { 2 } else { 1 + round % 2 };
    let desk = Desk::new(&pool, ledger, width);
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
            if !until(|| ledger.outstanding() <= MOST_STUCK) {
                return Err(format!("{} jobs are stuck", ledger.outstanding()));
            }
            thaw(figures, cycles() / 20)
        });
        release();
        desk.finish();
        frozen
    })?;
    drop(desk);
    ledger.balance(false)?;
    end(pool);
    Ok(figures)
}

/// Brings the target's thread to stand still at its site, in trap 0.
fn provoke(target: Target) -> Result<(), String> {
    let Some((role, site)) = before(target.role, target.site) else {
        return queues::provoke(target);
    };
    for _ in 0..1000 {
        freeze::arm(1, role, site);
        if !freeze::await_frozen(1, GENEROUS) {
            break;
        }
        freeze::arm(0, target.role, target.site);
        // Time for the lane to come to what the other thread has not done yet.
        freeze::await_frozen(0, Duration::from_millis(3));
        freeze::thaw(1);
        if freeze::await_frozen(0, Duration::from_millis(3)) {
            return Ok(());
        }
        release();
    }
    Err(NEVER_CAME.into())
}
