//! What happened to each job of a phase: run once, or dropped once by a cancel.

use crate::{CORES, machine};
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};

/// The most jobs that a phase may have.
pub const MOST: usize = 1 << 18;

const RUN: u8 = 1;
const DROPPED: u8 = 0x10;
const CANCELLED: u8 = 0x40;

// ORDERING, throughout: Relaxed: counts, read when the cores have met.
static SEEN: [AtomicU8; MOST] = [const { AtomicU8::new(0) }; MOST];
static RAN_ON: [AtomicUsize; CORES] = [const { AtomicUsize::new(0) }; CORES];
static SUBMITTED_ON: [AtomicUsize; CORES] = [const { AtomicUsize::new(0) }; CORES];

/// What a job carries: it is either run or dropped.
pub struct Token(u32);

impl Token {
    pub fn new(id: usize) -> Self {
        SUBMITTED_ON[machine::core()].fetch_add(1, Relaxed);
        Self(id as u32)
    }

    /// The job's work. Its result.
    pub fn run(self) -> u32 {
        let id = self.0;
        core::mem::forget(self);
        SEEN[id as usize].fetch_add(RUN, Relaxed);
        RAN_ON[machine::core()].fetch_add(1, Relaxed);
        result_of(id as usize)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        SEEN[self.0 as usize].fetch_add(DROPPED, Relaxed);
    }
}

pub fn result_of(id: usize) -> u32 {
    (id as u32).wrapping_mul(0x9E37_79B9) ^ 0x0BAD_CAFE
}

/// A cancel said that this job will not run.
pub fn cancelled(id: usize) {
    SEEN[id].fetch_add(CANCELLED, Relaxed);
}

/// What was counted.
pub struct Count {
    pub ran: usize,
    pub cancelled: usize,
    pub ran_on: [usize; CORES],
    pub submitted_on: [usize; CORES],
}

/// Checks that each of the jobs below `jobs` was accounted for once, and resets the counts. Every core is
/// between phases.
pub fn settle(jobs: usize) -> Count {
    let take = |counts: &[AtomicUsize; CORES]| counts.each_ref().map(|count| count.swap(0, Relaxed));
    let mut count = Count { ran: 0, cancelled: 0, ran_on: take(&RAN_ON), submitted_on: take(&SUBMITTED_ON) };
    for (id, seen) in SEEN.iter().enumerate() {
        match seen.swap(0, Relaxed) {
            RUN if id < jobs => count.ran += 1,
            what if id < jobs && what == DROPPED | CANCELLED => count.cancelled += 1,
            0 if id >= jobs => {}
            what => panic!("job {id} of {jobs}: {what:#x}"),
        }
    }
    assert_eq!(count.ran_on.iter().sum::<usize>(), count.ran);
    assert_eq!(count.submitted_on.iter().sum::<usize>(), jobs);
    count
}
