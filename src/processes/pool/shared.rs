//! What the threads of the pool's process share: the callers, and the supervisor.

use super::super::{Corrupt, End, Parent};
use super::function::Return;
use super::layout::View;
use super::outcome::{Cause, Counts, Failure, Outcome};
use crate::platform::port::{Deadline, Timeout};
use crate::platform::process::{Event, Process, SharedMemory, SharedPort};
use crate::platform::{Lock, fork};
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::Relaxed;
use std::boxed::Box;
use std::io;
use std::vec::Vec;

/// A worker's number, and who has it.
pub(super) enum Place {
    /// Nobody, until this time.
    Vacant(u64),
    /// The zygote makes a process for it.
    Requested,
    /// The process with this number lives, and there was no descriptor for it yet.
    Unwatched(i32),
    Alive(Process),
    /// Nobody any more.
    GivenUp,
}

/// What the parent knows of a slot's job, besides its record.
#[derive(Clone, Copy)]
pub(super) struct Job {
    /// 0: none.
    pub(super) handle: u64,
    pub(super) tag: u64,
    pub(super) limit: Option<u64>,
    /// Why its worker ends, if it does.
    pub(super) cause: Cause,
    pub(super) without_workers: bool,
    /// A shutdown discards it, unless a worker has started it.
    pub(super) is_discarded: bool,
}

impl Job {
    pub(super) const NONE: Self = Self {
        handle: 0,
        tag: 0,
        limit: None,
        cause: Cause::Itself,
        without_workers: false,
        is_discarded: false,
    };
}

/// A job that the supervisor is to kill.
#[derive(Clone, Copy)]
pub(super) struct Doom {
    pub(super) handle: u64,
    /// The time.
    pub(super) at: u64,
    /// For a time limit: only if the job still has this position.
    pub(super) position: Option<usize>,
}

/// The time to the next try of what came too early.
pub(super) const RETRY: u64 = 1_000_000;

impl Doom {
    /// When to look again, of one that was looked at `now`. A look before its time does not put it off.
    pub(super) fn next(&self, now: u64) -> u64 {
        if self.at > now { self.at } else { now + RETRY }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Phase {
    Open,
    /// No job is accepted.
    Closing,
    /// No job is in flight: workers end.
    Closed,
    /// Workers are killed.
    Killed,
}

pub(super) struct State {
    pub(super) parent: Parent<'static>,
    pub(super) jobs: Box<[Job]>,
    pub(super) crew: Box<[Place]>,
    pub(super) dooms: Vec<Doom>,
    pub(super) phase: Phase,
    corrupt: Option<&'static str>,
    /// The number of functions, or why there is no zygote. None: not known yet.
    pub(super) started: Option<Result<usize, io::ErrorKind>>,
    /// The supervisor has collected every process.
    pub(super) is_over: bool,
    /// Threads that wait for a free slot.
    pub(super) submitters: usize,
    /// Threads that wait, and do not look after a while, because there were no jobs.
    pub(super) idlers: usize,
    pub(super) counts: Counts,
}

pub(super) struct Shared {
    // Dropped before the memory, which it refers to.
    state: Lock<State>,
    pub(super) view: View,
    pub(super) port: SharedPort,
    /// Wakes the supervisor.
    pub(super) wake: Event,
    /// Readable when a job has ended.
    pub(super) bell: Option<Event>,
    pub(super) memory: SharedMemory,
    /// The top byte of the jobs' handles: another pool refuses them.
    pub(super) tag: u64,
    forks: usize,
}

/// Pools that this process has made.
static POOLS: AtomicU64 = AtomicU64::new(0);

/// How long a thread waits for jobs that have not ended before it looks at all of them, and wakes one more worker if some are queued;
/// twice as long each time.
const PATIENCE: u64 = 10_000_000;

impl Shared {
    /// # Safety
    /// 1. `view` is of this memory, and not used after the value is dropped.
    pub(super) unsafe fn new(memory: SharedMemory, view: View, wake: Event, bell: Option<Event>) -> Self {
        let settings = view.settings;
        let state = State {
            parent: Parent::new(view.mapping),
            jobs: (0..settings.slots).map(|_| Job::NONE).collect(),
            crew: (0..settings.workers).map(|_| Place::Vacant(0)).collect(),
            dooms: Vec::new(),
            phase: Phase::Open,
            corrupt: None,
            started: None,
            is_over: false,
            submitters: 0,
            idlers: 0,
            counts: Counts::default(),
        };
        let port = SharedPort { bell: bell.as_ref().map(Event::fd), is_worker: false };
        // ORDERING: Relaxed: the number alone matters.
        let tag = POOLS.fetch_add(1, Relaxed) << 56;
        Self { state: Lock::new(state), view, port, wake, bell, memory, tag, forks: fork::count() }
    }

    /// Is this the process that made the pool?
    pub(super) fn is_ours(&self) -> bool {
        fork::count() == self.forks
    }

    /// Calls `f` with the state. If the mapping is found to be corrupt, that is what every later call returns.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut State) -> Result<R, Failure>) -> Result<R, Failure> {
        if !self.is_ours() {
            return Err(Failure::Forked);
        }
        let (result, is_new) = self.state.with(|state| {
            if let Some(what) = state.corrupt {
                return (Err(Failure::Corrupt(what)), false);
            }
            let result = f(state);
            if let Err(Failure::Corrupt(what)) = result {
                state.corrupt = Some(what);
                state.phase = Phase::Killed;
            }
            (result, state.corrupt.is_some())
        });
        if is_new {
            self.ring();
            self.wake.signal();
        }
        result
    }

    /// Calls `f` also if the mapping is corrupt. For what has nothing to do with it.
    pub(super) fn with_any<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        self.state.with(f)
    }

    /// Wakes the threads of this process that wait.
    pub(super) fn ring(&self) {
        self.view.mapping.ring(&self.port);
    }

    pub(super) fn notify(&self) {
        self.view.mapping.notify(&self.port);
    }

    /// Waits until `look` finds something. None: it did not in time.
    pub(super) fn until<R>(
        &self,
        timeout: Timeout,
        look: impl FnMut(&mut State) -> Result<Option<R>, Failure>,
    ) -> Result<Option<R>, Failure> {
        self.until_then(Deadline::after(&self.port, timeout), look)
    }

    /// The same, until a point in time.
    pub(super) fn until_then<R>(
        &self,
        deadline: Deadline,
        mut look: impl FnMut(&mut State) -> Result<Option<R>, Failure>,
    ) -> Result<Option<R>, Failure> {
        let (mut patience, mut looks_at_all) = (PATIENCE, false);
        loop {
            let left = deadline.left(&self.port);
            let step = self.with(|state| {
                if looks_at_all {
                    state.parent.settle_all()?;
                }
                state.parent.collect()?;
                if let Some(found) = look(state)? {
                    return Ok(Some(Ok(found)));
                }
                if left.is_err() {
                    return Ok(None);
                }
                let bell = state.parent.arm();
                state.parent.collect()?;
                state.parent.check_head()?;
                let found = look(state)?;
                let has_jobs = state.parent.in_flight() > 0;
                state.idlers += usize::from(found.is_none() && !has_jobs);
                Ok(Some(found.ok_or((bell, has_jobs))))
            })?;
            let (bell, is_patient, left) = match (step, left) {
                (Some(Ok(found)), _) => return Ok(Some(found)),
                (Some(Err((bell, has_jobs))), Ok(left)) => (bell, !has_jobs, left),
                _ => return Ok(None),
            };
            let mapping = &self.view.mapping;
            if is_patient {
                mapping.wait(&self.port, bell, left);
                self.with_any(|state| state.idlers -= 1);
                continue;
            }
            let end = Deadline::after(&self.port, Timeout::Nanos(patience));
            mapping.wait(&self.port, bell, Some(left.map_or(patience, |left| left.min(patience))));
            looks_at_all = end.left(&self.port).is_err();
            if looks_at_all {
                patience = patience.saturating_mul(2);
                // The worker that was woken for the entry may have been stopped.
                if mapping.has_entry() {
                    mapping.notify(&self.port);
                }
            }
        }
    }
}

impl State {
    /// The slot of a job that nobody has taken.
    pub(super) fn slot(&self, handle: u64) -> Result<usize, Failure> {
        let slot = handle as usize & (self.jobs.len() - 1);
        if handle == 0 || self.jobs[slot].handle != handle { Err(Failure::NoSuchJob) } else { Ok(slot) }
    }

    /// How the job in this slot ended, and the number of bytes of its result.
    pub(super) fn outcome(
        &self,
        slot: usize,
        end: End,
        capacity: usize,
    ) -> Result<(Outcome, usize), Corrupt> {
        let job = &self.jobs[slot];
        Ok(match end {
            End::Cancelled if job.is_discarded => (Outcome::Discarded, 0),
            End::Cancelled if job.without_workers => (Outcome::NoWorkers, 0),
            End::Cancelled => (Outcome::Cancelled, 0),
            End::Died(status) => (Outcome::Died((status != UNKNOWN).then_some(status), job.cause), 0),
            End::Returned => match Return::load(self.parent.body(slot), capacity) {
                Some(Return::Done(size)) => (Outcome::Done, size),
                Some(Return::Failed(code)) => (Outcome::Failed(code), 0),
                Some(Return::Panicked) => (Outcome::Panicked, 0),
                None => return Err(Corrupt("a result")),
            },
        })
    }

    /// Kills the worker that runs a job. False: the job does not run, as far as can be seen.
    pub(super) fn kill(&mut self, slot: usize, cause: Cause) -> Result<bool, Failure> {
        let crew = &self.crew;
        let killed = self.parent.kill(slot, |worker| {
            if let Place::Alive(process) = &crew[worker] {
                process.kill();
            }
        })?;
        if killed {
            self.jobs[slot].cause = cause;
        }
        Ok(killed)
    }
}

/// A status that is none: somebody else has collected the process.
pub(super) const UNKNOWN: i32 = i32::MIN;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_before_its_time_does_not_put_a_kill_off() {
        let doom = Doom { handle: 1, at: 10, position: None };
        assert_eq!((doom.next(9), doom.next(10), doom.next(11)), (10, 10 + RETRY, 11 + RETRY));
    }
}
