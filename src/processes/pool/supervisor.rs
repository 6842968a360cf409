//! The supervisor: a thread of the pool's process that makes workers and learns of their ends.
//!
//! It makes the zygote and lives as long as any worker, because the kernel kills a worker when this thread ends. It sleeps until a
//! worker ends, the zygote has sent something, somebody asks for something, or the nearest time has come.

use super::super::Corrupt;
use super::config::Origin;
use super::crew::Failures;
use super::outcome::{Cause, Failure};
use super::shared::{Doom, Job, Phase, Place, RETRY, Shared, State, UNKNOWN};
use super::spawn::Zygote;
use super::zygote::{HELLO, MADE, request};
use crate::platform::port::Port;
use crate::platform::process::{SignalMask, Watched, poll};
use core::sync::atomic::Ordering::{Acquire, Relaxed};
use std::boxed::Box;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::vec::Vec;

pub(super) struct Supervisor {
    shared: Arc<Shared>,
    origin: Origin,
    mask: SignalMask,
    zygote: Option<Zygote>,
    /// When the next zygote is made. None: never.
    next_zygote: Option<u64>,
    zygote_failures: Failures,
    /// Of each worker's number.
    failures: Box<[Failures]>,
    /// Something has changed that threads may wait for.
    has_news: bool,
}

/// What was ready when the supervisor awoke.
struct Ready {
    zygote_ended: bool,
    workers: Vec<usize>,
}

impl Supervisor {
    pub(super) fn new(shared: Arc<Shared>, origin: Origin, restarts: u32, mask: SignalMask) -> Self {
        let failures = (0..shared.view.settings.workers).map(|_| Failures::new(restarts)).collect();
        Self {
            shared,
            origin,
            mask,
            zygote: None,
            next_zygote: Some(0),
            zygote_failures: Failures::new(restarts),
            failures,
            has_news: false,
        }
    }

    fn now(&self) -> u64 {
        self.shared.port.now().unwrap_or(0)
    }

    /// The thread's function: until every process has ended and was collected.
    pub(super) fn run(mut self) {
        let mut ready = Ready { zygote_ended: false, workers: Vec::new() };
        let shared = self.shared.clone();
        loop {
            let now = self.now();
            let ended = shared.with_any(|state| self.meet(state, &ready, now));
            // An error is that the mapping is corrupt. From then on the workers are killed.
            let swept = shared.with(|state| self.sweep(state, &ended, now));
            let (is_over, wake_at) = shared.with_any(|state| self.staff(state, now));
            let doomed = shared.with(|state| {
                self.has_news |= state.end_without_workers()?;
                let (next, has_cancelled) = kill_doomed(state, now)?;
                self.has_news |= has_cancelled;
                Ok(next)
            });
            if self.has_news || !ended.is_empty() {
                self.has_news = false;
                shared.ring();
            }
            if !ended.is_empty() && swept.is_ok() && shared.view.mapping.has_entry() {
                shared.notify();
            }
            if is_over {
                break;
            }
            let unwatched = shared.with_any(|state| state.has_unwatched().then_some(now + RETRY));
            let wake_at = [wake_at, unwatched, doomed.ok().flatten()].into_iter().flatten().min();
            ready = self.sleep(wake_at);
        }
        shared.with_any(|state| state.is_over = true);
        shared.ring();
    }

    /// Sleeps until something is ready, or until this time.
    fn sleep(&self, wake_at: Option<u64>) -> Ready {
        let workers: Vec<(usize, RawFd)> = self.shared.with_any(|state| {
            let alive = state.crew.iter().enumerate().filter_map(|(worker, place)| match place {
                Place::Alive(process) => Some((worker, process.fd())),
                _ => None,
            });
            alive.collect()
        });
        let of_zygote = self.zygote.as_ref().map(|zygote| [zygote.process.fd(), zygote.channel.fd()]);
        let fds = [self.shared.wake.fd()].into_iter().chain(workers.iter().map(|(_, fd)| *fd));
        let mut watched: Vec<Watched> =
            fds.chain(of_zygote.into_iter().flatten()).map(Watched::new).collect();
        let timeout = wake_at.map(|at| at.saturating_sub(self.now()));
        poll(&mut watched, timeout);
        self.shared.wake.clear();
        let (of_workers, of_zygote) = watched[1..].split_at(workers.len());
        Ready {
            zygote_ended: of_zygote.first().is_some_and(Watched::is_ready),
            workers: workers
                .iter()
                .zip(of_workers)
                .filter(|(_, watched)| watched.is_ready())
                .map(|((worker, _), _)| *worker)
                .collect(),
        }
    }

    /// Learns of what was made and of what has ended: the workers that were collected, and how they ended.
    fn meet(&mut self, state: &mut State, ready: &Ready, now: u64) -> Vec<(usize, i32)> {
        let mut ended = Vec::new();
        if let Some(zygote) = &self.zygote {
            while let Some([kind, number, process]) = zygote.channel.receive(false) {
                match kind {
                    HELLO => {
                        self.zygote_failures.forget();
                        self.has_news = true;
                        state.started.get_or_insert(Ok(number as usize));
                    }
                    MADE => {
                        let worker = number as usize;
                        if let Some(side) = self.shared.view.sides.get(worker)
                            && state.adopt(worker, process, side, now, &mut self.failures[worker])
                        {
                            ended.push((worker, UNKNOWN));
                        }
                    }
                    _ => {}
                }
            }
        }
        if ready.zygote_ended {
            self.zygote_ended(state, &mut ended, now);
        }
        for (worker, side) in self.shared.view.sides.iter().enumerate() {
            if let Place::Unwatched(number) = state.crew[worker]
                && state.adopt(worker, number, side, now, &mut self.failures[worker])
            {
                ended.push((worker, UNKNOWN));
            }
        }
        let reap = |&worker: &usize| {
            let side = &self.shared.view.sides[worker];
            let status = state.reap(worker, side, now, &mut self.failures[worker])?;
            Some((worker, status))
        };
        ended.extend(ready.workers.iter().filter_map(reap));
        ended
    }

    /// The zygote has ended; its messages have been read.
    fn zygote_ended(&mut self, state: &mut State, ended: &mut Vec<(usize, i32)>, now: u64) {
        let Some(zygote) = self.zygote.take() else { return };
        let _status = zygote.process.wait();
        for worker in 0..state.crew.len() {
            if matches!(state.crew[worker], Place::Requested) {
                // The kernel has stored the number of a process that it made, even if the zygote did not get to say so.
                let view = &self.shared.view;
                let side = &view.sides[worker];
                // ORDERING: Relaxed: the zygote has ended.
                let number = view.processes[worker].load(Relaxed) as i32;
                if state.adopt(worker, number, side, now, &mut self.failures[worker]) {
                    ended.push((worker, UNKNOWN));
                }
            }
        }
        // A copy of this process as it is now may be no good any more; a program that has not taken over never will.
        let can_return = matches!((&self.origin, state.started), (Origin::Spawn, Some(Ok(_))));
        let delay = if can_return { self.zygote_failures.next_delay() } else { None };
        self.next_zygote = delay.map(|delay| now + delay);
        self.has_news = true;
        state.started.get_or_insert(Err(io::ErrorKind::BrokenPipe));
    }

    /// Settles what workers leave that have ended, and sees which jobs have begun.
    fn sweep(&self, state: &mut State, ended: &[(usize, i32)], now: u64) -> Result<(), Failure> {
        for (worker, status) in ended {
            state.parent.sweep(*worker, *status)?;
        }
        // Workers would leave, and be made again, for ever.
        if state.phase < Phase::Closed && self.shared.view.mapping.is_closed() {
            return Err(Corrupt("the end of the pool").into());
        }
        self.see_limits(state, now)
    }

    /// Notes the jobs with time limits that have begun.
    fn see_limits(&self, state: &mut State, now: u64) -> Result<(), Failure> {
        for (worker, side) in self.shared.view.sides.iter().enumerate() {
            // ORDERING: Acquire pairs with the Release of the worker: this sees the time.
            let Some(slot) = side.limited.swap(0, Acquire).checked_sub(1) else { continue };
            let Some(&Job { handle, limit: Some(limit), .. }) = state.jobs.get(slot) else { continue };
            let Some(position) = state.parent.position_with(slot, worker)? else { continue };
            // ORDERING: Relaxed: the line above orders it.
            let began = (side.began.load(Relaxed) as u64).min(now);
            state.dooms.push(Doom { handle, at: began.saturating_add(limit), position: Some(position) });
        }
        Ok(())
    }

    /// Makes processes, or ends them. Whether all have ended, and when to look again.
    fn staff(&mut self, state: &mut State, now: u64) -> (bool, Option<u64>) {
        if !state.needs_workers() && state.phase >= Phase::Closed {
            if state.phase == Phase::Killed {
                state.kill_all();
                // Jobs that were claimed, and not begun, are queued again.
                state.give_up_vacant();
            }
            self.next_zygote = None;
            match &self.zygote {
                Some(zygote) => zygote.process.kill(),
                None => return (state.is_empty(), None),
            }
            return (false, None);
        }
        if self.zygote.is_none() && self.next_zygote.is_some_and(|at| at <= now) {
            match Zygote::start(&self.shared, &self.origin, &self.mask) {
                Ok(zygote) => self.zygote = Some(zygote),
                Err(error) => {
                    self.has_news = true;
                    state.started.get_or_insert(Err(error.kind()));
                    self.next_zygote = Some(now + self.zygote_failures.delay_of_refusal());
                }
            }
        }
        let Some(zygote) = &self.zygote else {
            if self.next_zygote.is_none() {
                state.counts.is_zygote_lost = true;
                state.give_up_vacant();
            }
            return (false, self.next_zygote);
        };
        let mut wake_at = None::<u64>;
        for worker in 0..state.crew.len() {
            let Place::Vacant(at) = state.crew[worker] else { continue };
            if !state.needs_workers() {
                continue;
            }
            let side = &self.shared.view.sides[worker];
            let mut next = at;
            if at <= now {
                // ORDERING: Relaxed: published by the message.
                self.shared.view.processes[worker].store(0, Relaxed);
                // ORDERING: Relaxed, the same.
                side.ready.store(0, Relaxed);
                // ORDERING: Relaxed, the same.
                side.limited.store(0, Relaxed);
                if zygote.channel.send(&request(worker)) {
                    state.crew[worker] = Place::Requested;
                    continue;
                }
                next = now + RETRY;
            }
            wake_at = Some(wake_at.map_or(next, |at| at.min(next)));
        }
        (false, wake_at)
    }
}

/// Kills the jobs whose time has come. When to look again, and whether it has cancelled one.
fn kill_doomed(state: &mut State, now: u64) -> Result<(Option<u64>, bool), Failure> {
    if state.dooms.is_empty() {
        return Ok((None, false));
    }
    state.parent.collect()?;
    let (mut next, mut has_cancelled) = (None::<u64>, false);
    for at in (0..state.dooms.len()).rev() {
        let doom = state.dooms[at];
        let slot = state.slot(doom.handle).ok().filter(|slot| match doom.position {
            Some(position) => state.parent.position(*slot) == Some(position),
            None => state.parent.is_in_flight(*slot),
        });
        let cause = if doom.position.is_some() { Cause::TimeLimit } else { Cause::Killed };
        let is_done = match slot {
            None => true,
            Some(_) if doom.at > now => false,
            Some(slot) => {
                let cancelled = doom.position.is_none() && state.parent.cancel(slot)?;
                has_cancelled |= cancelled;
                cancelled || state.kill(slot, cause)?
            }
        };
        if is_done {
            state.dooms.swap_remove(at);
        } else {
            let doom = &mut state.dooms[at];
            doom.at = doom.next(now);
            next = Some(next.map_or(doom.at, |at| at.min(doom.at)));
        }
    }
    Ok((next, has_cancelled))
}
