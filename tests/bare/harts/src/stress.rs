//! Streams of jobs of every sort. A stream is itself a job: it submits some jobs, takes their results, and
//! submits its next part. So every core submits from inside of jobs, and runs jobs.

use crate::Pool;
use crate::tally::{self, Token};
use jobring::{JobHandle, SubmitError};

/// Slots of a pool under stress: enough for four jobs that met and whose results wait, the pieces, and what
/// they hold.
pub const SLOTS: usize = 32;
type Stressed = Pool<SLOTS>;

/// Jobs of one piece, and how many of their handles it holds.
const PIECE: usize = 64;
const HELD: usize = 4;

/// The jobs `next..end` of a pool. `last` is called by the last job of the stream.
#[derive(Clone, Copy)]
pub struct Stream {
    pub pool: &'static Stressed,
    pub next: usize,
    pub end: usize,
    pub woken: fn(),
    pub last: fn(),
}

impl Stream {
    /// One piece after the other, here as long as the pool has no room for the next.
    pub fn run(mut self) {
        loop {
            self.piece();
            if self.next == self.end {
                return (self.last)();
            }
            match self.pool.try_submit_detached(move || self.run()) {
                Ok(()) => return (self.woken)(),
                Err(SubmitError::Full(_)) => {}
                Err(refused) => panic!("{refused}"),
            }
        }
    }

    fn piece(&mut self) {
        let mut held = [const { None::<(usize, JobHandle<'static, u32>)> }; HELD];
        let end = self.end.min(self.next + PIECE);
        for id in core::mem::replace(&mut self.next, end)..end {
            match id % 8 {
                0 | 1 => self.detached(id),
                2 => self.submit(id).detach(),
                3 => {
                    let job = self.submit(id);
                    if job.cancel() {
                        tally::cancelled(id);
                        assert!(job.wait().is_err(), "a cancelled job has no result");
                    } else {
                        self.take(id, job);
                    }
                }
                _ => {
                    let job = self.submit(id);
                    if let Some((older, job)) = held[id % HELD].replace((id, job)) {
                        self.take(older, job);
                    }
                }
            }
        }
        held.into_iter().flatten().for_each(|(id, job)| self.take(id, job));
    }

    fn submit(&self, id: usize) -> JobHandle<'static, u32> {
        let token = Token::new(id);
        let mut job = move || token.run();
        loop {
            match self.pool.try_submit(job) {
                Ok(handle) => {
                    (self.woken)();
                    return handle;
                }
                Err(SubmitError::Full(back)) => job = back,
                Err(refused) => panic!("{refused}"),
            }
            self.pool.run_one();
        }
    }

    fn detached(&self, id: usize) {
        let token = Token::new(id);
        let mut job = move || {
            token.run();
        };
        while let Err(refused) = self.pool.try_submit_detached(job) {
            job = refused.into_job();
            self.pool.run_one();
        }
        (self.woken)();
    }

    /// Runs other jobs until this one has finished, because every core may be here. Every other one is
    /// cancelled late, which must fail, in the middle of its run too.
    fn take(&self, id: usize, job: JobHandle<'static, u32>) {
        while !job.is_finished() {
            self.pool.run_one();
        }
        assert!(id.is_multiple_of(2) || !job.cancel(), "it is over");
        assert_eq!(job.wait().expect("it ran"), tally::result_of(id));
    }
}
