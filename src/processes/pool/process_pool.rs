//! What the faces call.

use super::super::{Body, End, MAX_WORKERS};
use super::config::{Config, MAX_LIMITS, Origin, Settings};
use super::layout::View;
use super::outcome::{Cause, Failure, Statistics};
use super::shared::{Doom, Job, Phase, Shared, State};
use super::spawn::is_zygote;
use super::supervisor::Supervisor;
use super::taken::Taken;
use crate::platform::fork;
use crate::platform::port::{Deadline, Timeout};
use crate::platform::process::{Event, Process, SharedMemory, SignalMask};
use crate::platform::thread::BlockedSignals;
use core::sync::atomic::Ordering::Relaxed;
use std::io;
use std::os::fd::OwnedFd;
use std::string::String;
use std::sync::Arc;
use std::thread::JoinHandle;

/// Why there is no pool.
#[derive(Debug)]
pub(crate) enum CreateError {
    /// A number of the configuration can't be.
    Config(&'static str),
    /// This program was started as a zygote and has not taken over: its `main` lacks that call.
    IsZygote,
    /// The zygote did not begin: the call that takes over is missing, or comes too late.
    NoZygote,
    System(io::Error),
}

impl From<io::Error> for CreateError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// What a shutdown does with jobs that have not begun.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    Drain,
    Discard,
    /// And kills those that run.
    Kill,
}

/// A pool whose workers are processes.
pub(crate) struct ProcessPool {
    shared: Arc<Shared>,
    supervisor: Option<JoinHandle<()>>,
    /// The number of functions.
    functions: usize,
}

/// How long a zygote may take to begin, if it is this program started once more: its static constructors run first.
const START: Timeout = Timeout::Nanos(60_000_000_000);

/// The stack of a supervisor that no worker copies.
const SMALL_STACK: usize = 256 * 1024;

impl ProcessPool {
    pub(crate) fn create(config: Config) -> Result<Self, CreateError> {
        let slots = config.capacity.checked_next_power_of_two().unwrap_or(0);
        let reasons = [
            (config.workers == 0 || config.workers > MAX_WORKERS, "the number of workers"),
            (config.capacity == 0 || slots == 0 || slots > 1 << 31, "the capacity"),
            (config.limits.len() > MAX_LIMITS, "the number of limits"),
            (config.jobs_per_worker == Some(0), "the number of jobs per worker"),
        ];
        if let Some((_, what)) = reasons.into_iter().find(|(is_wrong, _)| *is_wrong) {
            return Err(CreateError::Config(what));
        }
        if is_zygote() {
            return Err(CreateError::IsZygote);
        }
        let out_of_memory = || CreateError::System(io::ErrorKind::OutOfMemory.into());
        if !fork::watch() {
            return Err(out_of_memory());
        }
        Process::check()?;
        let settings = Settings::new(&config);
        let memory = SharedMemory::new(View::size(&settings).ok_or_else(out_of_memory)?)?;
        // SAFETY:
        // - 1: `Shared` has both.
        // - 2: just made so.
        let view = unsafe { View::create(&memory, settings) }.ok_or_else(out_of_memory)?;
        let bell = if config.descriptor { Some(Event::new()?) } else { None };
        // SAFETY:
        // - 1: of this memory; the supervisor and the callers use it through the value.
        let shared = Arc::new(unsafe { Shared::new(memory, view, Event::new()?, bell) });
        let mask = SignalMask::current();
        let stack = if matches!(config.origin, Origin::Fork(_)) { config.stack } else { SMALL_STACK };
        let supervisor = Supervisor::new(shared.clone(), config.origin, config.restarts, mask);
        let thread = {
            let _blocked = BlockedSignals::for_new_threads();
            let builder = std::thread::Builder::new().name(String::from("jobring-procs")).stack_size(stack);
            builder.spawn(move || supervisor.run())?
        };
        let mut pool = Self { shared, supervisor: Some(thread), functions: 0 };
        // Nothing but the supervisor runs meanwhile.
        let started = pool.shared.until(START, |state| Ok(state.started));
        match started {
            Ok(Some(Ok(functions))) => pool.functions = functions,
            Ok(Some(Err(kind))) if kind != io::ErrorKind::BrokenPipe => {
                return Err(io::Error::from(kind).into());
            }
            _ => return Err(CreateError::NoZygote),
        }
        if settings.initializer().is_some_and(|number| number >= pool.functions) {
            return Err(CreateError::Config("the number of the initializer"));
        }
        Ok(pool)
    }

    /// Submits a job; the handle names it until its end is taken. Waits for a free slot.
    pub(crate) fn submit(
        &self,
        function: usize,
        input: &[u8],
        kill_after: Option<u64>,
        tag: u64,
        timeout: Timeout,
    ) -> Result<u64, Failure> {
        if function >= self.functions {
            return Err(Failure::NoSuchFunction);
        }
        if input.len() > self.shared.view.settings.input {
            return Err(Failure::TooLarge);
        }
        let (mut is_registered, mut wakes_idlers) = (false, false);
        let look = |state: &mut State| {
            if state.phase != Phase::Open {
                return Err(Failure::Closed);
            }
            if state.is_without_workers() {
                return Err(Failure::NoWorkers);
            }
            let view = &self.shared.view;
            let was_idle = state.parent.in_flight() == 0;
            let filled = state.parent.submit(|slot, body| {
                *body = Body { function, size: input.len(), code: 0 };
                // SAFETY:
                // - the slot is free, so its bytes are the parent's; there are at least `input.len()`; the input is elsewhere.
                unsafe { view.input(slot).copy_from_nonoverlapping(input.as_ptr(), input.len()) };
                // ORDERING: Relaxed: published by the job's entry.
                view.limits[slot].store(kill_after.is_some().into(), Relaxed);
            })?;
            match filled {
                Some(slot) => {
                    // From now on somebody has to look whether a worker was stopped.
                    wakes_idlers = was_idle && state.idlers > 0;
                    state.counts.submitted += 1;
                    let number = state.counts.submitted * state.jobs.len() as u64 + slot as u64;
                    let handle = self.shared.tag | number;
                    state.jobs[slot] = Job { handle, tag, limit: kill_after, ..Job::NONE };
                    state.submitters -= usize::from(is_registered);
                    is_registered = false;
                    Ok(Some(handle))
                }
                None => {
                    state.submitters += usize::from(!is_registered);
                    is_registered = true;
                    Ok(None)
                }
            }
        };
        let submitted = self.shared.until(timeout, look);
        if is_registered {
            self.shared.with_any(|state| state.submitters -= 1);
        }
        let handle = submitted?.ok_or(Failure::Full)?;
        self.shared.notify();
        if wakes_idlers {
            self.shared.ring();
        }
        Ok(handle)
    }

    /// The next job that has ended, in the order in which the pool learned of the ends.
    pub(crate) fn take(&self, timeout: Timeout) -> Result<Taken<'_>, Failure> {
        let deadline = Deadline::after(&self.shared.port, timeout);
        loop {
            let taken = self.shared.until_then(deadline, |state| {
                let Some((slot, end)) = state.parent.take() else {
                    let is_empty = state.phase != Phase::Open && state.parent.in_flight() == 0;
                    return if is_empty { Err(Failure::Closed) } else { Ok(None) };
                };
                self.taken(state, slot, end).map(Some)
            })?;
            match taken {
                Some(taken) => return Ok(taken),
                None if self.becomes_unreadable()? => return Err(Failure::TimedOut),
                None => {}
            }
        }
    }

    /// Makes the descriptor unreadable, and arms the workers' reports. False if a job has ended meanwhile.
    fn becomes_unreadable(&self) -> Result<bool, Failure> {
        let Some(bell) = &self.shared.bell else { return Ok(true) };
        self.shared.with(|state| {
            bell.clear();
            state.parent.arm();
            state.parent.collect()?;
            if state.parent.has_ended() {
                bell.signal();
            }
            Ok(!state.parent.has_ended())
        })
    }

    fn taken(&self, state: &State, slot: usize, end: End) -> Result<Taken<'_>, Failure> {
        let (outcome, size) = state.outcome(slot, end, self.shared.view.settings.result)?;
        let Job { handle, tag, .. } = state.jobs[slot];
        Ok(Taken { shared: &self.shared, slot, size, handle, tag, outcome })
    }

    /// Waits for the end of one job, and takes it.
    pub(crate) fn wait(&self, handle: u64, timeout: Timeout) -> Result<Taken<'_>, Failure> {
        let taken = self.shared.until(timeout, |state| {
            let slot = state.slot(handle)?;
            let Some(end) = state.parent.take_this(slot) else {
                // Somebody has taken it, and reads.
                return if state.parent.is_taken(slot) { Err(Failure::NoSuchJob) } else { Ok(None) };
            };
            self.taken(state, slot, end).map(Some)
        })?;
        taken.ok_or(Failure::TimedOut)
    }

    /// Cancels a job that no worker has. False: one has, or it has ended.
    pub(crate) fn cancel(&self, handle: u64) -> Result<bool, Failure> {
        let cancelled = self.shared.with(|state| {
            let slot = state.slot(handle)?;
            Ok(state.parent.cancel(slot)?)
        })?;
        if cancelled {
            self.shared.ring();
        }
        Ok(cancelled)
    }

    /// Cancels a job, or kills the worker that runs it. False: it has ended.
    pub(crate) fn kill(&self, handle: u64) -> Result<bool, Failure> {
        let killed = self.shared.with(|state| {
            let slot = state.slot(handle)?;
            state.parent.collect()?;
            if !state.parent.is_in_flight(slot) {
                return Ok(false);
            }
            if !state.parent.cancel(slot)? && !state.kill(slot, Cause::Killed)? {
                // It is about to begin, or to end. The supervisor tries again.
                let is_same = |doom: &Doom| doom.handle == handle && doom.position.is_none();
                if !state.dooms.iter().any(is_same) {
                    state.dooms.push(Doom { handle, at: 0, position: None });
                }
            }
            Ok(true)
        })?;
        if killed {
            self.shared.ring();
            self.shared.wake.signal();
        }
        Ok(killed)
    }

    /// Accepts no more jobs, waits until none is in flight, then until all processes have ended. `TimedOut`: it can be called again.
    pub(crate) fn shutdown(&self, ending: Ending, timeout: Timeout) -> Result<(), Failure> {
        let deadline = Deadline::after(&self.shared.port, timeout);
        self.shared.with(|state| {
            if state.phase == Phase::Open {
                state.phase = Phase::Closing;
            }
            if ending != Ending::Drain {
                state.parent.collect()?;
                for slot in 0..state.jobs.len() {
                    let cancelled = state.parent.cancel(slot)?;
                    let is_left = cancelled || state.parent.is_in_flight(slot);
                    let job = &mut state.jobs[slot];
                    job.is_discarded |= is_left;
                    if ending == Ending::Kill && is_left {
                        job.cause = Cause::Killed;
                    }
                }
            }
            if ending == Ending::Kill {
                // All workers, and not the jobs one by one: one that is stopped may have claimed a job that it has not begun.
                state.phase = Phase::Killed;
            }
            Ok(())
        })?;
        self.shared.ring();
        self.shared.wake.signal();
        let left = || match deadline.left(&self.shared.port) {
            Ok(None) => Timeout::Forever,
            Ok(Some(left)) => Timeout::Nanos(left),
            Err(()) => Timeout::Poll,
        };
        let drained = self.shared.until(left(), |state| Ok((state.parent.in_flight() == 0).then_some(())))?;
        drained.ok_or(Failure::TimedOut)?;
        self.shared.with(|state| {
            if state.phase == Phase::Closing {
                state.phase = Phase::Closed;
            }
            Ok(())
        })?;
        self.shared.view.mapping.close(&self.shared.port);
        self.shared.wake.signal();
        let ended = self.shared.until(left(), |state| Ok(state.is_over.then_some(())))?;
        ended.ok_or(Failure::TimedOut)
    }

    /// Is this process a child of the pool's?
    #[cfg(feature = "capi")]
    pub(crate) fn is_elsewhere(&self) -> bool {
        !self.shared.is_ours()
    }

    /// The descriptor that is readable when a job may have ended, if the pool has one. A take that finds nothing makes it unreadable.
    pub(crate) fn descriptor(&self) -> Option<&OwnedFd> {
        self.shared.bell.as_ref().map(Event::owned)
    }

    /// In a child of the pool's process: of a pool without workers. Another thread may have held the lock at the fork.
    pub(crate) fn statistics(&self) -> Statistics {
        if !self.shared.is_ours() {
            return Statistics { capacity: self.shared.view.settings.slots, ..Statistics::default() };
        }
        self.shared.with_any(|state| Statistics {
            in_flight: state.parent.in_flight(),
            workers: state.alive(),
            capacity: state.jobs.len(),
            counts: state.counts,
        })
    }
}

impl Drop for ProcessPool {
    /// Kills the workers.
    fn drop(&mut self) {
        if !self.shared.is_ours() {
            // The thread is the parent process's.
            core::mem::forget(self.supervisor.take());
            return;
        }
        self.shared.with_any(|state| state.phase = Phase::Killed);
        self.shared.wake.signal();
        if let Some(thread) = self.supervisor.take() {
            // It does not unwind.
            let _ended = thread.join();
        }
    }
}
