//! Whole lives of jobs in pools whose positions and generations are about to wrap around.

use super::{
    Completion, Disposition, Fail, RawPool, Recipient, Request, RuntimeConfig, WaitError, WaitOptions,
};
use crate::engine::lifecycle::ShutdownMode;
use crate::job::context::CallContext;
use crate::job::id::GENERATION_BITS;
use crate::job::vtable::{DiscardReason, JobVTable, Payload, RunResult};
use crate::platform::port::{Origin, Timeout};
use crate::platform::{System, system};
use crate::ring::Popper;
use crate::slot::storage::Inline;

extern crate std;
use std::vec::Vec;

const JOBS: usize = 4;
type Pool = RawPool<Inline<JOBS, 32>, System>;

/// Jobs that double a number.
static VTABLE: JobVTable = JobVTable::new(
    |payload, _: &CallContext| {
        // SAFETY:
        // - submit() wrote a number there.
        unsafe { *payload.at.cast::<usize>() *= 2 };
        RunResult::Empty
    },
    |_, _, _: DiscardReason| {},
    false,
    |_, _| {},
);

fn submit(pool: &Pool, number: usize) -> crate::JobId {
    struct Number(usize);
    impl Request for Number {
        fn vtable(&self) -> &'static JobVTable {
            &VTABLE
        }

        unsafe fn write(self, payload: Payload) {
            // SAFETY:
            // - 1; it has room for a number.
            unsafe { payload.at.cast::<usize>().write(self.0) };
        }
    }
    // SAFETY:
    // - 1: the pool's payload has room for a number.
    unsafe { pool.submit(Number(number), Recipient::HANDLE, Fail, Origin::Thread) }
        .map_err(|(refused, _)| refused)
        .expect("there is room")
}

fn result(pool: &Pool, job: crate::JobId) -> (Completion, usize) {
    let mut found = 0;
    let taken = pool.wait(job, Timeout::Poll, WaitOptions::default(), &mut |_, payload, _| {
        // SAFETY:
        // - the job has finished, and its payload is ours.
        found = unsafe { payload.at.cast::<usize>().read() };
        Disposition::Take
    });
    (taken.expect("it is over"), found)
}

#[test]
fn jobs_go_their_way_where_positions_and_generations_wrap() {
    let last_generation = usize::MAX >> (usize::BITS - GENERATION_BITS);
    // Just before the top, the middle and the quarters of the range, where an entry's lap wraps.
    let quarter = usize::MAX / 4 + 1;
    for (top, generation) in
        (1..=4usize).flat_map(|n| [(quarter.wrapping_mul(n), 0), (quarter.wrapping_mul(n), last_generation)])
    {
        let start = top.wrapping_sub(3 * JOBS);
        let pool = Pool::aged(Inline::new(), system(), RuntimeConfig::default(), start);
        pool.set_generation(generation);
        let submitted = pool.stats().submitted;
        for lap in 0..8 {
            for held in 1..=JOBS {
                let jobs: Vec<_> = (0..held).map(|n| submit(&pool, n)).collect();
                assert!(held < JOBS || pool.try_reserve(Popper::Unpaced, Origin::Thread).is_err(), "full");
                let cancelled = jobs[lap % held];
                assert_eq!(pool.cancel(cancelled), Ok(true));
                while pool.run_one() {}
                for (n, &job) in jobs.iter().enumerate() {
                    let expected =
                        if job == cancelled { (Completion::Cancelled, n) } else { (Completion::Done, 2 * n) };
                    assert_eq!(result(&pool, job), expected, "{start}");
                    assert!(matches!(pool.detach(job), Err(WaitError::Stale)));
                }
            }
        }
        assert!(
            pool.stats().submitted.wrapping_sub(submitted) == 8 * (1 + 2 + 3 + 4),
            "it came past the top"
        );
        pool.shutdown(ShutdownMode::Drain, Timeout::Poll).expect("nothing is left");
    }
}
