//! Tests: handles near the wrap-around of a slot's generation. Only a slot that starts there can reach it.

use super::config::DEFAULTS;
use super::pool::CPool;
use super::*;
use crate::engine::{Completion, Disposition, WaitOptions};
use crate::job::id::{GENERATION_BITS, JobId};
use crate::platform::port::Timeout;
use alloc::vec::Vec;
use core::ffi::c_void;
use core::ptr::null_mut;

/// After this many reuses of its slot a handle matches again.
const PERIOD: usize = 1 << GENERATION_BITS;

unsafe extern "C" fn identity(arg: *mut c_void) -> *mut c_void {
    arg
}

unsafe extern "C" fn failing(_: *mut c_void) -> *mut c_void {
    // SAFETY:
    // - a code and no text.
    unsafe { jobring_fail(4, core::ptr::null()) };
    null_mut()
}

/// A pool of one slot, without workers.
struct Pool(*mut jobring_pool);

impl Pool {
    fn new() -> Self {
        let mut pool = null_mut();
        let config = jobring_config { workers: JOBRING_WORKERS_NONE, capacity: 1, ..DEFAULTS };
        // SAFETY:
        // - both are valid.
        assert_eq!(unsafe { jobring_create(&raw const config, &raw mut pool) }, JOBRING_OK);
        Self(pool)
    }

    /// Sets the generation of the free slot, as if it had been used that often.
    fn set_generation(&self, generation: usize) {
        // SAFETY:
        // - create made the pool.
        unsafe { &*self.0.cast::<CPool>() }.raw.set_generation(generation);
    }

    fn submit_a(&self, run: unsafe extern "C" fn(*mut c_void) -> *mut c_void) -> u64 {
        let mut job = 0;
        // SAFETY:
        // - the pool lives; the functions take any argument.
        assert_eq!(unsafe { jobring_submit(self.0, Some(run), self.0.cast(), &raw mut job) }, JOBRING_OK);
        job
    }

    fn submit(&self) -> u64 {
        self.submit_a(identity)
    }

    fn run(&self) {
        // SAFETY:
        // - the pool lives.
        assert_eq!(unsafe { jobring_run_one(self.0) }, JOBRING_OK);
    }

    fn poll(&self, job: u64) -> jobring_status {
        // SAFETY:
        // - the pool lives.
        unsafe { jobring_poll(self.0, job, null_mut()) }
    }

    /// Where a job stands.
    fn state(&self, job: u64) -> Result<u32, jobring_status> {
        let mut state = u32::MAX;
        // SAFETY:
        // - the pool lives; the output is valid.
        match unsafe { jobring_state(self.0, job, &raw mut state) } {
            JOBRING_OK => Ok(state),
            error => {
                assert_eq!(state, u32::MAX);
                Err(error)
            }
        }
    }

    /// What each call returns for a handle; none of them sleeps.
    fn asked(&self, job: u64) -> [jobring_status; 7] {
        let mut outcome = jobring_outcome::new(0, 0);
        let peek = JOBRING_WAIT_PEEK | JOBRING_WAIT_POLL;
        let peek =
            jobring_wait_options { size: size_of::<jobring_wait_options>() as u32, flags: peek, limit_ns: 0 };
        // SAFETY:
        // - the pool lives; the outputs are valid.
        unsafe {
            [
                jobring_wait(self.0, job, JOBRING_FOREVER, null_mut()),
                jobring_poll(self.0, job, null_mut()),
                jobring_wait_opts(self.0, job, core::ptr::null(), &raw mut outcome),
                jobring_cancel(self.0, job),
                jobring_detach(self.0, job),
                jobring_wait_opts(self.0, job, &raw const peek, &raw mut outcome),
                self.state(job).err().unwrap_or(JOBRING_OK),
            ]
        }
    }

    /// The handle is stale while another job has the slot, and the calls do not affect that job.
    fn assert_stale(&self, old: u64) {
        let new = self.submit();
        assert_ne!(old, new);
        assert_eq!(self.asked(old), [JOBRING_E_STALE; 7]);
        assert_eq!(self.poll(new), JOBRING_PENDING);
        self.run();
        assert_eq!(self.asked(old), [JOBRING_E_STALE; 7]);
        assert_eq!(self.poll(new), JOBRING_OK);
        assert_eq!(self.asked(old), [JOBRING_E_STALE; 7]);
    }

    fn generation(&self, job: u64) -> usize {
        // SAFETY:
        // - create made the pool.
        let tag = unsafe { &*self.0.cast::<CPool>() }.raw.tag();
        JobId::from_bits(job).resolve(tag, 1).expect("a handle of this pool").1
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // SAFETY:
        // - nobody else has the pool.
        assert_eq!(unsafe { jobring_destroy(self.0) }, JOBRING_OK);
    }
}

type End = fn(&Pool) -> u64;

/// Each way in which a slot is given back.
const ENDS: &[(&str, End)] = &[
    ("taken", |pool| {
        let job = pool.submit();
        pool.run();
        assert_eq!(pool.poll(job), JOBRING_OK);
        job
    }),
    ("detached while queued", |pool| {
        let job = pool.submit();
        // SAFETY:
        // - the pool lives.
        assert_eq!(unsafe { jobring_detach(pool.0, job) }, JOBRING_OK);
        pool.run();
        job
    }),
    ("detached when over", |pool| {
        let job = pool.submit();
        pool.run();
        // SAFETY:
        // - the pool lives.
        assert_eq!(unsafe { jobring_detach(pool.0, job) }, JOBRING_OK);
        job
    }),
    ("cancelled and taken", |pool| {
        let job = pool.submit();
        // SAFETY:
        // - the pool lives.
        assert_eq!(unsafe { jobring_cancel(pool.0, job) }, JOBRING_OK);
        assert_eq!(pool.poll(job), JOBRING_E_CANCELLED);
        job
    }),
    ("failed", |pool| {
        let job = pool.submit_a(failing);
        pool.run();
        let mut outcome = jobring_outcome::new(0, 0);
        // SAFETY:
        // - the pool lives; the outcome is a valid structure.
        let status = unsafe { jobring_wait_opts(pool.0, job, core::ptr::null(), &raw mut outcome) };
        assert_eq!((status, outcome.code), (JOBRING_E_FAILED, 4));
        assert_eq!(pool.poll(job), JOBRING_E_STALE);
        job
    }),
];

#[test]
fn a_handle_of_before_the_wrap_is_stale_after_it() {
    for (name, end) in ENDS {
        let pool = Pool::new();
        for steps in 1..4 {
            pool.set_generation(PERIOD - steps);
            let old: Vec<u64> = (0..=steps).map(|_| end(&pool)).collect();
            let generations: Vec<_> = old.iter().map(|&job| pool.generation(job)).collect();
            let expected: Vec<_> = (PERIOD - steps..PERIOD).chain([0]).collect();
            assert_eq!(generations, expected, "{name}");
            old.iter().for_each(|&job| pool.assert_stale(job));
        }
    }
}

#[test]
fn a_handle_fits_again_after_exactly_a_multiple_of_the_period() {
    for first in [0, 5, PERIOD - 1] {
        for times in 1..=3 {
            let pool = Pool::new();
            pool.set_generation(first);
            let old = pool.submit();
            pool.run();
            assert_eq!(pool.poll(old), JOBRING_OK);
            // One reuse less, and one more.
            pool.set_generation(first + times * PERIOD - 1);
            pool.assert_stale(old);
            pool.set_generation(first + times * PERIOD + 1);
            pool.assert_stale(old);
            // Exactly this many: the limit that the header states.
            pool.set_generation(first + times * PERIOD);
            let new = pool.submit();
            assert_eq!(new, old);
            assert_eq!(pool.poll(old), JOBRING_PENDING);
            pool.run();
            assert_eq!(pool.poll(old), JOBRING_OK);
            assert_eq!(pool.poll(new), JOBRING_E_STALE);
            pool.assert_stale(old);
        }
    }
}

#[test]
fn a_handle_is_stale_after_one_reuse_and_after_many() {
    for (name, end) in ENDS {
        let pool = Pool::new();
        let first = end(&pool);
        for _ in 0..100 {
            pool.assert_stale(first);
            assert_ne!(end(&pool), first, "{name}");
        }
    }
}

#[test]
fn a_job_that_another_thread_looks_at_has_finished() {
    let pool = Pool::new();
    let job = pool.submit();
    pool.run();
    // SAFETY:
    // - create made the pool.
    let raw = unsafe { &pool.0.cast::<CPool>().as_ref().expect("a pool").raw };
    let options = WaitOptions { may_leave: true, ..Default::default() };
    let mut seen = None;
    let looked = raw.wait(JobId::from_bits(job), Timeout::Poll, options, &mut |_, _, _| {
        seen = Some((pool.state(job), pool.poll(job)));
        Disposition::Leave
    });
    assert_eq!((looked, seen), (Ok(Completion::Done), Some((Ok(JOBRING_STATE_FINISHED), JOBRING_PENDING))));
    assert_eq!((pool.state(job), pool.poll(job)), (Ok(JOBRING_STATE_DONE), JOBRING_OK));
}
