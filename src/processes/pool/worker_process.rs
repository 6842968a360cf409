//! The life of a worker process.

use super::super::{Claimed, Worker};
use super::function::{Function, Return};
use super::layout::View;
use crate::platform::fork;
use crate::platform::port::Port;
use crate::platform::process::{Child, SharedPort, UNFIT, set_limit, signal};
use core::sync::atomic::Ordering::{Relaxed, Release};
use std::boxed::Box;
use std::os::fd::RawFd;
use std::slice;

/// What the zygote and its workers need.
pub(super) struct Duty {
    pub(super) view: View,
    pub(super) functions: Box<[Function]>,
    pub(super) port: SharedPort,
    /// The supervisor's eventfd.
    pub(super) wake: RawFd,
    /// The pool's process.
    pub(super) parent: i32,
}

impl Duty {
    /// Works as this worker until the pool closes.
    pub(super) fn work(&self, number: usize) -> ! {
        let settings = &self.view.settings;
        let limited = settings.limits().iter().all(|limit| {
            let set = set_limit(limit.resource, limit.soft, limit.hard);
            set.is_ok()
        });
        if !limited || !self.view.protect() || !self.initialize() {
            Child::exit(UNFIT);
        }
        self.die_with_parent();
        // ORDERING: Relaxed: the parent reads it when this process has ended.
        self.view.sides[number].ready.store(1, Relaxed);
        let worker = Worker::new(self.view.mapping, number);
        let mut jobs = 0;
        loop {
            if let Some(job) = worker.claim(&self.port) {
                self.run(&worker, number, job);
                jobs += 1;
                if jobs == settings.jobs_per_worker {
                    Child::exit(0);
                }
            } else {
                self.die_with_parent();
                if !worker.rest(&self.port) {
                    Child::exit(0);
                }
            }
        }
    }

    /// Asks for the signal of the parent's death once more: the kernel forgets that when a process changes its user or group, as an
    /// initializer may do.
    fn die_with_parent(&self) {
        if !Child::die_with(self.parent) {
            Child::exit(0);
        }
    }

    fn initialize(&self) -> bool {
        let Some(initializer) = self.view.settings.initializer() else { return true };
        let function = self.functions.get(initializer);
        // Of no bytes, but aligned as those of a job are.
        let mut nothing = [0u128; 1];
        // SAFETY:
        // - no bytes of a variable.
        let result = unsafe { slice::from_raw_parts_mut(nothing.as_mut_ptr().cast::<u8>(), 0) };
        // SAFETY:
        // - as above.
        let input = unsafe { slice::from_raw_parts(result.as_ptr(), 0) };
        function.is_some_and(|function| matches!(call(*function, input, result), Return::Done(_)))
    }

    fn run(&self, worker: &Worker<'_>, number: usize, job: Claimed) {
        let (settings, slot) = (&self.view.settings, job.slot());
        // ORDERING: Relaxed: published by the entry of the job, as its input is.
        if self.view.limits[slot].load(Relaxed) != 0 {
            self.tell_begin(number, slot);
        }
        worker.begin(&job);
        let body = worker.with_body(&job, |body| *body);
        // SAFETY:
        // - the place is that large, and its bytes are this worker's while it has the job: only a process that writes at random
        //   breaks that.
        let input = unsafe { slice::from_raw_parts(self.view.input(slot), body.size.min(settings.input)) };
        // SAFETY:
        // - as above, and it does not overlap the input.
        let result = unsafe { slice::from_raw_parts_mut(self.view.result(slot), settings.result) };
        // The parent has checked the number; a wild write may have changed it.
        let function = self.functions.get(body.function);
        let returned = function.map_or(Return::Panicked, |function| call(*function, input, result));
        if let Return::Done(size) = returned
            && size > settings.result
        {
            // It has written more than there is room for, so what lies behind is spoilt.
            std::process::abort();
        }
        worker.with_body(&job, |body| returned.store(body));
        if !worker.leave(&job) {
            // Doomed: the signal is on its way.
            Child::kill();
        }
        worker.resolve(job, &self.port);
    }

    /// Notifies the supervisor that a job with a time limit starts. This comes first: a worker that is stopped in between keeps
    /// its limit.
    fn tell_begin(&self, number: usize, slot: usize) {
        let side = &self.view.sides[number];
        // ORDERING: Relaxed: published by the next line.
        side.began.store(self.port.now().unwrap_or(0) as usize, Relaxed);
        // ORDERING: Release pairs with the supervisor's Acquire: it sees the time.
        side.limited.store(slot + 1, Release);
        if !signal(self.wake) {
            // A job has closed it. The job that this worker has claimed is for another one.
            Child::exit(UNFIT);
        }
    }
}

/// Calls a function. Ends a process that the function has made by fork(2) and that returns too: the job's end is the worker's to report,
/// and the kernel would not end that process with the pool's.
fn call(function: Function, input: &[u8], result: &mut [u8]) -> Return {
    let forks = fork::count();
    let returned = function.call(input, result);
    if fork::count() != forks {
        Child::exit(0);
    }
    returned
}
