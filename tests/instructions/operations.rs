//! The measured operations, each repeated inside a function that callgrind finds by its name.

use jobring::{JobHandle, Pool, ffi};
use std::ffi::c_void;
use std::hint::black_box;
use std::ptr;
use std::sync::mpsc;

/// How often an operation is repeated: as many jobs as fit into a pool.
pub const TIMES: usize = 1000;

/// The function inside which callgrind counts.
pub const COUNTED: &str = "jobring_counted";

/// Turns of an empty loop that are planted, to see that they are noticed.
const PLANTED: u32 = 25;

/// Name, and what it is.
pub const OPERATIONS: &[(&str, &str)] = &[
    ("submit", "submit with a handle, the only worker busy"),
    ("submit_detached", "the same without a handle"),
    ("run_one", "claim, run and complete an empty job"),
    ("take", "wait for a job that is over: take its result, recycle its slot"),
    ("wait_runs_it", "submit and wait where the waiter runs the job: no workers"),
    ("c_submit", "jobring_submit with a handle"),
    ("c_submit_batch", "jobring_submit_batch, a job of 50"),
    ("c_run_one", "jobring_run_one of an empty job"),
    ("c_wait", "jobring_wait for a job that is over"),
];

/// Runs one of them. A name with a + has instructions planted in it.
pub fn run(name: &str) -> Result<(), String> {
    let planted = name.ends_with('+');
    let busy = Busy::new();
    let (pool, c) = (&busy.pool, C::new());
    let handles = || (0..TIMES).map(|_| pool.submit(empty).expect("there is room")).collect::<Vec<_>>();
    match name.trim_end_matches('+') {
        "submit" => {
            let mut handles = Vec::with_capacity(TIMES);
            jobring_counted(&mut || {
                handles.push(pool.submit(empty).expect("there is room"));
                if planted {
                    (0..PLANTED).for_each(|word| _ = black_box(word));
                }
            });
        }
        "submit_detached" => jobring_counted(&mut || pool.submit_detached(empty).expect("there is room")),
        "run_one" => {
            let _handles = handles();
            jobring_counted(&mut || assert!(pool.run_one()));
        }
        "take" => {
            let mut handles = handles();
            while pool.run_one() {}
            jobring_counted(&mut || handles.pop().map(JobHandle::wait).expect("a handle").expect("it ran"));
        }
        "wait_runs_it" => {
            let pool = Pool::builder().workers(0).build().expect("a pool");
            jobring_counted(&mut || pool.submit(empty).expect("there is room").wait().expect("it ran"));
        }
        "c_submit" => {
            let mut jobs = Vec::with_capacity(TIMES);
            jobring_counted(&mut || jobs.push(c.submit()));
        }
        "c_submit_batch" => {
            let item = ffi::jobring_batch_item {
                r#fn: Some(c_empty),
                arg: ptr::null_mut(),
                options: ptr::null(),
                reserved: ptr::null_mut(),
            };
            let items = [item; BATCH];
            let mut turn = 0;
            jobring_counted(&mut || {
                if turn % BATCH == 0 {
                    // SAFETY:
                    // - the pool is alive, and the number of items is correct.
                    let status = unsafe {
                        ffi::jobring_submit_batch(
                            c.0,
                            items.as_ptr(),
                            BATCH,
                            ptr::null_mut(),
                            ptr::null_mut(),
                        )
                    };
                    assert_eq!(status, 0);
                }
                turn += 1;
            });
        }
        "c_run_one" => {
            (0..TIMES).for_each(|_| _ = c.submit());
            // SAFETY:
            // - the pool is alive.
            jobring_counted(&mut || assert_eq!(unsafe { ffi::jobring_run_one(c.0) }, 0));
        }
        "c_wait" => {
            let mut jobs: Vec<u64> = (0..TIMES).map(|_| c.submit()).collect();
            // SAFETY:
            // - the pool is alive; each job is waited for once.
            unsafe {
                while ffi::jobring_run_one(c.0) == 0 {}
                jobring_counted(&mut || {
                    let job = jobs.pop().expect("a job");
                    assert_eq!(ffi::jobring_wait(c.0, job, -1, ptr::null_mut()), 0);
                });
            }
        }
        _ => return Err(format!("no operation {name}")),
    }
    while pool.run_one() {}
    Ok(())
}

/// Jobs in a batch; TIMES is a multiple of it.
const BATCH: usize = 50;

/// Repeats `operation`. One name for all, because callgrind gets one.
#[unsafe(no_mangle)]
#[inline(never)]
fn jobring_counted(operation: &mut dyn FnMut()) {
    for _ in 0..TIMES {
        operation();
    }
}

fn empty() {}

unsafe extern "C" fn c_empty(argument: *mut c_void) -> *mut c_void {
    argument
}

/// A pool whose only worker is inside a job until this is dropped: submits see a worker, and wake nobody.
struct Busy {
    // Dropped first: the pool's end waits for the job.
    _done: mpsc::Sender<()>,
    pool: Pool,
}

impl Busy {
    fn new() -> Self {
        let pool = Pool::builder().workers(1).build().expect("a pool");
        let (begun, has_begun) = mpsc::channel();
        let (done, is_done) = mpsc::channel::<()>();
        let job = Box::new(move || {
            let _ = begun.send(());
            // Until the other end is dropped.
            let _ = is_done.recv();
        });
        pool.submit_detached(job).expect("there is room");
        has_begun.recv().expect("it runs");
        Self { _done: done, pool }
    }
}

/// A pool of the C API, without workers.
struct C(*mut ffi::jobring_pool);

impl C {
    fn new() -> Self {
        let mut pool = ptr::null_mut();
        // SAFETY:
        // - config is a jobring_config that jobring_struct_init fills in.
        let status = unsafe {
            let mut config: ffi::jobring_config = std::mem::zeroed();
            ffi::jobring_struct_init((&raw mut config).cast(), size_of::<ffi::jobring_config>());
            config.workers = u32::MAX;
            ffi::jobring_create(&config, &mut pool)
        };
        assert_eq!(status, 0);
        Self(pool)
    }

    fn submit(&self) -> u64 {
        let mut job = 0;
        // SAFETY:
        // - the pool is alive.
        assert_eq!(unsafe { ffi::jobring_submit(self.0, Some(c_empty), ptr::null_mut(), &mut job) }, 0);
        job
    }
}

impl Drop for C {
    fn drop(&mut self) {
        // SAFETY:
        // - created above, destroyed once; what is queued runs here first.
        unsafe {
            while ffi::jobring_run_one(self.0) == 0 {}
            assert_eq!(ffi::jobring_destroy(self.0), 0);
        }
    }
}
