//! Random sequences of C calls on a pool without workers, compared with the model in `sequential.rs`: every
//! status, every result, every callback, in order.

mod planted;
mod sequential;

use jobring_frozen::ffi::*;
use proptest::prelude::*;
use sequential::{Pool, Seen, code, fails, has_result};
use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr;

#[derive(Clone, Copy, Debug)]
enum How {
    Wait,
    Fail,
    Run,
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Submit(How, bool),
    Batch(usize, bool),
    /// The numbers choose among the handles that were given out.
    Wait(usize, bool),
    Poll(usize),
    Cancel(usize),
    Detach(usize),
    Peek(usize),
    RunOne,
    Shutdown(bool, bool),
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let how = prop_oneof![Just(How::Wait), Just(How::Fail), Just(How::Run)];
    let call = prop_oneof![
        8 => (how, any::<bool>()).prop_map(|(how, detached)| Call::Submit(how, detached)),
        2 => (0usize..4, any::<bool>()).prop_map(|(n, detached)| Call::Batch(n, detached)),
        4 => (0usize..64, any::<bool>()).prop_map(|(job, forever)| Call::Wait(job, forever)),
        2 => (0usize..64).prop_map(Call::Poll),
        4 => (0usize..64).prop_map(Call::Cancel),
        2 => (0usize..64).prop_map(Call::Detach),
        2 => (0usize..64).prop_map(Call::Peek),
        4 => Just(Call::RunOne),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(discards, forever)| Call::Shutdown(discards, forever)),
    ];
    prop::collection::vec(call, 1..40)
}

std::thread_local! { static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) }; }

fn see(what: Seen) {
    SEEN.with(|seen| seen.borrow_mut().push(what));
}

/// A job's argument is its number, its result the number and a mark. Neither is followed.
fn argument(job: usize) -> *mut c_void {
    ptr::without_provenance_mut((job + 1) * 2)
}

fn number(value: *mut c_void) -> (usize, bool) {
    (value.addr() / 2 - 1, value.addr() % 2 == 1)
}

fn result(job: usize) -> *mut c_void {
    if has_result(job) { ptr::without_provenance_mut((job + 1) * 2 + 1) } else { ptr::null_mut() }
}

unsafe extern "C" fn run(arg: *mut c_void) -> *mut c_void {
    let (job, _) = number(arg);
    see(Seen::Ran(job));
    if fails(job) {
        // SAFETY:
        // - a code alone.
        unsafe { jobring_fail(code(job), ptr::null()) };
    }
    result(job)
}

unsafe extern "C" fn done(arg: *mut c_void, outcome: *const jobring_outcome) {
    // SAFETY:
    // - the library's, until this returns.
    let outcome = unsafe { &*outcome };
    assert_eq!((outcome.arg, outcome.code), (arg, code_of(number(arg).0, outcome.status)));
    see(Seen::Done(number(arg).0, outcome.status, !outcome.result.is_null()));
}

/// The code in the outcome of a job.
fn code_of(job: usize, status: jobring_status) -> i32 {
    if status == JOBRING_E_FAILED { code(job) } else { 0 }
}

unsafe extern "C" fn dropped(value: *mut c_void, why: jobring_status) {
    let (job, is_result) = number(value);
    see(Seen::Dropped(job, why, is_result));
}

fn options(how: How) -> jobring_submit_options {
    jobring_submit_options {
        size: size_of::<jobring_submit_options>() as u32,
        when_full: match how {
            How::Wait => JOBRING_WHEN_FULL_WAIT,
            How::Fail => JOBRING_WHEN_FULL_FAIL,
            How::Run => JOBRING_WHEN_FULL_RUN,
        },
        limit_ns: 0,
        done: Some(done),
        drop: Some(dropped),
        copy: 0,
        nodes: ptr::null_mut(),
        r#move: None,
        reserved: ptr::null_mut(),
    }
}

fn create(capacity: usize, workers: u32) -> *mut jobring_pool {
    let mut config = std::mem::MaybeUninit::<jobring_config>::uninit();
    let mut pool = ptr::null_mut();
    // SAFETY:
    // - both point to places of their types; the configuration is initialised before it is read.
    unsafe {
        assert_eq!(jobring_struct_init(config.as_mut_ptr().cast(), size_of::<jobring_config>()), JOBRING_OK);
        let config = config.assume_init_mut();
        (config.workers, config.capacity) = (workers, capacity as u32);
        assert_eq!(jobring_create(config, &mut pool), JOBRING_OK);
    }
    pool
}

/// The pool and its model.
struct Pair {
    pool: *mut jobring_pool,
    model: Pool,
    /// Jobs are numbered as they are submitted; these have handles.
    jobs: usize,
    handles: Vec<(usize, jobring_job)>,
}

impl Pair {
    fn chosen(&self, n: usize) -> Option<(usize, jobring_job)> {
        // Mostly one of the last, which are not stale yet.
        let recent = self.handles.len().saturating_sub(1 + n % 8);
        self.handles.get(if n < 48 { recent } else { n % self.handles.len().max(1) }).copied()
    }

    fn submit(&mut self, how: How, detached: bool) -> (i32, i32) {
        let (job, mut handle) = (self.jobs, 0);
        self.jobs += 1;
        let detached = detached || matches!(how, How::Run);
        let to = if detached { ptr::null_mut() } else { &raw mut handle };
        // SAFETY:
        // - the pool lives; function and callbacks take such arguments.
        let real = unsafe { jobring_submit_opts(self.pool, Some(run), argument(job), &options(how), to) };
        let expected = match how {
            How::Wait => self.model.submit(job, detached),
            How::Fail => self.model.try_submit(job, detached),
            How::Run => self.model.submit_or_run(job),
        };
        if real == JOBRING_OK && !detached {
            self.handles.push((job, handle));
        }
        (real, expected)
    }

    fn batch(&mut self, count: usize, detached: bool) -> (i32, i32) {
        let options = options(How::Fail);
        let first = self.jobs;
        self.jobs += count;
        let item = |job| jobring_batch_item {
            r#fn: Some(run),
            arg: argument(job),
            options: &raw const options,
            reserved: ptr::null_mut(),
        };
        let items: Vec<jobring_batch_item> = (first..first + count).map(item).collect();
        let (mut handles, mut accepted) = ([0; 4], 0);
        let to = if detached { ptr::null_mut() } else { handles.as_mut_ptr() };
        // SAFETY:
        // - the pool lives; the numbers of items and handles are correct.
        let real = unsafe { jobring_submit_batch(self.pool, items.as_ptr(), count, to, &mut accepted) };
        let statuses = (first..first + count).map(|job| self.model.try_submit(job, detached));
        let mut statuses = statuses.collect::<Vec<_>>();
        let placed = statuses.iter().take_while(|status| **status == JOBRING_OK).count();
        assert_eq!(accepted, placed, "how many of a batch were accepted");
        if !detached {
            self.handles.extend((first..).zip(handles).take(placed));
        }
        statuses.truncate(placed + 1);
        (real, statuses.last().copied().unwrap_or(JOBRING_OK))
    }

    /// What the library returns, and what the model does.
    fn call(&mut self, call: Call) -> (i32, i32) {
        let mut out = ptr::null_mut();
        let pool = self.pool;
        let named = |n| self.chosen(n);
        let same = |(job, _): (usize, u64), out: *mut c_void, (status, with): (i32, bool)| {
            let expected = if with { result(job) } else { ptr::null_mut() };
            assert_eq!(out, expected, "the result of job {job}");
            status
        };
        // SAFETY:
        // - the pool lives; places to write to are of the right types.
        unsafe {
            match call {
                Call::Submit(how, detached) => self.submit(how, detached),
                Call::Batch(count, detached) => self.batch(count, detached),
                Call::Wait(n, true) if n % 2 == 1 => {
                    let Some(job) = named(n) else { return (0, 0) };
                    let real = wait_opts(pool, job, 0, &mut out);
                    (real, same(job, out, self.model.wait(job.0, true)))
                }
                Call::Wait(n, forever) => {
                    let Some(job) = named(n) else { return (0, 0) };
                    let real = jobring_wait(pool, job.1, if forever { JOBRING_FOREVER } else { 0 }, &mut out);
                    (real, same(job, out, self.model.wait(job.0, forever)))
                }
                Call::Poll(n) => {
                    let Some(job) = named(n) else { return (0, 0) };
                    let real = jobring_poll(pool, job.1, &mut out);
                    let expected = same(job, out, self.model.wait(job.0, false));
                    (real, if expected == JOBRING_E_TIMEDOUT { JOBRING_PENDING } else { expected })
                }
                Call::Cancel(n) => {
                    let Some((job, handle)) = named(n) else { return (0, 0) };
                    (jobring_cancel(pool, handle), self.model.cancel(job))
                }
                Call::Detach(n) => {
                    let Some((job, handle)) = named(n) else { return (0, 0) };
                    (jobring_detach(pool, handle), self.model.detach(job))
                }
                Call::Peek(n) => {
                    let Some(job) = named(n) else { return (0, 0) };
                    let real = wait_opts(pool, job, JOBRING_WAIT_PEEK | JOBRING_WAIT_POLL, &mut out);
                    (real, same(job, out, self.model.peek(job.0)))
                }
                Call::RunOne => (jobring_run_one(pool), self.model.run_one()),
                Call::Shutdown(discards, forever) => {
                    let mut report =
                        jobring_report { queued: 0, running: 0, submitting: 0, untaken: 0, reserved: [0; 4] };
                    let mode = if discards { JOBRING_DISCARD } else { JOBRING_DRAIN };
                    let real =
                        jobring_shutdown(pool, mode, if forever { JOBRING_FOREVER } else { 0 }, &mut report);
                    let (expected, queued, untaken) = self.model.shutdown(discards, forever);
                    assert_eq!((report.queued as usize, report.untaken as usize), (queued, untaken));
                    assert_eq!(
                        (report.running, report.submitting),
                        (0, 0),
                        "{report:?}",
                        report = [report.queued, report.running, report.submitting, report.untaken,]
                    );
                    (real, expected)
                }
            }
        }
    }
}

/// Waits by options, and checks what the outcome says of the job besides its result.
///
/// # Safety
/// 1. The pool lives.
unsafe fn wait_opts(
    pool: *mut jobring_pool,
    (job, handle): (usize, jobring_job),
    flags: u32,
    out: &mut *mut c_void,
) -> jobring_status {
    let options = jobring_wait_options { size: size_of::<jobring_wait_options>() as u32, flags, limit_ns: 0 };
    let mut outcome = std::mem::MaybeUninit::<jobring_outcome>::zeroed();
    // SAFETY:
    // - 1; all zero is an outcome, except for its size.
    let (status, outcome) = unsafe {
        outcome.assume_init_mut().size = size_of::<jobring_outcome>() as u32;
        let status = jobring_wait_opts(pool, handle, &options, outcome.as_mut_ptr());
        (status, outcome.assume_init())
    };
    if matches!(status, JOBRING_PENDING | JOBRING_E_STALE | JOBRING_E_TIMEDOUT) {
        assert_eq!((outcome.job, outcome.status), (0, 0), "nothing is written");
    } else {
        assert_eq!((outcome.job, outcome.status, outcome.arg), (handle, status, argument(job)));
        assert_eq!((outcome.code, outcome.length), (code_of(job, status), 0), "job {job}");
        *out = outcome.result;
    }
    status
}

fn runs(capacity: usize, calls: &[Call]) {
    SEEN.with(|seen| seen.borrow_mut().clear());
    let pool = create(capacity, JOBRING_WORKERS_NONE);
    let mut pair = Pair { pool, model: Pool::new(capacity), jobs: 0, handles: Vec::new() };
    for (at, call) in calls.iter().enumerate() {
        let (real, expected) = pair.call(*call);
        assert_eq!(real, expected, "call {at}, {call:?}");
        SEEN.with(|seen| assert_eq!(*seen.borrow(), pair.model.seen, "the callbacks of call {at}, {call:?}"));
    }
    // SAFETY:
    // - the pool lives, and nobody else has it.
    assert_eq!(unsafe { jobring_destroy(pool) }, JOBRING_OK);
    pair.model.destroy();
    SEEN.with(|seen| assert_eq!(*seen.borrow(), pair.model.seen, "the callbacks of destroy"));
}

/// `JOBRING_ROUNDS` times the usual number of sequences.
fn cases() -> u32 {
    3000 * std::env::var("JOBRING_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pool_without_workers_does_what_its_model_does(capacity in 1usize..5, calls in calls()) {
        runs(capacity, &calls);
    }
}

/// The tombstone of a cancelled job lies behind a queued one; when that has run, nothing keeps the pool from
/// its end.
#[test]
fn a_shutdown_does_not_wait_for_a_tombstone() {
    let calls = [
        Call::Submit(How::Wait, true),
        Call::Submit(How::Wait, false),
        Call::Cancel(0),
        Call::Wait(0, false),
        Call::Shutdown(false, false),
        Call::RunOne,
        Call::Shutdown(false, false),
    ];
    runs(2, &calls);
}

#[test]
fn planted_bugs_are_seen() {
    use jobring_frozen::Bug::*;
    let bugs = [
        DropsDiscardedJobsTwice,
        OneEndEndsTheWait,
        CloseWithoutWorkersIsIgnored,
        WaitsForTheNextJobToo,
        LeaksResults,
    ];
    planted::must_be_seen("a_pool_without_workers_does_what_its_model_does", &bugs);
}
