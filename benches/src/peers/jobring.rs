//! jobring through its Rust API.

use crate::gate::{Gate, futex_wait, futex_wake};
use crate::lines::{job, ran};
use crate::measure::Pool;
use crate::measure::birth::birth;
use crate::measure::burst::{Places, bursts, detached};
use crate::measure::event_loop::{self, Ends};
use crate::measure::payload::{self, Carrier, Load};
use crate::measure::round_trip::{Pair, cold, hot, tight};
use crate::params::{Params, Report};
use jobring::{JobHandle, TimeLimit, WaitFor};
use std::array::from_fn;
use std::hint::{black_box, spin_loop};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::*};
use std::thread::yield_now;

impl Pool for jobring::Pool {
    fn start(workers: usize, params: &Params) -> Self {
        let mut builder = jobring::Pool::builder().workers(workers);
        if let Some(jobs) = params.find("capacity") {
            builder = builder.capacity(jobs as usize);
        }
        if let Some(polls) = params.find("spin") {
            builder = builder.spin(polls as u32);
        }
        builder.build().expect("a pool")
    }

    fn hand_over(&self, job: fn()) {
        self.submit_detached(job).expect("open");
    }
}

/// A pool whose slots take `PAYLOAD` bytes.
pub struct Carrying<const PAYLOAD: usize>(jobring::Pool<PAYLOAD>);

impl<const BYTES: usize, const PAYLOAD: usize> Carrier<BYTES> for Carrying<PAYLOAD> {
    fn start(workers: usize) -> Self {
        Self(jobring::Pool::builder().payload::<PAYLOAD>().workers(workers).build().expect("a pool"))
    }

    fn carry(&self, load: Load<BYTES>) {
        self.0.submit_detached(move || load.run()).expect("open");
    }
}

/// Jobs with a load, in the smallest slots that take it, 48 bytes at least.
pub fn loaded(mode: &str) -> Option<fn(&Params) -> Report> {
    Some(match mode {
        "load0" => payload::loaded::<0, Carrying<48>>,
        "load16" => payload::loaded::<16, Carrying<48>>,
        "load48" => payload::loaded::<48, Carrying<48>>,
        "load112" => payload::loaded::<112, Carrying<112>>,
        "load240" => payload::loaded::<240, Carrying<240>>,
        "load496" => payload::loaded::<496, Carrying<496>>,
        "load1008" => payload::loaded::<1008, Carrying<1008>>,
        _ => return None,
    })
}

/// A handle for each job, waited for in batches.
pub fn handles(params: &Params) -> Report {
    let places = Places::new(params);
    places.of_workers();
    let pool = jobring::Pool::start(params.size("workers"), params);
    let batch = params.get("batch");
    bursts(params, &places, |count| {
        let mut waited = Vec::with_capacity(batch as usize);
        for begin in (0..count).step_by(batch as usize) {
            waited.extend((0..batch.min(count - begin)).map(|_| pool.submit(job as fn()).expect("open")));
            waited.drain(..).for_each(|handle| handle.wait().expect("it ran"));
        }
    })
}

/// Into a completion queue and out of it, by one thread: as many in flight as `batch`.
pub fn completions(params: &Params) -> Report {
    let places = Places::new(params);
    places.of_workers();
    let pool = jobring::Pool::start(params.size("workers"), params);
    let queue = pool.completions().expect("a queue");
    let batch = params.get("batch");
    bursts(params, &places, |count| {
        let mut completions = Vec::with_capacity(AT_ONCE);
        let (mut submitted, mut received) = (0, 0);
        while received < count {
            while submitted < count && submitted - received < batch {
                queue.submit(submitted, job as fn()).expect("open");
                submitted += 1;
            }
            queue.recv_many(&mut completions, AT_ONCE, TimeLimit::NONE).expect("some are pending");
            received += completions.drain(..).count() as u64;
        }
    })
}

/// The most that one call receives.
const AT_ONCE: usize = 64;

/// Bursts of detached jobs, and a wait until the pool is idle.
pub fn until_idle(params: &Params) -> Report {
    let places = Places::new(params);
    places.of_workers();
    let pool = jobring::Pool::start(params.size("workers"), params);
    bursts(params, &places, |count| {
        let target = ran() + count;
        pool.hand_over_many(job, count);
        pool.wait_idle().expect("no job waits");
        assert!(ran() >= target, "the wait returned before its jobs had run");
    })
}

#[repr(align(128))]
struct Left(AtomicU64);

/// The jobs of a burst that have not finished yet.
static LEFT: Left = Left(AtomicU64::new(0));
static LAST: Gate = Gate::new();

fn counted() {
    job();
    // ORDERING: AcqRel: the last one has seen what the others did, and opens the gate with it.
    if LEFT.0.fetch_sub(1, AcqRel) == 1 {
        LAST.open();
    }
}

/// The same, where the jobs count themselves: the last one opens a gate that the submitter waits before.
pub fn until_counted(params: &Params) -> Report {
    let places = Places::new(params);
    places.of_workers();
    let pool = jobring::Pool::start(params.size("workers"), params);
    bursts(params, &places, |count| {
        let target = ran() + count;
        // ORDERING: Relaxed: the submits publish it to the jobs.
        LEFT.0.store(count, Relaxed);
        pool.hand_over_many(counted, count);
        LAST.pass();
        assert!(ran() >= target, "the gate opened before its jobs had run");
    })
}

impl Ends for jobring::Completions<'_, ()> {
    fn descriptor(&self) -> RawFd {
        self.descriptor().expect("a descriptor").as_raw_fd()
    }

    fn submit(&self) {
        self.submit(0, job as fn()).expect("open");
    }

    fn take(&self) -> u64 {
        std::iter::from_fn(|| self.try_recv().ok()).count() as u64
    }

    fn arm(&self) -> bool {
        self.arm()
    }

    const ARM_YIELDS: bool = true;
}

/// A completion queue in an event loop.
pub fn event_loop(params: &Params) -> Report {
    let pool = jobring::Pool::start(params.size("workers"), params);
    event_loop::bursts(params, &pool.completions().expect("a queue"))
}

/// One worker, both asleep, through a handle.
pub fn both_asleep(params: &Params) -> Report {
    let pair = Pair::new(params);
    let pool = jobring::Pool::start(1, params);
    let one = || pool.submit(job as fn()).expect("open").wait().expect("it ran");
    one();
    pair.part();
    one();
    cold(params, one)
}

/// The handles of a wait for several.
const HANDLES: usize = 8;
/// The jobs that hold a worker each, and whether they still do.
static HOLDING: AtomicUsize = AtomicUsize::new(0);
static HOLD: AtomicU32 = AtomicU32::new(1);

fn hold() {
    HOLDING.fetch_add(1, Relaxed);
    while HOLD.load(Relaxed) == 1 {
        futex_wait(&HOLD, 1);
    }
}

/// Both asleep, while all workers except one are held by a job each. `wait` gets the handles of these, and that
/// of the job that finishes.
fn beside_held(
    params: &Params,
    wait: impl Fn(&jobring::Pool, &[JobHandle<'_, ()>], JobHandle<'_, ()>),
) -> Report {
    let pair = Pair::new(params);
    let pool = jobring::Pool::start(HANDLES, params);
    let held: Vec<_> = (1..HANDLES).map(|_| pool.submit(hold as fn()).expect("open")).collect();
    while HOLDING.load(Relaxed) < held.len() {
        yield_now();
    }
    let one = || wait(&pool, &held, pool.submit(job as fn()).expect("open"));
    one();
    pair.part();
    one();
    let report = cold(params, one);
    HOLD.store(0, Relaxed);
    futex_wake(&HOLD, i32::MAX);
    held.into_iter().for_each(|handle| handle.wait().expect("it ran"));
    report
}

/// A wait for the first of eight jobs. The last of them finishes.
pub fn first_of_eight(params: &Params) -> Report {
    beside_held(params, |pool, held, handle| {
        let all: [_; HANDLES] = from_fn(|number| held.get(number).unwrap_or(&handle));
        let first = pool.wait_many(&all, WaitFor::First, TimeLimit::NONE);
        assert_eq!(first, Ok(Some(HANDLES - 1)));
        handle.wait().expect("it ran");
    })
}

/// A plain wait for the one that finishes.
pub fn one_of_eight(params: &Params) -> Report {
    beside_held(params, |_, _, handle| handle.wait().expect("it ran"))
}

/// One worker that spins, a submitter that polls the handle.
pub fn both_awake(params: &Params) -> Report {
    let pair = Pair::new(params);
    if !pair.is_apart() {
        return Report::default();
    }
    let pool = jobring::Pool::start(1, params);
    pool.submit(job as fn()).expect("open").wait().expect("it ran");
    pair.part();
    hot(params, || {
        let handle = pool.submit(job as fn()).expect("open");
        while !handle.is_finished() {
            spin_loop();
        }
        handle.wait().expect("it ran");
    })
}

/// No worker at all: the thread that waits runs the job.
pub fn waiter_runs_it(params: &Params) -> Report {
    let pool = jobring::Pool::start(0, params);
    tight(params, || {
        let handle = pool.submit(black_box(job as fn())).expect("open");
        handle.wait().expect("it ran");
    })
}

/// Many workers on small stacks.
pub fn many(params: &Params) -> Report {
    let workers = params.size("workers");
    let build = || {
        jobring::Pool::builder().workers(workers).stack_size(params.size("stack")).build().expect("a pool")
    };
    birth(workers, build, drop)
}

/// Posts to lanes of width 1, in turn, of one pool.
struct Lanes {
    lanes: Vec<jobring::Lane<'static, jobring::Pool>>,
    next: AtomicUsize,
}

impl Pool for Lanes {
    fn start(workers: usize, params: &Params) -> Self {
        // The lanes borrow it, and the process ends after the measurement.
        let pool: &'static jobring::Pool = Box::leak(Box::new(Pool::start(workers, params)));
        let lanes = (0..params.size("lanes")).map(|_| pool.lane(1, pool.capacity() / 2).expect("a lane"));
        Self { lanes: lanes.collect(), next: AtomicUsize::new(0) }
    }

    fn hand_over(&self, job: fn()) {
        // ORDERING: Relaxed: there is one submitter.
        let next = self.next.load(Relaxed);
        self.next.store(if next + 1 == self.lanes.len() { 0 } else { next + 1 }, Relaxed);
        self.lanes[next].submit_detached(job).expect("open");
    }
}

/// Bursts of posts to lanes.
pub fn lanes(params: &Params) -> Report {
    detached::<Lanes>(params)
}

/// One worker, many, one.
pub fn resize(params: &Params) -> Report {
    let many = params.size("workers");
    crate::measure::resize::resize(params, |pool| {
        pool.set_workers(many, None).expect("threads");
        pool.set_workers(1, None).expect("they leave");
    })
}
