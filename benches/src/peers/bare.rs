//! No pool at all: what the system's own primitives take for the same work.

use crate::gate::{Gate, futex_wait, futex_wake};
use crate::lines::job;
use crate::machine::cpus;
use crate::measure::birth::birth;
use crate::measure::round_trip::{Pair, cold, hot, tight};
use crate::params::{Params, Report};
use std::ffi::c_void;
use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering::*};
use std::thread;

static ASKED: Gate = Gate::new();
static ANSWERED: Gate = Gate::new();

/// A thread that answers, both asleep: two system calls that wake, two that sleep, no pool.
pub fn wake_and_wait(params: &Params) -> Report {
    round_trip(params, Gate::pass, |params, one| cold(params, one))
}

/// A thread that answers, both spinning: two lines handed to and fro.
pub fn line_to_and_fro(params: &Params) -> Report {
    if cpus().len() < 2 {
        return Report::default();
    }
    round_trip(params, Gate::pass_spinning, |params, one| hot(params, one))
}

type Sample = fn(&Params, &mut dyn FnMut()) -> Report;

fn round_trip(params: &Params, pass: fn(&Gate), sample: Sample) -> Report {
    let pair = Pair::new(params);
    // Nobody asks it to end: the process ends.
    thread::spawn(move || {
        loop {
            pass(&ASKED);
            job();
            ANSWERED.open();
        }
    });
    let mut one = || {
        ASKED.open();
        pass(&ANSWERED);
    };
    one();
    pair.part();
    one();
    sample(params, &mut one)
}

/// The call of the job through a pointer.
pub fn call(params: &Params) -> Report {
    tight(params, || black_box(job as fn())())
}

static STOP: AtomicU32 = AtomicU32::new(0);

extern "C" fn sleeper(_: *mut c_void) -> *mut c_void {
    while STOP.load(Acquire) == 0 {
        futex_wait(&STOP, 0);
    }
    ptr::null_mut()
}

fn create(threads: usize, stack: usize) -> Vec<libc::pthread_t> {
    STOP.store(0, Release);
    let mut threads = vec![0; threads];
    // SAFETY:
    // - the attributes are initialised before and destroyed after use; each thread is joined (join).
    unsafe {
        let mut attributes = std::mem::zeroed();
        libc::pthread_attr_init(&mut attributes);
        assert_eq!(libc::pthread_attr_setstacksize(&mut attributes, stack), 0);
        for thread in &mut threads {
            assert_eq!(libc::pthread_create(thread, &attributes, sleeper, ptr::null_mut()), 0);
        }
        libc::pthread_attr_destroy(&mut attributes);
    }
    threads
}

fn join(threads: Vec<libc::pthread_t>) {
    STOP.store(1, Release);
    futex_wake(&STOP, i32::MAX);
    for thread in threads {
        // SAFETY:
        // - made by `create`, joined once.
        assert_eq!(unsafe { libc::pthread_join(thread, ptr::null_mut()) }, 0);
    }
}

/// pthread_create for each worker, all asleep, all joined.
pub fn many(params: &Params) -> Report {
    let (workers, stack) = (params.size("workers"), params.size("stack"));
    birth(workers, || create(workers, stack), join)
}

/// The same, for all but one, beside a pool of one worker.
pub fn resize(params: &Params) -> Report {
    let (workers, stack) = (params.size("workers"), params.size("stack"));
    crate::measure::resize::resize(params, |_| join(create(workers - 1, stack)))
}
