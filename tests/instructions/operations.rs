//! The measured operations, each repeated inside a function that callgrind finds by its name.

use jobring::{BlockingQueue, JobHandle, Pool, Queue, ffi};
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
    ("c_submit_cancellable", "jobring_submit_cancellable, without a handle"),
    ("c_completions_submit", "jobring_completions_submit into a queue without a limit"),
    ("c_completions_take", "jobring_completions_take of one job that is over"),
    ("c_wait_idle", "jobring_wait_idle of a pool that is idle, two of whose slots were used"),
    ("c_wait_many", "jobring_wait_many for the first of two jobs that are over"),
    ("c_watch", "jobring_watch of a job that is queued"),
    ("c_interrupt_raise", "jobring_interrupt_raise, with no thread in a scope"),
    ("queue_push", "Queue::try_push of a word"),
    ("queue_pop", "Queue::try_pop of a word"),
    ("blocking_push", "BlockingQueue::push of a word, nobody waits"),
    ("blocking_pop", "BlockingQueue::pop of a word, nobody waits"),
    ("c_queue_push", "jobring_queue_try_push of 8 bytes"),
    ("c_queue_pop", "jobring_queue_try_pop of 8 bytes"),
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
        "c_submit_cancellable" => jobring_counted(&mut || {
            // SAFETY:
            // - the pool is alive.
            let status = unsafe {
                ffi::jobring_submit_cancellable(
                    c.0,
                    Some(c_empty),
                    ptr::null_mut(),
                    ptr::null(),
                    ptr::null_mut(),
                )
            };
            assert_eq!(status, 0);
        }),
        "c_completions_submit" => {
            let queue = c.queue();
            jobring_counted(&mut || c.submit_into(queue));
        }
        "c_completions_take" => {
            let queue = c.queue();
            (0..TIMES).for_each(|_| c.submit_into(queue));
            let (mut outcome, mut taken): (ffi::jobring_outcome, _) = (initialised(), 0);
            // SAFETY:
            // - the pool and its queue are alive, and there is room for one outcome.
            unsafe {
                while ffi::jobring_run_one(c.0) == 0 {}
                jobring_counted(&mut || {
                    let status = ffi::jobring_completions_take(queue, -1, &mut outcome, 1, &mut taken);
                    assert_eq!(status, 0);
                });
            }
        }
        "c_wait_idle" => {
            let jobs = [c.submit(), c.submit()];
            // SAFETY:
            // - the pool is alive; each job is waited for once.
            unsafe {
                while ffi::jobring_run_one(c.0) == 0 {}
                jobs.iter().for_each(|&job| assert_eq!(ffi::jobring_wait(c.0, job, -1, ptr::null_mut()), 0));
                jobring_counted(&mut || assert_eq!(ffi::jobring_wait_idle(c.0, -1), 0));
            }
        }
        "c_wait_many" => {
            let jobs = [c.submit(), c.submit()];
            let mut index = 0;
            // SAFETY:
            // - the pool is alive, and the number of jobs is correct.
            unsafe {
                while ffi::jobring_run_one(c.0) == 0 {}
                jobring_counted(&mut || {
                    let (jobs, count, none) = (jobs.as_ptr(), jobs.len(), ptr::null());
                    let status = ffi::jobring_wait_many(
                        c.0,
                        jobs,
                        count,
                        ffi::JOBRING_UNTIL_FIRST,
                        none,
                        &mut index,
                        ptr::null_mut(),
                    );
                    assert_eq!(status, 0);
                });
            }
        }
        "c_watch" => {
            // SAFETY:
            // - all of these structures are valid when they are zero.
            let (mut watched, mut nodes): (ffi::jobring_watched, Vec<ffi::jobring_done_node>) =
                unsafe { (std::mem::zeroed(), (0..TIMES).map(|_| std::mem::zeroed()).collect()) };
            nodes.iter_mut().for_each(|node| node.done = Some(c_done));
            let mut options: ffi::jobring_submit_options = initialised();
            let mut added = nodes.iter_mut();
            // SAFETY:
            // - the pool is alive; what the job has of ours outlives it: it ends here.
            unsafe {
                assert_eq!(ffi::jobring_watched_init(&mut watched), 0);
                options.nodes = &raw mut watched.node;
                let submit = ffi::jobring_submit_opts;
                assert_eq!(submit(c.0, Some(c_empty), ptr::null_mut(), &options, ptr::null_mut()), 0);
                jobring_counted(&mut || {
                    assert_eq!(ffi::jobring_watch(&mut watched, added.next().expect("a node")), 0);
                });
                while ffi::jobring_run_one(c.0) == 0 {}
            }
        }
        "c_interrupt_raise" => {
            // SAFETY:
            // - an interrupt that is zero is not raised; the pool is alive.
            unsafe {
                let mut interrupt: ffi::jobring_interrupt = std::mem::zeroed();
                jobring_counted(&mut || assert_eq!(ffi::jobring_interrupt_raise(c.0, &mut interrupt), 0));
            }
        }
        "queue_push" => {
            let queue = Box::new(Queue::<usize, PLACES>::new());
            jobring_counted(&mut || queue.try_push(black_box(7)).expect("there is room"));
        }
        "queue_pop" => {
            let queue = Box::new(Queue::<usize, PLACES>::new());
            (0..TIMES).for_each(|value| queue.try_push(value).expect("there is room"));
            jobring_counted(&mut || _ = black_box(queue.try_pop().expect("one for each turn")));
        }
        "blocking_push" => {
            let queue = Box::new(BlockingQueue::<usize, PLACES>::new());
            jobring_counted(&mut || queue.push(black_box(7)).expect("it is open"));
        }
        "blocking_pop" => {
            let queue = Box::new(BlockingQueue::<usize, PLACES>::new());
            (0..TIMES).for_each(|value| queue.push(value).expect("it is open"));
            jobring_counted(&mut || _ = black_box(queue.pop().expect("one for each turn")));
        }
        "c_queue_push" => {
            let queue = CQueue::new();
            jobring_counted(&mut || queue.push(7));
        }
        "c_queue_pop" => {
            let queue = CQueue::new();
            (0..TIMES).for_each(|value| queue.push(value));
            jobring_counted(&mut || {
                let mut value = 0_usize;
                // SAFETY:
                // - the queue is alive, and its items are as large as this.
                let status = unsafe { ffi::jobring_queue_try_pop(queue.at, (&raw mut value).cast()) };
                assert_eq!(status, 0);
            });
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

unsafe extern "C" fn c_done(_: *mut c_void, _: *const ffi::jobring_outcome) {}

/// A structure of the C API with its defaults.
fn initialised<T>() -> T {
    // SAFETY:
    // - T is such a structure, all of whose fields may be zero.
    unsafe {
        let mut one: T = std::mem::zeroed();
        assert_eq!(ffi::jobring_struct_init((&raw mut one).cast(), size_of::<T>()), 0);
        one
    }
}

/// The places of a queue, at least TIMES.
const PLACES: usize = 1024;

/// A queue of words of the C API.
struct CQueue {
    at: *mut ffi::jobring_queue,
    _memory: Vec<usize>,
}

impl CQueue {
    fn new() -> Self {
        let mut memory = vec![0_usize; 4 * PLACES];
        let mut at = ptr::null_mut();
        // SAFETY:
        // - the memory is ours, and stays where it is as long as the queue.
        let status = unsafe {
            let (bytes, size) = (memory.as_mut_ptr().cast(), size_of_val(memory.as_slice()));
            ffi::jobring_queue_init(PLACES, size_of::<usize>(), bytes, size, &mut at)
        };
        assert_eq!(status, 0);
        Self { at, _memory: memory }
    }

    fn push(&self, value: usize) {
        // SAFETY:
        // - the queue is alive, and its items are as large as this.
        assert_eq!(unsafe { ffi::jobring_queue_try_push(self.at, (&raw const value).cast()) }, 0);
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

    fn queue(&self) -> *mut ffi::jobring_completions {
        let mut queue = ptr::null_mut();
        // SAFETY:
        // - the pool is alive. Its end is the queue's too.
        assert_eq!(unsafe { ffi::jobring_completions_create(self.0, 0, &mut queue) }, 0);
        queue
    }

    fn submit_into(&self, queue: *mut ffi::jobring_completions) {
        // SAFETY:
        // - the queue is one of this pool, which is alive.
        let status = unsafe {
            ffi::jobring_completions_submit(
                queue,
                Some(c_empty),
                ptr::null_mut(),
                ptr::null(),
                ptr::null_mut(),
            )
        };
        assert_eq!(status, 0);
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
