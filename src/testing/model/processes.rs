//! Process workers, with threads in place of processes.

extern crate std;

use crate::platform::{Clock, ModelPort};
use crate::processes::{Body, Claimed, End, Header, Mapping, Parent, Slot, Worker, WorkerWords};
use crate::sync::{AtomicUsize, spin_loop};
use std::vec::Vec;

/// The memory that the parent and its workers share.
pub struct Processes {
    header: Header,
    entries: Vec<AtomicUsize>,
    slots: Vec<Slot>,
    reports: Vec<AtomicUsize>,
    workers: Vec<WorkerWords>,
    port: ModelPort,
}

/// How a job ended: its input, and its result if it has one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JobEnd {
    /// Its function returned.
    Returned(usize, usize),
    /// It was cancelled.
    Cancelled(usize),
    /// Its worker died in it.
    Died(usize),
}

impl Processes {
    /// As many slots, a power of two, and as many workers.
    pub fn new(slots: usize, workers: usize) -> Self {
        Self {
            header: Header::new(),
            entries: (0..slots).map(|_| AtomicUsize::new(0)).collect(),
            slots: (0..slots).map(|_| Slot::new()).collect(),
            reports: (0..Mapping::report_words(slots)).map(|_| AtomicUsize::new(0)).collect(),
            workers: (0..workers).map(|_| WorkerWords::new()).collect(),
            port: ModelPort::new(Clock::None),
        }
    }

    fn mapping(&self) -> Mapping<'_> {
        Mapping::new(&self.header, &self.entries, &self.slots, &self.reports, &self.workers)
    }

    /// The parent's part.
    pub fn with_parent<R>(&self, f: impl FnOnce(&mut TheParent<'_>) -> R) -> R {
        f(&mut TheParent { parent: Parent::new(self.mapping()), all: self })
    }

    /// The part of the worker with this number.
    pub fn worker(&self, number: usize) -> TheWorker<'_> {
        TheWorker { worker: Worker::new(self.mapping(), number), port: &self.port }
    }
}

/// One worker. It dies where its thread ends.
pub struct TheWorker<'a> {
    worker: Worker<'a>,
    port: &'a ModelPort,
}

/// A job that a worker has.
pub struct Job(Claimed);

impl TheWorker<'_> {
    /// Claims the oldest job.
    pub fn claim(&self) -> Option<Job> {
        self.worker.claim(self.port).map(Job)
    }

    /// Begins it. Its input.
    pub fn begin(&self, job: &Job) -> usize {
        self.worker.begin(&job.0);
        self.worker.with_body(&job.0, |body| body.size)
    }

    /// Ends it, with a result. False: it was doomed.
    pub fn end(&self, job: Job, result: usize) -> bool {
        self.worker.with_body(&job.0, |body| body.code = result);
        let left = self.worker.leave(&job.0);
        if left {
            self.worker.resolve(job.0, self.port);
        }
        left
    }

    /// Runs a job if there is one: the result is its input and 100.
    pub fn run_one(&self) -> bool {
        let Some(job) = self.claim() else { return false };
        let input = self.begin(&job);
        self.end(job, input + 100)
    }

    /// Works until the pool is closed and empty. How many jobs it has run.
    pub fn work(&self) -> usize {
        let mut ran = 0;
        loop {
            match self.run_one() {
                true => ran += 1,
                false if self.worker.rest(self.port) => {}
                false => return ran,
            }
        }
    }
}

/// The parent.
pub struct TheParent<'a> {
    parent: Parent<'a>,
    all: &'a Processes,
}

impl TheParent<'_> {
    /// Submits; the job's slot, if there is a free one.
    pub fn submit(&mut self, input: usize) -> Option<usize> {
        let filled = self.parent.submit(|_, body| *body = Body { function: 0, size: input, code: 0 });
        let slot = filled.expect("the mapping is whole")?;
        self.all.mapping().notify(&self.all.port);
        Some(slot)
    }

    fn next(&mut self) -> Option<JobEnd> {
        let (slot, end) = self.parent.take()?;
        let Body { size, code, .. } = self.parent.body(slot);
        self.parent.free(slot);
        Some(match end {
            End::Returned => JobEnd::Returned(size, code),
            End::Cancelled => JobEnd::Cancelled(size),
            End::Died(_) => JobEnd::Died(size),
        })
    }

    /// Collects, and takes one end.
    pub fn take(&mut self) -> Option<JobEnd> {
        self.parent.collect().expect("the mapping is whole");
        self.next()
    }

    /// Repeats `f` until it gives something; sleeps before it does so again.
    fn sleep_until<R>(&mut self, f: impl Fn(&mut Self) -> Option<R>) -> R {
        loop {
            self.parent.collect().expect("the mapping is whole");
            if let Some(found) = f(self) {
                return found;
            }
            let bell = self.parent.arm();
            self.parent.collect().expect("the mapping is whole");
            if let Some(found) = f(self) {
                return found;
            }
            self.all.mapping().wait(&self.all.port, bell, None);
        }
    }

    /// Takes one end; sleeps until there is one.
    pub fn wait(&mut self) -> JobEnd {
        self.sleep_until(Self::next)
    }

    /// Submits; sleeps until there is room.
    pub fn wait_to_submit(&mut self, input: usize) -> usize {
        self.sleep_until(|this| this.submit(input))
    }

    /// Looks at a slot, reported or not, until its job has ended.
    pub fn look_until_ended(&mut self, slot: usize) -> JobEnd {
        loop {
            self.parent.settle(slot).expect("the mapping is whole");
            if let Some(end) = self.next() {
                return end;
            }
            spin_loop();
        }
    }

    /// Cancels the job of a slot.
    pub fn cancel(&mut self, slot: usize) -> bool {
        self.parent.cancel(slot).expect("the mapping is whole")
    }

    /// Dooms the job of a slot.
    pub fn kill(&mut self, slot: usize) -> bool {
        self.parent.kill(slot, |_| ()).expect("the mapping is whole")
    }

    /// The thread of this worker has ended.
    pub fn sweep(&mut self, worker: usize) {
        self.parent.sweep(worker, 9).expect("the mapping is whole");
        let mapping = self.all.mapping();
        mapping.ring(&self.all.port);
        if mapping.has_entry() {
            mapping.notify(&self.all.port);
        }
    }

    /// Closes the pool.
    pub fn close(&self) {
        self.all.mapping().close(&self.all.port);
    }
}
