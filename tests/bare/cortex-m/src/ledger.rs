//! Which jobs were submitted, and what happened to each.
//!
//! Every source of jobs numbers its jobs in order, and uses a refused number again. Only code that runs jobs
//! writes a job's byte, so loads and stores are enough, also where an interrupt comes in between.

use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};

/// Dropped by a cancel before it ran.
const CANCELLED: u8 = 0x80;

/// `SOURCES` rows of `EACH` jobs.
pub struct Ledger<const SOURCES: usize, const EACH: usize> {
    next: [AtomicUsize; SOURCES],
    refused: [AtomicUsize; SOURCES],
    runs: [[AtomicU8; EACH]; SOURCES],
}

/// A job's place in the ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Number(u32);

impl Number {
    /// For a job that must be refused.
    pub fn of_nobody() -> Self {
        Self(u32::MAX)
    }

    /// What the job is to give back: hardly right by accident.
    pub fn result(self) -> u32 {
        (self.0 ^ 0x5bd1_e995).wrapping_mul(0x9e37_79b1)
    }
}

/// What became of all.
#[derive(Clone, Copy, Debug)]
pub struct Sum {
    /// Run once.
    pub ran: usize,
    /// Cancelled, and not run.
    pub cancelled: usize,
    /// Tries that found the pool full.
    pub refused: usize,
}

impl<const SOURCES: usize, const EACH: usize> Ledger<SOURCES, EACH> {
    /// Nothing submitted.
    #[allow(clippy::new_without_default, reason = "it is a static")]
    pub const fn new() -> Self {
        Self {
            next: [const { AtomicUsize::new(0) }; SOURCES],
            refused: [const { AtomicUsize::new(0) }; SOURCES],
            runs: [const { [const { AtomicU8::new(0) }; EACH] }; SOURCES],
        }
    }

    /// Submits a source's next job by `submit`, unless its row is full. The call's result, if it was
    /// accepted. One caller at a time for each source.
    #[inline(always)]
    pub fn submit<R, E>(&self, source: usize, submit: impl FnOnce(Number) -> Result<R, E>) -> Option<R> {
        let at = self.next[source].load(Relaxed);
        if at == EACH {
            return None;
        }
        match submit(Number((source * EACH + at) as u32)) {
            Ok(accepted) => {
                self.next[source].store(at + 1, Relaxed);
                Some(accepted)
            }
            Err(_) => {
                self.refused[source].store(self.refused[source].load(Relaxed) + 1, Relaxed);
                None
            }
        }
    }

    fn runs(&self, job: Number) -> &AtomicU8 {
        &self.runs[job.0 as usize / EACH][job.0 as usize % EACH]
    }

    /// A job runs. What it gives back.
    pub fn ran(&self, job: Number) -> u32 {
        let runs = self.runs(job);
        runs.store(runs.load(Relaxed).wrapping_add(1), Relaxed);
        job.result()
    }

    /// A job was cancelled.
    pub fn cancelled(&self, job: Number) {
        let runs = self.runs(job);
        runs.store(runs.load(Relaxed) | CANCELLED, Relaxed);
    }

    /// Jobs of a source that were accepted so far.
    pub fn accepted(&self, source: usize) -> usize {
        self.next[source].load(Relaxed)
    }

    /// Ends the run unless each accepted job was run once or cancelled, and nothing else ran.
    pub fn check(&self) -> Sum {
        let mut sum = Sum { ran: 0, cancelled: 0, refused: 0 };
        for source in 0..SOURCES {
            sum.refused += self.refused[source].load(Relaxed);
            for (at, runs) in self.runs[source].iter().enumerate() {
                match (at < self.accepted(source), runs.load(Relaxed)) {
                    (true, 1) => sum.ran += 1,
                    (true, CANCELLED) => sum.cancelled += 1,
                    (false, 0) => {}
                    (accepted, runs) => {
                        panic!("job {at} of source {source}: accepted {accepted}, its byte is {runs:#x}")
                    }
                }
            }
        }
        sum
    }
}
