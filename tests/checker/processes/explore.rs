//! Explores every reachable state of a setup, depth first, and judges those in which nothing can happen any more.

use super::parent::Op;
use super::setup::{Mistake, Setup};
use super::world::{Cancel, Cell, Job, Kill, Submit, Sweep};
use super::world::{
    Close, Holder, JOBS, NO_WORD, Notify, Pc, Record, SLOTS, Status, Take, WORKERS, Worker, World,
};
use crate::seen::{Seen, digest};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Move {
    Step(u8),
    Parent(Op),
    Dies(u8),
    Stops(u8),
    WakesForNoReason(u8),
}

#[derive(Default)]
pub struct Found {
    pub states: u64,
    pub transitions: u64,
    pub deepest: usize,
    pub time: Duration,
    /// The states in which nothing happens any more (`World::outcome`).
    pub ends: BTreeSet<u64>,
    /// The promise that is broken, and how it came to that.
    pub broken: Option<(String, Vec<Move>)>,
}

impl World {
    pub fn new(setup: &Setup) -> Self {
        let mut workers = [Worker::new(0); WORKERS];
        workers[setup.workers as usize..].iter_mut().for_each(|worker| worker.pc = Pc::Dead);
        Self {
            head: 0,
            cells: [Cell::default(); SLOTS],
            slots: [NO_WORD; SLOTS],
            sleepers: 0,
            reports: 0,
            armed: false,
            closed: false,
            workers,
            tail: 0,
            records: [Record::Free; SLOTS],
            lock: Holder::Nobody,
            rung: false,
            submitted: 0,
            submit: Submit::Ready,
            take: Take::Ready,
            rearmed: false,
            news: false,
            sweep: Sweep::Ready,
            swept: 0,
            cancel: Cancel::Ready,
            kill: Kill::Ready,
            close: Close::Open,
            notify: [Notify::Nothing; 4],
            jobs: [Job { ran: 0, ended: 0 }; JOBS],
            deaths: setup.deaths,
            stops: setup.stops,
            spurious: setup.spurious,
            respawns: setup.respawns,
            cancels: setup.cancels,
            kills: setup.kills,
            patience: setup.patience,
            broken: None,
        }
    }

    fn can_step(&self, setup: &Setup, me: usize) -> bool {
        let worker = self.workers[me];
        let waits = worker.pc == Pc::Doomed && setup.mistake == Some(Mistake::DoomedWaits);
        worker.is_able() && worker.pc != Pc::Asleep && !waits
    }

    /// The moves from here. Err with the promise that is broken here.
    fn moves(&self, setup: &Setup, to: &mut Vec<Move>) -> Result<(), String> {
        to.extend((0..WORKERS).filter(|me| self.can_step(setup, *me)).map(|me| Move::Step(me as u8)));
        let mut ops = Vec::new();
        self.parent_ops(setup, &mut ops);
        // What happens by chance need not happen.
        let by_chance = |op: &Op| matches!(op, Op::CancelOf(_) | Op::KillOf(_));
        let goes_on = !to.is_empty() || ops.iter().any(|op| !by_chance(op));
        to.extend(ops.into_iter().map(Move::Parent));
        let verdict = if goes_on { Ok(()) } else { self.at_rest(setup) };
        if !goes_on && self.patience > 0 {
            to.push(Move::Parent(Op::Patience));
        } else if verdict.is_err() {
            return verdict;
        }
        // What still has to come true?
        let open = self.has_work(setup) || setup.closes;
        for me in (0..WORKERS).filter(|me| open && self.workers[*me].is_able()) {
            if self.deaths > 0 {
                to.push(Move::Dies(me as u8));
            }
            if self.stops > 0 && (!setup.stops_in_jobs || self.workers[me].pc == Pc::Leave) {
                to.push(Move::Stops(me as u8));
            }
            if self.spurious > 0 && self.workers[me].pc == Pc::Asleep {
                to.push(Move::WakesForNoReason(me as u8));
            }
        }
        Ok(())
    }

    pub fn apply(&mut self, setup: &Setup, next: Move) {
        match next {
            Move::Step(me) => {
                self.worker_step(setup, me as usize);
                while !setup.fine && self.worker_is_alone(setup, me as usize) {
                    self.worker_step(setup, me as usize);
                }
            }
            Move::Parent(op) => {
                self.parent_step(setup, op);
                while !setup.fine
                    && let Some(next) = self.alone(setup, op)
                {
                    self.parent_step(setup, next);
                }
            }
            Move::Dies(me) => {
                self.deaths -= 1;
                self.workers[me as usize] = self.dead(me as usize);
            }
            Move::Stops(me) => {
                self.stops -= 1;
                self.workers[me as usize].frozen = true;
            }
            Move::WakesForNoReason(me) => {
                self.spurious -= 1;
                self.workers[me as usize].pc = Pc::Unregister;
            }
        }
    }

    /// Nothing more happens by itself: is all done that must be?
    fn at_rest(&self, setup: &Setup) -> Result<(), String> {
        // The jobs that a stopped worker has are held up with it; and where no worker is left, nobody runs a job.
        let able = self.workers.iter().any(Worker::is_able);
        let stopped = |slot: usize| {
            let word = self.slots[slot];
            self.workers.iter().enumerate().any(|(me, worker)| {
                let owns =
                    matches!(word.status, Status::Claimed | Status::Running) && word.owner as usize == me;
                // It tells nobody.
                let reports =
                    matches!(worker.pc, Pc::Report | Pc::Armed | Pc::Ring) && worker.slot as usize == slot;
                worker.frozen && (owns || reports)
            })
        };
        for (slot, record) in self.records.iter().enumerate() {
            let excused = match record {
                Record::Free => true,
                Record::InFlight { .. } => {
                    stopped(slot) || !able && self.slots[slot].status == Status::Queued
                }
                Record::Tombstone { position } => stopped(slot) || !able && self.head <= *position,
            };
            if !excused {
                return Err(format!("slot {slot} never comes back: {record:?}"));
            }
        }
        let all_in_use = !self.records.contains(&Record::Free);
        if self.submitted < setup.jobs && !all_in_use {
            return Err("the submitter waits for ever".into());
        }
        if self.news {
            return Err("a job has ended, and the thread that takes results is not notified".into());
        }
        if self.lock != Holder::Nobody {
            return Err("the lock is held for ever".into());
        }
        if self.close == Close::Closed && able {
            return Err("a worker does not learn of the close".into());
        }
        Ok(())
    }
}

struct Frame {
    world: World,
    print: u64,
    moves: Vec<Move>,
    next: usize,
}

/// Explores; stops at the first broken promise.
pub fn explore(setup: &Setup) -> Found {
    let begin = Instant::now();
    let mut seen = Seen::new();
    let mut path: Vec<Frame> = Vec::new();
    let mut spare: Vec<Vec<Move>> = Vec::new();
    let mut found = Found::default();
    let mut world = World::new(setup);
    loop {
        let print = digest(&world.in_order()) & !1 | 2;
        let broken = match (world.broken, seen.enter(print)) {
            (Some(why), _) => Some(why.to_string()),
            (None, Some(true)) => Some("steps go on for ever and nothing comes of it".to_string()),
            (None, Some(false)) => None,
            (None, None) => {
                found.states += 1;
                let mut moves = spare.pop().unwrap_or_default();
                moves.clear();
                let verdict = world.moves(setup, &mut moves);
                if moves.is_empty() {
                    found.ends.insert(world.outcome());
                }
                path.push(Frame { world, print, moves, next: 0 });
                found.deepest = found.deepest.max(path.len());
                verdict.err()
            }
        };
        if let Some(why) = broken {
            let taken = path.iter().filter(|f| f.next > 0).map(|f| f.moves[f.next - 1]).collect();
            found.broken = Some((why, taken));
            break;
        }
        while let Some(frame) = path.last()
            && frame.next == frame.moves.len()
        {
            let done = path.pop().expect("there is one");
            seen.leave(done.print);
            spare.push(done.moves);
        }
        let Some(frame) = path.last_mut() else { break };
        world = frame.world;
        world.apply(setup, frame.moves[frame.next]);
        frame.next += 1;
        found.transitions += 1;
    }
    found.time = begin.elapsed();
    found
}
