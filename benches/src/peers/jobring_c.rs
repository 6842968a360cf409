//! jobring through its C API, called from Rust: the functions of `include/jobring.h` and nothing else.

use crate::lines;
use crate::measure::Pool;
use crate::measure::birth::birth;
use crate::measure::burst::{self, Places, bursts};
use crate::params::{Params, Report};
use jobring::ffi;
use std::ffi::c_void;
use std::ptr;

type Status = i32;
const OK: Status = 0;
const FULL: Status = -4;

/// The pool.
pub struct CFace(*mut ffi::jobring_pool);

// SAFETY:
// - the header allows every call used here from any thread.
unsafe impl Sync for CFace {}

impl CFace {
    // A method, so that a closure that calls it holds the pool and not its bare pointer.
    fn at(&self) -> *mut ffi::jobring_pool {
        self.0
    }

    fn create(workers: usize, stack: usize) -> Self {
        let mut pool = ptr::null_mut();
        // SAFETY:
        // - config is a jobring_config, and the size handed over is its own; the rest is what the header asks
        //   for.
        let status = unsafe {
            let mut config: ffi::jobring_config = std::mem::zeroed();
            ffi::jobring_struct_init((&raw mut config).cast(), size_of::<ffi::jobring_config>());
            config.workers = workers as u32;
            config.stack_size = stack;
            ffi::jobring_create(&config, &mut pool)
        };
        assert_eq!(status, OK);
        Self(pool)
    }

    fn wakes(&self) -> u64 {
        // SAFETY:
        // - stats is a jobring_stats that says its size, the pool is alive.
        unsafe {
            let mut stats: ffi::jobring_stats = std::mem::zeroed();
            stats.size = size_of::<ffi::jobring_stats>() as u32;
            assert_eq!(ffi::jobring_stats_get(self.0, &mut stats), OK);
            stats.wakes
        }
    }
}

impl Drop for CFace {
    fn drop(&mut self) {
        // SAFETY:
        // - created by create(), destroyed once.
        assert_eq!(unsafe { ffi::jobring_destroy(self.0) }, OK);
    }
}

unsafe extern "C" fn job(_: *mut c_void) -> *mut c_void {
    lines::job();
    ptr::null_mut()
}

/// A C job that calls the Rust function that its argument is.
unsafe extern "C" fn call(function: *mut c_void) -> *mut c_void {
    // SAFETY:
    // - submit() below hands over nothing but a fn().
    let function: fn() = unsafe { std::mem::transmute(function) };
    function();
    ptr::null_mut()
}

impl Pool for CFace {
    fn start(workers: usize, _: &Params) -> Self {
        Self::create(workers, 0)
    }

    fn hand_over(&self, job: fn()) {
        // SAFETY:
        // - the pool is alive; the argument is what call() takes.
        let status = unsafe { ffi::jobring_submit(self.0, Some(call), job as *mut c_void, ptr::null_mut()) };
        assert_eq!(status, OK);
    }

    fn hand_over_many(&self, job: fn(), count: u64) {
        let item = ffi::jobring_batch_item {
            r#fn: Some(call),
            arg: job as *mut c_void,
            options: ptr::null(),
            reserved: ptr::null_mut(),
        };
        let items = [item; 64];
        let mut rest = &items[..count as usize];
        while !rest.is_empty() {
            let mut accepted = 0;
            // SAFETY:
            // - rest is as long as it says; the pool is alive.
            let status = unsafe {
                ffi::jobring_submit_batch(self.0, rest.as_ptr(), rest.len(), ptr::null_mut(), &mut accepted)
            };
            rest = &rest[accepted..];
            if status != OK {
                assert_eq!(status, FULL);
                // A batch never waits; a single submit does.
                self.hand_over(job);
                rest = &rest[1..];
            }
        }
    }
}

/// Bursts of detached jobs; and the wake-ups that the pool counts.
pub fn detached(params: &Params) -> Report {
    let places = Places::new(params);
    places.of_workers();
    let pool = CFace::start(params.size("workers"), params);
    let mut jobs = 0;
    let mut report = bursts(params, &places, |count| {
        // SAFETY:
        // - the pool is alive; the job takes no argument.
        (0..count).for_each(|_| unsafe {
            assert_eq!(ffi::jobring_submit(pool.at(), Some(job), ptr::null_mut(), ptr::null_mut()), OK);
        });
    });
    jobs += lines::ran();
    report.add("wakes_per_million", pool.wakes() as f64 / jobs as f64 * 1e6);
    report
}

/// Bursts of detached jobs in batches of 64.
pub fn batches(params: &Params) -> Report {
    burst::batches::<CFace>(params)
}

/// A handle for each job, waited for in batches.
pub fn handles(params: &Params) -> Report {
    let places = Places::new(params);
    places.of_workers();
    let pool = CFace::start(params.size("workers"), params);
    let batch = params.get("batch");
    bursts(params, &places, |count| {
        let mut waited = vec![0u64; batch as usize];
        for begin in (0..count).step_by(batch as usize) {
            let waited = &mut waited[..batch.min(count - begin) as usize];
            // SAFETY:
            // - the pool is alive; each handle is waited for once; the result is not wanted.
            unsafe {
                for handle in &mut *waited {
                    assert_eq!(ffi::jobring_submit(pool.at(), Some(job), ptr::null_mut(), handle), OK);
                }
                for handle in waited {
                    assert_eq!(ffi::jobring_wait(pool.at(), *handle, -1, ptr::null_mut()), OK);
                }
            }
        }
    })
}

/// Into a completion queue and out of it, by one thread: as many in flight as `batch`.
pub fn completions(params: &Params) -> Report {
    const AT_ONCE: usize = 64;
    let places = Places::new(params);
    places.of_workers();
    let pool = CFace::start(params.size("workers"), params);
    let mut queue = ptr::null_mut();
    // SAFETY:
    // - the pool is alive; the queue is written on success.
    assert_eq!(unsafe { ffi::jobring_completions_create(pool.at(), 0, &raw mut queue) }, OK);
    let queue = queue.expose_provenance();
    let at = move || ptr::with_exposed_provenance_mut::<ffi::jobring_completions>(queue);
    let batch = params.get("batch");
    bursts(params, &places, |count| {
        let (mut submitted, mut received) = (0, 0);
        // SAFETY:
        // - every field of the structure may be zero; the size is set.
        let mut outcomes: [ffi::jobring_outcome; AT_ONCE] = unsafe { std::mem::zeroed() };
        while received < count {
            while submitted < count && submitted - received < batch {
                // SAFETY:
                // - the queue is alive.
                let status = unsafe {
                    ffi::jobring_completions_submit(
                        at(),
                        Some(job),
                        ptr::null_mut(),
                        ptr::null(),
                        ptr::null_mut(),
                    )
                };
                assert_eq!(status, OK);
                submitted += 1;
            }
            outcomes.iter_mut().for_each(|outcome| outcome.size = size_of::<ffi::jobring_outcome>() as u32);
            let mut taken = 0;
            // SAFETY:
            // - the queue is alive; the outcomes are writable.
            let status = unsafe {
                ffi::jobring_completions_take(at(), -1, outcomes.as_mut_ptr(), AT_ONCE, &raw mut taken)
            };
            assert_eq!(status, OK);
            received += taken as u64;
        }
    })
}

/// Many workers on small stacks.
pub fn many(params: &Params) -> Report {
    let workers = params.size("workers");
    birth(workers, || CFace::create(workers, params.size("stack")), drop)
}
